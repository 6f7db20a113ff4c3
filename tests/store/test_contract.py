"""What holds for a store wherever it is: one writer, one configuration, whole or partial changes, errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from admitted_logs import DAY_MS, START_MS, Said, Shown, as_labels, as_table
from fed_state import FOREVER, new_state
from store_places import Place, writer_at
from stored_state import TIMES, features_by_id, keep, step

from interestclock.errors import ConfigError, LogError, ResultError
from interestclock.state import FeatureState, StateConfig
from interestclock.store import on_redis, open_store

Places = Callable[[], Place]


def filled(where: Place, steps: int) -> FeatureState:
    state = new_state()
    with writer_at(where) as writer:
        for number in range(steps):
            step(state, number)
            keep(writer, state, number + 1, START_MS)
    return state


def check_equal(where: Place, state: FeatureState, position: int) -> None:
    with open_store(where) as store, store.snapshot() as view:
        assert view.position == position
        assert view.offsets == {"0": str(position)}
        assert view.watermark_ms == START_MS
        assert features_by_id(view, TIMES) == features_by_id(state, TIMES)


def test_a_writer_goes_on_where_the_last_one_stood(place: Places) -> None:
    where = place()
    state = filled(where, 3)
    with writer_at(where) as writer:
        assert (writer.position, writer.furthest) == (3, 3)
        step(state, 3)
        keep(writer, state, 4, START_MS)
    check_equal(where, state, 4)


def test_one_writes_at_a_time(place: Places) -> None:
    where = place()
    with writer_at(where, owner="one"), pytest.raises(ResultError, match="is written to"):
        writer_at(where, owner="two")
    writer_at(where, owner="two").close()


def test_a_store_is_of_one_configuration(place: Places) -> None:
    where = place()
    writer_at(where).close()
    other = StateConfig(clocks=FOREVER.clocks, longest=7, waits_ms=FOREVER.waits_ms, forget_after_days=None)
    with pytest.raises(ResultError, match=r"config\.longest is None, not 7"):
        writer_at(where, config=other)
    writer_at(where).close()  # and nobody is in the way


def test_a_state_that_nobody_followed_is_written_anew(place: Places) -> None:
    where = place()
    with writer_at(where) as writer, open_store(where) as store:
        state = new_state()
        step(state, 0, users=("ann", "gone"))
        keep(writer, state, 5, START_MS)
        with store.snapshot() as view:
            assert view.slots("user", pa.array(["gone"])).tolist() == [1]
        other = new_state()
        step(other, 0)
        keep(writer, other, 4, START_MS)  # even behind where it was
        with store.snapshot() as view:
            assert view.slots("user", pa.array(["gone"])).tolist() == [0]
            assert features_by_id(view, TIMES) == features_by_id(other, TIMES)
        step(other, 1)
        keep(writer, other, 6, START_MS)
    check_equal(where, other, 6)


def test_a_user_who_left_and_came_again_has_nothing_of_before(place: Places) -> None:
    where, state = place(), new_state(StateConfig(clocks=FOREVER.clocks, forget_after_days=1.0))
    later_ms = (START_MS // DAY_MS + 3) * DAY_MS
    with writer_at(where, config=state.config) as writer:
        step(state, 0)
        keep(writer, state, 1, START_MS)
        state.close_before_ms(later_ms)
        state.pass_midnight(later_ms)
        state.ingest(as_table([Shown("ann", "i1", later_ms, 0, ("a",), ("x",))]))
        state.apply_labels(as_labels([Said(3, "finish", 1, later_ms + 1_000)]))
        keep(writer, state, 2, START_MS)
    with open_store(where) as store, store.snapshot() as view:
        at_ms = [later_ms + DAY_MS]
        assert len(features_by_id(view, at_ms)["histories"][0][0]) == 1
        assert view.slots("user", pa.array(["ann", "bob"])).tolist() == [1, 0]
        assert features_by_id(view, at_ms) == features_by_id(state, at_ms)


def test_what_is_asked_for_twice_or_not_at_all(place: Places) -> None:
    where = place()
    filled(where, 1)
    with open_store(where) as store, store.snapshot() as view:
        assert view.slots("user", pa.array(["ann", None, "ann", "who", "eve"])).tolist() == [1, 0, 1, 0, 2]
        assert view.slots("user", pa.array([], pa.string())).tolist() == []
        assert view.slots("item", pa.array(["i0", "none", "i0"])).tolist() == [1, 0, 1]
        assert view.ids("item", np.array([1, 0, 9, 1])).to_pylist() == ["i0", None, None, "i0"]
        assert view.ids("user", np.array([2, 0, 1])).to_pylist() == ["eve", None, "ann"]


def test_errors_of_a_view(place: Places) -> None:
    where = place()
    filled(where, 1)
    with open_store(where) as store:
        with store.snapshot() as view:
            with pytest.raises(LogError, match="those of the store are string"):
                view.slots("user", pa.array([7]))
            with pytest.raises(ValueError, match="keep them longer"):
                view.read(np.array([1]), np.array([view.complete_from_ms - 1]), clocks_at_ms_M=None)
        with pytest.raises(ResultError, match="the snapshot has ended"):
            view.slots("user", pa.array(["ann"]))
        for texts, sets in (({0: 0}, None), ({}, 0)):
            with pytest.raises(ResultError, match="the snapshot has ended"):
                view._reader.values_after(texts, sets)


def test_a_history_is_fetched_when_it_is_asked_for(place: Places) -> None:
    where = place()
    state = filled(where, 1)
    at_ms_M = np.array([TIMES[-1]])
    with open_store(where) as store:
        with store.snapshot() as view:
            ann, eve = view.slots("user", pa.array(["ann"])), view.slots("user", pa.array(["eve"]))
            asked = state.slots("user", pa.array(["ann"]))
            alone = view.read(ann, None, clocks_at_ms_M=at_ms_M)
            assert alone.known_M.tolist() == []
            both = view.read(ann, at_ms_M, clocks_at_ms_M=at_ms_M)
            known_M = state.read(asked, at_ms_M, clocks_at_ms_M=None).known_M
            assert both.known_M.tolist() == known_M.tolist()
            assert known_M.any()
            assert alone.clocks.keys() == both.clocks.keys()
            for name, clocks in both.clocks.items():
                np.testing.assert_array_equal(alone.clocks[name], clocks)
            bob = view.slots("user", pa.array(["bob"]))
            items = view.user_histories.of_user(int(bob[0]))["item"]
            assert items.size
            assert view.user_histories.of_user(int(eve[0]))["item"].size
        held = view.read(np.concatenate([bob, ann]), np.repeat(at_ms_M, 2), clocks_at_ms_M=None)
        assert held.known_M.all()  # what was fetched stays
        with store.snapshot() as view:
            ann = view.slots("user", pa.array(["ann"]))
        for _ in range(2):
            with pytest.raises(ResultError, match="the snapshot has ended"):
                view.read(ann, at_ms_M, clocks_at_ms_M=None)


def test_a_store_that_is_not_there(place: Places) -> None:
    with pytest.raises(ResultError, match=r"write one first|holds no store"):
        open_store(place())


def test_where_a_store_is() -> None:
    assert not on_redis(Path("redis://host"))
    with pytest.raises(ConfigError, match=r"'kafka://host': no store is there; give a folder, or redis://"):
        on_redis("kafka://me:secret@host")
