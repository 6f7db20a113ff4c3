"""That columns of text are integers is told fast, and never where a look at each row says something else."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path
from unittest import mock

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.errors import LogError
from interestclock.events import ColumnMapping, id_types, plain_ids, text_tables
from interestclock.events.id_types import settle_id_types
from interestclock.events.plain_ids import hold_plain_integers
from interestclock.mapping_keys import CsvFormat

COMMA = CsvFormat(delimiter=",")
VALUES = ["7", "12", "", "0", "007", "-3", "7.0", "guest", '"7"', "123456789012345678", "1234567890123456789"]
NOTES = ["", "x", '"a,b"', '"two\nlines"', '"7,8\n9,10,11"', "1,2", "é", "\r"]


def kinds(path: Path, mapping: ColumnMapping) -> object:
    try:
        return settle_id_types([path], mapping).types
    except LogError as error:
        return str(error)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.tuples(st.sampled_from(VALUES[:2] * 8 + VALUES), st.sampled_from(VALUES[:4] * 8 + VALUES))
        .flatmap(lambda ids: st.tuples(st.just(ids), st.sampled_from(NOTES[:2] * 8 + NOTES))),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(["\n", "\r\n", "\n\n"]),
    st.booleans(),
    st.integers(8, 60),
    st.permutations(["user_id", "item_id", "note"]),
)  # fmt: skip
def test_what_is_told_fast_is_what_the_rows_say(rows, end, quoted, block_bytes, order) -> None:
    lines = []
    for (user, item), note in [(("7", "12"), "a row"), *rows]:
        by_name = {"user_id": user, "item_id": item, "note": note}
        lines.append(",".join(by_name[name] for name in order))
    mapping = ColumnMapping(csv=CsvFormat(quoted=quoted))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(end.join([",".join(order), *lines, ""]).encode())
        with mock.patch.object(id_types, "columns_of_plain_integers", return_value=[]):
            slow = kinds(path, mapping)
        with (
            mock.patch.object(text_tables, "_FEW_BYTES", 0),
            mock.patch.object(plain_ids, "_BLOCK_BYTES", block_bytes),
        ):
            plain = text_tables.columns_of_plain_integers(path, ["user_id", "item_id"], mapping.csv)
            fast = kinds(path, mapping)
    if isinstance(slow, dict):
        assert fast == slow
        assert all(slow[column] == pa.int64() for column in plain)
    else:
        assert fast == slow or isinstance(fast, dict)  # it is refused when it is read


@pytest.mark.parametrize(
    ("text", "places", "plain"),
    [
        ("u,i,n\n1,2,x\n34,56,y", [0, 1], True),
        ("u,i\r\n1,2\r\n34,56\r\n", [0, 1], True),
        ("u,i\n1,2\n34,\n", [0, 1], True),
        ("u,i\n1,\n34,\n", [0, 1], False),  # nothing in a column tells nothing
        ("u,i\n1,2\n34\n", [0, 1], False),
        ("u,i\n1,2\n007,3\n", [0], False),
        ("u,i\n1,2\n0,3\n", [0], True),
        ("u,i\n1,2\n-1,3\n", [0], False),
        ('u,n,i\n1,"a,5",2\n', [2], False),
        ('u,i,n\n1,2,"a,5\n7,8,""b"\n', [0, 1], True),
        ('"u","i"\n1,2\n', [0, 1], True),
        ("u,i\n", [0], False),
        ("", [0], False),
    ],
)
def test_by_hand(tmp_path: Path, text: str, places: list[int], plain: bool) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    assert hold_plain_integers(path, places, COMMA) == plain
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(text.encode()))
    assert hold_plain_integers(tmp_path / "b.csv.gz", places, COMMA) == plain


def test_a_log_of_many_rows_is_not_split_twice(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("user_id,item_id,note\n" + "17,4,some words\n" * 300_000)
    with mock.patch.object(id_types, "read_blocks", side_effect=AssertionError):
        assert set(settle_id_types([path], ColumnMapping()).types.values()) == {pa.int64()}
    path.write_text("user_id,item_id,note\n" + "17,4,some words\n" * 300_000 + "guest-7,4,x\n")
    found = settle_id_types([path], ColumnMapping())
    assert found.types == {"user_id": pa.string(), "item_id": pa.int64()}
    (remark,) = found.remarks
    assert "row 300001 has 'guest-7'" in remark


@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["7", "42"] * 10 + ["x", "07"]), st.integers(0, 40), st.sampled_from("\n\r")
        ),
        min_size=1,
        max_size=9,
    ),
    st.integers(1, 300),
    st.booleans(),
)
def test_long_lines_end_at_any_byte(rows, block_bytes, ended) -> None:
    text = "".join(f"{value},{'n' * length}{end}" for value, length, end in rows)
    text = text if ended else text[:-1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(b"id,note\n" + text.encode())
        with mock.patch.object(plain_ids, "_BLOCK_BYTES", block_bytes):
            told = hold_plain_integers(path, [0], COMMA)
    assert told == all(value in ("7", "42") for value, _, _ in rows)
