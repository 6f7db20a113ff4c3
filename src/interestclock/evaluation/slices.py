"""Metrics by local hour of day, and how evenly a ranker does over the day.

Axes: ``N`` exposures, ``H`` the 24 local hours, 0 = the hour after midnight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from interestclock.evaluation.scored import Scored, measure
from interestclock.metrics.exposure_metrics import Array, Floats

__all__ = ["HOURS", "SECONDS_PER_HOUR", "HourCounts", "counts_by_hour", "hourly_spread", "measure_by_hour"]

HOURS = 24
SECONDS_PER_HOUR = 3600


def measure_by_hour(scored: Scored, second_of_day_N: Array) -> dict[str, Floats]:
    """Every metric within each local hour.

    Args:
        scored: the exposures, labels and scores.
        second_of_day_N: local seconds since midnight, 0..86399.

    Returns:
        Each metric of :func:`measure` as ``(24,)``; NaN in hours where it has nothing to say.

    Raises:
        ValueError: a second of day is outside 0..86399.

    Example:
        >>> rows = np.zeros(2, dtype=int)
        >>> label_N, score_N = np.array([1, 0]), np.array([0.9, 0.1])
        >>> scored = Scored(user_N=rows, request_N=rows, label_N=label_N, score_N=score_N)
        >>> by_hour = measure_by_hour(scored, np.array([86_399, 82_800]))
        >>> by_hour["auc"][[22, 23]].tolist()
        [nan, 1.0]
    """
    hour_N = _hours(second_of_day_N)
    measured_H = [measure(_only(scored, hour_N == hour)) for hour in range(HOURS)]
    return {name: np.array([measured[name] for measured in measured_H]) for name in measured_H[0]}


def _hours(second_of_day_N: Array) -> Array:
    hour_N = second_of_day_N // SECONDS_PER_HOUR
    if len(hour_N) and not (hour_N.min() >= 0 and hour_N.max() < HOURS):
        raise ValueError(
            f"seconds of day run from {second_of_day_N.min()} to {second_of_day_N.max()}; "
            "count local seconds since midnight, 0..86399"
        )
    return hour_N


def _only(scored: Scored, mask_N: Array) -> Scored:
    return Scored(
        user_N=scored.user_N[mask_N],
        request_N=scored.request_N[mask_N],
        label_N=scored.label_N[mask_N],
        score_N=scored.score_N[mask_N],
    )


@dataclass(frozen=True, kw_only=True)
class HourCounts:
    """How much each local hour holds: samples and positives, ``(24,)`` each.

    Example:
        >>> counts_by_hour(np.array([1, 0]), np.array([3600, 7199])).positives_H[1]
        np.int64(1)
    """

    samples_H: Array
    positives_H: Array


def counts_by_hour(label_N: Array, second_of_day_N: Array) -> HourCounts:
    """Count the samples and the positives of each local hour.

    Args:
        label_N: 0 or 1.
        second_of_day_N: local seconds since midnight, 0..86399.

    Raises:
        ValueError: a second of day is outside 0..86399.

    Example:
        >>> counts_by_hour(np.array([1, 0]), np.array([0, 3599])).samples_H[:2].tolist()
        [2, 0]
    """
    hour_N = _hours(second_of_day_N)
    return HourCounts(
        samples_H=np.bincount(hour_N, minlength=HOURS),
        positives_H=np.bincount(hour_N[label_N == 1], minlength=HOURS),
    )


def hourly_spread(metric_H: Floats, weight_H: Array) -> float:
    r"""Standard deviation of a metric over the hours, each weighted by what it holds; 0 is the same all day.

    .. math:: \sqrt{\sum_h w_h (m_h - \bar m)^2 / \sum_h w_h}, \qquad \bar m = \sum_h w_h m_h / \sum_h w_h

    The weights keep a nearly empty hour's noise from being the whole figure.

    Args:
        metric_H: ``(24,)``; hours that are NaN are left out.
        weight_H: ``(24,)``, for example the positives of each hour.

    Returns:
        NaN where no hour has a value and a weight.

    Example:
        >>> round(hourly_spread(np.array([0.5, 0.7, np.nan]), np.array([10, 10, 10])), 6)
        0.1
    """
    known = ~np.isnan(metric_H) & (weight_H > 0)
    if not known.any():
        return math.nan
    mean = np.average(metric_H[known], weights=weight_H[known])
    return float(np.sqrt(np.average((metric_H[known] - mean) ** 2, weights=weight_H[known])))
