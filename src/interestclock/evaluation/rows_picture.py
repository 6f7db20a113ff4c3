"""The report's figures with a row for each ranker as still pictures: costs as bars, swing as dots.

Here is counted where things stand, in pixels; ``templates/rows.svg.jinja`` draws them.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from interestclock.evaluation.page import page
from interestclock.evaluation.plots import Figure
from interestclock.evaluation.scale import Scale
from interestclock.evaluation.svg import NOT_XML

__all__ = ["rows_picture"]

_HEAD, _ROW, _BETWEEN, _LEFT, _RIGHT = 84, 30, 84, 220, 680
_APART = 10  # of marks of one row


def rows_picture(figures: Mapping[str, Figure], *, title: str) -> str:
    """SVG of figures below each other, in the same colours.

    Args:
        figures: by their headings, as ``cost`` and ``swing_of_calibration`` made them. title: what they show.

    Example:
        >>> from interestclock.evaluation.plots import cost
        >>> figure = cost({"base": {"seconds": 2.0}}, "seconds", title="seconds", baseline="base")
        >>> "base" in rows_picture({"seconds": figure}, title="Cost")
        True
    """
    panels: list[dict[str, Any]] = []
    top = _HEAD
    for heading, figure in figures.items():
        panels.append(_panel(figure, heading, top))
        top = panels[-1]["bottom"] + _BETWEEN
    return page("rows.svg.jinja", title=_xml(title), height=top - _BETWEEN + 40, panels=panels)


def _panel(figure: Figure, heading: str, top: int) -> dict[str, Any]:
    traces: list[Figure] = figure["data"]
    shifts = [_APART * (place - (len(traces) - 1) / 2) for place in range(len(traces))]
    marks = [_marks(trace, shift) for trace, shift in zip(traces, shifts, strict=True)]
    highest = max((mark["high"] for each in marks for mark in each), default=0.0)
    scale = Scale(low=0.0, high=highest or 1.0, start=_LEFT, stop=_RIGHT)
    share = figure["layout"]["xaxis"].get("tickformat") == ".0%"
    rows = [
        {"name": _xml(html.unescape(name)), "y": top + _ROW * place + _ROW // 2}
        for place, name in enumerate(traces[0]["y"])
    ]
    return {
        "heading": _xml(heading),
        "top": top,
        "bottom": top + _ROW * len(rows),
        "rows": rows,
        "ticks": scale.labelled(lambda tick: f"{tick:.0%}" if share else f"{tick:,g}"),
        "marks": [_drawn(mark, top, scale, share=share) for each in marks for mark in each],
        "legend": [(trace["name"], trace["marker"]["color"]) for trace in traces if "name" in trace],
    }


def _marks(trace: Figure, shift: float) -> list[dict[str, Any]]:
    """Of rows that have a value: bars, or dots with their intervals."""
    bars, colours = trace["type"] == "bar", trace["marker"]["color"]
    errors = trace.get("error_x", {})
    return [
        {
            "row": row,
            "shift": shift,
            "value": value,
            "low": value - errors.get("arrayminus", {row: 0.0})[row],
            "high": value + errors.get("array", {row: 0.0})[row],
            "colour": colours[row] if bars else colours,
            "is_bar": bars,
        }
        for row, value in enumerate(trace["x"])
        if value is not None
    ]


def _drawn(mark: Mapping[str, Any], top: int, scale: Scale, *, share: bool) -> dict[str, Any]:
    value = mark["value"]
    return {
        "is_bar": mark["is_bar"],
        "colour": mark["colour"],
        "y": top + _ROW * mark["row"] + _ROW // 2 + mark["shift"],
        "left": scale(0.0),
        "at": scale(value),
        "low": scale(max(0.0, mark["low"])),
        "high": scale(mark["high"]),
        "label": f"{value:.1%}" if share else f"{value:,.1f}",
    }


def _xml(text: str) -> str:
    return NOT_XML.sub("\ufffd", text)
