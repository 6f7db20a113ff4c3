"""Read CSV and TSV in blocks of lines, gzip included; every column stays text.

Types are not guessed here: one bad value must cost its row, not its block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv

from interestclock.errors import LogError
from interestclock.events.raw_tables import MalformedLine, RawBlock, check_columns
from interestclock.mapping_keys import CsvFormat

__all__ = ["header_of", "text_blocks"]

BLOCK_BYTES = 1 << 22
_GIVE_ENCODING = 'give its encoding under [csv] in the mapping file, for example encoding = "latin-1"'
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"


def text_blocks(path: Path, columns: Sequence[str], text: CsvFormat) -> Iterator[RawBlock]:
    """The wanted columns of a text file, block by block.

    Args:
        path: a CSV or TSV file; ``.gz`` is unpacked on the way.
        columns: the columns to read.
        text: how the file is written.

    Raises:
        LogError: the file is empty, cut off, not in the stated encoding, or lacks a column.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.csv"
        >>> _ = path.write_text("user,item\\n1,2\\n3\\n5,6\\n")
        >>> [block.row_N.tolist() for block in text_blocks(path, ["user"], CsvFormat())]
        [[1, 3]]
    """
    check_columns(path, header_of(path, text), columns)
    try:
        yield from _blocks(path, columns, text)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise LogError(f"{path}: {_diagnosis(str(error), text)}") from error


def header_of(path: Path, text: CsvFormat) -> list[str]:
    """The column names of a text file: its first row, unless the format names them.

    Raises:
        LogError: the file is missing, empty, cut off or not in the stated encoding.

    Example:
        >>> header_of(Path("nowhere.csv"), CsvFormat(columns=("user", "item")))
        ['user', 'item']
    """
    if text.columns is not None:
        return list(text.columns)
    if path.is_file() and _begins(path, _PARQUET):
        raise LogError(f"{path}: a Parquet file; give it a name that ends in .parquet")
    try:
        with _open(path, text, [], None) as reader:
            names: list[str] = reader.schema.names
            return names
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise LogError(f"{path}: {_diagnosis(str(error), text)}") from error


def _diagnosis(error: str, text: CsvFormat) -> str:
    if "Empty CSV" in error:
        return "the file is empty; expected one event per row"
    if "compressed stream" in error or "zlib" in error:
        return f"the compressed file is damaged or cut off ({error}); copy or download it again"
    if "columns, got" in error or "UTF8" in error or "decode" in error or "codec" in error:
        return f"not written in {text.encoding} ({error}); {_GIVE_ENCODING}"
    if "straddl" in error:
        return (
            f"a row is longer than {BLOCK_BYTES:,} bytes; close a quote left open, or give quoted = false "
            "under [csv] if quotes are part of the values"
        )
    return f"cannot be read as text ({error})"


def _blocks(path: Path, columns: Sequence[str], text: CsvFormat) -> Iterator[RawBlock]:
    malformed: list[MalformedLine] = []
    header_rows = 1 if text.columns is None else 0

    def set_aside(line: Any) -> str:
        reason = f"{line.expected_columns} columns expected, {line.actual_columns} found"
        malformed.append(MalformedLine(row=line.number - header_rows, reason=reason, text=line.text or ""))
        return "skip"

    next_row = 1
    with _open(path, text, columns, set_aside) as reader:
        for batch in reader:
            row_N = _row_numbers(next_row, batch.num_rows, [line.row for line in malformed])
            next_row = int(row_N[-1]) + 1 if batch.num_rows else next_row
            ready = [line for line in malformed if line.row < next_row]
            del malformed[: len(ready)]
            yield _decoded(path, batch, row_N, ready)
    if malformed:
        none = pa.table({name: pa.array([], pa.string()) for name in columns})
        yield RawBlock(path=path, table=none, row_N=np.arange(0), typed=False, malformed=malformed)


def _row_numbers(next_row: int, count: int, skipped: Sequence[int]) -> npt.NDArray[np.int64]:
    """Numbers of the next ``count`` good rows, leaving out those of skipped lines."""
    candidates = np.arange(next_row, next_row + count + len(skipped), dtype=np.int64)
    return np.setdiff1d(candidates, np.asarray(skipped, np.int64), assume_unique=True)[:count]


def _decoded(
    path: Path, batch: pa.RecordBatch, row_N: npt.NDArray[np.int64], malformed: Sequence[MalformedLine]
) -> RawBlock:
    """Bytes to text; rows that are not valid UTF-8 join the malformed lines."""
    table = pa.Table.from_batches([batch])
    texts = pa.schema([(name, pa.string()) for name in table.column_names])
    try:
        return RawBlock(path=path, table=table.cast(texts), row_N=row_N, typed=False, malformed=malformed)
    except pa.ArrowInvalid:
        good_N = np.array([all(map(_is_utf8, row.values())) for row in table.to_pylist()])
    bad = [
        MalformedLine(row=int(row), reason=f"not UTF-8; {_GIVE_ENCODING}", text=str(values))
        for row, values in zip(row_N[~good_N], table.filter(pa.array(~good_N)).to_pylist(), strict=True)
    ]
    kept = table.filter(pa.array(good_N)).cast(texts)
    return RawBlock(path=path, table=kept, row_N=row_N[good_N], typed=False, malformed=[*malformed, *bad])


def _is_utf8(value: bytes | None) -> bool:
    try:
        (value or b"").decode()
    except UnicodeDecodeError:
        return False
    return True


def _open(path: Path, text: CsvFormat, columns: Sequence[str], handler: Any) -> csv.CSVStreamingReader:
    stream = pa.OSFile(str(path))
    if path.suffix.lower() == ".gz" or _begins(path, _GZIP):
        stream = pa.CompressedInputStream(stream, "gzip")
    return csv.open_csv(
        stream,
        read_options=csv.ReadOptions(
            use_threads=False, block_size=BLOCK_BYTES, encoding=text.encoding, column_names=text.columns
        ),
        parse_options=csv.ParseOptions(
            delimiter=text.delimiter or _delimiter(path),
            quote_char='"' if text.quoted else False,
            newlines_in_values=text.quoted,
            invalid_row_handler=handler or (lambda _: "skip"),
        ),
        convert_options=csv.ConvertOptions(
            include_columns=list(columns), column_types=dict.fromkeys(columns, pa.binary())
        ),
    )


def _begins(path: Path, mark: bytes) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(mark)) == mark


def _delimiter(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    return "\t" if name.endswith((".tsv", ".txt")) else ","
