"""What a file is, by its content before its name."""

from __future__ import annotations

import bz2
import gzip
import io
import zipfile

import pyarrow as pa
import pytest

from interestclock.errors import LogError
from interestclock.events.file_formats import compression_of, format_of, named_formats


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (b"PAR1", "log.csv", "Parquet"),
        (b"ARROW1\0\0", "log.csv", "Feather"),
        (b"ARROW1\0\0", "log.parquet", "Feather"),
        (b"a,b\n", "log.csv", "CSV"),
        (b"a,b\n", "log", "CSV"),
        (b"", "log.PARQUET", "Parquet"),
        (b"cut", "log.feather", "Feather"),
        (gzip.compress(b"a,b\n", mtime=0), "log.parquet", "CSV"),
    ],
)
def test_formats(tmp_path, content, name, expected):
    (tmp_path / name).write_bytes(content)
    assert format_of(tmp_path / name) == expected


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (gzip.compress(b"a", mtime=0), "log.csv", "gzip"),
        (bz2.compress(b"a"), "log.csv", "bz2"),
        (pa.Codec("zstd").compress(b"a", asbytes=True), "log.csv", "zstd"),
        (b"a", "log.csv.bz2", "bz2"),  # to be told as damaged
        (b"a", "log.csv", None),
    ],
)
def test_compressions(tmp_path, content, name, expected):
    (tmp_path / name).write_bytes(content)
    assert compression_of(tmp_path / name) == expected


def zipped() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("log.csv", "a,b\n")
    return held.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"user_id": 7}\n', "is JSON; write its table as CSV or Parquet"),
        (zipped(), "is a zip archive, or a spreadsheet; unpack it, or save the sheet as CSV"),
        (b"FEA1", "is Feather of version 1, which few still read; write it again as Parquet"),
        (b"\xfd7zXZ\0", "is packed with xz; unpack it"),
        (b"SQLite format 3\0", "is a database of SQLite; export its table as CSV or Parquet"),
    ],
)
def test_what_is_known_and_not_read(tmp_path, content, message):
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises(LogError, match=rf"log\.csv: {message}"):
        format_of(path)


def test_formats_by_name():
    found = named_formats(["a.CSV", "b.txt", "c.csv.gz", "d.pq", "e.ipc", "f", "g.parquet.gz"])
    assert found == {"Parquet": ["d.pq"], "Feather": ["e.ipc"], "CSV": ["a.CSV", "c.csv.gz"]}
