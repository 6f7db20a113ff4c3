"""Read Feather, which is the Arrow IPC file format, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
from pyarrow import ipc

from interestclock.events import raw_tables
from interestclock.events.raw_tables import RawBlock, check_columns, numbered_blocks, unreadable

__all__ = ["feather_blocks", "feather_schema"]


def feather_schema(path: Path) -> pa.Schema:
    """A Feather file's columns.

    Raises:
        LogError: it is no Feather file, or cut off.
    """
    try:
        with pa.OSFile(str(path)) as file, ipc.open_file(file) as reader:
            return reader.schema
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, "Feather", 0, error) from error


def feather_blocks(path: Path, columns: Sequence[str]) -> Iterator[RawBlock]:
    """The wanted columns of a Feather file (version 2), compressed or not.

    Raises:
        LogError: the file is no Feather file, is cut off, or lacks a column.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.feather"
        >>> with ipc.new_file(path, pa.schema({"u": pa.int64()})) as file:
        ...     file.write(pa.record_batch({"u": [1, 2]}))
        >>> [block.row_N.tolist() for block in feather_blocks(path, ["u"])]
        [[1, 2]]
    """
    names = feather_schema(path).names
    check_columns(path, names, columns)
    rows = 0
    try:
        for block in numbered_blocks(path, _batches(path, [names.index(each) for each in columns])):
            yield block
            rows += block.rows_read
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, "Feather", rows, error) from error


def _batches(path: Path, fields: list[int]) -> Iterator[pa.RecordBatch]:
    options = ipc.IpcReadOptions(included_fields=fields, use_threads=False)
    with pa.OSFile(str(path)) as file, ipc.open_file(file, options=options) as reader:
        for number in range(reader.num_record_batches):
            batch = reader.get_batch(number)
            for start in range(0, batch.num_rows, raw_tables.BATCH_ROWS):
                yield batch.slice(start, raw_tables.BATCH_ROWS)
