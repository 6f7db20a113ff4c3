"""Items by an attribute's value, newest first; and those of a table that nobody was shown."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from admitted_logs import (
    DAY_MS,
    SCHEMA,
    START_MS,
    STEP_MS,
    AdmittedLog,
    Shown,
    Told,
    admitted_logs,
    as_items,
    as_table,
    micro_batches,
)
from fed_state import CLOCKS, FOREVER, copied, feed, new_state, values_of
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_state import PlainState

from interestclock.events.schema import LogSchema
from interestclock.state import FeatureState, StateConfig

CUTS = st.lists(st.integers(0, 120), max_size=12)
CONFIGS = st.builds(
    StateConfig,
    clocks=st.just(CLOCKS),
    longest=st.sampled_from([None, 1]),
    waits_ms=st.just(FOREVER.waits_ms),
    keep_hours=st.sampled_from([0.0, 24.0]),
    forget_after_days=st.sampled_from([None, 0.5, 2.0]),
)
NOW_MS = START_MS + 99 * DAY_MS


def listed(state: FeatureState, **asked: object) -> list[str]:
    return state.items.ids(state.list_items(**{"at_ms": NOW_MS, "limit": 99, **asked})).to_pylist()


def told(item: str, from_ms: int, *genre: str) -> pa.Table:
    return as_items([Told(item, from_ms, genre, ())])


def table_of(*items: tuple[str, list[str]]) -> pa.Table:
    lists = pa.list_(pa.string())
    return pa.table(
        {
            "item_id": pa.array([item for item, _ in items], pa.string()),
            "attribute.genre": pa.array([genres for _, genres in items], lists),
            "attribute.mood": pa.array([[] for _ in items], lists),
        }
    )


@settings(max_examples=40, deadline=None)
@given(admitted_logs(), CUTS, CONFIGS, st.data())
def test_a_listing_is_a_scan_of_what_all_items_are(
    log: AdmittedLog, cuts: list[int], config: StateConfig, data: st.DataObject
) -> None:
    state, plain = new_state(config), PlainState(config)
    for stop, piece in micro_batches(log, cuts):
        feed(state, piece, log.watermark_ms[stop - 1])
        for step in piece:
            plain.step(step)
        if data.draw(st.booleans()):
            state = copied(state)
    newest_first = list(plain.items)[::-1]
    limit, steps = data.draw(st.integers(0, 6)), data.draw(st.integers(0, 48))
    at_ms = max(START_MS, state.complete_from_ms) + steps * STEP_MS
    assert listed(state, at_ms=at_ms, limit=limit) == newest_first[:limit]
    for name, value in (("genre", "a"), ("genre", "neu"), ("genre", "zulu"), ("mood", "calm"), ("mood", "a")):
        those = [item for item in newest_first if value in plain.items[item].as_of(at_ms)[name]]
        assert listed(state, at_ms=at_ms, limit=limit, having=(name, value)) == those[:limit]


def test_an_item_that_was_only_described_is_there_at_once() -> None:
    state = new_state()
    state.changes()
    state.ingest(as_table([]), told("i1", START_MS, "a"))
    assert state.changes().items.ids.to_pylist() == ["i1"]
    assert listed(state, having=("genre", "a"), at_ms=START_MS - 1) == ["i1"]  # it holds for its past, too


def test_what_an_item_becomes_counts_from_its_moment_on() -> None:
    state = new_state()
    state.ingest(as_table([Shown("ann", "i1", START_MS, 0, ("a",), ())]), told("i2", START_MS, "a"))
    state.ingest(as_table([]), told("i1", START_MS + 50, "neu"))
    assert listed(state, having=("genre", "a"), at_ms=START_MS + 49) == ["i1", "i2"]
    assert listed(state, having=("genre", "a"), at_ms=START_MS + 50) == ["i2"]
    assert listed(state, having=("genre", "neu"), at_ms=START_MS + 50) == ["i1"]


def test_a_schema_without_attributes_keeps_items() -> None:
    schema = LogSchema(labels=("finish",))
    state = FeatureState(schema, items=None, config=StateConfig())
    said = as_items([Told("i1", START_MS, (), ()), Told("i2", START_MS, (), ())])
    state.ingest(as_table([]), said.drop_columns(["attribute.genre", "attribute.mood"]))
    assert listed(state) == ["i2", "i1"]
    with pytest.raises(ValueError, match="items have no attribute 'genre'; list them by one of none"):
        listed(state, having=("genre", "a"))


def test_what_cannot_be_listed() -> None:
    state = new_state()
    state.ingest(as_table([]), told("i1", START_MS, "a"))
    assert listed(state, limit=0) == listed(state, having=("genre", "none has it")) == []
    assert state.list_items(at_ms=0, limit=0).dtype == np.int32
    with pytest.raises(ValueError, match="no attribute 'gender'; list them by one of genre, mood"):
        listed(state, having=("gender", "a"))
    with pytest.raises(ValueError, match="limit is -1; give 0 or more items"):
        listed(state, limit=-1)
    state.pass_midnight(START_MS + DAY_MS)
    with pytest.raises(ValueError, match="they are kept from"):
        listed(state, at_ms=state.complete_from_ms - 1)


def test_a_catalogue_is_there_from_the_beginning_and_stays() -> None:
    config = StateConfig(clocks=CLOCKS, longest=1, keep_hours=0.0, forget_after_days=0.5)
    table = table_of(("t1", ["a"]), ("t2", ["zulu"]))
    state = new_state(config, items=table)
    assert listed(state) == []  # a trainer looks its table up, and needs no catalogue
    state.admit_catalogue()
    state.ingest(as_table([Shown("ann", "t2", START_MS, 0, (), ())]), told("i1", START_MS, "a"))
    state.ingest(as_table([]), told("t1", START_MS + 5, "neu"))
    assert listed(state) == ["i1", "t2", "t1"]
    assert listed(state, having=("genre", "a"), at_ms=START_MS + 4) == ["i1", "t1"]
    for day in range(1, 5):
        state.pass_midnight(START_MS + day * DAY_MS)
    assert listed(state) == ["t2", "t1"]
    assert listed(state, having=("genre", "neu")) == ["t1"]


def test_a_catalogue_that_is_admitted_again_adds_what_is_new() -> None:
    table = table_of(("t1", ["a"]), ("t2", ["zulu"]))
    state = new_state(items=table)
    state.admit_catalogue()
    version = state.changes().catalogue
    state.ingest(as_table([Shown("ann", "i1", START_MS, 0, ("a",), ())]))
    stored = {name: np.array(each) for name, each in state.state().items()}
    same, more, none = (
        new_state(items=each) for each in (table, table_of(("t1", ["x"]), ("t2", []), ("t3", ["a"])), None)
    )
    for other in (same, more, none):
        other.restore(stored)
        other.admit_catalogue()
    assert same.changes().catalogue == version
    assert listed(same) == ["i1", "t2", "t1"]
    assert listed(more) == ["t3", "i1", "t2", "t1"]
    assert values_of(more, "t1", "genre") == ["a"]  # as it is known: what changes it is a message
    assert more.changes().catalogue not in (version, "")
    assert (listed(none), none.changes().catalogue) == (["i1", "t2", "t1"], "")


def test_clocks_count_items_of_a_catalogue_as_those_that_are_looked_up() -> None:
    table = table_of(("i1", ["a"]), ("i2", ["zulu"]))
    shown = [Shown("ann", "i2", START_MS, 0, (), ()), Shown("ann", "i1", START_MS + 1, 0, (), ())]
    sets = []
    for catalogue in (False, True):
        state = FeatureState(SCHEMA, items=table, config=FOREVER)
        if catalogue:
            state.admit_catalogue()
        taken = state.ingest(as_table(shown))
        codes = state._sets.of(taken.item_N, np.array([each.at_ms for each in shown]))
        sets.append([values_of(state, item, "genre") for item in ("i1", "i2")])
        assert len(set(codes.tolist())) == 2
    assert sets[0] == sets[1] == [["a"], ["zulu"]]
