r"""The interval of a mean gain, from how far sittings of one user lie apart.

What is estimated is what fresh logs of the same users would give on average, so that users who gain more
than others widen nothing: between logs only their sittings differ. With :math:`d_s` the sum over a sitting's
rows of what they gain beyond their user's mean, of :math:`B_u` sittings each:

.. math:: \widehat{Var} = \frac{1}{N^2} \sum_u \frac{B_u}{B_u - 1} \sum_{s \in u} d_s^2

Shapes: ``N`` rows, ``T`` sittings, ``G`` groups of sittings.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

__all__ = ["mean_and_half_width"]

CONFIDENCE = 0.95

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.integer]


def mean_and_half_width(gain_N: Floats, *, user_N: Numbers, sitting_N: Numbers) -> tuple[float, float]:
    """The mean, and half the width of its 95% interval; NaN both of fewer than two sittings.

    Users of a single sitting tell nothing of their own spread; they count as one user together, which is too
    wide where they differ, never too narrow.

    Args:
        gain_N: of each row. user_N, sitting_N: whose it is, and in which sitting; no two users share one.

    Example:
        >>> gain_N, user_N = np.array([0.0, 2.0, 10.0, 10.0]), np.array([7, 7, 8, 8])
        >>> mean, half = mean_and_half_width(gain_N, user_N=user_N, sitting_N=np.arange(4))
        >>> mean, round(half, 3)                              # t of 2 degrees, times 0.5
        (5.5, 2.151)
    """
    _, first_T, place_N = np.unique(sitting_N, return_index=True, return_inverse=True)
    group_T = _groups(user_N[first_T])
    sittings_G = np.bincount(group_T)
    freedom = len(first_T) - len(sittings_G)
    if freedom < 1:
        return math.nan, math.nan
    group_N = group_T[place_N]
    mean_G = np.bincount(group_N, gain_N) / np.bincount(group_N)
    beyond_T = np.bincount(place_N, gain_N - mean_G[group_N])
    spread_G = sittings_G / np.maximum(sittings_G - 1, 1)
    variance = float((spread_G[group_T] * beyond_T**2).sum()) / len(gain_N) ** 2
    return float(gain_N.mean()), float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * math.sqrt(variance)


def _groups(user_T: Numbers) -> Ints:
    """A number for each sitting's user, from 0; one for all users of a single sitting."""
    _, which_T, sittings_G = np.unique(user_T, return_inverse=True, return_counts=True)
    alone_T = sittings_G[which_T] == 1
    _, group_T = np.unique(np.where(alone_T, -1, which_T), return_inverse=True)
    return group_T.astype(np.int64)
