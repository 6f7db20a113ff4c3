"""Ids of an endless stream become numbers, and give them back."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.embeddings.id_policy import IdPolicy, IdStatistics, Numbers, Sighted
from interestclock.errors import LogError
from interestclock.ids.id_arrays import bytes_of, ids_as_arrays, ids_in, listed, plain_ids
from interestclock.timeofday import DAY_MS

__all__ = ["IdTable"]

# Shapes: N ids of a call, U its distinct ids and null, C numbers from 0, R some numbers, T totals, X any.

_SHARE_THAT_LEAVES = 100  # at a cap one in so many leaves at a time, so that looking for them costs little
_TOTALS = ("admissions", "expiries", "evictions", "refused")
_MOST_COUNTED = np.iinfo(np.int32).max


class IdTable:
    """Number ids from 1, each its own; a number is used again after its id has left, the smallest first.

    A number is what histories, counts and waiting samples carry; whether it has a row of an embedding table
    is another matter, which ``is_admitted`` tells. Once admitted an id stays so until it leaves.

    Args:
        policy: when ids are admitted and leave.

    Example:
        >>> table = IdTable(policy=IdPolicy(sightings=2, most=2))
        >>> first = table.sight(pa.array(["ann", "bob", "ann"]), np.array([0, 0, 5]), protected_from_ms=0)
        >>> first.number_N.tolist(), first.admitted.tolist()
        ([1, 2, 1], [1])
        >>> later = table.sight(pa.array(["eve"]), np.array([9]), protected_from_ms=5)
        >>> later.evicted.tolist(), later.number_N.tolist(), table.ids().to_pylist()
        ([2], [2], ['ann', 'eve'])
    """

    def __init__(self, *, policy: IdPolicy) -> None:
        self.policy = policy
        self._type: pa.DataType | None = None
        self._number_of: dict[int | str, int] = {}
        self._id_of: list[int | str | None] = [None]
        self._free: list[int] = []  # a heap
        self._last_ms_C = np.zeros(1, np.int64)
        self._sightings_C = np.zeros(1, np.int32)  # 0 where the number is free
        self._admitted_C = np.zeros(1, np.bool_)
        self._admitted = self._bytes_of_ids = 0
        self._total_T = np.zeros(len(_TOTALS), np.int64)

    @property
    def statistics(self) -> IdStatistics:
        """Sizes now, and totals since the beginning.

        Example:
            >>> table = IdTable(policy=IdPolicy(unused_days=1))
            >>> _ = table.sight(pa.array([7, 9, 7]), np.array([0, 5, 6]), protected_from_ms=0)
            >>> _ = table.expire(86_400_006, protected_from_ms=86_400_006)
            >>> table.statistics
            IdStatistics(size=1, admitted=1, capacity=2, admissions=2, expiries=1, evictions=0, refused=0)
        """
        totals = dict(zip(_TOTALS, self._total_T.tolist(), strict=True))
        size, capacity = len(self._number_of), len(self._id_of) - 1
        return IdStatistics(size=size, admitted=self._admitted, capacity=capacity, **totals)

    @property
    def bytes_used(self) -> int:
        """Of the ids and everything that is kept of them, with what there is to spare; of ids roughly."""
        arrays = (self._last_ms_C, self._sightings_C, self._admitted_C)
        lists = sum(map(sys.getsizeof, (self._number_of, self._id_of, self._free)))
        return sum(each.nbytes for each in arrays) + lists + self._bytes_of_ids

    def sight(
        self,
        ids: pa.Array | pa.ChunkedArray,
        timestamp_ms_N: npt.NDArray[np.int64],
        *,
        protected_from_ms: int,
    ) -> Sighted:
        """See ids at their moments; new ones get numbers.

        Where a new id finds the table full, those unused for longest leave (of equals the smaller number
        first), a hundredth of ``most`` at a time. None leaves that was last seen at or after
        ``protected_from_ms``, or is in this very call; a new id that nobody made room for is refused.

        Args:
            ids: int64 or string, one type per table; nulls have number 0.
            timestamp_ms_N: UTC milliseconds of each. protected_from_ms: as above.

        Raises:
            LogError: the ids are of another type than int64 and string, or than those before.
            ValueError: there are more or fewer moments than ids.
        """
        if len(ids) != len(timestamp_ms_N):
            raise ValueError(f"{len(ids)} ids and {len(timestamp_ms_N)} moments; give each id its moment")
        values, code_N = self._encode(ids)
        if len(values):
            self._type = values.type
        distinct = listed(values)
        number_U = self._look_up(distinct)
        evicted, new = self._give_numbers(distinct, number_U, protected_from_ms)
        of_code_U = np.array([*number_U, 0], np.int32)
        admitted = self._count(of_code_U, code_N, timestamp_ms_N)
        number_N: Numbers = of_code_U[code_N]
        self._add("refused", int((number_N == 0).sum()) - int((code_N == len(distinct)).sum()))
        return Sighted(number_N=number_N, evicted=evicted, new=new, admitted=admitted)

    def expire(self, now_ms: int, *, protected_from_ms: int) -> Numbers:
        """Let ids go that were not seen for longer than ``unused_days``; gives their numbers, ascending.

        Args:
            now_ms: UTC milliseconds. protected_from_ms: none leaves that was last seen at or after it.
        """
        if self.policy.unused_days is None:
            return np.zeros(0, np.int32)
        unused_since_ms = now_ms - round(self.policy.unused_days * DAY_MS)
        left = np.flatnonzero(self._last_seen_before(min(unused_since_ms, protected_from_ms)))
        self._release(left)
        self._add("expiries", left.size)
        return left.astype(np.int32)

    def numbers(self, ids: pa.Array | pa.ChunkedArray) -> Numbers:
        """Numbers of ids, int32, 0 for those that have none; changes nothing.

        Raises:
            LogError: the ids are of another type than the table's.
        """
        distinct, code_N = self._encode(ids)
        number_N: Numbers = np.array([*self._look_up(listed(distinct)), 0], np.int32)[code_N]
        return number_N

    def is_admitted(self, number_X: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
        """Which numbers have earned a row; number 0 has not."""
        admitted_X: npt.NDArray[np.bool_] = self._admitted_C[number_X]
        return admitted_X

    def ids(self, number_R: npt.NDArray[np.integer] | None = None) -> pa.Array:
        """Ids of some numbers, or of all from 1 on; null where a number is free."""
        ids = self._id_of[1:] if number_R is None else [self._id_of[each] for each in number_R.tolist()]
        return pa.array(ids, self._type or pa.int64())

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """For a checkpoint, sharing memory. ``ids`` are integers, ``text`` and its ``ends`` are strings."""
        used = slice(0, len(self._id_of))
        state: dict[str, npt.NDArray[Any]] = {
            "last_ms": self._last_ms_C[used],
            "sightings": self._sightings_C[used],
            "admitted": self._admitted_C[used],
            "totals": self._total_T,
        }
        return state | ids_as_arrays(self._id_of, text=self._type is not None and self._type == pa.string())

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave; the policy may be another one, and decides from now on."""
        self._last_ms_C, self._sightings_C = np.array(state["last_ms"]), np.array(state["sightings"])
        self._admitted_C, self._total_T = np.array(state["admitted"]), np.array(state["totals"])
        self._type, ids = ids_in(state)
        there = (self._sightings_C > 0).tolist()
        self._id_of = [each if is_there else None for each, is_there in zip(ids, there, strict=True)]
        self._number_of = {each: number for number, each in enumerate(self._id_of) if each is not None}
        self._free = [number for number, is_there in enumerate(there) if number and not is_there]
        self._admitted = int(self._admitted_C.sum())
        self._bytes_of_ids = sum(map(bytes_of, self._number_of))

    def _encode(self, ids: pa.Array | pa.ChunkedArray) -> tuple[pa.Array, npt.NDArray[np.integer]]:
        """Distinct ids by first appearance, and where among them each is; null is behind the last."""
        encoded = pc.dictionary_encode(plain_ids(ids))
        distinct = encoded.dictionary
        if len(distinct) and self._type not in (None, distinct.type):
            raise LogError(
                f"ids are of type {distinct.type}, and were {self._type} before; a table holds one type: "
                "read the whole stream with the same one"
            )
        return distinct, encoded.indices.fill_null(len(distinct)).to_numpy(zero_copy_only=False)

    def _look_up(self, distinct: list[int | str]) -> list[int]:
        return [self._number_of.get(each, 0) for each in distinct]

    def _give_numbers(
        self, distinct: list[int | str], number_U: list[int], protected_from_ms: int
    ) -> tuple[Numbers, Numbers]:
        """Give numbers to ids that have none; writes them into ``number_U``."""
        missing = [place for place, number in enumerate(number_U) if not number]
        evicted = self._make_room(len(missing), number_U, protected_from_ms)
        if self.policy.most is not None:
            missing = missing[: max(0, self.policy.most - len(self._number_of))]  # the others stay at 0
        new = [heapq.heappop(self._free) for _ in range(min(len(self._free), len(missing)))]
        new += range(len(self._id_of), len(self._id_of) + len(missing) - len(new))
        self._reach(max(new, default=0))
        for place, number in zip(missing, new, strict=True):
            number_U[place] = self._number_of[distinct[place]] = number
            self._id_of[number] = distinct[place]
            self._bytes_of_ids += bytes_of(distinct[place])
        return evicted, np.array(new, np.int32)

    def _reach(self, number: int) -> None:
        """Have an entry for every number up to this one; arrays get room for half as many more."""
        self._id_of.extend([None] * (number + 1 - len(self._id_of)))
        missing = number + 1 - self._last_ms_C.size
        if missing > 0:
            spare = max(missing, self._last_ms_C.size // 2)
            self._last_ms_C = np.concatenate([self._last_ms_C, np.zeros(spare, np.int64)])
            self._sightings_C = np.concatenate([self._sightings_C, np.zeros(spare, np.int32)])
            self._admitted_C = np.concatenate([self._admitted_C, np.zeros(spare, np.bool_)])

    def _make_room(self, missing: int, number_U: list[int], protected_from_ms: int) -> Numbers:
        """Let the longest unused go where so many ids would be too many; gives their numbers, ascending."""
        most = self.policy.most
        if most is None or not missing or len(self._number_of) + missing <= most:
            return np.zeros(0, np.int32)
        wanted = max(len(self._number_of) + missing - most, most // _SHARE_THAT_LEAVES)
        may_leave_C = self._last_seen_before(protected_from_ms)
        may_leave_C[number_U] = False  # in this very call
        may_leave = np.flatnonzero(may_leave_C)
        left = may_leave[_oldest(self._last_ms_C[may_leave], wanted)]
        self._release(left)
        self._add("evictions", left.size)
        return left.astype(np.int32)

    def _last_seen_before(self, moment_ms: int) -> npt.NDArray[np.bool_]:
        """Which numbers are in use, by ids that were last seen before a moment."""
        before_C: npt.NDArray[np.bool_] = (self._last_ms_C < moment_ms) & (self._sightings_C > 0)
        return before_C

    def _release(self, number_R: npt.NDArray[np.int64]) -> None:
        self._admitted -= int(self._admitted_C[number_R].sum())
        self._last_ms_C[number_R], self._sightings_C[number_R], self._admitted_C[number_R] = 0, 0, False
        for number in number_R.tolist():
            left = self._id_of[number]
            assert left is not None  # every number that was seen has an id
            del self._number_of[left]
            self._id_of[number] = None
            self._bytes_of_ids -= bytes_of(left)
            heapq.heappush(self._free, number)

    def _count(
        self, number_U: Numbers, code_N: npt.NDArray[np.integer], timestamp_ms_N: npt.NDArray[np.int64]
    ) -> Numbers:
        """Count sightings and note the last; gives the numbers that were admitted by them, ascending."""
        last_ms_U = self._last_ms_C[number_U]
        last_ms_U[self._sightings_C[number_U] == 0] = np.iinfo(np.int64).min
        np.maximum.at(last_ms_U, code_N, timestamp_ms_N)
        count_U = self._sightings_C[number_U] + np.bincount(code_N, minlength=number_U.size)
        self._last_ms_C[number_U], self._sightings_C[number_U] = last_ms_U, count_U.clip(max=_MOST_COUNTED)
        self._last_ms_C[0] = self._sightings_C[0] = 0  # null, and who was refused
        earned_U = (count_U >= self.policy.sightings) & ~self._admitted_C[number_U] & (number_U > 0)
        admitted: Numbers = np.sort(number_U[earned_U])
        self._admitted_C[admitted] = True
        self._admitted += admitted.size
        self._add("admissions", admitted.size)
        return admitted

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
