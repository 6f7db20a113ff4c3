"""Values of items: from their own table, or from the row that first showed each."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.state.item_descriptions import Descriptions
from interestclock.state.item_values import ItemValues

LISTS = pa.list_(pa.string())
NAMES = ("genre", "mood")


def rows_of(items: list[str], genres: list, moods: list | None = None) -> pa.Table:
    moods = [[]] * len(items) if moods is None else moods
    values = {"attribute.genre": pa.array(genres, LISTS), "attribute.mood": pa.array(moods, LISTS)}
    return pa.table({"item_id": pa.array(items, pa.string()), **values})


def describe(values: ItemValues, items: np.ndarray, rows: pa.Table) -> None:
    values.describe(Descriptions.of_rows(items, rows))


def named(values: ItemValues, name: str, slots: list[int]) -> list[list[str]]:
    words = values.named(name).to_pylist()
    return [
        [words[number - 1] for number in row if number] for row in values.of(name, np.array(slots)).tolist()
    ]


def test_values_are_those_of_the_row_that_describes_an_item() -> None:
    values = ItemValues(NAMES, None)
    describe(values, np.array([2, 1]), rows_of(["b", "a"], [["rock", "jazz"], None], [["calm"], []]))
    describe(values, np.array([5]), rows_of(["c"], [["jazz", "dub", "ska"]]))
    assert named(values, "genre", [1, 2, 5]) == [[], ["rock", "jazz"], ["jazz", "dub", "ska"]]
    assert named(values, "mood", [1, 2, 5]) == [[], ["calm"], []]
    assert values.named("genre").to_pylist() == ["rock", "jazz", "dub", "ska"]  # as they came
    assert values.without == 1


def test_the_item_table_wins_over_rows_and_lacks_some_items() -> None:
    table = rows_of(["x", "y"], [["soul"], ["folk"]])
    values = ItemValues(NAMES, table)
    describe(values, np.array([1, 2]), pa.table({"item_id": ["y", "unheard of"]}))
    assert named(values, "genre", [1, 2]) == [["folk"], []]
    assert values.without == 1


def test_a_slot_that_is_used_again_has_none_of_the_old_values() -> None:
    values = ItemValues(NAMES, None)
    describe(values, np.array([1]), rows_of(["a"], [["rock", "jazz", "dub"]], [["calm"]]))
    describe(values, np.array([1]), rows_of(["b"], [["soul"]]))
    assert named(values, "genre", [1]) == [["soul"]]
    assert named(values, "mood", [1]) == [[]]


def test_slots_that_nobody_described_have_nothing() -> None:
    values = ItemValues(NAMES, None)
    assert named(values, "genre", [0, 1, 999]) == [[], [], []]
    describe(values, np.zeros(0, np.int32), rows_of([], []))
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
        describe(values, np.array(list(described), np.int32), rows_of(items, genres, moods))
        expected |= described
        without += sum(not any(said) for said in described.values())
        slots = list(range(14))
        for place, name in enumerate(NAMES):
            said = [expected.get(slot, ([], []))[place] for slot in slots]
            assert named(values, name, slots) == said
        assert values.without == without


def change(
    values: ItemValues,
    item: int,
    from_ms: int,
    genre: list[str],
    *,
    shown: bool = True,
    final: bool = False,
    stated_ms: int | None = None,
) -> None:
    one = np.ones(1, np.bool_)
    said = Descriptions(
        item_R=np.array([item]),
        rows=rows_of([str(item)], [genre]),
        by_message_R=one,
        first_R=~one,
        shown_R=np.array([shown]),
        stated_ms_R=np.array([from_ms if stated_ms is None else stated_ms]),
        from_ms_R=np.array([from_ms]),
        final_R=np.array([final]),
    )
    values.describe(said)


def as_of(values: ItemValues, item: int, *moments: int) -> list[list[str]]:
    words = values.named("genre").to_pylist()
    items = np.full(len(moments), item)
    numbers = values.of("genre", items, at_ms=np.array(moments)).tolist()
    return [[words[number - 1] for number in row if number] for row in numbers]


def test_an_item_is_what_it_was_at_each_moment() -> None:
    values = ItemValues(NAMES, None)
    describe(values, np.array([1, 2]), rows_of(["a", "b"], [["rock"], ["jazz"]]))
    change(values, 1, 50, ["dub", "ska", "folk"])
    change(values, 1, 20, ["soul"])
    change(values, 1, 50, ["pop"])  # of two at one moment the later said
    assert as_of(values, 1, 0, 19, 20, 49, 50, 99) == [
        ["rock"],
        ["rock"],
        ["soul"],
        ["soul"],
        ["pop"],
        ["pop"],
    ]
    assert (as_of(values, 2, 99), named(values, "genre", [1])) == ([["jazz"]], [["pop"]])
    assert (values.changes.between(20, 50), values.changes.between(50, 19), values.changes.count) == (
        [1],
        [1],
        3,
    )
    change(values, 1, 60, ["pop"])  # as it is already
    change(values, 2, 10, ["old"], shown=False)
    assert (values.changes.count, as_of(values, 2, 9, 10)) == (4, [["jazz"], ["old"]])


def test_what_repeats_holds_on_though_an_earlier_change_comes_later() -> None:
    values = ItemValues(NAMES, None)
    describe(values, np.array([1]), rows_of(["a"], [["rock"]]))
    change(values, 1, 300, ["rock"])
    change(values, 1, 200, ["jazz"])
    assert as_of(values, 1, 199, 200, 299, 300) == [["rock"], ["jazz"], ["jazz"], ["rock"]]
    assert values.changes.count == 1
    change(values, 1, 400, ["rock"], final=True)
    assert values.changes.between(301, 999) == []  # nothing can come between, so that nothing is kept


def test_a_message_changes_what_the_item_table_says_from_its_moment_on() -> None:
    values = ItemValues(NAMES, rows_of(["x", "y"], [["soul"], ["folk"]]))
    one, no = np.ones(1, np.bool_), np.zeros(1, np.bool_)
    for item, name in ((1, "x"), (2, "unheard of")):
        said = Descriptions(
            item_R=np.array([item]),
            rows=rows_of([name], [["jazz"]]),
            by_message_R=one,
            first_R=one,
            shown_R=no,
            stated_ms_R=np.array([50]),
            from_ms_R=np.array([50]),
            final_R=no,
        )
        whole = values.with_table(said)
        values.describe(whole)
        assert whole.item_R.tolist() == [item] * (2 if name == "x" else 1)
    assert as_of(values, 1, 49, 50) == [["soul"], ["jazz"]]
    assert as_of(values, 2, 49, 50) == [["jazz"], ["jazz"]]


def test_what_is_asked_for_no_more_is_dropped_and_the_rest_restored() -> None:
    values = ItemValues(NAMES, None)
    describe(values, np.array([1, 2]), rows_of(["a", "b"], [["rock"], ["jazz"]]))
    for item, from_ms, genre in ((1, 20, "soul"), (1, 50, "pop"), (2, 30, "dub")):
        change(values, item, from_ms, [genre])
    assert values.drop_before(40).tolist() == [1, 2]
    other = ItemValues(NAMES, None)
    other.restore({name: np.array(each) for name, each in values.state().items()})
    for each in (values, other):
        assert as_of(each, 1, 40, 49, 50) == [["soul"], ["soul"], ["pop"]]
        assert as_of(each, 2, 40) == [["dub"]]
        assert each.changes.between(0, 99) == [1]
        each.forget(np.array([1, 2]))
        assert each.changes.between(0, 99) == []


def test_a_message_that_comes_again_does_not_bring_back_what_it_said() -> None:
    values = ItemValues(NAMES, None)
    describe(values, np.array([1]), rows_of(["a"], [["rock"]]))
    for from_ms, stated_ms, genre in ((501, 100, "jazz"), (502, 200, "dub"), (503, 100, "jazz")):
        change(values, 1, from_ms, [genre], stated_ms=stated_ms)
    assert as_of(values, 1, 500, 501, 502, 503) == [["rock"], ["jazz"], ["dub"], ["dub"]]
    values.drop_before(600)
    change(values, 1, 700, ["jazz"], stated_ms=100)
    assert as_of(values, 1, 700) == [["dub"]]
