"""Behaviours enter a history when their label is known, and are seen only by what comes later."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from interestclock.histories.growing import GrowingSequences

__all__ = ["Behaviours", "KnownBehaviours", "known_before"]

IntArray = npt.NDArray[np.integer]
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, kw_only=True)
class Behaviours:
    """Engaged exposures with the moment that was known; arrays of one length N.

    Args:
        user_N, item_N: dense indices. timestamp_ms_N: of the exposure. known_ms_N: of the label.
        second_of_day_N: local, 0..86399.

    Example:
        >>> one = np.array([1])
        >>> Behaviours(user_N=one, item_N=one, timestamp_ms_N=one, second_of_day_N=one, known_ms_N=one).count
        1
    """

    user_N: IntArray
    item_N: IntArray
    timestamp_ms_N: IntArray
    second_of_day_N: IntArray
    known_ms_N: IntArray

    @property
    def count(self) -> int:
        """How many behaviours."""
        return int(self.user_N.size)

    def select(self, index: npt.NDArray[Any]) -> Behaviours:
        """The behaviours at an index or mask."""
        return Behaviours(**{field.name: getattr(self, field.name)[index] for field in fields(self)})

    @staticmethod
    def joined(first: Behaviours, second: Behaviours) -> Behaviours:
        """The behaviours of both, in that order."""
        names = [field.name for field in fields(first)]
        return Behaviours(**{n: np.concatenate([getattr(first, n), getattr(second, n)]) for n in names})


class KnownBehaviours:
    """All users' behaviours in the order in which they became known, and who may see how many.

    ``observe`` takes a stretch of the stream and says, for each of its exposures at time t, how
    many behaviours (of its user, and of all users) had become known strictly before t. Sequences
    only ever grow at their end, so such a count stays a valid pointer for good.

    Example:
        >>> known = KnownBehaviours()
        >>> def played(user, t, known_at):
        ...     as_array = lambda x: np.array([x])
        ...     return Behaviours(user_N=as_array(user), item_N=as_array(5), timestamp_ms_N=as_array(t),
        ...                       second_of_day_N=as_array(0), known_ms_N=as_array(known_at))
        >>> user, everyone = known.observe(np.array([1, 1]), np.array([100, 200]), played(1, 100, 150))
        >>> user.tolist(), everyone.tolist()
        ([0, 1], [0, 1])
    """

    def __init__(self) -> None:
        self.by_user = GrowingSequences(
            {"item": np.dtype("int32"), "second_of_day": np.dtype("int32"), "timestamp_ms": np.dtype("int64")}
        )
        self._items = GrowingSequences({"item": np.dtype("int32")})  # one owner: everyone together
        self._first_position = np.zeros(0, dtype=np.int64)
        empty = np.zeros(0, dtype=np.int64)
        self._waiting = Behaviours(
            user_N=empty, item_N=empty, timestamp_ms_N=empty, second_of_day_N=empty, known_ms_N=empty
        )

    def observe(
        self, user_N: IntArray, timestamp_ms_N: IntArray, engaged: Behaviours
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Take the exposures of a stretch (in time order) and the behaviours they led to.

        Returns:
            For each exposure the number of behaviours known strictly before it: of its user, and
            of all users. int64, shape (N,) each.
        """
        waiting = Behaviours.joined(self._waiting, engaged)
        horizon_ms = timestamp_ms_N[-1] if timestamp_ms_N.size else np.iinfo(np.int64).min
        ripe = waiting.select(waiting.known_ms_N < horizon_ms)
        ripe = ripe.select(np.argsort(ripe.known_ms_N, kind="stable"))
        self._waiting = waiting.select(waiting.known_ms_N >= horizon_ms)
        before_N = self.by_user.lengths(user_N)
        everyone_before = self.total
        self._append(ripe)
        by_user_N = before_N + known_before(user_N, timestamp_ms_N, ripe.user_N, ripe.known_ms_N)
        everyone_N = everyone_before + np.searchsorted(ripe.known_ms_N, timestamp_ms_N, side="left")
        return by_user_N, everyone_N

    @property
    def total(self) -> int:
        """How many behaviours of all users have become known."""
        return int(self._items.lengths(np.zeros(1, dtype=np.int64))[0])

    def item_of_everyone(self, position_N: IntArray) -> npt.NDArray[np.int32]:
        """Items by position in the order in which all users' behaviours became known."""
        return self._items.at("item", np.zeros(position_N.size, dtype=np.int64), position_N)

    def first_position(self, item_N: IntArray) -> npt.NDArray[np.int64]:
        """Where each item first stands in that order; the largest int64 for items never engaged with."""
        if self._first_position.size == 0:
            return np.full(item_N.size, _NEVER)
        known_N = item_N < self._first_position.size
        return np.where(known_N, self._first_position[np.where(known_N, item_N, 0)], _NEVER)

    def item_of_user(self, user_N: IntArray, position_N: IntArray) -> npt.NDArray[np.int32]:
        """Items by position in each user's own history."""
        return self.by_user.at("item", user_N, position_N)

    def _append(self, ripe: Behaviours) -> None:
        self._note_first_positions(ripe.item_N)
        self.by_user.append(
            ripe.user_N,
            {
                "item": ripe.item_N,
                "second_of_day": ripe.second_of_day_N,
                "timestamp_ms": ripe.timestamp_ms_N,
            },
        )
        self._items.append(np.zeros(ripe.count, dtype=np.int64), {"item": ripe.item_N})

    def _note_first_positions(self, item_N: IntArray) -> None:
        item_U, index_U = np.unique(item_N, return_index=True)
        if item_U.size == 0:
            return
        missing = int(item_U[-1]) + 1 - self._first_position.size
        if missing > 0:
            spare = np.full(max(missing, self._first_position.size // 2), _NEVER)
            self._first_position = np.concatenate([self._first_position, spare])
        earlier_U = self._first_position[item_U]
        self._first_position[item_U] = np.minimum(earlier_U, self.total + index_U)


def known_before(
    user_N: IntArray, timestamp_ms_N: IntArray, known_user_M: IntArray, known_ms_M: IntArray
) -> npt.NDArray[np.int64]:
    """For each exposure, how many of the M behaviours are its user's and known strictly before it."""
    user = np.concatenate([user_N, known_user_M])
    time_ms = np.concatenate([timestamp_ms_N, known_ms_M])
    is_behaviour = np.concatenate([np.zeros(user_N.size, np.int64), np.ones(known_user_M.size, np.int64)])
    order = np.lexsort((is_behaviour, time_ms, user))  # at equal times exposures first: strictly before
    so_far = np.cumsum(is_behaviour[order])
    user_sorted = user[order]
    first_of_user = np.searchsorted(user_sorted, user_sorted, side="left")
    of_earlier_users = np.where(first_of_user > 0, so_far[first_of_user - 1], 0)
    counts = np.empty(user.size, dtype=np.int64)
    counts[order] = so_far - of_earlier_users
    return counts[: user_N.size]
