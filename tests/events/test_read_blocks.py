"""The same rows, whatever they are written in, and what folders say of them."""

from __future__ import annotations

import bz2
import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv, feather

from interestclock.errors import LogError
from interestclock.events import raw_tables
from interestclock.events.read_blocks import read_blocks, types_of
from interestclock.mapping_keys import CsvFormat

TABLE = pa.table({"user": pa.array(["u1", "u2", "u1"]), "unread": [1, 2, 3], "genre": ["a", "é", None]})
WRITERS = {
    "log.parquet": pq.write_table,
    "log.feather": feather.write_feather,
    "plain.arrow": lambda table, path: feather.write_feather(table, path, compression="uncompressed"),
    "zstd.ipc": lambda table, path: feather.write_feather(table, path, compression="zstd"),
    "log.csv": csv.write_csv,
    "log.csv.gz": lambda table, path: path.write_bytes(gzip.compress(as_csv(table))),
    "log.csv.bz2": lambda table, path: path.write_bytes(bz2.compress(as_csv(table))),
    "log.csv.zst": lambda table, path: path.write_bytes(
        pa.Codec("zstd").compress(as_csv(table), asbytes=True)
    ),
    "told_by_content.csv": feather.write_feather,
    "in_two_members.csv.bz2": lambda table, path: path.write_bytes(
        bz2.compress(as_csv(table)[:20]) + bz2.compress(as_csv(table)[20:])
    ),
}


def as_csv(table) -> bytes:
    sink = pa.BufferOutputStream()
    csv.write_csv(table, sink)
    return sink.getvalue().to_pybytes()


def rows(path, columns, text=CsvFormat()):  # noqa: B008 (frozen)
    blocks = list(read_blocks(path, columns, text))
    read = [row for block in blocks for row in block.table.select(columns).to_pylist()]
    numbers = [int(row) for block in blocks for row in block.row_N]
    assert numbers == list(range(1, len(read) + 1))
    return [{name: value or None for name, value in row.items()} for row in read]


@pytest.mark.parametrize("name", WRITERS)
def test_every_format(tmp_path, name):
    WRITERS[name](TABLE, tmp_path / name)
    assert rows(tmp_path / name, ["genre", "user"]) == TABLE.select(["genre", "user"]).to_pylist()


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_that_was_cut_off(tmp_path, name):
    if name == "log.csv":
        pytest.skip("a text that ends early is a text")
    path = tmp_path / name
    WRITERS[name](pa.concat_tables([TABLE] * 500), path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(LogError, match=r"(copy|download it|write it) again"):
        rows(path, ["genre", "user"])


def test_feather_by_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(raw_tables, "BATCH_ROWS", 100)
    path = tmp_path / "log.feather"
    views = pa.table({"u": pa.array([f"u{row}" for row in range(250)], pa.string_view())})
    feather.write_feather(views, path, chunksize=240)
    blocks = list(read_blocks(path, ["u"], CsvFormat()))
    assert [block.rows_read for block in blocks] == [100, 100, 40, 10]
    assert blocks[-1].row_N[0] == 241
    assert blocks[0].table["u"].type == pa.string()
    with pytest.raises(LogError, match="no column 'user'"):
        list(read_blocks(path, ["user"], CsvFormat()))


@pytest.mark.parametrize("name", ["part-0.parquet", "part-0.csv", "part-0.feather"])
def test_columns_that_folders_state(tmp_path, name):
    folder = tmp_path / "date=2023-11-14" / "city=S%C3%A3o Paulo" / "user=other"
    folder.mkdir(parents=True)
    WRITERS[f"log{(folder / name).suffix}"](TABLE, folder / name)
    assert rows(folder / name, ["date", "user", "city"]) == [
        {"date": "2023-11-14", "user": user, "city": "São Paulo"} for user in ("u1", "u2", "u1")
    ]
    assert types_of(folder / name, CsvFormat()).keys() == {"user", "unread", "genre"}
    with pytest.raises(LogError, match="no column 'country'"):
        rows(folder / name, ["country"])


@pytest.mark.parametrize("content", [b"\x00\x01\x02binary\xff\xfe" * 50, "a,b\n1,2\n".encode("utf-16")])
def test_what_is_no_text_is_said_without_its_bytes(tmp_path, content, capfd):
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises(
        LogError, match=r"log\.csv: is no text in utf-8 \(it begins with '.*encoding = "
    ) as refused:
        rows(path, ["a"])
    assert str(refused.value).isascii()
    assert capfd.readouterr() == ("", "")


def test_utf_16_by_its_encoding(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes("user,genre\nu1,é\n".encode("utf-16"))
    assert rows(path, ["user", "genre"], CsvFormat(encoding="utf-16")) == [{"user": "u1", "genre": "é"}]
