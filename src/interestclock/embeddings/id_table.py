"""Ids of an endless stream become numbers, and give them back."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.errors import ConfigError
from interestclock.timeofday import DAY_MS

__all__ = ["IdPolicy", "IdStatistics", "IdTable", "Sighted"]

# Shapes: N ids of a call, C capacity (one more than the largest number so far), R numbers, T totals.

Numbers = npt.NDArray[np.int32]
_SHARE_THAT_LEAVES = 100  # at a cap one in so many leaves at a time, so that looking for them costs little
_NEVER_MS = np.iinfo(np.int64).min
_TOTALS = ("admissions", "expiries", "evictions", "refused")


@dataclass(frozen=True, kw_only=True)
class IdPolicy:
    """When an id earns a row, and when it leaves.

    Args:
        sightings: it is admitted, and earns a row, when seen so often.
        unused_days: it leaves when not seen for so many days of the stream; None is never.
        most: ids at a time; None is no limit.

    Raises:
        ConfigError: a number is not positive.

    Example:
        >>> IdPolicy(sightings=2, unused_days=90).most is None
        True
    """

    sightings: int = 1
    unused_days: float | None = None
    most: int | None = None

    def __post_init__(self) -> None:
        for name in ("sightings", "unused_days", "most"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigError(f"{name} is {value}; give a number above 0")


@dataclass(frozen=True, kw_only=True)
class Sighted:
    """What a call of ``sight`` saw and changed; to be taken in this order: who left, came, was admitted.

    Args:
        number_N: int32, of each id; 0 for null, and for one that was refused.
        evicted: numbers whose ids had to leave, ascending; some may stand for new ids already.
        new: numbers given out, in order of first appearance. admitted: numbers that earned a row, ascending.

    Example: see ``IdTable``.
    """

    number_N: Numbers
    evicted: Numbers
    new: Numbers
    admitted: Numbers


@dataclass(frozen=True, kw_only=True)
class IdStatistics:
    """Where a table stands.

    Args:
        size: ids that have a number. admitted: of them, those that earned a row.
        capacity: the largest number given so far.
        admissions, expiries, evictions, refused: totals; refused counts sightings.

    Example:
        >>> IdTable(policy=IdPolicy()).statistics.size
        0
    """

    size: int
    admitted: int
    capacity: int
    admissions: int
    expiries: int
    evictions: int
    refused: int


class IdTable:
    """Number ids from 1; a number is used again after its id has left, the smallest first. No id shares one.

    A number is what histories, counts and waiting samples carry; whether it has a row of an embedding table
    is another matter, which ``admitted`` decides.

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
        self._number_of: dict[int | str, int] = {}
        self._id_of: list[int | str | None] = [None]
        self._free: list[int] = []
        self._last_ms_C = np.full(1, _NEVER_MS)
        self._sightings_C = np.zeros(1, np.int32)
        self._capacity = 0
        self._admitted = 0
        self._total_T = np.zeros(len(_TOTALS), np.int64)

    @property
    def statistics(self) -> IdStatistics:
        """Sizes now, and totals since the beginning."""
        totals = dict(zip(_TOTALS, self._total_T.tolist(), strict=True))
        return IdStatistics(
            size=len(self._number_of), admitted=self._admitted, capacity=self._capacity, **totals
        )

    @property
    def bytes_used(self) -> int:
        """Of the arrays, without the ids themselves."""
        return self._last_ms_C.nbytes + self._sightings_C.nbytes

    def sight(
        self,
        ids: pa.Array | pa.ChunkedArray,
        timestamp_ms_N: npt.NDArray[np.int64],
        *,
        protected_from_ms: int,
    ) -> Sighted:
        """See ids at their moments; new ones get numbers.

        Where a new id finds the table full, those unused for longest leave (of equals the smaller number
        first), a hundredth of the table at a time. None leaves that was last seen at or after
        ``protected_from_ms``, or is in this very call; where that spares all, the new id is refused.

        Args:
            ids: int64 or string, one type per table; nulls have number 0.
            timestamp_ms_N: UTC milliseconds of each. protected_from_ms: as above.
        """
        if isinstance(ids, pa.ChunkedArray):
            ids = ids.combine_chunks()
        encoded = pc.dictionary_encode(ids)
        distinct: list[int | str] = encoded.dictionary.to_pylist()
        code_N = encoded.indices.fill_null(len(distinct)).to_numpy(zero_copy_only=False)
        known = [self._number_of.get(each, 0) for each in distinct]
        evicted, new = self._number(distinct, known, protected_from_ms)
        number_N = np.array([*known, 0], np.int32)[code_N]
        self._add("refused", int((number_N == 0).sum()) - ids.null_count)
        admitted = self._see(number_N[number_N > 0], timestamp_ms_N[number_N > 0])
        return Sighted(number_N=number_N, evicted=evicted, new=new, admitted=admitted)

    def expire(self, now_ms: int) -> Numbers:
        """Let ids go that were not seen for ``unused_days``; gives their numbers, ascending."""
        if self.policy.unused_days is None:
            return np.zeros(0, np.int32)
        since_ms = now_ms - round(self.policy.unused_days * DAY_MS)
        used_C = self._last_ms_C[: self._capacity + 1]
        left = np.flatnonzero((used_C < since_ms) & (used_C != _NEVER_MS))
        self._release(left)
        self._add("expiries", left.size)
        return left.astype(np.int32)

    def numbers(self, ids: pa.Array | pa.ChunkedArray) -> Numbers:
        """Numbers of ids, 0 for those that have none; changes nothing."""
        return np.array([self._number_of.get(each, 0) for each in ids.to_pylist()], np.int32)

    def is_admitted(self, number_X: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
        """Which numbers have earned a row."""
        admitted_X: npt.NDArray[np.bool_] = self._sightings_C[number_X] >= self.policy.sightings
        return admitted_X

    def ids(self) -> pa.Array:
        """Ids by number, from 1; null where a number is free."""
        return pa.array(self._id_of[1:], self._type())

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """For a checkpoint."""
        state: dict[str, npt.NDArray[Any]] = {
            "last_ms": self._last_ms_C[: self._capacity + 1],
            "sightings": self._sightings_C[: self._capacity + 1],
            "totals": self._total_T,
        }
        ids = self.ids()
        if pa.types.is_string(ids.type):
            encoded = [b"" if each is None else each.encode() for each in ids.to_pylist()]
            ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
            return state | {"text": np.frombuffer(b"".join(encoded), np.uint8), "ends": ends}
        return state | {"ids": ids.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self._last_ms_C, self._sightings_C = np.array(state["last_ms"]), np.array(state["sightings"])
        self._total_T = np.array(state["totals"])
        self._capacity = self._last_ms_C.size - 1
        ids: list[int | str]
        if "text" in state:
            text, ends = state["text"].tobytes(), state["ends"].tolist()
            ids = [text[start:stop].decode() for start, stop in itertools.pairwise(ends)]
        else:
            ids = state["ids"].tolist()
        used = self._last_ms_C[1:] != _NEVER_MS
        self._id_of = [None, *(each if there else None for each, there in zip(ids, used, strict=True))]
        self._number_of = {each: number for number, each in enumerate(self._id_of) if each is not None}
        self._free = (np.flatnonzero(~used) + 1).tolist()  # ascending, so a heap
        self._admitted = int((self._sightings_C >= self.policy.sightings).sum())

    def _type(self) -> pa.DataType:
        return pa.string() if any(isinstance(each, str) for each in self._number_of) else pa.int64()

    def _number(
        self, distinct: list[int | str], known: list[int], protected_from_ms: int
    ) -> tuple[Numbers, Numbers]:
        """Give numbers to ids that have none; writes them into ``known``."""
        missing = [place for place, number in enumerate(known) if not number]
        evicted = self._make_room(len(missing), known, protected_from_ms)
        new: list[int] = []
        for place in missing:
            if self.policy.most is not None and len(self._number_of) >= self.policy.most:
                break  # what is not given a number stays at 0: refused
            known[place] = number = heapq.heappop(self._free) if self._free else self._next()
            self._number_of[distinct[place]] = number
            self._id_of[number] = distinct[place]
            new.append(number)
        return evicted, np.array(new, np.int32)

    def _next(self) -> int:
        self._capacity += 1
        if self._capacity >= self._last_ms_C.size:
            spare = max(1_024, self._last_ms_C.size // 2)
            self._last_ms_C = np.concatenate([self._last_ms_C, np.full(spare, _NEVER_MS)])
            self._sightings_C = np.concatenate([self._sightings_C, np.zeros(spare, np.int32)])
        self._id_of.append(None)
        return self._capacity

    def _make_room(self, missing: int, known: list[int], protected_from_ms: int) -> Numbers:
        if self.policy.most is None or len(self._number_of) + missing <= self.policy.most:
            return np.zeros(0, np.int32)
        wanted = max(
            len(self._number_of) + missing - self.policy.most, self.policy.most // _SHARE_THAT_LEAVES
        )
        last_ms_C = self._last_ms_C[: self._capacity + 1].copy()
        last_ms_C[known] = _NEVER_MS  # in this call
        may_leave = np.flatnonzero((last_ms_C != _NEVER_MS) & (last_ms_C < protected_from_ms))
        oldest = np.lexsort((may_leave, last_ms_C[may_leave]))[:wanted]
        left = np.sort(may_leave[oldest])
        self._release(left)
        self._add("evictions", left.size)
        return left.astype(np.int32)

    def _release(self, number_R: npt.NDArray[np.integer]) -> None:
        self._admitted -= int(self.is_admitted(number_R).sum())
        self._last_ms_C[number_R], self._sightings_C[number_R] = _NEVER_MS, 0
        for number in number_R.tolist():
            left = self._id_of[number]
            assert left is not None
            del self._number_of[left]
            self._id_of[number] = None
            heapq.heappush(self._free, number)

    def _see(self, number_N: Numbers, timestamp_ms_N: npt.NDArray[np.int64]) -> Numbers:
        """Count sightings; gives the numbers that were admitted by them."""
        number_U, count_U = np.unique(number_N, return_counts=True)
        before_U = self._sightings_C[number_U]
        after_U = np.minimum(before_U.astype(np.int64) + count_U, np.iinfo(np.int32).max)
        self._sightings_C[number_U] = after_U
        np.maximum.at(self._last_ms_C, number_N, timestamp_ms_N)
        admitted: Numbers = number_U[(before_U < self.policy.sightings) & (after_U >= self.policy.sightings)]
        self._admitted += admitted.size
        self._add("admissions", admitted.size)
        return admitted

    def _add(self, total: str, count: int) -> None:
        self._total_T[_TOTALS.index(total)] += count
