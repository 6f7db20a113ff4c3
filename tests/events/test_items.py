"""Item attributes from their own file."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from interestclock.errors import LogError
from interestclock.events import ColumnMapping
from interestclock.events.items import attach_attributes, read_items

GENRES = ColumnMapping(item_attributes={"genre": "genre", "mood": "mood"}, separator="|")


def write(tmp_path, text):
    path = tmp_path / "items.csv"
    path.write_text(text)
    return path


def test_parquet_lists_and_missing_values(tmp_path):
    path = tmp_path / "items.parquet"
    pq.write_table(
        pa.table({"item_id": [7, 8], "genre": [["pop", "rock"], None], "mood": ["calm", None]}), path
    )
    items = read_items(path, GENRES, pa.int64())
    assert items.column_names == ["item_id", "attribute.genre", "attribute.mood"]
    assert items["attribute.genre"].to_pylist() == [["pop", "rock"], []]
    assert items["attribute.mood"].to_pylist() == [["calm"], []]
    assert items["item_id"].type == pa.int64()
    assert items["attribute.genre"].type == pa.list_(pa.string())


def test_integer_ids_as_text_where_the_log_has_text(tmp_path):
    path = tmp_path / "items.parquet"
    pq.write_table(pa.table({"item_id": [7], "genre": ["pop"], "mood": ["calm"]}), path)
    assert read_items(path, GENRES, pa.string())["item_id"].to_pylist() == ["7"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("item_id,genre,mood\n", "no items; expected one row per 'item_id'"),
        ("item_id,genre,mood\n1,a,b\n1,c,d\n", "'item_id' 1 stands in more than one row"),
        ("item_id,genre,mood\n1,a,b\nx,c,d\n", r"row 2: column 'item_id': expected an id"),
        ("item_id,genre,mood\n1,a\n", "row 1: 3 columns expected, 2 found; correct the items file"),
        ("item_id,genre\n1,a\n", "no column 'mood'"),
    ],
)
def test_refusals(tmp_path, text, message):
    with pytest.raises(LogError, match=message):
        read_items(write(tmp_path, text), GENRES, pa.int64())


def test_another_key_column(tmp_path):
    path = write(tmp_path, "track,genre,mood\na,pop,\n")
    mapping = ColumnMapping(items_key="track", item_attributes=GENRES.item_attributes)
    assert read_items(path, mapping, pa.string())["item_id"].to_pylist() == ["a"]


def test_attach_to_events_not_in_the_table():
    items = pa.table({"item_id": ["a", "b"], "attribute.genre": [["pop"], []]})
    events = attach_attributes(pa.table({"row": [1, 2, 3, 4]}), items, pa.array(["b", "z", None, "a"]))
    assert events["attribute.genre"].to_pylist() == [[], [], [], ["pop"]]
