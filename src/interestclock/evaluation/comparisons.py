"""Which rankers gain over the baseline: all comparisons at once, with other users and other seeds in mind.

Axes: ``T`` replicates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import stdtrit

from interestclock.evaluation.estimates import Estimate
from interestclock.metrics.exposure_metrics import Floats

__all__ = ["CONFIDENCE", "POWER", "comparisons"]

CONFIDENCE = 0.95
POWER = 0.8
Json = dict[str, Any]


def comparisons(auc: Mapping[str, Estimate], *, baseline: str, users: int) -> Json:
    r"""Intervals of AUC and of the gain in AUC over the baseline that hold all at once.

    .. math:: se^2 = v_{users} + \frac{s^2_{seeds}}{S} \; (twice\ for\ a\ difference), \qquad
        \hat d \pm t_{\nu,\,1 - \alpha / 2m} \cdot se, \qquad
        detectable = (t_{\nu,\,1 - \alpha / 2m} + t_{\nu,\,0.8}) \cdot se

    :math:`v_{users}` is the variance over the paired bootstrap of users; :math:`s^2_{seeds}` that of one
    seed's AUC, pooled over the rankers (two or three seeds of one ranker say little), :math:`\nu` the degrees
    of freedom of both together (Satterthwaite 1946), and m the number of rankers compared (Bonferroni). With
    one seed the variance over seeds is unknown and left out: ``seeds_counted`` is false.

    Args:
        auc: of each ranker, with a figure per seed. baseline: the name of the one that others are compared
            with. users: of the exposures.

    Returns:
        Plain values for JSON: ``baseline``, ``confidence``, ``power``, ``count`` (m), ``seeds_counted``;
        ``auc``: name → ``{"mean", "interval"}`` of every ranker; ``gains``: name → ``{"mean", "interval",
        "detectable"}`` of every other one, AUC minus the baseline's; ``detectable`` is the least true gain
        whose interval would lie above 0 in 80 of 100 such logs. None for what has no value.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> noise_T = rng.normal(0, 0.01, 500)
        >>> base = Estimate(point=0.60, replicate_T=0.60 + noise_T, seeds=[0.59, 0.60, 0.61])
        >>> clock = Estimate(point=0.65, replicate_T=0.65 + noise_T, seeds=[0.64, 0.65, 0.66])
        >>> gain = comparisons({"base": base, "clock": clock}, baseline="base", users=1_000)["gains"]["clock"]
        >>> [round(bound, 3) for bound in gain["interval"]], round(gain["detectable"], 3)
        ([0.027, 0.073], 0.03)
    """
    others = [name for name in auc if name != baseline] if baseline in auc else []
    of_seeds = _of_seeds(auc)
    of_both = replace(of_seeds, variance=2 * of_seeds.variance)
    one = {
        name: _interval(each.point, each.replicate_T, of_seeds, users=users, count=len(auc))
        for name, each in auc.items()
    }
    gains = {
        name: _interval(
            auc[name].point - auc[baseline].point,
            auc[name].replicate_T - auc[baseline].replicate_T,
            of_both,
            users=users,
            count=len(others),
        )
        for name in others
    }
    return {
        "baseline": baseline,
        "confidence": CONFIDENCE,
        "power": POWER,
        "count": len(others),
        "seeds_counted": of_seeds.freedom > 0,
        "auc": {name: {key: each[key] for key in ("mean", "interval")} for name, each in one.items()},
        "gains": gains,
    }


@dataclass(frozen=True, kw_only=True)
class _OfSeeds:
    """The variance of a mean over seeds, and its degrees of freedom; 0 and 0 where there is one seed."""

    variance: float
    freedom: int


def _of_seeds(auc: Mapping[str, Estimate]) -> _OfSeeds:
    seeds = [np.asarray(each.seeds) for each in auc.values() if len(each.seeds) > 1]
    seeds = [figures for figures in seeds if np.isfinite(figures).all()]
    freedom = sum(len(figures) - 1 for figures in seeds)
    if not freedom:
        return _OfSeeds(variance=0.0, freedom=0)
    squares = sum(float(((figures - figures.mean()) ** 2).sum()) for figures in seeds)
    return _OfSeeds(variance=squares / freedom / len(seeds[0]), freedom=freedom)


def _interval(point: float, replicate_T: Floats, of_seeds: _OfSeeds, *, users: int, count: int) -> Json:
    known_T = replicate_T[np.isfinite(replicate_T)]
    if known_T.size < 2 or users < 2 or not math.isfinite(point):
        return {"mean": None, "interval": [None, None], "detectable": None}
    of_users = float(known_T.var(ddof=1))
    variance = of_users + of_seeds.variance
    parts = of_users**2 / (users - 1) + of_seeds.variance**2 / max(1, of_seeds.freedom)
    freedom = variance**2 / parts if parts else math.inf
    half = float(stdtrit(freedom, 1 - (1 - CONFIDENCE) / (2 * count))) * math.sqrt(variance)
    return {
        "mean": float(point),
        "interval": [float(point) - half, float(point) + half],
        "detectable": half + float(stdtrit(freedom, POWER)) * math.sqrt(variance),
    }
