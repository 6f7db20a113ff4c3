"""A still picture of a comparison for a README: gains with intervals, and AUC over the day, as SVG.

It carries its own background, so it reads the same on a white and on a dark page.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interestclock.errors import ResultError
from interestclock.evaluation.palette import colours
from interestclock.evaluation.slices import HOURS
from interestclock.evaluation.verdict import percent

__all__ = ["write_picture"]

Json = Mapping[str, Any]
WIDTH, HEAD, ROW, LINES_HEIGHT = 920, 84, 34, 250
LABEL_X, PLOT_LEFT, PLOT_RIGHT = 34, 190, 690
INK, SOFT, GRID = "#1d2430", "#5d6675", "#e3e6ea"
NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


@dataclass(frozen=True, kw_only=True)
class _Scale:
    """A straight map from values to pixels."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.stop - self.start), 1)

    def ticks(self) -> list[float]:
        """Round values, four to nine of them."""
        rough = (self.high - self.low) / 5
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [tick * step for tick in range(first, last + 1)]


def write_picture(path: Path, results: Json, *, title: str) -> None:
    """Draw RelaImpr AUC over the baseline with 95% intervals and, below, AUC by local hour.

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
    gains = {n: r for n, r in results.get("rankers", {}).items() if _drawable(n, r, results)}
    if not gains:
        raise ResultError("no ranker has a gain over the baseline to draw; run the baseline and another one")
    colour = colours(results["rankers"], baseline=results["baseline"])
    top = HEAD + ROW * len(gains) + 92
    parts = _gain_bars(gains, colour)
    lines = _hour_lines(results.get("by_hour") or {}, colour, top=top, baseline=results["baseline"])
    height = top + LINES_HEIGHT + 62 if lines else top - 40
    picture = _document(
        title, f"RelaImpr AUC over {results['baseline']}, 95% intervals", parts + lines, height
    )
    aside = path.with_name(f".{path.name}.part")
    aside.write_text(picture, encoding="utf-8")
    aside.replace(path)


def _drawable(name: str, row: Json, results: Json) -> bool:
    return name != results["baseline"] and None not in (
        row["relaimpr_auc"],
        *(row["relaimpr_auc_ci95"] or [None]),
    )


def _document(title: str, subtitle: str, parts: Sequence[str], height: int) -> str:
    body = "\n".join(parts)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"
 height="{height}" font-family="{FONT}" role="img" aria-label="{_escaped(title)}">
<rect width="{WIDTH}" height="{height}" rx="12" fill="#ffffff"/>
{_text(LABEL_X, 36, title, size=18, weight=600)}
{_text(LABEL_X, 60, subtitle, colour=SOFT)}
{body}
</svg>
"""


def _gain_bars(gains: Json, colour: Mapping[str, str]) -> list[str]:
    bounds = [bound for row in gains.values() for bound in row["relaimpr_auc_ci95"]] + [0.0]
    room = (max(bounds) - min(bounds)) * 0.04 or 0.01
    scale = _Scale(low=min(bounds) - room, high=max(bounds) + room, start=PLOT_LEFT, stop=PLOT_RIGHT)
    bottom = HEAD + ROW * len(gains)
    parts = []
    for tick in scale.ticks():
        parts += [_line(scale(tick), HEAD, scale(tick), bottom, INK if tick == 0 else GRID)]
        parts += [
            _text(scale(tick), bottom + 18, percent(tick, digits=1), colour=SOFT, anchor="middle", size=12)
        ]
    for number, (name, row) in enumerate(gains.items()):
        parts += _gain_bar(name, row, colour[name], scale, HEAD + ROW * number + ROW / 2)
    return parts


def _gain_bar(name: str, row: Json, colour: str, scale: _Scale, y: float) -> list[str]:
    low, high = (scale(bound) for bound in row["relaimpr_auc_ci95"])
    start, stop = sorted((scale(0.0), scale(row["relaimpr_auc"])))
    bar = f'<rect x="{start}" y="{y - 9}" width="{stop - start:.1f}" height="18" rx="2" fill="{colour}"/>'
    whiskers = [_line(low, y, high, y, INK, width=1.6)]
    whiskers += [_line(end, y - 5, end, y + 5, INK, width=1.6) for end in (low, high)]
    interval = " to ".join(percent(bound) for bound in row["relaimpr_auc_ci95"])
    value = _text(WIDTH - 218, y + 5, percent(row["relaimpr_auc"]), weight=600)
    return [
        _text(PLOT_LEFT - 14, y + 5, name, anchor="end"),
        bar,
        *whiskers,
        value,
        _text(WIDTH - 24, y + 5, interval, colour=SOFT, anchor="end", size=12),
    ]


def _hour_lines(by_hour: Json, colour: Mapping[str, str], *, top: int, baseline: str) -> list[str]:
    rankers = {name: values["auc"] for name, values in by_hour.get("rankers", {}).items()}
    known = [auc for values in rankers.values() for auc in values if auc is not None]
    if not known:
        return []
    room = max(0.005, (max(known) - min(known)) * 0.06)
    bottom = top + LINES_HEIGHT
    y = _Scale(low=min(known) - room, high=max(known) + room, start=bottom, stop=top)
    x = _Scale(low=0, high=HOURS - 1, start=80, stop=PLOT_RIGHT + 20)
    parts = [_text(LABEL_X, top - 18, "AUC by local hour of the day", colour=SOFT)]
    for tick in y.ticks():
        parts += [_line(80, y(tick), PLOT_RIGHT + 20, y(tick), GRID)]
        parts += [_text(70, y(tick) + 4, f"{tick:.2f}", colour=SOFT, anchor="end", size=12)]
    parts += [
        _text(x(hour), bottom + 22, f"{hour:02d}:00", colour=SOFT, anchor="middle", size=12)
        for hour in range(0, HOURS, 3)
    ]
    for number, (name, values) in enumerate(rankers.items()):
        legend_y, dashed = top + 16 + 24 * number, name == baseline
        parts += _hour_line(name, values, colour=colour[name], x=x, y=y, legend_y=legend_y, dashed=dashed)
    return parts


def _hour_line(
    name: str,
    values: Sequence[float | None],
    *,
    colour: str,
    x: _Scale,
    y: _Scale,
    legend_y: float,
    dashed: bool,
) -> list[str]:
    style = f'fill="none" stroke="{colour}" stroke-width="2" stroke-linejoin="round"'
    style += ' stroke-dasharray="3 4"' if dashed else ""
    path = _path([None if value is None else (x(hour), y(value)) for hour, value in enumerate(values)])
    return [
        f'<path d="{path}" {style}/>',
        f'<path d="M{PLOT_RIGHT + 44} {legend_y - 4}h22" {style}/>',
        _text(PLOT_RIGHT + 74, legend_y, name),
    ]


def _path(points: Sequence[tuple[float, float] | None]) -> str:
    """A line that is lifted where an hour has no value."""
    commands, pen_up = [], True
    for point in points:
        if point is not None:
            commands.append(f"{'M' if pen_up else 'L'}{point[0]} {point[1]}")
        pen_up = point is None
    return " ".join(commands)


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, *, width: float = 1) -> str:
    return f'<path d="M{x1} {y1}L{x2} {y2}" stroke="{colour}" stroke-width="{width}"/>'


def _text(
    x: float,
    y: float,
    text: str,
    *,
    colour: str = INK,
    anchor: str = "start",
    size: int = 14,
    weight: int = 400,
) -> str:
    style = f'fill="{colour}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}"'
    return f'<text x="{x}" y="{y}" {style}>{_escaped(text)}</text>'


def _escaped(text: str) -> str:
    """XML has no way to hold most control characters, not even escaped."""
    return html.escape(NOT_XML.sub("\ufffd", text))
