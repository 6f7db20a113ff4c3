"""The report's figures, as the plain dictionaries plotly draws (``data`` and ``layout``).

They carry no theme: text and grid take the page's colours, light or dark, when they are drawn.
All text from a log is escaped, because plotly reads a subset of HTML in it.
"""

from __future__ import annotations

import html
import math
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from interestclock.evaluation.palette import colours
from interestclock.evaluation.report_data import HourlyProfile
from interestclock.evaluation.slices import HOURS

__all__ = [
    "HOUR_TICKS",
    "Figure",
    "auc_by_hour",
    "cost",
    "escaped",
    "hour_axis",
    "hourly_profile",
    "learning_curves",
]

Figure = dict[str, Any]
HOUR_TICKS = list(range(0, HOURS, 3))


def _figure(data: list[Figure], *, height: int = 420, **layout: Any) -> Figure:
    return {"data": data, "layout": {"height": height} | layout}


def escaped(text: str) -> str:
    """Plotly undoes ``&lt;``, ``&gt;`` and ``&amp;``, but would show ``&quot;`` as it stands."""
    return html.escape(text, quote=False)


def hour_axis() -> Figure:
    """Local hours below a figure, 00:00 to 21:00.

    Example:
        >>> hour_axis()["ticktext"][-1]
        '21:00'
    """
    labels = [f"{hour:02d}:00" for hour in HOUR_TICKS]
    return {
        "title": {"text": "local hour"},
        "tickvals": HOUR_TICKS,
        "ticktext": labels,
        "range": [-0.5, 23.5],
    }


def auc_by_hour(by_hour: Mapping[str, Any], *, baseline: str, hidden: Collection[str] = ()) -> Figure:
    """AUC of each ranker in each local hour, with the hour's positives as bars behind.

    Args:
        by_hour: the part of that name of :func:`summarise`.
        baseline: the ranker drawn in grey.
        hidden: rankers that stand in the legend alone, until somebody clicks on them.

    Example:
        >>> by_hour = {"positives": [5] * 24, "rankers": {"base": {"auc": [0.5] * 24}}}
        >>> [trace["name"] for trace in auc_by_hour(by_hour, baseline="base")["data"]]
        ['positives', 'base']
    """
    colour = colours(by_hour["rankers"], baseline=baseline)
    hours = list(range(HOURS))
    bars = {
        "type": "bar", "name": "positives", "x": hours, "y": by_hour["positives"], "yaxis": "y2",
        "marker": {"color": "rgba(128,136,150,0.18)"}, "hovertemplate": "%{y} positives<extra></extra>",
    }  # fmt: skip
    lines = [
        _line(name, hours, values["auc"], colour[name], dashed=name == baseline, hidden=name in hidden)
        for name, values in by_hour["rankers"].items()
    ]
    return _figure(
        [bars, *lines],
        xaxis=hour_axis(),
        yaxis={"title": {"text": "AUC"}, "overlaying": "y2", "tickformat": ".3f"},
        yaxis2={"title": {"text": "positives"}, "side": "right", "showgrid": False, "rangemode": "tozero"},
    )


def _line(
    name: str, x: Sequence[Any], y: Sequence[Any], colour: str, *, dashed: bool, hidden: bool
) -> Figure:
    return {
        "type": "scatter", "mode": "lines+markers", "name": escaped(name), "x": list(x), "y": list(y),
        "visible": "legendonly" if hidden else True,
        "line": {"color": colour, "width": 2, "dash": "dot" if dashed else "solid"}, "marker": {"size": 4},
        "hovertemplate": "%{y:.4f}",
    }  # fmt: skip


def learning_curves(
    curves: Mapping[str, Sequence[tuple[int, float]]], *, baseline: str, hidden: Collection[str] = ()
) -> Figure:
    """AUC of each ranker over the stream, each window predicted before it was learned.

    Args:
        curves: ranker → UTC milliseconds and AUC of each window.
        baseline: the ranker drawn in grey.
        hidden: as of ``auc_by_hour``.

    Example:
        >>> learning_curves({"base": [(0, 0.5)]}, baseline="base")["data"][0]["x"]
        ['1970-01-01 00:00:00']
    """
    colour = colours(curves, baseline=baseline)
    lines = [
        _line(name, [_moment(ms) for ms, _ in points], [_known(auc) for _, auc in points], colour[name],
              dashed=name == baseline, hidden=name in hidden)
        for name, points in curves.items()
    ]  # fmt: skip
    return _figure(
        lines, xaxis={"type": "date"}, yaxis={"title": {"text": "AUC of the window"}, "tickformat": ".3f"}
    )


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None  # NaN is not valid JSON


def _moment(timestamp_ms: int) -> str:
    return datetime.fromtimestamp(timestamp_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def hourly_profile(one: HourlyProfile) -> Figure:
    """A user's day as a 24-hour dial, midnight on top: colour is the best value, length its score.

    Args:
        one: the user's clock.

    Example:
        >>> rock, ones = ["rock"] * 24, [1.0] * 24
        >>> one = HourlyProfile(user="7", attribute="genre", as_of_ms=0, values=rock, scores=ones)
        >>> hourly_profile(one)["data"][0]["name"]
        'rock'
    """
    values = sorted({value for value in one.values if value is not None})
    colour = colours(values)
    sectors = []
    for value in values:
        hours = [hour for hour in range(HOURS) if one.values[hour] == value]
        sectors.append({
            "type": "barpolar", "name": escaped(value), "theta": [15 * hour + 7.5 for hour in hours],
            "r": [one.scores[hour] for hour in hours], "width": [14] * len(hours),
            "marker": {"color": colour[value]},
            "text": [f"{hour:02d}:00–{hour + 1:02d}:00" for hour in hours],
            "hovertemplate": "%{text}: score %{r:.0f}",
        })  # fmt: skip
    return _figure(sectors, height=460, polar=_hourly_axes())


def _hourly_axes() -> Figure:
    ticks = [15 * hour for hour in HOUR_TICKS]
    names = [f"{hour:02d}:00" for hour in HOUR_TICKS]
    return {
        "angularaxis": {"rotation": 90, "direction": "clockwise", "tickvals": ticks, "ticktext": names},
        "radialaxis": {"angle": 90, "tickangle": 90, "nticks": 4},
        "hole": 0.12,
    }


def cost(rankers: Mapping[str, Mapping[str, Any]], key: str, *, title: str, baseline: str) -> Figure:
    """One bar per ranker of what it took.

    Args:
        rankers: the part of that name of the results.
        key: ``seconds``, ``samples_per_second`` or ``peak_rss_mib``.
        title: name of the axis, with the unit.
        baseline: the ranker drawn in grey.

    Example:
        >>> figure = cost({"base": {"seconds": 2.0}}, "seconds", title="seconds", baseline="base")
        >>> figure["data"][0]["x"]
        [2.0]
    """
    colour = colours(rankers, baseline=baseline)
    bars = {
        "type": "bar", "orientation": "h", "y": [escaped(name) for name in rankers],
        "x": [row.get(key) for row in rankers.values()], "marker": {"color": list(colour.values())},
        "texttemplate": "%{x:,.0f}", "textposition": "auto",
        "hovertemplate": "%{y}: %{x:,.1f}<extra></extra>",
    }  # fmt: skip
    height = 110 + 34 * len(rankers)
    yaxis = {"autorange": "reversed", "automargin": True}
    return _figure([bars], height=height, xaxis={"title": {"text": title}}, yaxis=yaxis)
