"""The report's figures of lines and areas as still pictures, for where no script runs."""

from __future__ import annotations

import html
import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from interestclock.evaluation.page import page
from interestclock.evaluation.plots import HOUR_TICKS, Figure
from interestclock.evaluation.scale import Scale
from interestclock.evaluation.svg import NOT_XML

__all__ = ["still_picture"]

_TOP, _BOTTOM, _LEFT, _RIGHT = 56, 280, 72, 640
_LEGEND_ROW, _HEIGHT = 22, 324
_DATES = 5


def still_picture(figure: Figure, *, title: str) -> str:
    """SVG of a figure that ``learning_curves`` or ``shares_over_day`` made, in the same colours.

    Args:
        figure: its lines are drawn as lines; those of one stack as areas on top of each other. A line is
            lifted where it has no value. title: what it shows.

    Example:
        >>> from interestclock.evaluation.plots import learning_curves
        >>> figure = learning_curves({"base": [(0, 0.5), (86_400_000, 0.6)]}, baseline="base")
        >>> "1970-01-02" in still_picture(figure, title="Learning curves")
        True
    """
    traces: list[Figure] = figure["data"]
    stacked = "stackgroup" in traces[0]
    bounds = _stacked(traces) if stacked else [([], trace["y"]) for trace in traces]
    x, x_ticks = _across([each for trace in traces for each in trace["x"]])
    y = _up([each for _, top in bounds for each in top if each is not None], from_zero=stacked)
    shapes = [
        {
            "name": NOT_XML.sub("\ufffd", html.unescape(trace["name"])),
            "colour": trace["line"]["color"],
            "dashed": trace["line"].get("dash") == "dot",
            "filled": stacked,
            "path": _path([x(_number(each)) for each in trace["x"]], below, top, y),
        }
        for trace, (below, top) in zip(traces, bounds, strict=True)
    ]
    return page(
        "lines.svg.jinja",
        title=NOT_XML.sub("\ufffd", title),
        height=max(_HEIGHT, _TOP + _LEGEND_ROW * (len(shapes) + 1)),
        shapes=shapes,
        x_ticks=x_ticks,
        y_ticks=y.labelled(lambda tick: f"{tick:.0%}" if stacked else f"{tick:.2f}"),
    )


def _stacked(traces: Sequence[Figure]) -> list[tuple[list[float], list[float]]]:
    """Of each area its lower and its upper edge."""
    edges = [[0.0] * len(traces[0]["y"])]
    for trace in traces:
        edges.append([below + share for below, share in zip(edges[-1], trace["y"], strict=True)])
    return list(itertools.pairwise(edges))


def _number(x: Any) -> float:
    """An hour, or the second of a moment."""
    return datetime.fromisoformat(x).replace(tzinfo=UTC).timestamp() if isinstance(x, str) else float(x)


def _across(values: Sequence[Any]) -> tuple[Scale, list[dict[str, Any]]]:
    low, high = min(map(_number, values)), max(map(_number, values))
    x = Scale(low=low, high=high if high > low else low + 1, start=_LEFT, stop=_RIGHT)
    if not isinstance(values[0], str):
        return x, [{"at": x(hour), "label": f"{hour:02d}:00"} for hour in HOUR_TICKS]
    seconds = [low + (high - low) * number / (_DATES - 1) for number in range(_DATES if high > low else 1)]
    return x, [
        {"at": x(second), "label": f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d}"} for second in seconds
    ]


def _up(values: Sequence[float], *, from_zero: bool) -> Scale:
    low, high = (0.0 if from_zero else min(values, default=0.0)), max(values, default=1.0)
    room = 0.0 if from_zero else max(0.005, (high - low) * 0.06)
    return Scale(low=low - room, high=max(high, low + 0.01) + room, start=_BOTTOM, stop=_TOP)


def _path(x_N: Sequence[float], below: list[float], top: Sequence[float | None], y: Scale) -> str:
    commands, pen_up = [], True
    for x, value in zip(x_N, top, strict=True):
        if value is not None:
            commands.append(f"{'M' if pen_up else 'L'}{x} {y(value)}")
        pen_up = value is None
    if below:
        commands += [f"L{x} {y(value)}" for x, value in zip(reversed(x_N), reversed(below), strict=True)]
    return " ".join(commands)
