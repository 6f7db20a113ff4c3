"""Read a log's files block by block: Parquet by batches, text by lines; never a whole file at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from interestclock.errors import LogError
from interestclock.events.label_shorthand import compares_nothing
from interestclock.events.values import is_list

__all__ = [
    "MalformedLine",
    "RawBlock",
    "check_columns",
    "no_column",
    "numbered_blocks",
    "parquet_blocks",
    "parquet_schema",
    "plain",
    "unreadable",
]

BATCH_ROWS = 65_536
_BUFFER_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class MalformedLine:
    """A line of a text file that could not be split into the columns.

    Example:
        >>> MalformedLine(row=7, reason="2 columns expected, 3 found", text="a,b,c").row
        7
    """

    row: int
    reason: str
    text: str

    @property
    def lines(self) -> int:
        """How many lines of the file it takes in, empty ones left out."""
        return max(1, sum(line.strip("\r") != "" for line in self.text.split("\n")))


@dataclass(frozen=True, kw_only=True)
class RawBlock:
    """Some consecutive rows of one file, as they stand there.

    Args:
        path: the file.
        table: the wanted columns; of a text file every column is text.
        row_N: (N,) int64, each row's number in the file, counted from 1 after any header.
        malformed: lines among them that are not in ``table``.
        lines_in_quotes: lines of text that its file has in quoted values, told with the last block.
        typed: the file knows the columns' types (Parquet); of text they must be told from the values.

    Example:
        >>> one = pa.table({"u": ["1"]})
        >>> RawBlock(path=Path("a.csv"), table=one, row_N=np.array([1]), typed=False).rows_read
        1
    """

    path: Path
    table: pa.Table
    row_N: npt.NDArray[np.int64]
    typed: bool
    malformed: Sequence[MalformedLine] = field(default_factory=tuple)
    lines_in_quotes: int = 0

    @property
    def rows_read(self) -> int:
        """Rows and malformed lines together; a malformed row counts as the lines it takes in."""
        return len(self.row_N) + sum(line.lines for line in self.malformed)


def check_columns(path: Path, has: Sequence[str], wanted: Sequence[str]) -> None:
    """Refuse a file that lacks a wanted column, or has it twice.

    Raises:
        LogError: names the column, the closest there is, and all there are.

    Example:
        >>> check_columns(Path("plays.csv"), ["user", "song"], ["usr"])
        Traceback (most recent call last):
        interestclock.errors.LogError: plays.csv: no column 'usr' (closest: 'user'); it has user, song
    """
    for column in wanted:
        if column not in has:
            whole = len(has) == 1 and any(mark in has[0] for mark in ";\t|,")
            hint = "; is the delimiter right?" if whole else ""
            if any(sign in column for sign in "=<>"):
                hint = f"; nor is it an expression that can be read, as {_as_expression(column, has)}"
            names = ", ".join(has) or "no columns"
            raise LogError(f"{path}: {no_column(column, has)}; it has {names}{hint}")
        if has.count(column) > 1:
            raise LogError(f"{path}: {has.count(column)} columns are called '{column}'; rename all but one")


def no_column(column: str, columns: Collection[str]) -> str:
    """That a column is not there, the closest that is, and what it lacks to be a label's expression.

    Example:
        >>> no_column("usr", ["user", "song"])
        "no column 'usr' (closest: 'user')"
    """
    close = get_close_matches(column, columns, n=1, cutoff=0.5)
    nearest = f" (closest: '{close[0]}')" if close else ""
    return f"no column '{column}'{nearest}{compares_nothing(column, columns)}"


def _as_expression(written: str, has: Sequence[str]) -> str:
    """One that can be read; with the column that is meant in quotes, where it needs them."""
    meant = next((each for each in has if written.startswith(each) and not each.isidentifier()), None)
    return "rating >= 4" if meant is None else f'"{meant}" >= 4: a name of several words stands in quotes'


def parquet_schema(path: Path) -> pa.Schema:
    """A Parquet file's columns.

    Raises:
        LogError: it is no Parquet file, or cut off.
    """
    try:
        return pq.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, "Parquet", 0, error) from error


def parquet_blocks(path: Path, columns: Sequence[str]) -> Iterator[RawBlock]:
    """The wanted columns of a Parquet file, batch by batch.

    Raises:
        LogError: the file is no Parquet file, is cut off, or lacks a column.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.parquet"
        >>> pq.write_table(pa.table({"u": [1, 2]}), path)
        >>> [block.row_N.tolist() for block in parquet_blocks(path, ["u"])]
        [[1, 2]]
    """
    rows = 0
    try:
        with pq.ParquetFile(path, buffer_size=_BUFFER_BYTES) as file:
            check_columns(path, file.schema_arrow.names, columns)
            batches = file.iter_batches(BATCH_ROWS, columns=list(columns), use_threads=False)
            for block in numbered_blocks(path, batches):
                yield block
                rows += block.rows_read
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, "Parquet", rows, error) from error


def numbered_blocks(path: Path, batches: Iterable[pa.RecordBatch]) -> Iterator[RawBlock]:
    """Consecutive batches of a file whose columns have types, their rows numbered from 1.

    Example:
        >>> batches = [pa.record_batch({"u": [1, 2]}), pa.record_batch({"u": [3]})]
        >>> [block.row_N.tolist() for block in numbered_blocks(Path("a.parquet"), batches)]
        [[1, 2], [3]]
    """
    first_row = 1
    for batch in batches:
        table = plain(pa.Table.from_batches([batch]))
        row_N = np.arange(first_row, first_row + table.num_rows)
        yield RawBlock(path=path, table=table, row_N=row_N, typed=True)
        first_row += table.num_rows


def plain(table: pa.Table) -> pa.Table:
    """Columns of Arrow's other layouts of the same values (dictionaries, runs, views of text) as plain ones.

    Example:
        >>> codes = pa.array(["a", "b", "a"]).dictionary_encode()
        >>> plain(pa.table({"codes": codes, "views": pa.array(["x"] * 3, pa.string_view())})).schema.types
        [DataType(string), DataType(string)]
    """
    for position, column in enumerate(table.schema):
        values = _plain(table.column(position))
        if values.type != column.type:
            table = table.set_column(position, column.name, values)
    return table


def _plain(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(values.type):
        return _decoded(values)
    if pa.types.is_run_end_encoded(values.type):
        return _plain(pc.run_end_decode(values))
    if pa.types.is_struct(values.type):
        return _plain_structs(values)
    if is_list(values.type):
        return _plain_lists(values)
    if pa.types.is_binary_view(values.type):
        return values.cast(pa.binary())
    return values.cast(pa.string()) if pa.types.is_string_view(values.type) else values


def _decoded(codes: pa.ChunkedArray) -> pa.ChunkedArray:
    """What codes stand for; views of text cannot be taken, so a dictionary is made plain first."""
    within = _plain(pa.chunked_array([], codes.type.value_type)).type
    chunks = [
        _plain(pa.chunked_array([chunk.dictionary])).combine_chunks().take(chunk.indices)
        for chunk in codes.chunks
    ]
    return pa.chunked_array(chunks, within)


def _plain_lists(lists: pa.ChunkedArray) -> pa.ChunkedArray:
    """Of plain values; made anew of them, as not every layout can be cast."""
    within = _plain(pa.chunked_array([], lists.type.value_type)).type
    if within == lists.type.value_type:
        return lists
    large = pa.types.is_large_list(lists.type) or pa.types.is_large_list_view(lists.type)
    made_of = pa.LargeListArray if large else pa.ListArray
    chunks = []
    for chunk in lists.chunks:
        values = _plain(pa.chunked_array([chunk.flatten()])).combine_chunks()
        length_N = np.asarray(pc.list_value_length(chunk).fill_null(0))
        offsets = pa.array(np.concatenate([[0], np.cumsum(length_N)]), pa.int64() if large else pa.int32())
        chunks.append(made_of.from_arrays(offsets, values, mask=chunk.is_null()))
    return pa.chunked_array(chunks, pa.large_list(within) if large else pa.list_(within))


def _plain_structs(structs: pa.ChunkedArray) -> pa.ChunkedArray:
    """Of plain fields."""
    fields = [pa.field(each.name, _plain(pa.chunked_array([], each.type)).type) for each in structs.type]
    return structs if pa.struct(fields) == structs.type else structs.cast(pa.struct(fields))


def unreadable(path: Path, name: str, rows: int, error: Exception) -> LogError:
    """What is said of a file of that format which cannot be read on after so many rows.

    Example:
        >>> str(unreadable(Path("a.parquet"), "Parquet", 7, OSError("it ends")))
        'a.parquet: cannot be read as Parquet after row 7 (it ends); if the file was cut off, copy ...'
    """
    return LogError(
        f"{path}: cannot be read as {name} after row {rows} ({error}); "
        "if the file was cut off, copy or write it again"
    )
