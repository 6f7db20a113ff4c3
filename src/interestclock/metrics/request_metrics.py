"""What a request's best places caught: precision and recall at n, exact under ties.

Axes: ``N`` exposures, ``M`` those that belong to a request, ``Q`` requests.
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
        first_row_Q: row at which the request first appears (to look up its user).
        hits_Q: expected positives among the n best.
        positives_Q: positives in the request.
        shown_Q: the smaller of n and the request's size.

    Example:
        >>> request_hits(np.array([3, 3]), np.array([1, 0]), np.array([0.2, 0.1]), n=1).hits_Q.tolist()
        [1.0]
    """

    first_row_Q: Array
    hits_Q: Array
    positives_Q: Array
    shown_Q: Array


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
        >>> request_hits(np.array([0, 0, 1]), label_N, score_N, n=1).hits_Q.tolist()
        [0.5, 1.0]
    """
    if n < 1:
        raise ValueError(f"n is {n}; ask for at least one place")
    check_labels(label_N, request_N, score_N)
    row_M = np.flatnonzero(request_N >= 0)
    request_Q, index_M, key_M, width = sort_keys(request_N[row_M], score_N[row_M])
    keys = np.sort(key_M)
    not_above_M = np.searchsorted(keys, key_M, side="right")
    tied_M = not_above_M - np.searchsorted(keys, key_M, side="left")
    above_M = np.searchsorted(keys, (index_M + 1) * width, side="left") - not_above_M
    chance_M = np.clip((n - above_M) / np.maximum(tied_M, 1), 0, 1)
    label_M, requests = label_N[row_M], len(request_Q)
    return RequestHits(
        first_row_Q=row_M[np.unique(index_M, return_index=True)[1]],
        hits_Q=np.bincount(index_M, label_M * chance_M, minlength=requests),
        positives_Q=np.bincount(index_M, label_M, minlength=requests),
        shown_Q=np.minimum(np.bincount(index_M, minlength=requests), n),
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
    return float((hits.hits_Q / hits.shown_Q).mean()) if len(hits.hits_Q) else math.nan


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
    has = hits.positives_Q > 0
    return float((hits.hits_Q[has] / hits.positives_Q[has]).mean()) if has.any() else math.nan
