"""What candidates are drawn from: everyone's choices, a user's own, and what was chosen at that very time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from interestclock.histories import UserHistories
from interestclock.state.choices import Choices

__all__ = ["STREAMS_PER_SEED", "Basket", "PastChoices", "uniform"]

# Shapes: N choices (rows of the log), X some of them, each as often as one likes.

STREAMS_PER_SEED = 1_000_003
"""Streams of ``uniform`` that draws of one seed have; far apart, so that no two draws share numbers."""

IntArray = npt.NDArray[np.integer]


@dataclass(frozen=True, kw_only=True)
class PastChoices:
    """What a slot is drawn from: ``bound_N`` choices of each one's past, and the items at places of it.

    ``recent``: the newest are drawn more often.
    """

    bound_N: npt.NDArray[np.int64]
    item_at: Callable[[IntArray, IntArray], npt.NDArray[np.int32]]
    recent: bool = False

    @classmethod
    def of_all(cls, choices: Choices, at_ms_N: IntArray) -> PastChoices:
        """What anyone chose, as known strictly before each moment."""
        return cls(
            bound_N=choices.known_before(at_ms_N), item_at=lambda _, position_X: choices.item_at(position_X)
        )

    @classmethod
    def of_users(
        cls, histories: UserHistories, user_N: IntArray, at_ms_N: IntArray, *, recent: bool
    ) -> PastChoices:
        """What each user chose, likewise; with ``longest``, so many of the newest."""
        known_N = histories.known_before(user_N, at_ms_N)
        bound_N = known_N if histories.longest is None else np.minimum(known_N, histories.longest)
        first_N = known_N - bound_N
        return cls(
            bound_N=bound_N,
            item_at=lambda rows_X, place_X: histories.item_at(user_N[rows_X], first_N[rows_X] + place_X),
            recent=recent,
        )

    def items(self, rows_X: IntArray, share_X: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """The items that stand at a share (0 to 1) of some rows' pasts, or of their logarithm."""
        bound_X = self.bound_N[rows_X]
        if not self.recent:
            return self.item_at(rows_X, (share_X * bound_X).astype(np.int64)).astype(np.int64)
        newest_X = np.minimum(np.power(bound_X + 1.0, share_X).astype(np.int64), bound_X)  # the newest is 1
        return self.item_at(rows_X, bound_X - newest_X).astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class Basket:
    """What each user chose at one time: ``number_N`` names a choice's basket, ``keys`` what is in it."""

    number_N: npt.NDArray[np.int64]
    keys: npt.NDArray[np.int64]
    items: int

    @classmethod
    def of(cls, user_N: IntArray, timestamp_ms_N: IntArray, item_N: IntArray) -> Basket:
        """Of all choices of some moments."""
        order = np.lexsort((timestamp_ms_N, user_N))
        changes = np.zeros(order.size, dtype=np.int64)
        for column_N in (user_N[order], timestamp_ms_N[order]):
            changes[1:] |= column_N[1:] != column_N[:-1]
        number_N = np.empty(order.size, dtype=np.int64)
        number_N[order] = np.cumsum(changes)
        items = int(item_N.max(initial=0)) + 1
        return cls(number_N=number_N, keys=np.unique(number_N * items + item_N), items=items)

    def only(self, rows_X: IntArray) -> Basket:
        """The same baskets, asked about by position among some choices."""
        return Basket(number_N=self.number_N[rows_X], keys=self.keys, items=self.items)

    def holds(self, rows_X: IntArray, item_X: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Whether an item is in the basket of each of some choices."""
        inside = np.isin(self.number_N[rows_X] * self.items + item_X, self.keys)
        return inside & (item_X < self.items)


def uniform(number_N: npt.NDArray[np.uint64], stream: int) -> npt.NDArray[np.float64]:
    """Uniform numbers in [0, 1) that depend on a number and a stream only (splitmix64)."""
    with np.errstate(over="ignore"):
        z = number_N * np.uint64(0xD1342543DE82EF95) + np.uint64((stream * 0x9E3779B97F4A7C15) & (2**64 - 1))
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            z = (z ^ (z >> np.uint64(shift))) * np.uint64(factor)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53
