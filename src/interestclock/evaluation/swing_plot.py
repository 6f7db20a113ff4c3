"""The report's picture of swing: a dot with its interval for each ranker, by hour and from day to day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from interestclock.evaluation.palette import OTHER_COLOUR
from interestclock.evaluation.plots import Figure, escaped

__all__ = ["swing_of_calibration"]

COLOURS = {"by_hour": "#5b6ee1", "by_day": OTHER_COLOUR}
NAMES = {"by_hour": "by hour of the day", "by_day": "from day to day"}


def swing_of_calibration(rankers: Mapping[str, Any]) -> Figure:
    """How far each ranker's calibration swings, one series by hour and one from day to day.

    Args:
        rankers: the part of that name of the results' ``swing``.

    Example:
        >>> one = {"mean": 0.1, "ci95": [0.08, 0.13], "over_base": None}
        >>> figure = swing_of_calibration({"base": {"calibration": {"by_hour": one, "by_day": one}}})
        >>> [series["x"] for series in figure["data"]]
        [[0.1], [0.1]]
    """
    data = [_series(rankers, over) for over in NAMES]
    layout = {
        "height": 130 + 34 * len(rankers),
        "scattermode": "group",
        "xaxis": {
            "title": {"text": "swing of calibration"}, "tickformat": ".0%", "rangemode": "tozero",
        },
        "yaxis": {"autorange": "reversed", "automargin": True, "type": "category"},
    }  # fmt: skip
    return {"data": data, "layout": layout}


def _series(rankers: Mapping[str, Any], over: str) -> Figure:
    each = [row["calibration"][over] for row in rankers.values()]
    above = [_apart(one["ci95"][1], one["mean"]) for one in each]
    below = [_apart(one["mean"], one["ci95"][0]) for one in each]
    return {
        "type": "scatter", "mode": "markers", "name": NAMES[over], "orientation": "h",
        "y": [escaped(name) for name in rankers], "x": [one["mean"] for one in each],
        "marker": {"color": COLOURS[over], "size": 8},
        "error_x": {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "width": 3},
        "hovertemplate": "%{y}: %{x:.1%}",
    }  # fmt: skip


def _apart(high: float | None, low: float | None) -> float:
    return 0.0 if high is None or low is None else max(0.0, high - low)
