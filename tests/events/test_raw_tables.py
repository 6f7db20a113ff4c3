"""Files, columns and Parquet batches."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from interestclock.errors import LogError
from interestclock.events.raw_tables import BATCH_ROWS, check_columns, parquet_blocks, plain


def test_missing_column_names_the_closest(tmp_path):
    with pytest.raises(LogError, match=r"no column 'user' \(closest: 'user_id'\); it has user_id, song"):
        check_columns(tmp_path / "a.csv", ["user_id", "song"], ["song", "user"])


@pytest.mark.parametrize("ratio", ["played/length", "played * 2", "(played - length) / length"])
def test_a_ratio_for_a_label_is_told_what_it_lacks(ratio, tmp_path):
    says = re.escape(f", and it compares nothing: a label is 0 or 1, as '{ratio} >= 0.8' is; it has played, ")
    with pytest.raises(LogError, match=says):
        check_columns(tmp_path / "a.csv", ["played", "length"], [ratio])


def test_a_name_with_a_dash_is_no_ratio(tmp_path):
    with pytest.raises(LogError, match=r"no column 're-plays' \(closest: 'plays'\); it has plays"):
        check_columns(tmp_path / "a.csv", ["plays"], ["re-plays"])


def test_wrong_delimiter_is_suspected(tmp_path):
    with pytest.raises(LogError, match=r"is the delimiter right\?"):
        check_columns(tmp_path / "a.csv", ["user;item"], ["user"])


def test_column_twice(tmp_path):
    with pytest.raises(LogError, match="2 columns are called 'user'; rename all but one"):
        check_columns(tmp_path / "a.csv", ["user", "user"], ["user"])


def test_rows_are_numbered_across_batches(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"u": range(BATCH_ROWS + 2), "unread": range(BATCH_ROWS + 2)}), path)
    blocks = list(parquet_blocks(path, ["u"]))
    assert [len(block.row_N) for block in blocks] == [BATCH_ROWS, 2]
    assert blocks[1].row_N.tolist() == [BATCH_ROWS + 1, BATCH_ROWS + 2]
    assert blocks[0].table.column_names == ["u"]


def test_dictionary_columns_and_dotted_names(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"label.finish": pa.array(["a", "b"]).dictionary_encode()}), path)
    (block,) = parquet_blocks(path, ["label.finish"])
    assert block.table["label.finish"].type == pa.string()


def test_views_of_text_and_runs_are_text(tmp_path):
    path = tmp_path / "a.parquet"
    views = pa.array(["a", None, "a"], pa.string_view())
    pq.write_table(pa.table({"u": views}), path)
    (block,) = parquet_blocks(path, ["u"])
    assert block.table["u"].type == pa.string()
    assert block.table["u"].to_pylist() == ["a", None, "a"]
    runs = pa.RunEndEncodedArray.from_arrays([1, 3], ["a", "b"])
    assert plain(pa.table({"u": runs}))["u"].to_pylist() == ["a", "b", "b"]


@pytest.mark.parametrize("keep", [0, 7, 200])
def test_truncated_file(tmp_path, keep):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"u": range(1_000)}), path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(LogError, match=r"a\.parquet: cannot be read as Parquet.*copy or write it again"):
        list(parquet_blocks(path, ["u"]))


def test_damage_in_the_middle(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"u": [f"user {row}" for row in range(5_000)]}), path, compression="gzip")
    content = bytearray(path.read_bytes())
    content[100:2_000] = bytes(1_900)
    path.write_bytes(content)
    with pytest.raises(LogError, match="cannot be read as Parquet"):
        list(parquet_blocks(path, ["u"]))


def test_codes_and_lists_of_views_become_plain() -> None:
    views = pa.array(["a", None, "b"], pa.string_view())
    codes = pa.DictionaryArray.from_arrays(pa.array([2, 0, None]), views)
    lists = pa.ListArray.from_arrays([0, 2, 3], views)
    made = plain(pa.table({"codes": codes, "twice": pa.array(["x"] * 3).dictionary_encode()}))
    assert made.schema.types == [pa.string(), pa.string()]
    assert made["codes"].to_pylist() == ["b", "a", None]
    assert plain(pa.table({"lists": lists}))["lists"].to_pylist() == [["a", None], ["b"]]
    assert plain(pa.table({"lists": lists})).schema.types == [pa.list_(pa.string())]
    assert plain(pa.table({"codes": codes}).slice(3)).schema.types == [pa.string()]
