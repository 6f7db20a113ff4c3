"""The swing of every ranker beside the labels' own and beside the baseline's, as plain values for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from interestclock.evaluation.estimates import Estimate
from interestclock.evaluation.intervals import combine, interval
from interestclock.evaluation.swings import OVER

__all__ = ["swing_rows"]

Json = dict[str, Any]


def swing_rows(swings: Mapping[str, Mapping[str, Estimate]], *, baseline: str) -> Json:
    """What a comparison says of swing.

    Args:
        swings: ranker → what ``measure_swing`` names → its estimate. baseline: differences are taken to it.

    Returns:
        ``labels``: how far the mean label itself swings, ``by_hour`` and ``by_day``; ``rankers``: name →
        ``calibration`` and ``prediction`` → ``by_hour`` and ``by_day`` → ``mean``, ``ci95``, ``over_base``:
        ``mean`` and ``ci95`` of the ranker's less the baseline's, None where that says nothing.

    Example:
        >>> swing_rows({}, baseline="base")
        {'labels': None, 'rankers': {}}
    """
    first = next(iter(swings.values()), None)
    labels = None if first is None else {over: interval(first[f"label_{over}"]) for over in OVER}
    return {
        "labels": labels,
        "rankers": {
            ranker: {
                what: {over: _row(swings, ranker, f"{what}_{over}", baseline) for over in OVER}
                for what in ("calibration", "prediction")
            }
            for ranker in swings
        },
    }


def _row(swings: Mapping[str, Mapping[str, Estimate]], ranker: str, name: str, baseline: str) -> Json:
    one = swings[ranker][name]
    over_base = None
    if baseline in swings and ranker != baseline:
        over_base = interval(combine(lambda x, y: x - y, one, swings[baseline][name]))
    return interval(one) | {"over_base": over_base}
