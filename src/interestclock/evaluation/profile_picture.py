"""The report's hourly profile, a user's day as 24 sectors around midnight, as a still picture."""

from __future__ import annotations

import html
import math

from interestclock.evaluation.page import page
from interestclock.evaluation.plots import HOUR_TICKS, Figure
from interestclock.evaluation.svg import NOT_XML

__all__ = ["profile_picture"]

_CENTRE_X, _CENTRE_Y, _HOLE, _RIM, _NAMES = 230, 270, 24.0, 190.0, 208.0


def profile_picture(figure: Figure, *, title: str) -> str:
    """SVG of a figure that ``hourly_profile`` made, in the same colours; midnight is on top.

    Args:
        figure: a trace for each value, with the middles of its hours in degrees. title: what it shows.

    Example:
        >>> from interestclock.evaluation.plots import hourly_profile
        >>> from interestclock.evaluation.report_data import HourlyProfile
        >>> rock, ones = ["rock"] * 24, [1.0] * 24
        >>> one = HourlyProfile(user="7", attribute="genre", as_of_ms=0, values=rock, scores=ones)
        >>> profile_picture(hourly_profile(one), title="A day").count('d="M')
        24
    """
    traces: list[Figure] = figure["data"]
    highest = max((each for trace in traces for each in trace["r"]), default=0.0) or 1.0
    sectors = [
        {
            "path": _sector(middle, width, _HOLE + (_RIM - _HOLE) * max(0.0, score) / highest),
            "colour": trace["marker"]["color"],
            "label": text,
        }
        for trace in traces
        for middle, score, width, text in zip(
            trace["theta"], trace["r"], trace["width"], trace["text"], strict=True
        )
    ]
    values = [
        (NOT_XML.sub("\ufffd", html.unescape(trace["name"])), trace["marker"]["color"]) for trace in traces
    ]
    hours = [(*_point(15 * hour, _NAMES), f"{hour:02d}:00") for hour in HOUR_TICKS]
    return page(
        "profile.svg.jinja",
        title=NOT_XML.sub("\ufffd", title),
        height=max(520, 84 + 22 * len(values)),
        centre=(_CENTRE_X, _CENTRE_Y),
        rim=_RIM,
        sectors=sectors,
        values=values,
        hours=hours,
    )


def _sector(middle: float, width: float, reach: float) -> str:
    """Between the hole and as far as it reaches; degrees clockwise from the top."""
    first, last = middle - width / 2, middle + width / 2
    corners = [_point(first, _HOLE), _point(first, reach), _point(last, reach), _point(last, _HOLE)]
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
    out = f"M{x0} {y0}L{x1} {y1}A{reach:.1f} {reach:.1f} 0 0 1 {x2} {y2}"
    return f"{out}L{x3} {y3}A{_HOLE} {_HOLE} 0 0 0 {x0} {y0}Z"


def _point(degrees: float, radius: float) -> tuple[float, float]:
    angle = math.radians(degrees)
    return (
        round(_CENTRE_X + radius * math.sin(angle), 1),
        round(_CENTRE_Y - radius * math.cos(angle), 1),
    )
