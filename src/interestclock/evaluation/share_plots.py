"""Shares over the day, as the plain dictionaries plotly draws: of what was shown, and what is put first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from interestclock.evaluation.palette import OTHER_COLOUR, colours
from interestclock.evaluation.plots import Figure, escaped, hour_axis
from interestclock.evaluation.slices import HOURS

__all__ = ["first_shares_over_day", "shares_over_day"]

SHOWN_VALUES = 8
_HEIGHT = 560  # half of a page wide, the legend takes several rows
_MARGIN = {"l": 64, "r": 24, "t": 56, "b": 56}  # above one of two stands a list of rankers


def shares_over_day(
    shares: Mapping[str, Sequence[float]], *, like: Mapping[str, Sequence[float]] | None = None
) -> Figure:
    """Share of each value in each local hour, stacked; the eight largest by name, the rest as other.

    Source: the picture of Zhu et al., SIGIR 2024, figure 2.

    Args:
        shares: value → 24 shares, 0..1.
        like: shares of the same values, whose order and colours are taken over.

    Example:
        >>> [trace["name"] for trace in shares_over_day({"rock": [1.0] * 24})["data"]]
        ['rock']
    """
    order = shares if like is None else like
    ranked = sorted(shares, key=lambda value: -sum(order[value]))
    colour = colours(ranked[:SHOWN_VALUES])
    areas = [_area(escaped(value), shares[value], colour[value]) for value in ranked[:SHOWN_VALUES]]
    rest = [shares[value] for value in ranked[SHOWN_VALUES:]]
    if rest:
        summed = [sum(hour) for hour in zip(*rest, strict=True)]
        areas.append(_area(f"other ({len(rest)})", summed, OTHER_COLOUR))
    yaxis = {"title": {"text": "share"}, "tickformat": ".0%", "range": [0, 1]}
    xaxis = hour_axis() | {"range": [0, 23]}
    return {"data": areas, "layout": {"height": _HEIGHT, "margin": _MARGIN, "xaxis": xaxis, "yaxis": yaxis}}


def first_shares_over_day(
    by_ranker: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    like: Mapping[str, Sequence[float]],
    shown: str,
) -> Figure:
    """The same of what each ranker puts first, one ranker at a time, with a list to choose from.

    Args:
        by_ranker: ranker → value → 24 shares. like: as of ``shares_over_day``. shown: the ranker drawn first.

    Example:
        >>> day = {"rock": [1.0] * 24}
        >>> figure = first_shares_over_day({"base": day, "hour": day}, like=day, shown="hour")
        >>> [trace["visible"] for trace in figure["data"]]
        [False, True]
    """
    traces = {
        ranker: [area | {"stackgroup": ranker} for area in shares_over_day(shares, like=like)["data"]]
        for ranker, shares in by_ranker.items()
    }
    buttons = [
        {
            "label": escaped(ranker),
            "method": "restyle",
            "args": [{"visible": [other == ranker for other, areas in traces.items() for _ in areas]}],
        }
        for ranker in traces
    ]
    menu = {
        "buttons": buttons, "active": list(traces).index(shown),
        "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom",
    }  # fmt: skip
    data = [area | {"visible": ranker == shown} for ranker, areas in traces.items() for area in areas]
    return {"data": data, "layout": shares_over_day(like)["layout"] | {"updatemenus": [menu]}}


def _area(name: str, share_H: Sequence[float], colour: str) -> Figure:
    return {
        "type": "scatter", "mode": "lines", "stackgroup": "day", "name": name, "x": list(range(HOURS)),
        "y": list(share_H), "line": {"width": 0.6, "color": colour}, "fillcolor": colour,
        "hovertemplate": "%{y:.1%}",
    }  # fmt: skip
