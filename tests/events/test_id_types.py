"""The type of ids does not depend on what comes first, nor on how a log is cut."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.remarks import but_for_1970

from interestclock.errors import ConfigError, LogError
from interestclock.events import ColumnMapping, LogCounts, TableSource, text_tables
from interestclock.events.id_types import settle_id_types
from interestclock.events.id_values import are_integers

HEADER = "user_id,item_id,timestamp_ms"
BIG = (1 << 64) - 1


def write(folder, columns):
    """One file for each column of users."""
    paths = []
    for number, users in enumerate(columns):
        path = folder / f"part-{number}.parquet"
        table = pa.table({"user_id": users, "item_id": pa.array(range(len(users)), pa.int64())})
        pq.write_table(table, path)
        paths.append(path)
    return paths


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([pa.array([1], pa.int16())], pa.int64()),
        ([pa.array([1.0, None])], pa.int64()),
        ([pa.array(["1"])], pa.string()),
        ([pa.array(["1"]).dictionary_encode()], pa.string()),
        ([pa.array(["1"], pa.string_view())], pa.string()),
        ([pa.array([1]), pa.array(["x"])], pa.string()),
        ([pa.array([1], pa.uint64()), pa.array([2])], pa.int64()),
        ([pa.array([1], pa.uint64()), pa.array([2, BIG], pa.uint64())], pa.string()),
        ([pa.nulls(2), pa.array([2])], pa.int64()),
    ],
)
def test_types_of_parquet(tmp_path, columns, expected):
    for order in (columns, columns[::-1]):
        found = settle_id_types(write(tmp_path, order), ColumnMapping())
        assert found.types == {"user_id": expected, "item_id": pa.int64()}


@pytest.mark.parametrize(
    ("users", "expected"),
    [
        (["1", "", "-3"], pa.int64()),
        (["1", "007"], pa.string()),
        (["1", "0", "00"], pa.string()),
        (["", ""], pa.string()),
        (["1", "12345678901234567890"], pa.string()),
        (["7.0"], pa.string()),
    ],
)
def test_types_of_text(tmp_path, users, expected):
    path = tmp_path / "log.csv"
    for order in (users, users[::-1]):
        path.write_text("\n".join(["user_id,item_id", *(f"{user},1" for user in order)]) + "\n")
        assert settle_id_types([path], ColumnMapping()).types["user_id"] == expected


def test_a_column_that_holds_no_ids(tmp_path):
    with pytest.raises(
        LogError, match=r"part-1\.parquet: column 'user_id' holds bool; ids are integers or text"
    ):
        settle_id_types(write(tmp_path, [pa.array([1]), pa.array([True])]), ColumnMapping())


@given(
    st.lists(st.one_of(st.none(), st.text("0123456789-+. a", max_size=20), st.integers().map(str))),
    st.integers(0, 3),
)
def test_integers_against_int64(texts, skipped):
    def is_integer(text):
        return (
            text is not None
            and text.removeprefix("-").isdigit()
            and len(text.removeprefix("-")) <= 18
            and (text == "-0" or str(int(text)) == text)
        )

    column = pa.array(texts, pa.string()).slice(skipped)
    assert are_integers(column).to_pylist() == [is_integer(text) for text in texts[skipped:]]


def rows_of(source):
    return [row for chunk in source.chunks() for row in chunk.drop_columns("log_row").to_pylist()]


def test_guests_after_500_rows_of_numbers(tmp_path, visits):
    users = [str(row % 12) for row in range(500)] + ["guest-7"] * 100
    path = tmp_path / "log.csv"
    for log in (users, users[::-1]):
        path.write_text(
            "\n".join([HEADER, *(f"{user},{row % 20},{row}" for row, user in enumerate(log))]) + "\n"
        )
        for block in (100, 1 << 22):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(text_tables, "BLOCK_BYTES", block)
                source = TableSource(path, visits)
                assert [row["user_id"] for row in rows_of(source)] == log
            assert source.counts.used == 600
            remarks = source.counts.remarks
            where = r"row 501 has 'guest-7'" if log is users else "row 1 has 'guest-7'"
            if log is users:
                assert where in remarks[0]
                assert remarks[0].startswith("column 'user_id' is read as text: it has integers, and ")
    stated = TableSource(path, visits.with_options(id_type="integer"), dead_letters=tmp_path / "dead.jsonl")
    assert {type(row["user_id"]) for row in rows_of(stated)} == {int}
    counts = but_for_1970(stated.counts)
    assert counts.remarks == [
        "column 'user_id': 100 of its 600 rows (16.7%) hold no integer, as id_type has it, and are set "
        "aside: 'guest-7' (100 rows)"
    ]
    assert replace(counts, remarks=[]) == LogCounts(read=600, used=500, dead_letters=100)


@settings(max_examples=40, deadline=None)
@given(
    ids=st.lists(st.sampled_from(["1", "12", "007", "guest-7", "-3", "9" * 19]), min_size=1, max_size=40),
    cuts=st.lists(st.integers(1, 40), max_size=3),
    block=st.integers(60, 200),
)
def test_the_same_rows_give_the_same_answer_however_they_are_cut(tmp_path_factory, ids, cuts, block):
    visits = ColumnMapping(zone="UTC", positive_only="visit", time_unit="ms")
    lines = [f"{user},{user},{row}" for row, user in enumerate(ids)]
    folder = tmp_path_factory.mktemp("log")
    (folder / "whole.csv").write_text("\n".join([HEADER, *lines]))
    ends = sorted({*cuts, len(lines)})  # beyond the last row: a file with a header only
    for number, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        (folder / f"part-{number}.csv").write_text("\n".join([HEADER, *lines[start:end]]))
    whole = rows_of(TableSource(folder / "whole.csv", visits))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_tables, "BLOCK_BYTES", block)
        parts = rows_of(TableSource(folder / "part-*.csv", visits))
    assert parts == whole
    plain = all(str(int(each)) == each for each in ids if each.removeprefix("-").isdigit())
    integers = plain and "guest-7" not in ids and "9" * 19 not in ids
    assert [row["user_id"] for row in whole] == [int(each) if integers else each for each in ids]


def test_ids_that_are_text_wherever_they_are_written(tmp_path, visits):
    (tmp_path / "log.csv").write_text(f"{HEADER}\n1,7,5\n")
    columns = {"user_id": [1.0], "item_id": pa.array([7], pa.uint64()), "timestamp_ms": [5]}
    pq.write_table(pa.table(columns), tmp_path / "log.parquet")
    for name in ("log.csv", "log.parquet"):
        (row,) = rows_of(TableSource(tmp_path / name, visits.with_options(id_type="text")))
        assert (row["user_id"], row["item_id"]) == ("1", "7")


def test_what_is_no_type_of_ids():
    with pytest.raises(ConfigError, match="'id_type' is 'string'; give one of auto, integer, text"):
        ColumnMapping(id_type="string")
