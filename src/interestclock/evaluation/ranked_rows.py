"""How often each ranker has a choice among the first ten of a long list, as plain values for JSON.

Axes: ``N`` choices, ``U`` users, ``T`` replicates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from interestclock.evaluation.comparisons import comparisons
from interestclock.evaluation.estimates import Estimate
from interestclock.evaluation.intervals import combine, interval, number
from interestclock.metrics.bootstrap import UserResamples, ratio_replicates
from interestclock.metrics.exposure_metrics import Array

__all__ = ["ranked_rows"]

Json = dict[str, Any]


def ranked_rows(
    hits: Mapping[str, Sequence[Array]],
    user_N: Array,
    *,
    baseline: str,
    beside: Mapping[str, Sequence[str]],
    replicates: int,
) -> Json:
    """What a comparison says of ranked choices.

    Args:
        hits: ranker → one ``(N,)`` per seed: of each choice, whether it is among the first, 0..1.
        user_N: any numbering. baseline: the ranker all others are compared with.
        beside: another ranker → those that are compared with it as well. replicates: of users.

    Returns:
        ``rankers``: name → ``mean``, ``ci95``, ``seeds`` and ``over``: other ranker → ``{"mean", "ci95"}``;
        ``comparisons``: other ranker → what ``comparisons`` says, without its ``auc``.

    Example:
        >>> hits = {"base": [np.array([0.0, 1.0])], "hour": [np.array([1.0, 1.0])]}
        >>> rows = ranked_rows(hits, np.array([1, 2]), baseline="base", beside={}, replicates=20)
        >>> rows["rankers"]["hour"]["mean"], rows["rankers"]["hour"]["over"]["base"]["mean"]
        (1.0, 0.5)
    """
    users, place_N = np.unique(user_N, return_inverse=True)
    resamples = UserResamples(users=max(1, len(users)), replicates=replicates)
    estimates = {name: _estimate(runs, place_N, resamples) for name, runs in hits.items()}
    others = {baseline: [name for name in hits if name != baseline]} | dict(beside)
    others = {
        other: [each for each in names if each in hits] for other, names in others.items() if other in hits
    }
    over: dict[str, Json] = {name: {} for name in hits}
    for other, names in others.items():
        for name in names:
            over[name][other] = interval(combine(lambda x, y: x - y, estimates[name], estimates[other]))
    return {
        "rankers": {
            name: interval(each) | {"seeds": [number(seed) for seed in each.seeds], "over": over[name]}
            for name, each in estimates.items()
        },
        "comparisons": {
            other: _decided({name: estimates[name] for name in (other, *names)}, other, len(users))
            for other, names in others.items()
            if names
        },
    }


def _estimate(runs: Sequence[Array], user_N: Array, resamples: UserResamples) -> Estimate:
    """Of each run the mean over choices, in every replicate."""
    count_U = np.bincount(user_N, minlength=resamples.users)
    replicates = [
        ratio_replicates(resamples, np.bincount(user_N, hit_N, minlength=resamples.users), count_U)
        for hit_N in runs
    ]
    seeds = [float(np.mean(hit_N)) for hit_N in runs]
    return Estimate(point=float(np.mean(seeds)), replicate_T=np.mean(replicates, axis=0), seeds=seeds)


def _decided(estimates: Mapping[str, Estimate], baseline: str, users: int) -> Json:
    compared = comparisons(estimates, baseline=baseline, users=users)
    return {key: value for key, value in compared.items() if key != "auc"}
