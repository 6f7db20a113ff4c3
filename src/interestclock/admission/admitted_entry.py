"""One micro-batch as it was admitted: which messages, what they said and what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from interestclock.streams import BadMessage

__all__ = ["ROW_COLUMNS", "AdmittedEntry"]

ROW_COLUMNS = pa.schema([("arrival", pa.int64()), ("partition", pa.string()), ("verdict", pa.int8())])


@dataclass(frozen=True, kw_only=True)
class AdmittedEntry:
    """A micro-batch, or a *tick*: nothing came for a while, and the watermark moves on.

    Messages either stand in the entry, each as a row of a table or as a dead letter; or, where their log can
    be read again, file and row stand for them and the entry holds nothing but their dispositions.

    Args:
        first_arrival: number of its first message in the whole log, from 0 on, without gaps.
        source: the source's own name for itself.
        ranges: partition -> first and last offset, inclusive; a partition without messages is absent.
        polled_ms: when, UTC milliseconds; None for what lay in a log.
        awaited: of a tick, the partitions that may still bring something of earlier moments; none, where the
            stream is quiet. None where there are messages.
        tables: kind (``exposures``, ``labels``, ...) -> its messages in canonical columns, among them
            ``arrival`` int64, a message's place within this entry, ``partition`` and ``verdict`` int8,
            its disposition.
        dispositions: int8, of the rows of the ranges in order; None where the messages stand in ``tables``.
        dead: messages that could not be read.
        erased: of an entry that brings nothing else: users who were erased before, and of whom what was gone
            on from did not know; until when, UTC milliseconds, by hash.

    Raises:
        ValueError: a tick or erasures with messages, messages twice, or a table without the three columns.

    Example:
        >>> labels = pa.table({
        ...     "event_id": ["e1"], "label": ["finish"], "value": pa.array([1], pa.int8()), "known_ms": [9],
        ...     "arrival": [0], "partition": ["2"], "verdict": pa.array([0], pa.int8())})
        >>> entry = AdmittedEntry(first_arrival=40, source="redis://host/plays", ranges={"2": ("7", "7")},
        ...     polled_ms=12, tables={"labels": labels})
        >>> entry.messages, entry.next_arrival
        (1, 41)
    """

    first_arrival: int
    source: str
    ranges: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    polled_ms: int | None = None
    awaited: tuple[str, ...] | None = None
    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    dispositions: pa.Array | None = None
    dead: tuple[BadMessage, ...] = ()
    erased: Mapping[bytes, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.awaited is not None or self.erased) and (self.messages or self.ranges):
            kind = "erasures" if self.erased else "a tick"
            raise ValueError(f"{kind} with {self.messages} messages; give these an entry of their own")
        if self.tables and self.dispositions is not None:
            raise ValueError(
                "messages stand in tables, or their log is read again and dispositions do: not both"
            )
        if self.dispositions is not None and (
            self.dispositions.type != pa.int8() or self.dispositions.null_count
        ):
            raise ValueError(
                f"dispositions are {self.dispositions.type} with {self.dispositions.null_count} nulls; "
                "give int8, the number of a Disposition for each row"
            )
        for kind, table in self.tables.items():
            _check_columns(kind, table)

    @property
    def messages(self) -> int:
        """How many, dead letters included."""
        rows = sum(table.num_rows for table in self.tables.values())
        read_again = 0 if self.dispositions is None else len(self.dispositions)
        return int(rows + read_again + len(self.dead))

    @property
    def next_arrival(self) -> int:
        """The arrival number of the message behind it."""
        return self.first_arrival + self.messages


def _check_columns(kind: str, table: pa.Table) -> None:
    for column in ROW_COLUMNS:
        place = table.schema.get_field_index(column.name)
        if place < 0 or table.schema.field(place).type != column.type or table.column(place).null_count:
            raise ValueError(
                f"{kind}: no column {column.name!r} of type {column.type} without nulls; it has "
                f"{', '.join(f'{each.name} {each.type}' for each in table.schema)}"
            )
