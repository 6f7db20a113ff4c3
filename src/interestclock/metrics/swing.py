r"""How far a ratio swings from one group to the next: of the hours of the day, or of days.

Over groups, of exposures of an hour or of a day, the ratio :math:`r_g` is a sum over another:

.. math:: r_g = \frac{\sum_{i \in g} a_i}{\sum_{i \in g} w_i}, \qquad
    S^2 = \frac{\sum_g W_g\, (r_g / r - 1)^2}{\sum_g W_g}, \qquad W_g = \sum_{i \in g} w_i

with :math:`r` the ratio of all groups together, which is the mean of :math:`r_g` weighted by :math:`W_g`.
With predictions over labels, :math:`S` is the swing of calibration; with predictions over ones, that of the
mean prediction. It is 0 where all groups have one ratio, and 0.1 where they typically lie a tenth of it away.

Axes: ``N`` exposures, ``U`` users, ``G`` groups, ``T`` replicates, ``W`` replicates of one block,
``V`` values, ``X`` any.
"""

from __future__ import annotations

import numpy as np

from interestclock.metrics.bootstrap import UserResamples
from interestclock.metrics.exposure_metrics import Array, Floats

__all__ = ["group_sums", "squared_swing", "swing_without_noise"]

# Sums of users by groups that are held at a time, 8 bytes each.
HELD_SUMS = 8_000_000


def squared_swing(upper_XG: Array, weight_XG: Array) -> Floats:
    """The square of the swing, of each row.

    Args:
        upper_XG: sums of what is divided. weight_XG: sums of what it is divided by, 0 or above; groups with 0
            have no ratio and are left out.

    Returns:
        ``(X,)``; NaN where fewer than two groups have a ratio, or all of them together have the ratio 0.

    Example:
        >>> squared_swing(np.array([[9.0, 11.0, 5.0]]), np.array([[10.0, 10.0, 0.0]])).round(6).tolist()
        [0.01]
    """
    counted_XG = weight_XG > 0
    upper_XG = np.where(counted_XG, upper_XG, 0)
    total_X1 = weight_XG.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):  # what has no ratio becomes NaN
        mean_X1 = upper_XG.sum(axis=1, keepdims=True) / total_X1
        apart_XG = np.where(counted_XG, upper_XG / weight_XG / mean_X1 - 1, 0)
        squared_X = (weight_XG * apart_XG**2).sum(axis=1) / total_X1[:, 0]
    return np.where(counted_XG.sum(axis=1) > 1, squared_X, np.nan)


def group_sums(
    resamples: UserResamples, user_N: Array, group_N: Array, value_VN: Array, *, groups: int
) -> Floats:
    """Sums of values within groups, in every replicate.

    Args:
        resamples: the draws of users.
        user_N: users numbered from 0 to ``resamples.users - 1``.
        group_N: from 0 to ``groups - 1``; rows of negative ones are left out.
        value_VN: what is summed.
        groups: how many there are.

    Returns:
        ``(V, T, groups)``.

    Example:
        >>> resamples = UserResamples(users=1, replicates=2)
        >>> rows = np.array([0, 0, 0])
        >>> group_sums(resamples, rows, np.array([0, 1, -1]), np.array([[0.25, 0.5, 9.0]]), groups=2).tolist()
        [[[0.25, 0.5], [0.25, 0.5]]]
    """
    step = max(1, HELD_SUMS // (resamples.users * len(value_VN)))
    parts = [
        _some_sums(resamples, user_N, group_N - start, value_VN, groups=min(step, groups - start))
        for start in range(0, groups, step)
    ]
    return np.concatenate(parts, axis=2) if parts else np.zeros((len(value_VN), resamples.replicates, 0))


def _some_sums(
    resamples: UserResamples, user_N: Array, group_N: Array, value_VN: Array, *, groups: int
) -> Floats:
    inside_N = (group_N >= 0) & (group_N < groups)
    cell_N = user_N[inside_N] * groups + group_N[inside_N]
    sums_UX = np.concatenate(
        [
            np.bincount(cell_N, value_N[inside_N], minlength=resamples.users * groups).reshape(-1, groups)
            for value_N in value_VN
        ],
        axis=1,
    )
    replicates_TX = np.concatenate([block_WU @ sums_UX for block_WU in resamples.blocks(resamples.users)])
    by_value: Floats = replicates_TX.reshape(-1, len(value_VN), groups).swapaxes(0, 1)
    return by_value


def swing_without_noise(squared: float, squared_T: Floats) -> tuple[float, Floats]:
    r"""The swing, and its replicates, once what the draw of users adds to it is taken off.

    A few exposures in a group make its ratio noisy, and noise swings: the square of a swing that is measured
    lies above the true one by what the draw of users adds, and that of a replicate by about as much again. So
    the mean of the replicates less the measured one says how much it is:

    .. math:: b = \overline{S^2_t} - S^2, \qquad \sqrt{\max(0, S^2 - b)}, \qquad \sqrt{\max(0, S^2_t - 2b)}

    Source: the bootstrap's estimate of bias, Efron and Tibshirani 1993, chapter 10.

    Args:
        squared: of the exposures as they are. squared_T: of every replicate; NaNs are left out of the mean.

    Returns:
        The swing, and ``(T,)`` replicates of it; NaN where ``squared`` or a replicate is.

    Example:
        >>> point, replicates_T = swing_without_noise(0.05, np.array([0.05, 0.06, 0.07]))
        >>> round(point, 6), replicates_T.round(6).tolist()
        (0.2, [0.173205, 0.2, 0.223607])
    """
    known_T = squared_T[np.isfinite(squared_T)]
    noise = float(known_T.mean()) - squared if len(known_T) else np.nan
    return float(np.sqrt(np.maximum(0, squared - noise))), np.sqrt(np.maximum(0, squared_T - 2 * noise))
