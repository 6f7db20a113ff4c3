"""Which column of a file became which column of the log, how it was read, and how much of it is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from interestclock.events.mapping import ColumnMapping
from interestclock.events.schema import EventSource
from interestclock.events.table_source import TableSource

__all__ = ["ColumnReading", "ColumnTally"]

_NO_COLUMNS = ("log_row", "second_of_day", "day_of_week", "zone")  # told by the columns of time
_IN_WORDS = {pa.int8(): "0 or 1", pa.int64(): "whole number", pa.string(): "text", pa.float64(): "quantity"}


@dataclass(frozen=True, kw_only=True)
class ColumnReading:
    """A column of the log.

    Args:
        name: in the event table. column: of the file, or the expression that makes it; empty where the
            source does not say. written_as: its type in the file. read_as: what it was taken for.
        missing: share of the events used that have nothing in it.

    Example:
        >>> ColumnReading(name="user_id", column="who", written_as="int32", read_as="text", missing=0).read_as
        'text'
    """

    name: str
    column: str
    written_as: str
    read_as: str
    missing: float


class ColumnTally:
    """Counts what is missing of each column of a log.

    Args:
        source: it is read by someone else; what it says of its file's columns is asked for.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from interestclock.events import open_log
        >>> path = Path(tempfile.mkdtemp()) / "plays.csv"
        >>> _ = path.write_text("who,item_id,timestamp_ms\\n7,a,1700000000\\n")
        >>> source = open_log(path, mapping=ColumnMapping(user="who", zone="UTC", positive_only="play"))
        >>> tally = ColumnTally(source)
        >>> for chunk in source.chunks():
        ...     tally.add(chunk)
        >>> [(each.name, each.column, each.read_as) for each in tally.readings()][:2]
        [('user_id', 'who', 'whole number'), ('item_id', 'item_id', 'text')]
    """

    def __init__(self, source: EventSource) -> None:
        self._source = source
        self._missing: dict[str, int] = {}
        self._types: dict[str, pa.DataType] = {}
        self._events = 0

    def add(self, chunk: pa.Table) -> None:
        """Count an event table."""
        self._events += chunk.num_rows
        for name in chunk.column_names:
            self._types[name] = chunk.schema.field(name).type
            self._missing[name] = self._missing.get(name, 0) + _missing(chunk[name])

    def readings(self) -> Sequence[ColumnReading]:
        """A reading of each column, in the event table's order; local time behind the time."""
        columns, written = _described(self._source)
        columns |= self._offsets_before_the_zone(columns)
        return [
            ColumnReading(
                name=name,
                column=columns.get(name, ""),
                written_as=written.get(columns.get(name, ""), ""),
                read_as=_read_as(name, kind),
                missing=self._missing[name] / self._events if self._events else 0.0,
            )
            for name, kind in self._types.items()
            if name not in _NO_COLUMNS and not name.startswith("known_ms.")
        ] + _local_time(columns, written)

    def _offsets_before_the_zone(self, columns: Mapping[str, str]) -> dict[str, str]:
        """Where times carry offsets of their own, these tell it, and a zone only of the others."""
        by_offset = self._missing.get("zone", 0)
        zone = columns.get("local time", "")
        if not by_offset or not zone.startswith("zone "):
            return {}
        share = by_offset / self._events
        return {"local time": f"offsets in '{columns['timestamp_ms']}' ({share:.1%} of rows), else {zone}"}


def _described(source: EventSource) -> tuple[dict[str, str], Mapping[str, str]]:
    """Column of the event table -> of the file, and of the file -> its type there, if the source can say."""
    if not isinstance(source, TableSource):
        return {}, {}
    types = source.file_types()
    written = {name: "text file" if kind is None else str(kind) for name, kind in types.items()}
    return _columns_of(source.mapping), written


def _columns_of(mapping: ColumnMapping) -> dict[str, str]:
    columns: dict[str, str | None] = {
        "user_id": mapping.user,
        "item_id": mapping.item,
        "timestamp_ms": mapping.time,
        "local time": mapping.utc_offset_minutes or mapping.zone_column,
        "request_id": mapping.request,
        "event_id": mapping.event_id,
    }
    for name, label in mapping.labels.items():
        columns[f"label.{name}"] = label.column or label.expression
    if mapping.positive_only:
        columns[f"label.{mapping.positive_only}"] = "(every row is one)"
    tables = [("attribute", mapping.attributes), ("outcome", mapping.outcomes), ("truth", mapping.truths)]
    tables += [(kind.name, named) for kind, named in mapping.context()]
    columns |= {f"{kind}.{name}": column for kind, named in tables for name, column in named.items()}
    columns |= {f"attribute.{name}": f"{column} (items)" for name, column in mapping.item_attributes.items()}
    if mapping.zone and not columns["local time"]:
        columns["local time"] = f"zone {mapping.zone}"
    return {name: column for name, column in columns.items() if column is not None}


def _local_time(columns: Mapping[str, str], written: Mapping[str, str]) -> list[ColumnReading]:
    column = columns.get("local time")
    if column is None:
        return []
    return [
        ColumnReading(
            name="local time",
            column=column,
            written_as=written.get(column, ""),
            read_as="offset or zone",
            missing=0.0,
        )
    ]


def _read_as(name: str, kind: pa.DataType) -> str:
    if name == "timestamp_ms":
        return "UTC time"
    if pa.types.is_list(kind):
        return "values"
    return _IN_WORDS.get(kind, str(kind))


def _missing(column: pa.ChunkedArray) -> int:
    """Rows without a value, or with an empty list of them."""
    if not pa.types.is_list(column.type):
        return int(column.null_count)
    return int(column.null_count) + int(pc.sum(pc.equal(pc.list_value_length(column), 0)).as_py() or 0)
