from __future__ import annotations

import numpy as np
import pyarrow as pa

from interestclock.samples.item_attributes import ItemAttributes, carried_values

ITEMS = pa.table(
    {
        "item_id": ["a", "b", "c"],
        "attribute.genre": pa.array([["rock", "jazz"], [], ["soul"]]),
        "attribute.mood": pa.array([["calm"], None, ["sad", "calm"]]),
    }
)


def rows(*genres: list[str] | None) -> pa.Table:
    return pa.table({"attribute.genre": pa.array(list(genres), pa.list_(pa.string()))})


def test_the_first_row_that_shows_an_item_settles_its_attributes() -> None:
    seen = ItemAttributes(("genre",), None)
    seen.admit(np.array([1, 2, 1]), rows(["rock"], ["jazz", "soul"], ["punk"]), pa.array(["a", "b", "a"]))
    seen.admit(np.array([2, 3]), rows(["dub"], ["jazz"]), pa.array(["b", "c"]))
    assert seen.padded("genre").tolist() == [[0, 0], [1, 0], [2, 3], [2, 0]]
    assert seen.vocabularies["genre"].values().to_pylist() == ["rock", "jazz", "soul"]


def test_the_item_table_is_asked_only_for_items_the_stream_has_shown() -> None:
    seen = ItemAttributes(("genre", "mood"), ITEMS)
    seen.admit(np.array([1, 2]), pa.table({}), pa.array(["c", "a"]))
    assert seen.padded("genre").tolist() == [[0, 0], [1, 0], [2, 3]]
    assert seen.padded("mood").tolist() == [[0, 0], [1, 2], [2, 0]]
    assert seen.vocabularies["genre"].values().to_pylist() == ["soul", "rock", "jazz"]


def test_items_without_attributes_are_counted_once() -> None:
    seen = ItemAttributes(("genre", "mood"), ITEMS)
    seen.admit(np.array([1, 2, 3]), pa.table({}), pa.array(["b", "nowhere", "c"]))
    seen.admit(np.array([1, 2]), pa.table({}), pa.array(["b", "nowhere"]))
    assert seen.without == 2
    assert seen.padded("genre").tolist() == [[0], [0], [0], [1]]


def test_an_item_with_one_of_its_attributes_is_not_without() -> None:
    table = pa.table({"item_id": [1], "attribute.genre": [["rock"]], "attribute.mood": [[]]})
    seen = ItemAttributes(("genre", "mood"), table.cast(_schema()))
    seen.admit(np.array([1]), pa.table({}), pa.array([1]))
    assert seen.without == 0


def test_a_log_without_attributes_asks_for_none() -> None:
    seen = ItemAttributes((), None)
    seen.admit(np.array([1, 2]), pa.table({"user_id": [7, 7]}), pa.array([5, 6]))
    assert seen.without == 0
    assert seen.vocabularies == {}


def test_carried_values_name_each_item_and_value_once() -> None:
    padded = np.array([[0, 0], [2, 1], [0, 0], [1, 0]], np.int32)
    table = carried_values("genre", padded, pa.array(["rock", "jazz"]))
    assert table.to_pylist() == [
        {"item": 1, "attribute": "genre", "value": "jazz"},
        {"item": 1, "attribute": "genre", "value": "rock"},
        {"item": 3, "attribute": "genre", "value": "rock"},
    ]


def test_no_item_carries_no_value() -> None:
    table = carried_values("genre", np.zeros((1, 1), np.int32), pa.array([], pa.string()))
    assert table.num_rows == 0


def _schema() -> pa.Schema:
    lists = pa.list_(pa.string())
    return pa.schema([("item_id", pa.int64()), ("attribute.genre", lists), ("attribute.mood", lists)])
