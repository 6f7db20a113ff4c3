"""One way to a file's rows, whatever it is written in; what its folders say of them included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from interestclock.events.feather_tables import feather_blocks, feather_schema
from interestclock.events.file_formats import format_of
from interestclock.events.log_files import partition_of
from interestclock.events.raw_tables import RawBlock, parquet_blocks, parquet_schema
from interestclock.events.text_tables import header_of, text_blocks
from interestclock.mapping_keys import CsvFormat

__all__ = ["read_blocks", "types_of"]


def read_blocks(path: Path, columns: Sequence[str], text: CsvFormat) -> Iterator[RawBlock]:
    """The wanted columns of a file, block by block.

    A column that the file lacks and a folder above it states (``country=DE``) has that value in each row.

    Args:
        path: a Parquet, Feather, CSV or TSV file.
        columns: the columns to read. text: how a text file is written.

    Raises:
        LogError: the file cannot be read, or lacks a column.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp()) / "country=DE"
        >>> folder.mkdir()
        >>> _ = (folder / "a.csv").write_text("user\\n1\\n2\\n")
        >>> (block,) = read_blocks(folder / "a.csv", ["country", "user"], CsvFormat())
        >>> block.table["country"].to_pylist()
        ['DE', 'DE']
    """
    stated = _stated(path, columns, text)
    own = [column for column in columns if column not in stated]
    for block in _own_blocks(path, own, text):
        yield _with(block, stated) if stated else block


def types_of(path: Path, text: CsvFormat) -> dict[str, pa.DataType | None]:
    """A file's columns and their types; None for those of text, which do not say.

    Raises:
        LogError: the file cannot be read.
    """
    kind = format_of(path)
    if kind == "CSV":
        return dict.fromkeys(header_of(path, text))
    schema = parquet_schema(path) if kind == "Parquet" else feather_schema(path)
    return dict(zip(schema.names, schema.types, strict=True))


def _own_blocks(path: Path, columns: Sequence[str], text: CsvFormat) -> Iterator[RawBlock]:
    kind = format_of(path)
    if kind == "CSV":
        return text_blocks(path, columns, text)
    return parquet_blocks(path, columns) if kind == "Parquet" else feather_blocks(path, columns)


def _stated(path: Path, columns: Sequence[str], text: CsvFormat) -> dict[str, str | None]:
    """The wanted columns that only the folders have; a file's own column goes before."""
    partition = {key: value for key, value in partition_of(path).items() if key in columns}
    own = types_of(path, text) if partition else {}
    return {key: value for key, value in partition.items() if key not in own}


def _with(block: RawBlock, stated: dict[str, str | None]) -> RawBlock:
    table = block.table
    for column, value in stated.items():
        table = table.append_column(column, pa.array([value] * len(block.row_N), pa.string()))
    return replace(block, table=table)
