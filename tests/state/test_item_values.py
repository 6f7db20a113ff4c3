"""Values of items: from their own table, or from the row that first showed each."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.state.item_values import ItemValues

LISTS = pa.list_(pa.string())
NAMES = ("genre", "mood")


def rows_of(items: list[str], genres: list, moods: list | None = None) -> pa.Table:
    moods = [[]] * len(items) if moods is None else moods
    values = {"attribute.genre": pa.array(genres, LISTS), "attribute.mood": pa.array(moods, LISTS)}
    return pa.table({"item_id": pa.array(items, pa.string()), **values})


def named(values: ItemValues, name: str, slots: list[int]) -> list[list[str]]:
    words = values.named(name).to_pylist()
    return [
        [words[number - 1] for number in row if number] for row in values.of(name, np.array(slots)).tolist()
    ]


def test_values_are_those_of_the_row_that_describes_an_item() -> None:
    values = ItemValues(NAMES, None)
    values.describe(np.array([2, 1]), rows_of(["b", "a"], [["rock", "jazz"], None], [["calm"], []]))
    values.describe(np.array([5]), rows_of(["c"], [["jazz", "dub", "ska"]]))
    assert named(values, "genre", [1, 2, 5]) == [[], ["rock", "jazz"], ["jazz", "dub", "ska"]]
    assert named(values, "mood", [1, 2, 5]) == [[], ["calm"], []]
    assert values.named("genre").to_pylist() == ["rock", "jazz", "dub", "ska"]  # as they came
    assert values.without == 1


def test_the_item_table_wins_over_rows_and_lacks_some_items() -> None:
    table = rows_of(["x", "y"], [["soul"], ["folk"]])
    values = ItemValues(NAMES, table)
    values.describe(np.array([1, 2]), pa.table({"item_id": ["y", "unheard of"]}))
    assert named(values, "genre", [1, 2]) == [["folk"], []]
    assert values.without == 1


def test_a_slot_that_is_used_again_has_none_of_the_old_values() -> None:
    values = ItemValues(NAMES, None)
    values.describe(np.array([1]), rows_of(["a"], [["rock", "jazz", "dub"]], [["calm"]]))
    values.describe(np.array([1]), rows_of(["b"], [["soul"]]))
    assert named(values, "genre", [1]) == [["soul"]]
    assert named(values, "mood", [1]) == [[]]


def test_slots_that_nobody_described_have_nothing() -> None:
    values = ItemValues(NAMES, None)
    assert named(values, "genre", [0, 1, 999]) == [[], [], []]
    values.describe(np.zeros(0, np.int32), rows_of([], []))
    assert named(values, "genre", [0]) == [[]]
    assert values.without == 0


DESCRIBED = st.dictionaries(
    st.integers(1, 12),
    st.tuples(*[st.lists(st.sampled_from(["a", "b", "ä", "日本"]), max_size=4, unique=True)] * 2),
    max_size=4,
)


@settings(max_examples=100, deadline=None)
@given(st.lists(DESCRIBED, max_size=6), st.integers(0, 6))
def test_however_items_come_they_are_a_dictionary(turns: list[dict], restored_at: int) -> None:
    values, expected, without = ItemValues(NAMES, None), {}, 0
    for turn, described in enumerate(turns):
        if turn == restored_at:
            state = {name: np.array(each) for name, each in values.state().items()}
            values = ItemValues(NAMES, None)
            values.restore(state)
        genres, moods = ([said[place] for said in described.values()] for place in (0, 1))
        items = [f"item {slot}" for slot in described]
        values.describe(np.array(list(described), np.int32), rows_of(items, genres, moods))
        expected |= described
        without += sum(not any(said) for said in described.values())
        slots = list(range(14))
        for place, name in enumerate(NAMES):
            said = [expected.get(slot, ([], []))[place] for slot in slots]
            assert named(values, name, slots) == said
        assert values.without == without
