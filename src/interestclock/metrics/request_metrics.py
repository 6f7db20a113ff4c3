"""What a request's best places caught: precision and recall at n, exact under ties.

Axes: ``N`` exposures, ``R`` those that belong to a request, ``M`` requests.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from interestclock.metrics.exposure_metrics import Array, check_labels, sort_keys

__all__ = ["RequestHits", "precision_at_n", "recall_at_n", "request_hits"]


@dataclass(frozen=True, kw_only=True)
class RequestHits:
    """What the n best of each request caught; one entry per request, in the order of request ids.

    Args:
        first_row_M: row at which the request first appears (to look up its user).
        hits_M: expected positives among the n best.
        positives_M: positives in the request.
        shown_M: the smaller of n and the request's size.

    Example:
        >>> request_hits(np.array([3, 3]), np.array([1, 0]), np.array([0.2, 0.1]), n=1).hits_M.tolist()
        [1.0]
    """

    first_row_M: Array
    hits_M: Array
    positives_M: Array
    shown_M: Array


def request_hits(request_N: Array, label_N: Array, score_N: Array, *, n: int) -> RequestHits:
    """Count the positives among each request's n best scores.

    Ties are broken at random and the expectation is taken: with m rows tied for the last k places,
    each of them is in with chance k/m. So a constant score earns what guessing earns.

    Args:
        request_N: request of each row; rows with a negative one belong to no request and are left out.
        label_N: 0 or 1.
        score_N: any finite scores.
        n: places, 1 or more.

    Raises:
        ValueError: ``n`` is below 1, shapes differ, or a label is neither 0 nor 1.

    Example:
        >>> label_N, score_N = np.array([1, 0, 1]), np.array([0.5, 0.5, 0.5])
        >>> request_hits(np.array([0, 0, 1]), label_N, score_N, n=1).hits_M.tolist()
        [0.5, 1.0]
    """
    if n < 1:
        raise ValueError(f"n is {n}; ask for at least one place")
    check_labels(label_N, request_N, score_N)
    row_R = np.flatnonzero(request_N >= 0)
    request_M, index_R, key_R, width = sort_keys(request_N[row_R], score_N[row_R])
    keys = np.sort(key_R)
    not_above_R = np.searchsorted(keys, key_R, side="right")
    tied_R = not_above_R - np.searchsorted(keys, key_R, side="left")
    above_R = np.searchsorted(keys, (index_R + 1) * width, side="left") - not_above_R
    chance_R = np.clip((n - above_R) / np.maximum(tied_R, 1), 0, 1)
    label_R, requests = label_N[row_R], len(request_M)
    return RequestHits(
        first_row_M=row_R[np.unique(index_R, return_index=True)[1]],
        hits_M=np.bincount(index_R, label_R * chance_R, minlength=requests),
        positives_M=np.bincount(index_R, label_R, minlength=requests),
        shown_M=np.minimum(np.bincount(index_R, minlength=requests), n),
    )


def precision_at_n(request_N: Array, label_N: Array, score_N: Array, *, n: int) -> float:
    """Positives among a request's n best, over the smaller of n and its size; mean over all requests.

    Args:
        request_N: request of each row; negative means none, and such rows are left out.
        label_N: 0 or 1.
        score_N: any finite scores; ties are broken at random, in expectation.
        n: places, 1 or more.

    Returns:
        NaN without requests.

    Raises:
        ValueError: ``n`` is below 1, shapes differ, or a label is neither 0 nor 1.

    Example:
        >>> label_N, score_N = np.array([1, 0, 0, 0]), np.array([0.9, 0.1, 0.3, 0.2])
        >>> precision_at_n(np.array([0, 0, 1, 1]), label_N, score_N, n=1)
        0.5
    """
    hits = request_hits(request_N, label_N, score_N, n=n)
    return float((hits.hits_M / hits.shown_M).mean()) if len(hits.hits_M) else math.nan


def recall_at_n(request_N: Array, label_N: Array, score_N: Array, *, n: int) -> float:
    """Positives among a request's n best, over all its positives; mean over requests that have one.

    Args:
        request_N: request of each row; negative means none, and such rows are left out.
        label_N: 0 or 1.
        score_N: any finite scores; ties are broken at random, in expectation.
        n: places, 1 or more.

    Returns:
        NaN where no request has a positive.

    Raises:
        ValueError: ``n`` is below 1, shapes differ, or a label is neither 0 nor 1.

    Example:
        >>> label_N, score_N = np.array([1, 1, 0, 0]), np.array([0.9, 0.1, 0.3, 0.2])
        >>> recall_at_n(np.array([0, 0, 1, 1]), label_N, score_N, n=1)
        0.5
    """
    hits = request_hits(request_N, label_N, score_N, n=n)
    has = hits.positives_M > 0
    return float((hits.hits_M[has] / hits.positives_M[has]).mean()) if has.any() else math.nan
