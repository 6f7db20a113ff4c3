"""Which ids have earned a row of an embedding table, and which have to give it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from interestclock.arrays import with_room
from interestclock.embeddings.id_policy import IdPolicy, IdStatistics, RowChanges
from interestclock.timeofday import DAY_MS

__all__ = ["RowLedger"]

# Shapes: N ids of a call, U distinct slots of it, S slots, R some slots, T totals.

IntArray = npt.NDArray[np.integer]
_SHARE_THAT_LEAVES = 100  # at a cap one in so many leaves at a time, so that looking for them costs little
_TOTALS = ("admissions", "expiries", "evictions", "refused")
_MOST_COUNTED = np.iinfo(np.int32).max
_COLUMNS: dict[str, np.dtype[Any]] = {
    "last_ms": np.dtype(np.int64),
    "origin": np.dtype(np.int64),
    "sightings": np.dtype(np.int32),  # 0: not known here
    "admitted": np.dtype(np.bool_),
}


class RowLedger:
    """Counts how often ids are seen, by the slots that somebody else gives them; slot 0 is no id.

    Losing a row is a matter of the table alone: who an id is, and what is remembered of it, stays. An id that
    lost its row and comes back is counted anew. Each time an id comes it has another *origin*, counted up
    from 1, which its first weights are drawn by: so they depend on the order in which ids come, not on where
    they lie.

    Args:
        policy: when ids earn a row, and lose it.

    Example:
        >>> ledger = RowLedger(policy=IdPolicy(min_count=2, most=2))
        >>> first = ledger.observe(np.array([7, 9, 7]), np.array([0, 0, 5]), protected_from_ms=0)
        >>> first.admitted.tolist(), ledger.origin(np.array([7, 9])).tolist()
        ([7], [1, 2])
        >>> later = ledger.observe(np.array([4]), np.array([9]), protected_from_ms=5)
        >>> later.left.tolist(), later.admitted.tolist(), ledger.statistics.size
        ([9], [], 2)
    """

    def __init__(self, *, policy: IdPolicy) -> None:
        self.policy = policy
        self._column_S: dict[str, npt.NDArray[Any]] = {
            name: np.zeros(1, kind) for name, kind in _COLUMNS.items()
        }
        self._size = self._admitted = self._origins = 0
        self._total_T = np.zeros(len(_TOTALS), np.int64)

    @property
    def statistics(self) -> IdStatistics:
        """Sizes now, and totals since the beginning."""
        totals = dict(zip(_TOTALS, self._total_T.tolist(), strict=True))
        capacity = self._column_S["last_ms"].size - 1
        return IdStatistics(size=self._size, admitted=self._admitted, capacity=capacity, **totals)

    @property
    def bytes_used(self) -> int:
        """Of everything that is kept, with what there is to spare."""
        return sum(each.nbytes for each in self._column_S.values())

    def observe(
        self, slot_N: IntArray, timestamp_ms_N: npt.NDArray[np.int64], *, protected_from_ms: int
    ) -> RowChanges:
        """See ids at their moments.

        Where a new id finds the table full, those unused for longest leave (of equals the smaller slot
        first), a hundredth of ``most`` at a time. None leaves that was last seen at or after
        ``protected_from_ms``, or is in this very call; a new id that nobody made room for is refused.

        Args:
            slot_N: slots, 0 is no id. timestamp_ms_N: UTC milliseconds of each. protected_from_ms: as above.

        Raises:
            ValueError: there are more or fewer moments than ids.
        """
        if len(slot_N) != len(timestamp_ms_N):
            raise ValueError(f"{len(slot_N)} ids and {len(timestamp_ms_N)} moments; give each id its moment")
        seen = np.flatnonzero(slot_N)
        slot_N, timestamp_ms_N = slot_N[seen], timestamp_ms_N[seen]
        self._reach(int(slot_N.max(initial=0)) + 1)
        slot_U, first_U, code_N = np.unique(slot_N, return_index=True, return_inverse=True)
        new_U = self._column_S["sightings"][slot_U] == 0
        new_slots = slot_U[new_U][np.argsort(first_U[new_U])]  # as they came
        left = self._make_room(new_slots.size, slot_U, protected_from_ms)
        if self.policy.most is not None:
            refused = new_slots[max(0, self.policy.most - self._size) :]
            new_slots = new_slots[: new_slots.size - refused.size]
            self._add("refused", int(np.isin(slot_N, refused).sum()))
            known_U = ~np.isin(slot_U, refused)
        else:
            known_U = np.ones(slot_U.size, np.bool_)
        self._column_S["origin"][new_slots] = np.arange(self._origins + 1, self._origins + new_slots.size + 1)
        self._origins += new_slots.size
        self._size += new_slots.size
        admitted = self._count(slot_U, known_U, code_N, timestamp_ms_N)
        return RowChanges(left=left, admitted=admitted)

    def expire(self, now_ms: int, *, protected_from_ms: int) -> npt.NDArray[np.int64]:
        """Let ids go that were not seen for longer than ``unused_days``; gives their slots, ascending.

        Args:
            now_ms: UTC milliseconds. protected_from_ms: none leaves that was last seen at or after it.
        """
        if self.policy.unused_days is None:
            return np.zeros(0, np.int64)
        unused_since_ms = now_ms - round(self.policy.unused_days * DAY_MS)
        left = np.flatnonzero(self._last_seen_before(min(unused_since_ms, protected_from_ms)))
        self._release(left)
        self._add("expiries", left.size)
        return left

    def forget(self, slot_R: IntArray) -> None:
        """Slots that are somebody else's from now on."""
        known_R = slot_R[slot_R < self._column_S["sightings"].size]
        self._release(known_R[self._column_S["sightings"][known_R] > 0])

    def origin(self, slot_R: IntArray) -> npt.NDArray[np.int64]:
        """What the first weights of ids are drawn by."""
        origin_R: npt.NDArray[np.int64] = self._column_S["origin"][slot_R]
        return origin_R

    def is_admitted(self, slot_R: IntArray) -> npt.NDArray[np.bool_]:
        """Which have earned a row; slot 0 has not."""
        admitted_S = self._column_S["admitted"]
        known_R = slot_R < admitted_S.size
        admitted_R: npt.NDArray[np.bool_] = known_R & admitted_S[np.where(known_R, slot_R, 0)]
        return admitted_R

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """For a checkpoint, sharing memory."""
        return {**self._column_S, "totals": self._total_T, "origins": np.array(self._origins)}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave; the policy may be another one, and decides from now on."""
        self._column_S = {name: np.array(state[name]) for name in _COLUMNS}
        self._total_T, self._origins = np.array(state["totals"]), int(state["origins"])
        self._size = int((self._column_S["sightings"] > 0).sum())
        self._admitted = int(self._column_S["admitted"].sum())

    def _reach(self, slots: int) -> None:
        self._column_S = {name: with_room(each, slots) for name, each in self._column_S.items()}

    def _make_room(self, coming: int, slot_U: IntArray, protected_from_ms: int) -> npt.NDArray[np.int64]:
        """Let the longest unused go where so many ids would be too many; gives their slots, ascending."""
        most = self.policy.most
        if most is None or not coming or self._size + coming <= most:
            return np.zeros(0, np.int64)
        wanted = max(self._size + coming - most, most // _SHARE_THAT_LEAVES)
        may_leave_S = self._last_seen_before(protected_from_ms)
        may_leave_S[slot_U] = False  # in this very call
        may_leave = np.flatnonzero(may_leave_S)
        left = may_leave[_oldest(self._column_S["last_ms"][may_leave], wanted)]
        self._release(left)
        self._add("evictions", left.size)
        return left

    def _last_seen_before(self, moment_ms: int) -> npt.NDArray[np.bool_]:
        known_S = self._column_S["sightings"] > 0
        before_S: npt.NDArray[np.bool_] = (self._column_S["last_ms"] < moment_ms) & known_S
        return before_S

    def _release(self, slot_R: IntArray) -> None:
        self._size -= slot_R.size
        self._admitted -= int(self._column_S["admitted"][slot_R].sum())
        for column_S in self._column_S.values():
            column_S[slot_R] = 0

    def _count(
        self,
        slot_U: IntArray,
        known_U: npt.NDArray[np.bool_],
        code_N: IntArray,
        timestamp_ms_N: npt.NDArray[np.int64],
    ) -> npt.NDArray[np.int64]:
        """Count sightings and note the last; gives the slots that earned a row, in order of their origins."""
        before_U = self._column_S["sightings"][slot_U]
        last_ms_U = np.where(before_U > 0, self._column_S["last_ms"][slot_U], np.iinfo(np.int64).min)
        np.maximum.at(last_ms_U, code_N, timestamp_ms_N)
        count_U = (before_U + np.bincount(code_N, minlength=slot_U.size)).clip(max=_MOST_COUNTED)
        slot_U, last_ms_U, count_U = slot_U[known_U], last_ms_U[known_U], count_U[known_U]
        self._column_S["last_ms"][slot_U], self._column_S["sightings"][slot_U] = last_ms_U, count_U
        earned = slot_U[(count_U >= self.policy.min_count) & ~self._column_S["admitted"][slot_U]]
        self._column_S["admitted"][earned] = True
        self._admitted += earned.size
        self._add("admissions", earned.size)
        admitted: npt.NDArray[np.int64] = earned[np.argsort(self._column_S["origin"][earned])]
        return admitted.astype(np.int64)

    def _add(self, total: str, count: int) -> None:
        self._total_T[_TOTALS.index(total)] += count


def _oldest(last_ms_R: npt.NDArray[np.int64], wanted: int) -> npt.NDArray[np.int64]:
    """Places of the smallest values, of equals the first ones; ascending."""
    if last_ms_R.size <= wanted:
        return np.arange(last_ms_R.size)
    last_ms = np.partition(last_ms_R, wanted - 1)[wanted - 1]
    leaves_R = last_ms_R < last_ms
    ties = np.flatnonzero(last_ms_R == last_ms)
    leaves_R[ties[: wanted - np.count_nonzero(leaves_R)]] = True
    return np.flatnonzero(leaves_R)
