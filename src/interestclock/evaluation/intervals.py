"""Estimates as plain values for JSON: a figure with its interval, None for what has no value.

Axes: ``T`` replicates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from interestclock.evaluation.estimates import Estimate
from interestclock.metrics.bootstrap import percentile_interval

__all__ = ["combine", "interval", "interval_each", "number", "with_interval"]

Json = dict[str, Any]


def combine(function: Callable[..., Any], *estimates: Estimate) -> Estimate:
    """A figure made of others, in every replicate; NaN where a replicate has nothing to compare with.

    Example:
        >>> one = Estimate(point=0.7, replicate_T=np.array([0.6, 0.8]))
        >>> combine(lambda x, y: x - y, one, one).replicate_T.tolist()
        [0.0, 0.0]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return Estimate(
            point=float(function(*(np.float64(one.point) for one in estimates))),
            replicate_T=np.asarray(function(*(one.replicate_T for one in estimates))),
        )


def interval(estimate: Estimate) -> Json:
    """``{"mean", "ci95"}``."""
    return {
        "mean": number(estimate.point),
        "ci95": [number(bound) for bound in percentile_interval(estimate.replicate_T)],
    }


def interval_each(metrics: Mapping[str, Estimate]) -> Json:
    """The same of each."""
    return {name: interval(estimate) for name, estimate in metrics.items()}


def with_interval(name: str, estimate: Estimate | None) -> Json:
    """A bare figure, its interval beside it."""
    if estimate is None:
        return {name: None, f"{name}_ci95": None}
    one = interval(estimate)
    return {name: one["mean"], f"{name}_ci95": one["ci95"]}


def number(value: float) -> float | None:
    """A float, or None for one that is not finite, which JSON does not have."""
    return float(value) if math.isfinite(value) else None
