"""A few rows of a log as they were understood, for a person to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from interestclock.events.context import CONTEXT_KINDS
from interestclock.events.items import attach_attributes
from interestclock.events.schema import LogSchema

__all__ = ["LogSample", "SampleRow", "local_time_in_words"]

FIRST_ROWS, LAST_ROWS = 3, 2
_DAY_SECONDS = 86_400
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
_EASTERNMOST_SECONDS = 14 * 3_600


@dataclass(frozen=True, kw_only=True)
class SampleRow:
    """A row of a log.

    Args:
        log_row: counted from 1. user, item: their ids. local_time: with the offset from UTC, and the zone if
            one told it. labels, attributes, context: name -> value; None where missing, lists where several.

    Example:
        >>> SampleRow(log_row=1, user=7, item="a", local_time="", labels={}, attributes={}, context={}).item
        'a'
    """

    log_row: int
    user: object
    item: object
    local_time: str
    labels: Mapping[str, object]
    attributes: Mapping[str, object]
    context: Mapping[str, object]


class LogSample:
    """Keeps the first rows of a log and its last ones.

    Args:
        schema: the log's names. items: its item table, None where attributes stand in the rows.

    Example:
        >>> sample = LogSample(LogSchema(labels=("play",), positive_only=True), None)
        >>> sample.add(pa.table({"log_row": [1], "timestamp_ms": [0], "user_id": [7], "item_id": [1],
        ...                      "second_of_day": [19_800], "day_of_week": [3], "label.play": [1]}))
        >>> [(row.local_time, row.labels) for row in sample.rows()]
        [('1970-01-01 05:30:00 +05:30', {'play': 1})]
    """

    def __init__(self, schema: LogSchema, items: pa.Table | None) -> None:
        self._schema, self._items = schema, items
        self._first: list[pa.Table] = []
        self._last: list[pa.Table] = []

    def add(self, chunk: pa.Table) -> None:
        """Look at an event table; tables come in time order."""
        taken = min(chunk.num_rows, FIRST_ROWS - sum(each.num_rows for each in self._first))
        if taken:
            self._first.append(_copied(chunk, 0, taken))
            chunk = chunk.slice(taken)
        if chunk.num_rows:
            self._last.append(_copied(chunk, max(0, chunk.num_rows - LAST_ROWS), chunk.num_rows))
            while sum(each.num_rows for each in self._last[1:]) >= LAST_ROWS:
                del self._last[0]

    def rows(self) -> Sequence[SampleRow]:
        """Those kept, in time order."""
        first = [row for table in self._first for row in self._read(table)]
        last = [row for table in self._last for row in self._read(table)]
        return (*first, *last[-LAST_ROWS:])

    def _read(self, table: pa.Table) -> list[SampleRow]:
        if self._items is not None:
            table = attach_attributes(table, self._items, table["item_id"].combine_chunks())
        return [self._row(row) for row in table.to_pylist()]

    def _row(self, row: dict[str, object]) -> SampleRow:
        context = {
            name: row.get(f"{kind.name}.{name}")
            for kind in CONTEXT_KINDS
            for name in self._schema.context[kind.name]
        }
        return SampleRow(
            log_row=int(str(row["log_row"])),
            user=row["user_id"],
            item=row["item_id"],
            local_time=_local_time_of(row),
            labels={name: row[f"label.{name}"] for name in self._schema.labels},
            attributes={name: row[f"attribute.{name}"] for name in self._schema.attributes},
            context=context,
        )


def _copied(chunk: pa.Table, first: int, end: int) -> pa.Table:
    """Rows of a table that do not keep it in memory, as a slice would."""
    return chunk.take(pa.array(range(first, end), pa.int64()))


def local_time_in_words(timestamp_ms: int, *, second_of_day: int, day_of_week: int) -> str:
    """Local date, time and offset, of what an event table has of them.

    Args:
        timestamp_ms: UTC. second_of_day, day_of_week: local; 0 is a Monday.

    Example:
        >>> local_time_in_words(0, second_of_day=50_400, day_of_week=3), local_time_in_words(
        ...     0, second_of_day=50_400, day_of_week=2)
        ('1970-01-01 14:00:00 +14:00', '1969-12-31 14:00:00 -10:00')
    """
    seconds = timestamp_ms // 1_000
    offset = (second_of_day - seconds) % _DAY_SECONDS
    weekday = ((seconds + offset) // _DAY_SECONDS + _EPOCH_WEEKDAY) % 7
    if offset > _EASTERNMOST_SECONDS or weekday != day_of_week:
        offset -= _DAY_SECONDS
    local = datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds + offset)
    minutes = round(abs(offset) / 60)
    sign = "-" if offset < 0 else "+"
    return f"{local:%Y-%m-%d %H:%M:%S} {sign}{minutes // 60:02d}:{minutes % 60:02d}"


def _local_time_of(row: dict[str, object]) -> str:
    numbers = {name: int(str(row[name])) for name in ("timestamp_ms", "second_of_day", "day_of_week")}
    words = local_time_in_words(
        numbers["timestamp_ms"],
        second_of_day=numbers["second_of_day"],
        day_of_week=numbers["day_of_week"],
    )
    return words if row.get("zone") is None else f"{words} {row['zone']}"
