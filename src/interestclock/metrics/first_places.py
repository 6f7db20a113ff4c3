"""What a ranker would put first, of what was shown.

Axes: ``N`` exposures, ``R`` those put first.
"""

from __future__ import annotations

import numpy as np

from interestclock.metrics.exposure_metrics import PROBABILITY_MARGIN, Array, Floats

__all__ = ["first_of_requests", "first_tenth_of_hours", "hold_several"]

_TENTH = 10


def hold_several(request_N: Array) -> bool:
    """Whether any request holds several exposures; negative numbers are none.

    Example:
        >>> hold_several(np.array([3, 3, 4])), hold_several(np.array([3, 4, -1, -1]))
        (True, False)
    """
    inside_M = request_N[request_N >= 0]
    return len(np.unique(inside_M)) < len(inside_M)


def first_of_requests(request_N: Array, score_N: Array) -> Array:
    """Of each request with several exposures the row with the highest score, the first of equal ones.

    Args:
        request_N: of each exposure; negative where there is none. score_N: any finite scores.

    Returns:
        Rows ``(R,)``, ascending.

    Raises:
        ValueError: shapes differ.

    Example:
        >>> first_of_requests(np.array([5, 5, 6, 7, 7]), np.array([0.1, 0.9, 0.5, 0.3, 0.3])).tolist()
        [1, 3]
    """
    _check(request_N, score_N)
    order = np.lexsort((-score_N, request_N))
    request = request_N[order]
    starts = np.flatnonzero(np.diff(request, prepend=np.iinfo(np.int64).min))
    several = np.diff(starts, append=request.size) > 1
    first_R: Array = order[starts[several & (request[starts] >= 0)]]
    return np.sort(first_R)


def first_tenth_of_hours(user_N: Array, hour_N: Array, probability_N: Array) -> Array:
    r"""The tenth of each local hour's exposures that stand furthest above their user's mean.

    .. math:: \ln\frac{p}{1 - p} - \frac{1}{|N_u|} \sum_{n \in N_u} \ln\frac{p_n}{1 - p_n}

    So users who like everything do not fill the tenth.

    Args:
        user_N: any numbering. hour_N: 0..23. probability_N: predicted, 0..1.

    Returns:
        Rows ``(R,)``, ascending; of each hour a tenth rounded up.

    Raises:
        ValueError: shapes differ.

    Example:
        >>> eager = np.array([0.8, 0.9] + [0.1] * 8 + [0.3])        # user 1 likes everything
        >>> first_tenth_of_hours(np.array([1] * 2 + [2] * 9), np.full(11, 7), eager).tolist()
        [1, 10]
    """
    _check(user_N, hour_N, probability_N)
    if not user_N.size:
        return np.zeros(0, np.int64)
    above_N = _above_mean(user_N, probability_N)
    order = np.lexsort((-above_N, hour_N))
    hour = hour_N[order]
    starts = np.flatnonzero(np.diff(hour, prepend=-1))
    sizes = np.diff(starts, append=hour.size)
    place = np.arange(hour.size) - np.repeat(starts, sizes)
    return np.sort(order[place < np.repeat(-(-sizes // _TENTH), sizes)])


def _above_mean(user_N: Array, probability_N: Array) -> Floats:
    clipped_N = np.clip(probability_N.astype(np.float64), PROBABILITY_MARGIN, 1 - PROBABILITY_MARGIN)
    logit_N = np.log(clipped_N) - np.log1p(-clipped_N)
    place_N = np.unique(user_N, return_inverse=True)[1]
    mean_U = np.bincount(place_N, logit_N) / np.bincount(place_N)
    above_N: Floats = logit_N - mean_U[place_N]
    return above_N


def _check(first_N: Array, *others: Array) -> None:
    for other in others:
        if other.shape != first_N.shape:
            raise ValueError(f"shapes {first_N.shape} and {other.shape} differ; match exposures")
