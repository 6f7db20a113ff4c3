"""Item attributes from a file of their own: one row per item, or per value of a column of the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import structs

from interestclock.errors import LogError
from interestclock.events.column_faults import ColumnFaults
from interestclock.events.held_frame import HeldFrame, log_called
from interestclock.events.id_values import parse_ids
from interestclock.events.log_files import LogPath, log_files
from interestclock.events.mapping import ColumnMapping
from interestclock.events.raw_tables import RawBlock
from interestclock.events.read_blocks import read_blocks
from interestclock.events.row_checks import RowChecks
from interestclock.events.row_times import when
from interestclock.events.values import parse_lists
from interestclock.mapping_keys import CsvFormat

__all__ = ["FROM_MS", "ITEM_KEY", "attach_attributes", "item_columns", "read_items"]

ITEM_KEY, FROM_MS = "item_id", "from_ms"


def read_items(
    path: LogPath | HeldFrame, mapping: ColumnMapping, kind: pa.DataType, *, since: str | None = None
) -> pa.Table:
    """The item table: ``item_id`` and ``attribute.NAME`` (list<string>) for each item attribute.

    Args:
        path: a file, a folder or a pattern, as a log may be; or what is held of a frame.
        mapping: its key column and its attributes.
        kind: int64 or string, as the log's ids are.
        since: a column with the moment from which on each item is so, written as the log's times are; the
            table then has ``from_ms``, UTC milliseconds.

    Raises:
        LogError: the file cannot be read, a row is malformed, has no key, or repeats one.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> path = Path(tempfile.mkdtemp()) / "items.csv"
        >>> _ = path.write_text("item_id,genre\\n1,pop|rock\\n2,\\n")
        >>> mapping = ColumnMapping(item_attributes={"genre": "genre"}, separator="|")
        >>> read_items(path, mapping, pa.int64())["attribute.genre"].to_pylist()
        [['pop', 'rock'], []]
    """
    key, *columns = item_columns(mapping)
    columns = [key, *columns, *(() if since is None else (since,))]
    if since is not None:
        mapping = _timed_by(mapping, since)
    rows = partial(_item_rows, key=key, mapping=mapping, kind=kind, timed=since is not None)
    tables = list(_checked(path, list(dict.fromkeys(columns)), mapping, rows))
    if not sum(table.num_rows for table in tables):
        raise LogError(f"{log_called(path)}: no items; expected one row per '{key}'")
    items = pa.concat_tables(tables).combine_chunks()
    _refuse_repeats(log_called(path), key, items[ITEM_KEY])
    return items


def item_columns(mapping: ColumnMapping) -> tuple[str, ...]:
    """The columns of an items file that a mapping reads: its key, and its attributes.

    Example:
        >>> item_columns(ColumnMapping(item_attributes={"genre": "genres"}))
        ('item_id', 'genres')
    """
    key = mapping.items_key or mapping.items_match or mapping.item
    return (key, *mapping.item_attributes.values())


def attach_attributes(events: pa.Table, items: pa.Table, match: pa.Array) -> pa.Table:
    """Look the item table up for each event; an event that is not in it gets empty lists.

    Args:
        events: N rows.
        items: an item table.
        match: (N,) what to look up, of its keys' type.

    Example:
        >>> items = pa.table({"item_id": ["bar"], "attribute.root": [["Nightlife"]]})
        >>> two = attach_attributes(pa.table({"user_id": [1, 2]}), items, pa.array(["bar", "bank"]))
        >>> two["attribute.root"].to_pylist()
        [['Nightlife'], []]
    """
    found = pc.index_in(match, value_set=items[ITEM_KEY].combine_chunks()).fill_null(items.num_rows)
    for name in items.column_names[1:]:
        empty = pa.array([[]], pa.list_(pa.string()))
        lists = pa.concat_arrays([items[name].combine_chunks(), empty])
        events = events.append_column(name, lists.take(found))
    return events


def _blocks(path: LogPath | HeldFrame, columns: list[str]) -> Iterator[RawBlock]:
    if isinstance(path, HeldFrame):
        yield from path.blocks(columns)
        return
    for file in log_files(path).paths:
        yield from read_blocks(file, columns, CsvFormat())


def _checked(
    path: LogPath | HeldFrame,
    columns: list[str],
    mapping: ColumnMapping,
    rows: Callable[[RowChecks], pa.Table],
) -> Iterator[pa.Table]:
    """The rows of each block; a column that is at fault is refused, else the first malformed row."""
    faults, first = ColumnFaults(mapping), None
    for block in _blocks(path, columns):
        checks = RowChecks(block)
        yield rows(checks)
        faults.add(checks)
        first = first or next(iter(checks.dead_letters()), None)
    faults.refuse(log_called(path))
    if first is not None:
        raise LogError(f"{first}; correct the items file")


def _timed_by(mapping: ColumnMapping, column: str) -> ColumnMapping:
    """A mapping whose times stand in a column of the items file, and tell no local time."""
    return structs.replace(
        mapping, time=column, zone=mapping.zone or "UTC", zone_column=None, utc_offset_minutes=None
    )


def _item_rows(
    checks: RowChecks, *, key: str, mapping: ColumnMapping, kind: pa.DataType, timed: bool
) -> pa.Table:
    rows = {ITEM_KEY: checks.accept(key, lambda column: parse_ids(column, kind))}
    for name, column in mapping.item_attributes.items():
        rows[f"attribute.{name}"] = checks.accept(column, lambda raw: parse_lists(raw, mapping.separator))
    if timed:
        times: dict[str, pa.Array] = {}
        when(checks, mapping, mapping.time_unit, None, times)
        rows[FROM_MS] = times["timestamp_ms"]
    return pa.table(rows)


def _refuse_repeats(path: str, key: str, ids: pa.ChunkedArray) -> None:
    counts = pc.value_counts(ids)
    if len(counts) == len(ids):
        return
    twice = counts.field("values")[int(np.argmax(counts.field("counts")))].as_py()
    raise LogError(f"{path}: '{key}' {twice!r} stands in more than one row; keep one row per '{key}'")
