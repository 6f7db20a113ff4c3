"""How much of an entry was in the source's log at a moment, and an entry cut there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from interestclock.admission import AdmittedEntry

__all__ = ["split_entry", "were_in"]

# Shapes: X messages of an entry, in the order of their arrival.


def were_in(entry: AdmittedEntry, ends: Mapping[str, str]) -> int:
    """How many of an entry's messages, from its first on, were in a log that ended there.

    Where offsets of a partition have gaps, as those of Redis, its messages count together.

    Args:
        ends: the last offset of each partition that was in the log.

    Example:
        >>> import pyarrow as pa
        >>> labels = pa.table({"event_id": ["a", "b"], "arrival": [0, 1], "partition": ["0", "0"],
        ...     "verdict": pa.array([0, 0], pa.int8())})
        >>> entry = AdmittedEntry(first_arrival=0, source="log", ranges={"0": ("7", "8")}, polled_ms=1,
        ...     tables={"labels": labels})
        >>> [were_in(entry, {"0": end}) for end in ("6", "7", "8")], were_in(entry, {})
        ([0, 1, 2], 0)
    """
    before = {
        name: name in ends and _order(last) <= _order(ends[name]) for name, (_, last) in entry.ranges.items()
    }
    if all(before.values()):
        return entry.messages
    partition_X = _partitions(entry)
    there_X = np.zeros(entry.messages, np.bool_)
    for name, (first, last) in entry.ranges.items():
        mine = np.flatnonzero(partition_X == name)
        begin, end = _order(first), _order(ends.get(name, ""))
        contiguous = len(begin) == len(end) == 1 and _order(last)[0] - begin[0] + 1 == mine.size
        there = mine[: max(end[0] - begin[0] + 1, 0)] if contiguous else mine if before[name] else mine[:0]
        there_X[there] = True
    return entry.messages if there_X.all() else int(np.argmin(there_X))


def split_entry(entry: AdmittedEntry, places: Sequence[int]) -> list[AdmittedEntry]:
    """An entry as several, which give the same in the end.

    Args:
        places: how many messages come before each cut, ascending, none 0 and none all.
    """
    if not places:
        return [entry]
    dead_at = _dead_places(entry)
    parts = []
    for start, stop in zip([0, *places], [*places, entry.messages], strict=True):
        tables = {}
        for kind, table in entry.tables.items():
            inside = pc.and_(pc.greater_equal(table["arrival"], start), pc.less(table["arrival"], stop))
            if (part := table.filter(inside)).num_rows:
                place = part.schema.get_field_index("arrival")
                tables[kind] = part.set_column(place, "arrival", pc.subtract(part["arrival"], start))
        dead = tuple(each for each, at in zip(entry.dead, dead_at, strict=True) if start <= at < stop)
        first = entry.first_arrival + start
        parts.append(replace(entry, first_arrival=first, tables=tables, dead=dead))
    return parts


def _dead_places(entry: AdmittedEntry) -> list[int]:
    """Which arrivals are no rows of tables: those that could not be read, in order."""
    rows = [table["arrival"].to_numpy() for table in entry.tables.values()]
    return sorted(set(range(entry.messages)).difference(*(each.tolist() for each in rows)))


def _partitions(entry: AdmittedEntry) -> npt.NDArray[np.object_]:
    partition_X = np.empty(entry.messages, object)
    for table in entry.tables.values():
        partition_X[table["arrival"].to_numpy()] = table["partition"].to_pylist()
    for place, letter in zip(_dead_places(entry), entry.dead, strict=True):
        partition_X[place] = letter.partition
    return partition_X


def _order(offset: str) -> tuple[int, ...]:
    """Offsets of one partition in their order: numbers, or a time and a number."""
    return tuple(int(each) for each in re.findall(r"[0-9]+", offset))
