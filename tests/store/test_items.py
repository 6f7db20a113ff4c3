"""Items in a store: listed and ranked as in memory, whether anybody was shown them or not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from admitted_logs import DAY_MS, SCHEMA, START_MS, Shown, Told, as_items, as_table
from fed_state import CLOCKS, FOREVER, new_state
from stored_state import item_ids, keep

from interestclock.errors import ResultError
from interestclock.samples import BatchMaker, Rows
from interestclock.state import FeatureState, FeatureView, StateConfig
from interestclock.store import LmdbStore, StoreView, StoreWriter


@pytest.fixture
def stored(tmp_path: Path) -> Callable[[FeatureState], StoreView]:
    """A state's store as of now."""
    with ExitStack() as opened:

        def commit(state: FeatureState) -> StoreView:
            with StoreWriter(tmp_path, schema=SCHEMA, config=state.config, map_bytes=1 << 20) as writer:
                keep(writer, state, writer.position + 1, START_MS)
                store = opened.enter_context(LmdbStore(tmp_path))
                return opened.enter_context(store.snapshot())

        yield commit


def told(*items: Told) -> tuple[pa.Table, pa.Table | None]:
    return as_table([]), as_items(list(items))


def listed(view: FeatureState | StoreView, at_ms: int, *having: str, limit: int = 99) -> list[str]:
    return item_ids(view, view.list_items(at_ms=at_ms, limit=limit, having=having or None))


def test_an_item_stands_in_the_lists_of_all_that_it_was_and_is(
    stored: Callable[[FeatureState], StoreView],
) -> None:
    state = new_state()
    state.ingest(*told(Told("i1", START_MS, ("a", "zulu"), ()), Told("i2", START_MS, ("a",), ())))
    stored(state)
    state.ingest(*told(Told("i1", START_MS + 50, ("zulu", "neu"), ("calm",))))
    view = stored(state)
    assert listed(view, START_MS, "genre", "a") == ["i2", "i1"]
    assert listed(view, START_MS + 50, "genre", "a") == ["i2"]
    assert listed(view, START_MS, "genre", "zulu") == listed(view, START_MS + 50, "genre", "zulu") == ["i1"]
    assert listed(view, START_MS + 49, "genre", "neu") == []
    assert (
        listed(view, START_MS + 50, "genre", "neu") == listed(view, START_MS + 50, "mood", "calm") == ["i1"]
    )
    state.pass_midnight(START_MS + 3 * DAY_MS)  # nobody asks any more what it was before
    view = stored(state)
    at_ms = state.complete_from_ms
    assert listed(view, at_ms, "genre", "a") == listed(state, at_ms, "genre", "a") == ["i2"]
    assert [len(list(view._reader.slots_in(view._list_of("genre", each)))) for each in ("a", "neu")] == [1, 1]


def test_who_has_the_slot_of_one_that_left_has_none_of_its_lists(
    stored: Callable[[FeatureState], StoreView],
) -> None:
    state = new_state(StateConfig(clocks=CLOCKS, keep_hours=0.0, forget_after_days=0.5))
    state.ingest(*told(Told("i1", START_MS, ("a",), ())))
    stored(state)
    for day in (1, 2):
        state.pass_midnight(START_MS + day * DAY_MS)
    state.ingest(*told(Told("i2", START_MS, ("zulu",), ()), Told("i1", START_MS, ("neu",), ())))
    view, at_ms = stored(state), START_MS + 2 * DAY_MS
    assert view.slots("item", pa.array(["i2", "i1"])).tolist() == [1, 2]
    assert listed(view, at_ms) == ["i1", "i2"]
    assert [listed(view, at_ms, "genre", each) for each in ("a", "zulu", "neu")] == [[], ["i2"], ["i1"]]


def test_a_limit_is_filled_behind_items_that_are_something_else_then(
    stored: Callable[[FeatureState], StoreView],
) -> None:
    state = new_state()
    state.ingest(*told(*(Told(f"n{each}", START_MS, ("a",), ()) for each in range(9))))
    state.ingest(*told(*(Told(f"n{each}", START_MS + 5, (), ()) for each in (8, 7, 5, 3))))
    view = stored(state)
    for limit in range(7):
        expected = ["n6", "n4", "n2", "n1", "n0"][:limit]
        assert listed(view, START_MS + 5, "genre", "a", limit=limit) == expected
        assert listed(state, START_MS + 5, "genre", "a", limit=limit) == expected


def test_what_cannot_be_listed(stored: Callable[[FeatureState], StoreView]) -> None:
    state = new_state()
    state.ingest(*told(Told("i1", START_MS, ("a",), ())))
    state.pass_midnight(START_MS + DAY_MS)
    view, now_ms = stored(state), START_MS + DAY_MS
    assert view.list_items(at_ms=now_ms, limit=0).dtype == np.int32
    with pytest.raises(ValueError, match="no attribute 'gender'; list them by one of genre, mood"):
        view.list_items(at_ms=now_ms, limit=9, having=("gender", "a"))
    with pytest.raises(ValueError, match="limit is -1; give 0 or more items"):
        view.list_items(at_ms=now_ms, limit=-1)
    with pytest.raises(ValueError, match="they are kept from"):
        view.list_items(at_ms=view.complete_from_ms - 1, limit=9)
    view._reader.end()
    with pytest.raises(ResultError, match="the snapshot has ended"):
        view.list_items(at_ms=now_ms, limit=9)


def test_an_item_that_nobody_was_shown_is_ranked_as_any_other(
    stored: Callable[[FeatureState], StoreView],
) -> None:
    table = pa.table({"item_id": ["t1"], "attribute.genre": [["zulu"]], "attribute.mood": pa.array([["x"]])})
    state = new_state(FOREVER, items=table)
    state.admit_catalogue()
    state.ingest(
        as_table([Shown("ann", "i1", START_MS, 0, (), ())]), as_items([Told("i2", START_MS, ("a",), (), 1)])
    )
    views: list[FeatureView] = [state, stored(state)]
    batches = []
    for view in views:
        user, items = view.slots("user", pa.array(["ann"])), view.list_items(at_ms=START_MS + 9, limit=9)
        assert items.tolist() == [3, 2, 1]
        every = np.full(items.size, START_MS + 9)
        rows = Rows(
            user_B=np.repeat(user, items.size),
            item_B=items,
            request_B=0 * every,
            timestamp_ms_B=every,
            second_of_day_B=0 * every,
            day_of_week_B=0 * every,
            known_ms_B=every,
        )
        batch = BatchMaker(recent=2, clocks=True).make(rows, view)
        values = [
            view.item_values(name, items, at_ms=START_MS + 9).any(axis=1).tolist()
            for name in SCHEMA.attributes
        ]
        assert values == [[True, False, True], [False, False, True]]
        batches.append({name: each.tolist() for name, each in vars(batch).items() if hasattr(each, "tolist")})
    assert batches[0]["item_B"] == [3, 2, 1]
    assert batches[0] == batches[1]
