"""A quote left open: the rows it takes in are not lost without a word."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.remarks import but_for_1970

from interestclock.errors import LogError
from interestclock.events import CsvFormat, LogCounts, TableSource, text_tables
from interestclock.events.raw_tables import MalformedLine
from interestclock.events.text_tables import text_blocks

HEADER = "user_id,item_id,timestamp_ms,note"
REMEDY = r"close it, or give quoted = false under \[csv\]"


def log_with(tmp_path, lines):
    path = tmp_path / "log.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return path


def rows(count):
    return [f"{row % 12},i{row % 20},{row},n" for row in range(1, count + 1)]


@pytest.mark.parametrize("column", [0, 1, 2, 3])
def test_a_quote_left_open_at_line_701_of_1500(tmp_path, visits, column):
    lines = rows(1_500)
    values = lines[700].split(",")
    values[column] = '"' + values[column]
    lines[700] = ",".join(values)
    path = log_with(tmp_path, lines)
    with pytest.raises(
        LogError, match=rf"log\.csv, row 701: (takes in 800 lines|a quote takes in the 799 rows).*{REMEDY}"
    ):
        list(TableSource(path, visits, dead_letters=tmp_path / "dead.jsonl").chunks())


def test_a_quote_that_another_one_closes(tmp_path, visits):
    lines = rows(1_500)
    lines[700] = '5,i1,701,"n'
    lines[900] = '5,i1,901,"n"'  # together they are one row of four values
    with pytest.raises(LogError, match=rf"row 701: a quote takes in the 200 rows below it; {REMEDY}"):
        list(TableSource(log_with(tmp_path, lines), visits, dead_letters=tmp_path / "dead.jsonl").chunks())


def test_a_malformed_row_counts_as_the_lines_it_takes_in(tmp_path, visits):
    lines = rows(30)
    lines[9] = '5,"i1,10,n'
    lines[12] = '6",i2,13,n'
    source = TableSource(log_with(tmp_path, lines), visits, dead_letters=tmp_path / "dead.jsonl")
    used = [row for chunk in source.chunks() for row in chunk["log_row"].to_pylist()]
    assert but_for_1970(source.counts) == LogCounts(read=30, used=26, dead_letters=4)
    assert source.counts.add_up()
    assert len(used) == 26
    assert but_for_1970(source.counts).remarks == []


def test_a_few_lines_in_quotes_are_said(tmp_path, visits):
    lines = rows(30)
    lines[9] = '5,i1,10,"n'
    lines[12] = '6,i2,13,n"'
    source = TableSource(log_with(tmp_path, lines), visits)
    assert sum(chunk.num_rows for chunk in source.chunks()) == 27
    assert but_for_1970(source.counts).remarks == [
        "3 lines stand inside quoted values and are no rows; where no value has several lines, a "
        "quote is left open"
    ]


def test_lines_are_those_of_the_file():
    text = "5,a\u2028b\x0bc,\r\n\r\n6,d\n"
    assert MalformedLine(row=1, reason="", text=text).lines == 2


def test_texts_of_many_lines_are_texts(tmp_path, visits):
    text = "\n".join(f"line {line}, and so on, and on" for line in range(40))
    lines = [f'{row % 12},i{row},{row},"{text}"' for row in range(20)]
    source = TableSource(log_with(tmp_path, lines), visits)
    assert sum(chunk.num_rows for chunk in source.chunks()) == 20


@settings(max_examples=30, deadline=None)
@given(at=st.integers(0, 199), column=st.integers(0, 3), block=st.integers(60, 400), empty=st.booleans())
def test_wherever_it_is_and_however_the_file_is_cut(tmp_path_factory, at, column, block, empty):
    """Either an error, or every line is a row, or counted among the malformed."""
    lines = rows(200)
    values = lines[at].split(",")
    values[column] = '"' + values[column]
    lines[at] = ",".join(values)
    path = log_with(tmp_path_factory.mktemp("quotes"), [*lines, *["", ""] * empty])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_tables, "BLOCK_BYTES", block)
        try:
            blocks = list(text_blocks(path, ["user_id"], CsvFormat()))
        except LogError:
            return
    read, swallowed = sum(each.rows_read for each in blocks), 200 - at - 1
    assert read + swallowed == 200 if column == 3 else read == 200
    assert swallowed <= 10
