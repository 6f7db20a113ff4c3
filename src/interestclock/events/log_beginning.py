"""The first rows of a log with all of its columns, of which nothing is known yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from interestclock.errors import LogError
from interestclock.events.file_formats import format_of
from interestclock.events.frames import LogData, column_names, frame_name, hold, paths_of
from interestclock.events.log_files import called, log_files
from interestclock.events.raw_tables import plain
from interestclock.events.read_blocks import read_blocks, types_of
from interestclock.mapping_keys import CsvFormat

__all__ = ["LogBeginning", "beginning_of"]

_DELIMITERS = ";|\t"


@dataclass(frozen=True, kw_only=True)
class LogBeginning:
    """Some rows.

    Args:
        called: the log, in messages; of several files, with the one that the rows are of. rows: all of its
            columns. typed: their types say something.
        csv: how a text file seems to be written. whole: these are all of its rows.

    Example:
        >>> beginning_of(pa.table({"uid": [7, 9]}), rows=1).whole
        False
    """

    called: str
    rows: pa.Table
    typed: bool
    csv: CsvFormat
    whole: bool


def beginning_of(data: LogData, *, rows: int) -> LogBeginning:
    """The first rows of a log.

    Args:
        data: a path, several, or a frame; a reader gives its rows here and not again.

    Raises:
        LogError: there is no such log, it cannot be read, or has no rows.

    Example:
        >>> beginning_of(pa.table({"uid": [7, 9]}), rows=10).rows.column_names
        ['uid']
    """
    files = paths_of(data)
    if files is None:
        held = hold(data, column_names(data))
        table, typed, csv, name = plain(held.table.slice(0, rows + 1)), True, CsvFormat(), frame_name(data)
    else:
        first, *others = log_files(files).paths
        name = f"{called(files)}, of which {first.name} alone was looked at" if others else called(files)
        csv, typed = _written(first), format_of(first) != "CSV"
        table = _first_rows(first, csv, rows + 1)
    if not table.num_rows:
        raise LogError(f"{name}: no events; expected one per row")
    return LogBeginning(
        called=name, rows=table.slice(0, rows), typed=typed, csv=csv, whole=table.num_rows <= rows
    )


def _written(path: Path) -> CsvFormat:
    """A header of but one column that has another mark in it: then that stands between values."""
    csv = CsvFormat()
    if format_of(path) != "CSV":
        return csv
    header = list(types_of(path, csv))
    if len(header) > 1:
        return csv
    delimiter = max(_DELIMITERS, key=header[0].count)
    return CsvFormat(delimiter=delimiter) if delimiter in header[0] else csv


def _first_rows(path: Path, csv: CsvFormat, rows: int) -> pa.Table:
    return pa.concat_tables(_until(path, csv, rows)).slice(0, rows)


def _until(path: Path, csv: CsvFormat, rows: int) -> Iterator[pa.Table]:
    read = 0
    for block in read_blocks(path, list(types_of(path, csv)), csv):
        yield block.table
        read += block.table.num_rows
        if read >= rows:
            return
