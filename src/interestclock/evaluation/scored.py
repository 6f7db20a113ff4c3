"""One ranker's scores for one label, and every metric of them: once, and in each bootstrap replicate.

Axes: ``N`` exposures, ``U`` users, ``T`` replicates, ``G`` users with both classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from interestclock.metrics.bootstrap import UserResamples, auc_replicates, ratio_replicates
from interestclock.metrics.exposure_metrics import (
    Array,
    Floats,
    auc,
    auc_by_group,
    calibration,
    log_loss,
    log_loss_per_row,
    uauc,
)
from interestclock.metrics.request_metrics import precision_at_n, recall_at_n, request_hits

__all__ = ["PLACES", "Scored", "measure", "measure_replicates"]

PLACES = (1, 3)


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What one ranker said of one label, exposures whose label is missing already left out.

    Args:
        user_N: users numbered from 0.
        request_N: request of each exposure; negative where there is none. A request has one user.
        label_N: 0 or 1.
        score_N: predicted probabilities.

    Example:
        >>> rows = np.array([0, 0, 1, 1])
        >>> Scored(user_N=rows, request_N=rows, label_N=rows, score_N=rows / 2).score_N.tolist()
        [0.0, 0.0, 0.5, 0.5]
    """

    user_N: Array
    request_N: Array
    label_N: Array
    score_N: Array


def measure(scored: Scored) -> dict[str, float]:
    """Every metric of some scores; NaN where a metric has nothing to say.

    Returns:
        ``auc``, ``uauc``, ``logloss``, ``calibration``, and ``precision@n``, ``recall@n`` for n = 1 and 3.

    Example:
        >>> rows = np.array([0, 0])
        >>> label_N, score_N = np.array([1, 0]), np.array([0.9, 0.1])
        >>> scored = Scored(user_N=rows, request_N=rows, label_N=label_N, score_N=score_N)
        >>> measured = measure(scored)
        >>> measured["auc"], measured["recall@1"], round(measured["logloss"], 4)
        (1.0, 1.0, 0.1054)
    """
    request_N, label_N, score_N = scored.request_N, scored.label_N, scored.score_N
    measured = {
        "auc": auc(label_N, score_N),
        "uauc": uauc(scored.user_N, label_N, score_N),
        "logloss": log_loss(label_N, score_N),
        "calibration": calibration(label_N, score_N),
    }
    for n in PLACES:
        measured[f"precision@{n}"] = precision_at_n(request_N, label_N, score_N, n=n)
        measured[f"recall@{n}"] = recall_at_n(request_N, label_N, score_N, n=n)
    return measured


def measure_replicates(scored: Scored, resamples: UserResamples) -> dict[str, Floats]:
    """The metrics of :func:`measure` in every replicate: ``(T,)`` each.

    Args:
        scored: users numbered from 0 to ``resamples.users - 1``.
        resamples: the draws, the same for every ranker.

    Example:
        >>> rows = np.array([0, 0])
        >>> label_N, score_N = np.array([1, 0]), np.array([0.9, 0.1])
        >>> scored = Scored(user_N=rows, request_N=rows, label_N=label_N, score_N=score_N)
        >>> measure_replicates(scored, UserResamples(users=1, replicates=2))["auc"].tolist()
        [1.0, 1.0]
    """
    replicates = {"auc": auc_replicates(resamples, scored.user_N, scored.label_N, scored.score_N)}
    for name, (upper_U, lower_U) in _user_ratios(scored, resamples.users).items():
        replicates[name] = ratio_replicates(resamples, upper_U, lower_U)
    return replicates


def _user_ratios(scored: Scored, users: int) -> Mapping[str, tuple[Array, Array]]:
    """Each metric but AUC as a sum over users over another sum over users."""
    user_N, label_N, score_N = scored.user_N, scored.label_N, scored.score_N

    def by_user(user_X: Array, value_X: Array) -> Array:
        return np.bincount(user_X, value_X, minlength=users)

    user_G, auc_G = auc_by_group(user_N, label_N, score_N)
    rows_U = by_user(user_N, np.ones(len(user_N)))
    ratios = {
        "uauc": (by_user(user_G, auc_G), by_user(user_G, np.ones(len(user_G)))),
        "logloss": (by_user(user_N, log_loss_per_row(label_N, score_N)), rows_U),
        "calibration": (by_user(user_N, score_N), by_user(user_N, label_N)),
    }
    for n in PLACES:
        hits = request_hits(scored.request_N, label_N, score_N, n=n)
        user_M, has_M = user_N[hits.first_row_M], hits.positives_M > 0
        caught_M = hits.hits_M / np.where(has_M, hits.positives_M, 1)
        ratios[f"precision@{n}"] = (
            by_user(user_M, hits.hits_M / hits.shown_M),
            by_user(user_M, np.ones(len(user_M))),
        )
        ratios[f"recall@{n}"] = (by_user(user_M, caught_M), by_user(user_M, has_M))
    return ratios
