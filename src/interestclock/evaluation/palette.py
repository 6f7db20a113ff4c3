"""One colour per ranker and per value, the same in every picture, readable on light and dark."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["BASELINE_COLOUR", "OTHER_COLOUR", "colours"]

BASELINE_COLOUR = "#8b929c"
OTHER_COLOUR = "#b3b8c0"
CYCLE = (
    "#d99a00",
    "#3fa9e0",
    "#b66fb5",
    "#14a37f",
    "#e4572e",
    "#5b6ee1",
    "#7a9a01",
    "#d6437c",
    "#8c6d46",
    "#2a8c9e",
    "#f08c7a",
    "#7d3cb5",
    "#3f7d3a",
    "#b5483f",
)


def colours(names: Iterable[str], *, baseline: str | None = None) -> dict[str, str]:
    """Give each name a colour: grey to the baseline, the others in turn, again from the start after fourteen.

    Example:
        >>> colours(["base", "hour", "naive"], baseline="base")
        {'base': '#8b929c', 'hour': '#d99a00', 'naive': '#3fa9e0'}
    """
    given: dict[str, str] = {}
    for name in names:
        taken = len([other for other in given if other != baseline])
        given[name] = BASELINE_COLOUR if name == baseline else CYCLE[taken % len(CYCLE)]
    return given
