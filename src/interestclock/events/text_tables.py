"""Read CSV and TSV in blocks of lines, packed or not; every column stays text.

Types are not guessed here: one bad value must cost its row, not its block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import structs
from pyarrow import csv

from interestclock.errors import LogError
from interestclock.events.file_formats import unpacked_name
from interestclock.events.plain_ids import hold_plain_integers
from interestclock.events.quotes import check_spans, refuse_swallowed
from interestclock.events.raw_tables import MalformedLine, RawBlock, check_columns
from interestclock.events.text_stream import UNREADABLE, TextStream
from interestclock.mapping_keys import CsvFormat

__all__ = ["columns_of_plain_integers", "header_of", "text_blocks"]

BLOCK_BYTES = 1 << 22
_HEADER_BYTES = 1 << 16
_FEW_BYTES = 1 << 22  # read in less time than the loop that looks for digits takes to be loaded
_GIVE_ENCODING = 'give its encoding under [csv] in the mapping file, for example encoding = "latin-1"'


def text_blocks(path: Path, columns: Sequence[str], text: CsvFormat) -> Iterator[RawBlock]:
    """The wanted columns of a text file, block by block.

    Args:
        path: a CSV or TSV file; what gzip, bz2 or zstd packed is unpacked on the way.
        columns: the columns to read.
        text: how the file is written.

    Raises:
        LogError: the file is empty, cut off, no text, or lacks a column; or a quote that is left open takes
            in more than a few rows.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.csv"
        >>> _ = path.write_text("user,item\\n1,2\\n3\\n5,6\\n")
        >>> [block.row_N.tolist() for block in text_blocks(path, ["user"], CsvFormat())]
        [[1, 3]]
    """
    header, text = header_of(path, text), _in_full(path, text)
    check_columns(path, header, columns)
    lines = 0 if text.columns is not None else 1
    with _stream(path, text) as stream:
        for block in _blocks(stream, path, columns, text):
            check_spans(block)
            lines += block.rows_read
            yield block
        in_quotes = stream.lines - lines if text.quoted and stream.quoted else 0
    if in_quotes > 0:  # few files have values of several lines; those are looked at again, all columns
        with _stream(path, text) as stream:
            whole = _blocks(stream, path, list(dict.fromkeys(header)), text)
            refuse_swallowed(whole, text.delimiter or ",")
        yield _block_of(path, columns, lines_in_quotes=in_quotes)


def header_of(path: Path, text: CsvFormat) -> list[str]:
    """The column names of a text file: its first row, unless the format names them.

    Raises:
        LogError: the file is missing, empty, cut off or no text in the stated encoding.

    Example:
        >>> header_of(Path("nowhere.csv"), CsvFormat(columns=("user", "item")))
        ['user', 'item']
    """
    if text.columns is not None:
        return list(text.columns)
    try:
        return _header(path, text, min(_HEADER_BYTES, BLOCK_BYTES))
    except LogError:
        return _header(path, text, BLOCK_BYTES)  # its first rows may be long


def columns_of_plain_integers(path: Path, columns: Sequence[str], text: CsvFormat) -> list[str]:
    """Those of some columns that hold nothing but plain integers, as far as that can be told fast.

    Args:
        path: a text file. columns: of it. text: how it is written.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.csv"
        >>> _ = path.write_text("user,item\\n" + "7,x\\n" * 2_000_000)
        >>> columns_of_plain_integers(path, ["user", "item"], CsvFormat())
        ['user']
    """
    header = header_of(path, text)
    if path.stat().st_size < _FEW_BYTES or any(header.count(column) != 1 for column in columns):
        return []
    places, text = {column: header.index(column) for column in columns}, _in_full(path, text)
    if hold_plain_integers(path, list(places.values()), text):
        return list(columns)
    if len(columns) == 1:
        return []
    return [column for column, place in places.items() if hold_plain_integers(path, [place], text)]


def _header(path: Path, text: CsvFormat, block_bytes: int) -> list[str]:
    with (
        _stream(path, text) as stream,
        _open(stream, _in_full(path, text), [], block_bytes=block_bytes) as reader,
    ):
        names: list[str] = reader.schema.names
        if any(UNREADABLE in name for name in names):
            raise LogError(
                f"{path}: not written in {text.encoding}, as its first row shows; {_GIVE_ENCODING}"
            )
        return names


@contextmanager
def _stream(path: Path, text: CsvFormat) -> Iterator[TextStream]:
    """The file's text; what goes wrong with it is told in words."""
    stream: TextStream | None = None
    try:
        with TextStream(path, text.encoding) as stream:
            yield stream
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise LogError(f"{path}: {_diagnosis(str(error), stream)}") from error


def _diagnosis(error: str, stream: TextStream | None) -> str:
    if "compress" in error or "zlib" in error:
        return f"the compressed file is damaged or cut off ({error}); copy or download it again"
    if "Empty CSV" in error and (stream is None or not stream.lines):
        return "the file is empty; expected one event per row"
    if "Empty CSV" in error or "straddl" in error:
        quote = "close a quote left open, or give quoted = false under [csv] if quotes are part of the values"
        ends = "write each row on a line of its own"
        remedy = quote if stream is not None and stream.quoted else ends
        return f"a row is longer than {BLOCK_BYTES:,} bytes; {remedy}"
    return f"cannot be read as text ({error})"


def _blocks(stream: TextStream, path: Path, columns: Sequence[str], text: CsvFormat) -> Iterator[RawBlock]:
    malformed: list[MalformedLine] = []
    header_rows = 1 if text.columns is None else 0

    def set_aside(line: Any) -> str:
        reason = f"{line.expected_columns} columns expected, {line.actual_columns} found"
        shown = (line.text or "").replace(UNREADABLE, "\ufffd")
        malformed.append(MalformedLine(row=line.number - header_rows, reason=reason, text=shown))
        return "skip"

    next_row = 1
    with _open(stream, text, columns, block_bytes=BLOCK_BYTES, handler=set_aside) as reader:
        for batch in reader:
            row_N = _row_numbers(next_row, batch.num_rows, [line.row for line in malformed])
            next_row = int(row_N[-1]) + 1 if batch.num_rows else next_row
            ready = [line for line in malformed if line.row < next_row]
            del malformed[: len(ready)]
            table = pa.Table.from_batches([batch])
            block = RawBlock(path=path, table=table, row_N=row_N, typed=False, malformed=ready)
            yield _without_unreadable(block, text) if stream.unreadable else block
    if malformed:
        yield _block_of(path, columns, malformed=malformed)


def _block_of(path: Path, columns: Sequence[str], **rest: Any) -> RawBlock:
    """A block without rows, which says something else of its file."""
    none = pa.table({name: pa.array([], pa.string()) for name in columns})
    return RawBlock(path=path, table=none, row_N=np.arange(0), typed=False, **rest)


def _row_numbers(next_row: int, count: int, skipped: Sequence[int]) -> npt.NDArray[np.int64]:
    """Numbers of the next ``count`` good rows, leaving out those of skipped lines."""
    candidates = np.arange(next_row, next_row + count + len(skipped), dtype=np.int64)
    return np.setdiff1d(candidates, np.asarray(skipped, np.int64), assume_unique=True)[:count]


def _without_unreadable(block: RawBlock, text: CsvFormat) -> RawBlock:
    """Rows with bytes that are no text join the malformed lines."""
    bad_N = np.zeros(len(block.row_N), bool)
    for column in block.table.columns:
        bad_N |= np.asarray(pc.match_substring(column, UNREADABLE).fill_null(False))
    if not bad_N.any():
        return block
    kind = text.encoding.upper() if text.encoding.lower().startswith("utf") else text.encoding
    lines = [
        MalformedLine(row=int(row), reason=f"not {kind}; {_GIVE_ENCODING}", text=_shown(values))
        for row, values in zip(
            block.row_N[bad_N], block.table.filter(pa.array(bad_N)).to_pylist(), strict=True
        )
    ]
    return RawBlock(
        path=block.path,
        table=block.table.filter(pa.array(~bad_N)),
        row_N=block.row_N[~bad_N],
        typed=False,
        malformed=[*block.malformed, *lines],
    )


def _shown(values: dict[str, str | None]) -> str:
    return str(values).replace(UNREADABLE, "\ufffd").replace(ascii(UNREADABLE)[1:-1], "\ufffd")


def _open(
    stream: TextStream,
    text: CsvFormat,
    columns: Sequence[str],
    *,
    block_bytes: int,
    handler: Callable[[Any], str] = lambda _: "skip",
) -> csv.CSVStreamingReader:
    return csv.open_csv(
        pa.PythonFile(stream, mode="r"),
        read_options=csv.ReadOptions(use_threads=False, block_size=block_bytes, column_names=text.columns),
        parse_options=csv.ParseOptions(
            delimiter=text.delimiter,
            quote_char='"' if text.quoted else False,
            newlines_in_values=text.quoted,
            invalid_row_handler=handler,
        ),
        convert_options=csv.ConvertOptions(
            include_columns=list(columns), column_types=dict.fromkeys(columns, pa.string()), check_utf8=False
        ),
    )


def _in_full(path: Path, text: CsvFormat) -> CsvFormat:
    """The format with its delimiter, which a file's name tells where it is not given."""
    tabs = unpacked_name(path.name).endswith((".tsv", ".txt"))
    return structs.replace(text, delimiter=text.delimiter or ("\t" if tabs else ","))
