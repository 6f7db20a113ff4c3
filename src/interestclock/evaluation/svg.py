"""A still picture of a comparison for a README: gains with intervals, and AUC over the day, as SVG.

Here is counted where things stand, in pixels; ``templates/picture.svg.jinja`` draws them.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interestclock.errors import ResultError
from interestclock.evaluation.drawn_lines import DrawnLines, drawn_lines
from interestclock.evaluation.page import page
from interestclock.evaluation.palette import colours
from interestclock.evaluation.scale import Scale
from interestclock.evaluation.slices import HOURS
from interestclock.evaluation.verdict import percent
from interestclock.files import write_text

__all__ = ["has_gains", "picture", "write_picture"]

Json = Mapping[str, Any]
HEAD, ROW, BETWEEN, LINES_HEIGHT = 84, 34, 92, 250
PLOT_LEFT, PLOT_RIGHT, LINES_LEFT, LINES_RIGHT = 226, 664, 80, 656
NOTE_LETTERS, NOTE_ROW = 115, 18
NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, kw_only=True)
class _Gain:
    mean: float
    ci95: Sequence[float]


def write_picture(path: Path, results: Json, *, title: str) -> None:
    """Draw RelaImpr AUC over the baseline with 95% intervals, what is added to an hour embedding likewise
    where that was compared, and, below, AUC by local hour.

    Args:
        path: the ``.svg`` file to write; an older one is replaced.
        results: the dictionary of :func:`summarise`.
        title: what was compared, on which log.

    Raises:
        ResultError: no ranker has a gain over the baseline to draw.

    Example:
        >>> import tempfile
        >>> gain = {"relaimpr_auc": 0.02, "relaimpr_auc_ci95": [0.01, 0.03]}
        >>> path = Path(tempfile.mkdtemp()) / "gains.svg"
        >>> write_picture(path, {"baseline": "base", "rankers": {"longterm": gain}}, title="A log")
        >>> path.read_text(encoding="utf-8")[:4]
        '<svg'
    """
    write_text(path, picture(results, title=title))


def picture(results: Json, *, title: str) -> str:
    """The text of what ``write_picture`` writes.

    Raises:
        ResultError: as of ``write_picture``.

    Example:
        >>> gain = {"relaimpr_auc": 0.02, "relaimpr_auc_ci95": [0.01, 0.03]}
        >>> "&lt;b&gt;" in picture({"baseline": "base", "rankers": {"longterm": gain}}, title="<b>")
        True
    """
    over_base = _over_baseline(results)
    if not over_base:
        raise ResultError("no ranker has a gain over the baseline to draw; run the baseline and another one")
    colour = colours(results["rankers"], baseline=results["baseline"])
    questions = {
        f"RelaImpr AUC over {results['baseline']}, 95% intervals": over_base,
        "What is added to an hour embedding: RelaImpr AUC over it, 95% intervals": _over_hour(results),
    }
    panels, top = [], HEAD
    for heading, gains in questions.items():
        if gains:
            panels.append(_gains(gains, colour, top=top, heading=heading))
            top += ROW * len(gains) + BETWEEN
    lines = drawn_lines(results)
    hours = _hours(results.get("by_hour") or {}, colour, top=top, baseline=results["baseline"], lines=lines)
    return page(
        "picture.svg.jinja",
        title=_xml(title),
        height=hours["bottom"] + 62 + NOTE_ROW * len(hours["left_out"]) if hours else top - 40,
        panels=panels,
        hours=hours,
    )


def has_gains(results: Json) -> bool:
    """Whether any ranker has a gain over the baseline to draw.

    Example:
        >>> has_gains({"baseline": "base", "rankers": {}})
        False
    """
    return bool(_over_baseline(results))


def _over_baseline(results: Json) -> dict[str, _Gain]:
    return {
        name: _Gain(mean=row["relaimpr_auc"], ci95=row["relaimpr_auc_ci95"])
        for name, row in results.get("rankers", {}).items()
        if name != results["baseline"]
        and None not in (row["relaimpr_auc"], *(row["relaimpr_auc_ci95"] or [None]))
    }


def _over_hour(results: Json) -> dict[str, _Gain]:
    """Differences as shares of the hour embedding's AUC, as the verdict has them."""
    compared = results.get("over_hour")
    if not compared:
        return {}
    hour = compared["baseline"]
    auc = results["rankers"][hour]["auc"]["mean"]
    pairs = {name: results["pairs"][f"{name}-{hour}"]["auc"] for name in compared["gains"]}
    return {
        name: _Gain(mean=pair["mean"] / auc, ci95=[bound / auc for bound in pair["ci95"]])
        for name, pair in pairs.items()
        if None not in (pair["mean"], *pair["ci95"])
    }


def _gains(gains: Mapping[str, _Gain], colour: Mapping[str, str], *, top: int, heading: str) -> Json:
    bounds = [bound for gain in gains.values() for bound in gain.ci95] + [0.0]
    room = (max(bounds) - min(bounds)) * 0.04 or 0.01
    scale = Scale(low=min(bounds) - room, high=max(bounds) + room, start=PLOT_LEFT, stop=PLOT_RIGHT)
    bars = [
        _bar(name, gain, colour[name], scale, top + ROW * number + ROW / 2)
        for number, (name, gain) in enumerate(gains.items())
    ]
    ticks = scale.labelled(lambda tick: percent(tick, digits=1))
    bottom = top + ROW * len(gains)
    return {"top": top, "bottom": bottom, "heading": _xml(heading), "ticks": ticks, "bars": bars}


def _bar(name: str, gain: _Gain, colour: str, scale: Scale, y: float) -> Json:
    low, high = (scale(bound) for bound in gain.ci95)
    left, right = sorted((scale(0.0), scale(gain.mean)))
    return {
        "name": _xml(name),
        "colour": colour,
        "y": y,
        "left": left,
        "width": f"{right - left:.1f}",
        "low": low,
        "high": high,
        "gain": percent(gain.mean),
        "interval": " to ".join(percent(bound) for bound in gain.ci95),
    }


def _hours(
    by_hour: Json, colour: Mapping[str, str], *, top: int, baseline: str, lines: DrawnLines
) -> Json | None:
    of_all = by_hour.get("rankers", {})
    rankers = {name: of_all[name]["auc"] for name in lines.drawn if name in of_all}
    known = [auc for values in rankers.values() for auc in values if auc is not None]
    if not known:
        return None
    room = max(0.005, (max(known) - min(known)) * 0.06)
    bottom = top + LINES_HEIGHT
    y = Scale(low=min(known) - room, high=max(known) + room, start=bottom, stop=top)
    x = Scale(low=0, high=HOURS - 1, start=LINES_LEFT, stop=LINES_RIGHT)
    curves = [
        {
            "name": _xml(name),
            "colour": colour[name],
            "dashed": name == baseline,
            "path": _path([None if auc is None else (x(hour), y(auc)) for hour, auc in enumerate(values)]),
        }
        for name, values in rankers.items()
    ]
    return {
        "top": top,
        "bottom": bottom,
        "left": LINES_LEFT,
        "right": LINES_RIGHT,
        "ticks": y.labelled(lambda tick: f"{tick:.2f}"),
        "hour_ticks": [{"at": x(hour), "label": f"{hour:02d}:00"} for hour in range(0, HOURS, 3)],
        "curves": curves,
        "left_out": [_xml(line) for line in textwrap.wrap(lines.sentence, NOTE_LETTERS)],
    }


def _path(points: Sequence[tuple[float, float] | None]) -> str:
    """A line that is lifted where an hour has no value."""
    commands, pen_up = [], True
    for point in points:
        if point is not None:
            commands.append(f"{'M' if pen_up else 'L'}{point[0]} {point[1]}")
        pen_up = point is None
    return " ".join(commands)


def _xml(text: str) -> str:
    """XML has no way to hold most control characters, not even escaped."""
    return NOT_XML.sub("\ufffd", text)
