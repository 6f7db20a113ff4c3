"""Exact metrics of scored exposures, on plain arrays.

Axes: ``N`` exposures, ``G`` groups, ``P`` positives. Labels are 0 or 1; mask missing ones before.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "auc",
    "auc_by_group",
    "calibration",
    "check_labels",
    "log_loss",
    "log_loss_per_row",
    "rela_impr",
    "sort_keys",
    "uauc",
]

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

# A float32 sigmoid saturates at exactly 0 or 1; its spacing below 1 is about this.
PROBABILITY_MARGIN = 1e-7


def check_labels(label_N: Array, *others: Array) -> None:
    """Refuse labels other than 0 and 1, and companions of another shape.

    Raises:
        ValueError: shapes differ, or a label is neither 0 nor 1.

    Example:
        >>> check_labels(np.array([0, -1]))
        Traceback (most recent call last):
        ValueError: labels are 0 or 1, not -1; leave out rows whose label is missing
    """
    for other in others:
        if other.shape != label_N.shape:
            raise ValueError(
                f"labels have shape {label_N.shape}, but their companion {other.shape}; match rows"
            )
    if not np.isin(label_N, (0, 1)).all():
        wrong = label_N[~np.isin(label_N, (0, 1))][0]
        raise ValueError(f"labels are 0 or 1, not {wrong}; leave out rows whose label is missing")


def auc(label_N: Array, score_N: Array, weight_N: Array | None = None) -> float:
    r"""Area under the ROC curve: how often a positive outranks a negative.

    .. math:: \frac{\sum_{p, n} w_p w_n \left([s_p > s_n] + \tfrac12 [s_p = s_n]\right)}
        {\sum_p w_p \sum_n w_n}

    Args:
        label_N: 0 or 1.
        score_N: any finite scores; only their order counts.
        weight_N: how often each row counts, not negative; None is once each.

    Returns:
        NaN where one of the two classes has no weight.

    Raises:
        ValueError: shapes differ, or a label is neither 0 nor 1.

    Example:
        >>> auc(np.array([0, 1, 0, 1]), np.array([0.1, 0.4, 0.4, 0.8]))
        0.875
    """
    weight_N = np.ones(len(label_N)) if weight_N is None else weight_N.astype(np.float64)
    check_labels(label_N, score_N, weight_N)
    positive_N = label_N == 1
    order = np.argsort(score_N[~positive_N], kind="stable")
    negative = score_N[~positive_N][order]
    below = np.concatenate([[0.0], np.cumsum(weight_N[~positive_N][order])])
    won = below[np.searchsorted(negative, score_N[positive_N], side="left")]
    not_lost = below[np.searchsorted(negative, score_N[positive_N], side="right")]
    pairs = float(weight_N[positive_N].sum() * below[-1])
    return float(weight_N[positive_N] @ (won + not_lost)) / (2 * pairs) if pairs else math.nan


def auc_by_group(group_N: Array, label_N: Array, score_N: Array) -> tuple[Array, Floats]:
    """AUC within each group that has both labels, all groups at once.

    Args:
        group_N: group of each row, for example the user.
        label_N: 0 or 1.
        score_N: any finite scores.

    Returns:
        The groups that have both labels, ascending, and the AUC of each.

    Raises:
        ValueError: shapes differ, or a label is neither 0 nor 1.

    Example:
        >>> group_G, auc_G = auc_by_group(
        ...     np.array([7, 7, 7, 8]), np.array([1, 0, 0, 1]), np.array([0.5, 0.2, 0.5, 0.9])
        ... )
        >>> group_G.tolist(), auc_G.tolist()
        ([7], [0.75])
    """
    check_labels(label_N, group_N, score_N)
    group_G, index_N, key_N, width = sort_keys(group_N, score_N)
    positive_N = label_N == 1
    negatives = np.sort(key_N[~positive_N])
    index_P, key_P = index_N[positive_N], key_N[positive_N]
    halves = np.searchsorted(negatives, key_P, side="left") + np.searchsorted(negatives, key_P, side="right")
    outside = np.searchsorted(negatives, index_P * width, side="left")
    wins_G = np.bincount(index_P, halves / 2 - outside, minlength=len(group_G))
    positives_G = np.bincount(index_P, minlength=len(group_G))
    pairs_G = positives_G * np.bincount(index_N[~positive_N], minlength=len(group_G))
    return group_G[pairs_G > 0], wins_G[pairs_G > 0] / pairs_G[pairs_G > 0]


def sort_keys(group_N: Array, score_N: Array) -> tuple[Array, Array, Array, int]:
    """One integer per row that sorts by group, then score.

    Returns:
        The groups ascending, each row's index into them, each row's key, and the width of a group:
        the keys of the g-th group lie in ``[g * width, (g + 1) * width)``.

    Example:
        >>> groups, index_N, key_N, width = sort_keys(np.array([9, 4]), np.array([0.1, 0.3]))
        >>> groups.tolist(), index_N.tolist(), key_N.tolist(), width
        ([4, 9], [1, 0], [2, 1], 2)
    """
    group_G, index_N = np.unique(group_N, return_inverse=True)
    values, rank_N = np.unique(score_N, return_inverse=True)
    return group_G, index_N, index_N * len(values) + rank_N, len(values)


def uauc(user_N: Array, label_N: Array, score_N: Array) -> float:
    """AUC within each user who has both labels, averaged over these users, each counting once.

    Source: Zhu et al., Interest Clock, SIGIR 2024, section 4.1.

    Args:
        user_N: user of each row.
        label_N: 0 or 1.
        score_N: any finite scores.

    Returns:
        NaN where no user has both labels.

    Raises:
        ValueError: shapes differ, or a label is neither 0 nor 1.

    Example:
        >>> uauc(np.array([1, 1, 2, 2, 3]), np.array([1, 0, 0, 1, 1]), np.array([0.9, 0.1, 0.6, 0.5, 0.2]))
        0.5
    """
    _, auc_G = auc_by_group(user_N, label_N, score_N)
    return float(auc_G.mean()) if len(auc_G) else math.nan


def log_loss_per_row(label_N: Array, score_N: Array) -> Floats:
    """Binary cross-entropy of each row in nats, in float64, probabilities kept 1e-7 away from 0 and 1.

    Args:
        label_N: 0 or 1.
        score_N: predicted probabilities.

    Raises:
        ValueError: shapes differ, or a label is neither 0 nor 1.

    Example:
        >>> log_loss_per_row(np.array([1, 0]), np.array([0.5, 0.0])).round(4).tolist()
        [0.6931, 0.0]
    """
    check_labels(label_N, score_N)
    probability_N = np.clip(score_N.astype(np.float64), PROBABILITY_MARGIN, 1 - PROBABILITY_MARGIN)
    return -np.log(np.where(label_N == 1, probability_N, 1 - probability_N))


def log_loss(label_N: Array, score_N: Array) -> float:
    """Mean binary cross-entropy in nats; NaN without rows.

    Args:
        label_N: 0 or 1.
        score_N: predicted probabilities; kept 1e-7 away from 0 and 1.

    Raises:
        ValueError: shapes differ, or a label is neither 0 nor 1.

    Example:
        >>> round(log_loss(np.array([1, 0]), np.array([0.8, 0.4])), 4)
        0.367
    """
    return float(log_loss_per_row(label_N, score_N).mean()) if len(label_N) else math.nan


def calibration(label_N: Array, score_N: Array) -> float:
    """Mean prediction over mean label: 1 is right, above 1 promises too much.

    Args:
        label_N: 0 or 1.
        score_N: predicted probabilities.

    Returns:
        NaN where there is no positive.

    Raises:
        ValueError: shapes differ, or a label is neither 0 nor 1.

    Example:
        >>> calibration(np.array([1, 0, 0, 0]), np.array([0.25, 0.25, 0.5, 0.5]))
        1.5
    """
    check_labels(label_N, score_N)
    positives = int(label_N.sum(dtype=np.int64))
    return float(score_N.sum(dtype=np.float64)) / positives if positives else math.nan


def rela_impr(metric: float, base: float) -> float:
    """Relative improvement as the papers take it: the plain ratio minus one.

    .. math:: metric / base - 1

    Source: Zhu et al., SIGIR 2024, table 1. Others subtract the 0.5 of a random ranker first; not here.

    Example:
        >>> round(rela_impr(0.6720, 0.6643), 4)
        0.0116
    """
    return metric / base - 1
