r"""Paired bootstrap over users: how far a metric could have moved, had other users come.

A replicate draws as many users as there are, with replacement; a user's exposures count as often as the
user was drawn. The same draws serve every ranker, so differences between rankers are paired. Intervals
are percentile intervals (Efron and Tibshirani 1993, chapter 13).

Axes: ``U`` users, ``N`` exposures, ``T`` replicates, ``W`` replicates of one block,
``P`` positives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from interestclock.metrics.exposure_metrics import Array, Floats, check_labels

__all__ = ["UserResamples", "auc_replicates", "percentile_interval", "ratio_replicates"]

# Elements of the largest array a block allocates; 1 M of 8 bytes is 8 MB, which fits a cache.
BLOCK_ELEMENTS = 1_000_000
# Up to so many multiplicities are kept, 4 bytes each: 16,000 users with 1,000 replicates take 64 MB.
KEPT_ELEMENTS = 16_000_000


@dataclass(frozen=True, kw_only=True)
class UserResamples:
    """How often each user counts in each replicate, drawn anew but always alike.

    A replicate's draw depends on the seed and its own number alone, so neither the block size nor the number
    of replicates changes it. Every metric of every ranker asks for the same draws: few are kept, many are
    drawn again.

    Args:
        users: number of users; they are numbered from 0.
        replicates: number of resamples.
        seed: names the draws.

    Raises:
        ValueError: fewer than one user or replicate.

    Example:
        >>> resamples = UserResamples(users=5, replicates=3, seed=1)
        >>> resamples.block(0, 3).sum(axis=1).tolist()
        [5, 5, 5]
    """

    users: int
    replicates: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.users < 1 or self.replicates < 1:
            raise ValueError(
                f"{self.users} users and {self.replicates} replicates; a bootstrap needs at least one of each"
            )

    def block(self, start: int, stop: int) -> Array:
        """Multiplicities ``(stop - start, users)``, int32, of the replicates from start to stop."""
        return np.stack([self._draw(replicate) for replicate in range(start, stop)])

    def blocks(self, rows: int) -> Iterator[Array]:
        """All replicates in order, so many at once that ``rows`` values each stay within memory."""
        step = max(1, BLOCK_ELEMENTS // max(rows, self.users))
        for start in range(0, self.replicates, step):
            stop = min(start + step, self.replicates)
            yield self.block(start, stop) if self._kept is None else self._kept[start:stop]

    @cached_property
    def _kept(self) -> Array | None:
        if self.users * self.replicates > KEPT_ELEMENTS:
            return None
        drawn_TU = self.block(0, self.replicates)
        drawn_TU.flags.writeable = False
        return drawn_TU

    def _draw(self, replicate: int) -> Array:
        drawn = np.random.default_rng([self.seed, replicate]).integers(self.users, size=self.users)
        return np.bincount(drawn, minlength=self.users).astype(np.int32)


def auc_replicates(resamples: UserResamples, user_N: Array, label_N: Array, score_N: Array) -> Floats:
    """AUC of every replicate; scores are sorted once, then each replicate is one cumulative sum.

    Args:
        resamples: the draws.
        user_N: users numbered from 0 to ``resamples.users - 1``.
        label_N: 0 or 1.
        score_N: any finite scores.

    Returns:
        ``(T,)``; NaN where a replicate drew one class only.

    Raises:
        ValueError: shapes differ, or a label is neither 0 nor 1.

    Example:
        >>> resamples = UserResamples(users=2, replicates=4)
        >>> auc_replicates(resamples, np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.arange(4)).shape
        (4,)
    """
    check_labels(label_N, user_N, score_N)
    positive_N = label_N == 1
    order = np.argsort(score_N[~positive_N], kind="stable")
    negative = score_N[~positive_N][order]
    negative_user, positive_user = user_N[~positive_N][order], user_N[positive_N]
    left = np.searchsorted(negative, score_N[positive_N], side="left")
    right = np.searchsorted(negative, score_N[positive_N], side="right")
    return np.concatenate(
        [
            _block_auc(np.ascontiguousarray(block_WU.T), positive_user, negative_user, left, right)
            for block_WU in resamples.blocks(len(label_N))
        ]
    )


def _block_auc(
    weight_UW: Array, positive_user: Array, negative_user: Array, left: Array, right: Array
) -> Floats:
    below = np.zeros((len(negative_user) + 1, weight_UW.shape[1]), dtype=np.int64)
    np.cumsum(weight_UW[negative_user], axis=0, out=below[1:])
    weight_PW = weight_UW[positive_user]
    won_twice_W = np.einsum("pb,pb->b", weight_PW, below[left])
    ties = left != right
    won_twice_W = 2 * won_twice_W + np.einsum("pb,pb->b", weight_PW[ties], (below[right] - below[left])[ties])
    pairs_W = weight_PW.sum(axis=0, dtype=np.int64) * below[-1]
    return _divide(won_twice_W, 2 * pairs_W)


def ratio_replicates(resamples: UserResamples, numerator_U: Array, denominator_U: Array) -> Floats:
    """Any metric that is a sum over users divided by another sum over users, in every replicate.

    UAUC is one (each user's AUC over 1 for each user who has one), log loss another (sums over counts).

    Args:
        resamples: the draws.
        numerator_U: each user's part of the upper sum.
        denominator_U: each user's part of the lower sum.

    Returns:
        ``(T,)``; NaN where the lower sum is 0.

    Raises:
        ValueError: the arrays do not have one entry per user.

    Example:
        >>> resamples = UserResamples(users=3, replicates=2)
        >>> ratio_replicates(resamples, np.array([2.0, 2.0, 2.0]), np.array([4.0, 4.0, 4.0])).tolist()
        [0.5, 0.5]
    """
    if numerator_U.shape != (resamples.users,) or denominator_U.shape != (resamples.users,):
        raise ValueError(
            f"shapes {numerator_U.shape} and {denominator_U.shape}; "
            f"give one entry for each of the {resamples.users} users"
        )
    parts_U2 = np.stack([numerator_U, denominator_U], axis=1).astype(np.float64)
    sums_T2 = np.concatenate([block_WU @ parts_U2 for block_WU in resamples.blocks(resamples.users)])
    return _divide(sums_T2[:, 0], sums_T2[:, 1])


def _divide(upper: Array, lower: Array) -> Floats:
    ratio = np.full(len(upper), np.nan)
    np.divide(upper, lower, out=ratio, where=lower != 0)
    return ratio


def percentile_interval(replicate_T: Array, *, confidence: float = 0.95) -> tuple[float, float]:
    """The middle ``confidence`` of the replicates; those without a finite value are left out.

    Args:
        replicate_T: a metric, or a difference of metrics, of each replicate.
        confidence: between 0 and 1.

    Returns:
        The lower and the upper bound; NaN twice where no replicate has a value.

    Raises:
        ValueError: ``confidence`` is not between 0 and 1.

    Example:
        >>> low, high = percentile_interval(np.arange(101.0))
        >>> low, high
        (2.5, 97.5)
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; give one between 0 and 1, for example 0.95")
    known = replicate_T[np.isfinite(replicate_T)]  # NaN: one class only; infinite: a base of 0
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.percentile(known, [50 - 50 * confidence, 50 + 50 * confidence])
    return float(low), float(high)
