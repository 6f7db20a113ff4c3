"""CSV and TSV in blocks of lines."""

from __future__ import annotations

import gzip
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.errors import LogError
from interestclock.events import CsvFormat, text_tables
from interestclock.events.text_tables import header_of, text_blocks


def read(path, columns=("a", "b"), text=None):
    blocks = list(text_blocks(path, columns, text or CsvFormat()))
    rows = [
        (int(row), *values.values())
        for block in blocks
        for row, values in zip(block.row_N, block.table.to_pylist(), strict=True)
    ]
    return rows, [line for block in blocks for line in block.malformed]


def test_rows_keep_their_numbers_beside_malformed_lines(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("a,b\n1,2\n3\n\n4,5,6\n7,8\n9\n")
    rows, malformed = read(path)
    assert rows == [(1, "1", "2"), (4, "7", "8")]
    assert [(line.row, line.text) for line in malformed] == [(2, "3"), (3, "4,5,6"), (5, "9")]
    assert malformed[0].reason == "2 columns expected, 1 found"


def test_rows_keep_their_numbers_across_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(text_tables, "BLOCK_BYTES", 64)
    path = tmp_path / "log.tsv"
    lines = [f"{row}\tx{row}" if row % 7 else f"{row}" for row in range(1, 200)]
    path.write_text("\n".join(["a\tb", *lines]) + "\n")
    rows, malformed = read(path)
    assert rows == [(row, str(row), f"x{row}") for row in range(1, 200) if row % 7]
    assert [line.row for line in malformed] == list(range(7, 200, 7))


@settings(max_examples=25, deadline=None)
@given(bad=st.lists(st.booleans(), min_size=1, max_size=60), block=st.integers(min_value=24, max_value=200))
def test_every_line_is_accounted_for(tmp_path_factory, bad, block):
    path = tmp_path_factory.mktemp("csv") / "log.csv"
    lines = ["x" if fault else f"{row},{row}" for row, fault in enumerate(bad, start=1)]
    path.write_text("\n".join(["a,b", *lines]) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_tables, "BLOCK_BYTES", block)
        rows, malformed = read(path)
    assert all(str(row) == a for row, a, _ in rows)
    assert sorted([row for row, *_ in rows] + [line.row for line in malformed]) == list(
        range(1, len(bad) + 1)
    )


def test_without_a_header_and_with_quotes(tmp_path):
    path = tmp_path / "log.txt"
    path.write_text('1\t"x\n2\ty"\n')
    rows, _ = read(path, text=CsvFormat(columns=("a", "b"), quoted=False))
    assert rows == [(1, "1", '"x'), (2, "2", 'y"')]
    path = tmp_path / "log.csv"
    path.write_text('a,b\n1,"x, y"\n')
    assert read(path)[0] == [(1, "1", "x, y")]


def test_a_quoted_value_may_hold_line_breaks(tmp_path, monkeypatch):
    monkeypatch.setattr(text_tables, "BLOCK_BYTES", 32)
    path = tmp_path / "log.csv"
    path.write_text("a,b\n" + "".join(f'{row},"x\ny"\n' for row in range(1, 20)))
    assert read(path)[0] == [(row, str(row), "x\ny") for row in range(1, 20)]


def test_a_quote_left_open(tmp_path, monkeypatch):
    monkeypatch.setattr(text_tables, "BLOCK_BYTES", 64)
    path = tmp_path / "log.csv"
    path.write_text('a,b\n1,"x\n' + "2,y\n" * 100)
    with pytest.raises(
        LogError, match="a row is longer than 64 bytes; close a quote left open, or give quoted"
    ):
        read(path)


def test_gzip_delimiter_and_encoding(tmp_path):
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress("a;b\n1;Café\n".encode("latin-1")))
    assert read(path, text=CsvFormat(delimiter=";", encoding="latin-1"))[0] == [(1, "1", "Café")]


def test_a_byte_order_mark_is_no_part_of_the_name(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes("a,b\n1,2\n".encode("utf-8-sig"))
    assert read(path)[0] == [(1, "1", "2")]


def test_rows_that_are_not_utf8_are_set_aside(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(b"a,b\n1,ok\n2,Caf\xe9\n3,ok\n")
    rows, malformed = read(path)
    assert [row for row, *_ in rows] == [1, 3]
    assert [(line.row, line.reason) for line in malformed] == [
        (2, 'not UTF-8; give its encoding under [csv] in the mapping file, for example encoding = "latin-1"')
    ]


def test_truncated_gzip(tmp_path):
    path = tmp_path / "log.csv.gz"
    content = "a,b\n" + "".join(f"{row},{row * 7919 % 10007}\n" for row in np.arange(50_000))
    packed = gzip.compress(content.encode())
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(LogError, match=r"log\.csv\.gz: the compressed file is damaged or cut off"):
        read(path)


def test_not_gzip_at_all(tmp_path):
    path = tmp_path / "log.csv.gz"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(LogError, match="damaged or cut off"):
        read(path)


def test_empty_and_header_only(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("")
    with pytest.raises(LogError, match="the file is empty"):
        header_of(path, CsvFormat())
    for text in ("a,b\n", "a,b", "a,b\r\n", "a,b\n\n"):
        path.write_text(text, newline="")
        assert header_of(path, CsvFormat()) == ["a", "b"]
        assert read(path) == ([], [])


def test_missing_column(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("a,bee\n1,2\n")
    with pytest.raises(LogError, match="no column 'b'"):
        read(path)


def test_header_in_another_encoding(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(b"a,caf\xe9\n1,2\n")
    with pytest.raises(LogError, match=r"log\.csv: (not written in utf-8|no column)"):
        read(path)


def test_gzip_is_told_by_its_content(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert read(path)[0] == [(1, "1", "2")]


def test_a_malformed_row_that_is_not_utf8_costs_a_row_and_no_traceback(tmp_path, capfd):
    path = tmp_path / "log.csv"
    path.write_bytes(b"a,b\n1,2\nCaf\xe9\n3,4\n")
    rows, malformed = read(path)
    assert rows == [(1, "1", "2"), (3, "3", "4")]
    assert [(line.row, line.reason, line.text) for line in malformed] == [
        (2, "2 columns expected, 1 found", "Caf\ufffd")
    ]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("block", [16, 17, 18, 19, 1 << 22])
def test_characters_are_whole_wherever_a_block_ends(tmp_path, monkeypatch, block):
    monkeypatch.setattr(text_tables, "BLOCK_BYTES", block)
    path = tmp_path / "log.csv"
    lines = [f"{row},é{'日' * (row % 3)}" for row in range(1, 60)]
    path.write_text("\n".join(["a,b", *lines]))
    assert [f"{a},{b}" for _, a, b in read(path)[0]] == lines


def test_a_line_without_an_end_is_not_an_empty_file(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(b"x" * 10_000_000)
    with pytest.raises(
        LogError, match=r"log\.csv: a row is longer than 4,194,304 bytes; write each row on a line of its own"
    ):
        read(path)
    path.write_bytes(b"a,b\n1,2\n" + b"x" * 10_000_000)
    with pytest.raises(LogError, match="a row is longer than 4,194,304 bytes; write each row on a line"):
        read(path)
    path.write_bytes(b"\n\n\n")
    with pytest.raises(LogError, match="the file is empty"):
        read(path)


def test_a_refused_file_ends_python_as_any_error_does(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(b"x" * 10_000_000)
    code = (
        "from pathlib import Path; from interestclock.events.text_tables import header_of\n"
        "from interestclock.events import CsvFormat\n"
        f"header_of(Path({str(path)!r}), CsvFormat())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("write each row on a line of its own")
