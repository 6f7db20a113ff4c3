"""Partitions that are read at different speeds, merged by the timestamps of their records."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

from interestclock.timeofday import AFTER_ALL_MS, BEFORE_ALL_MS

__all__ = ["PartitionMerge", "in_order"]

Partition = TypeVar("Partition", int, str)
Record = TypeVar("Record")


class PartitionMerge(Generic[Partition, Record]):
    """Holds records back until no partition that has records left can bring an earlier one.

    A record is released once every other partition has brought one at or beyond its timestamp, or is at its
    end. A partition's own order is kept: a record counts as no earlier than those before it.

    Args:
        time_ms: a record's timestamp.

    Example:
        >>> merge: PartitionMerge[str, int] = PartitionMerge(time_ms=lambda record: record)
        >>> merge.start(["a", "b"])
        >>> merge.add("a", [1, 5, 9])
        >>> merge.release(10)                    # b may have an earlier one
        {}
        >>> merge.add("b", [6])
        >>> merge.release(10), merge.held("a")
        ({'a': [1, 5], 'b': [6]}, 1)
        >>> merge.end("b")
        >>> merge.release(10)
        {'a': [9]}
    """

    def __init__(self, time_ms: Callable[[Record], int]) -> None:
        self._time_ms = time_ms
        self._held: dict[Partition, deque[tuple[int, Record]]] = {}
        self._reached_ms: dict[Partition, int] = {}
        self._ended: set[Partition] = set()

    def start(self, partitions: Iterable[Partition]) -> None:
        """Begin with these partitions; whatever was held is forgotten."""
        names = list(partitions)
        self._held = {name: deque() for name in names}
        self._reached_ms = dict.fromkeys(names, BEFORE_ALL_MS)
        self._ended = set()

    def add(self, partition: Partition, records: Iterable[Record]) -> None:
        """Take what a partition brought, in its order; it may have more."""
        reached_ms = self._reached_ms[partition]
        for record in records:
            reached_ms = max(reached_ms, self._time_ms(record))
            self._held[partition].append((reached_ms, record))
            self._ended.discard(partition)
        self._reached_ms[partition] = reached_ms

    def end(self, partition: Partition) -> None:
        """A partition has no records left: the others do not wait for it until it brings one."""
        self._ended.add(partition)

    def drained(self, partition: Partition) -> bool:
        """Whether a partition is at its end and all of it was released."""
        return partition in self._ended and not self._held[partition]

    def held(self, partition: Partition) -> int:
        """How many of a partition's records are held."""
        return len(self._held[partition])

    def partitions(self) -> tuple[Partition, ...]:
        """All it began with."""
        return tuple(self._held)

    def ready(self) -> bool:
        """Whether something can be released."""
        horizon_ms = self._horizon_ms()
        return any(held and held[0][0] <= horizon_ms for held in self._held.values())

    def release(self, most: int) -> dict[Partition, list[Record]]:
        """The earliest that may go, at most so many, by partition."""
        horizon_ms = self._horizon_ms()
        heads = [(held[0][0], name) for name, held in self._held.items() if held]
        heapq.heapify(heads)
        released: dict[Partition, list[Record]] = {}
        for _ in range(most):
            if not heads or heads[0][0] > horizon_ms:
                break
            name = heads[0][1]
            held = self._held[name]
            released.setdefault(name, []).append(held.popleft()[1])
            if held:
                heapq.heapreplace(heads, (held[0][0], name))
            else:
                heapq.heappop(heads)
        return released

    def _horizon_ms(self) -> int:
        """Up to where no partition can bring anything any more that is earlier."""
        waited_for = (reached for name, reached in self._reached_ms.items() if name not in self._ended)
        return min(waited_for, default=AFTER_ALL_MS)


def in_order(
    parts: Mapping[Partition, Sequence[Record]], time_ms: Callable[[Record], int]
) -> list[tuple[Partition, Record]]:
    """Records of a micro-batch in the order that follows from what is in it: timestamp, partition, place.

    A partition's own order is kept, as ``PartitionMerge`` keeps it.

    Example:
        >>> in_order({1: [2, 1, 9], 0: [2, 3]}, time_ms=lambda record: record)
        [(0, 2), (1, 2), (1, 1), (0, 3), (1, 9)]
    """
    keyed = [
        (reached_ms, name, place, record)
        for name, records in parts.items()
        for place, (reached_ms, record) in enumerate(
            zip(accumulate(map(time_ms, records), max), records, strict=True)
        )
    ]
    return [(name, record) for _, name, _, record in sorted(keyed, key=lambda each: each[:3])]
