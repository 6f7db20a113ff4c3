"""A store that follows a state says what the state says, to the bit, at every offset, wherever it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from admitted_logs import DAY_MS, START_MS, STEP_MS, AdmittedLog, admitted_logs, micro_batches
from fed_state import CLOCKS, FOREVER, feed, new_state
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_but import slow_but
from store_places import Place, writer_at
from stored_state import features_by_id, keep

from interestclock.state import StateConfig
from interestclock.store import open_store

LOGS = st.tuples(admitted_logs(), st.lists(st.integers(0, 120), max_size=12))
CONFIGS = st.builds(
    StateConfig,
    clocks=st.just(CLOCKS),
    longest=st.sampled_from([None, 1, 2]),
    waits_ms=st.just(FOREVER.waits_ms),
    keep_hours=st.sampled_from([0.0, 24.0]),
    forget_after_days=st.sampled_from([None, 0.5, 2.0]),
    most_users=st.sampled_from([None, 1, 2]),
)


@pytest.mark.parametrize("chunk", slow_but([2], [2, 256]))
@settings(max_examples=25, deadline=None)
@given(LOGS, CONFIGS, st.data())
def test_memory_and_store_are_equal_at_every_offset(
    place: Callable[[], Place],
    chunk: int,
    pieces: tuple[AdmittedLog, list[int]],
    config: StateConfig,
    data: st.DataObject,
) -> None:
    log, cuts = pieces
    state, where = new_state(config), place()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("interestclock.store.records.CHUNK", chunk)
        with writer_at(where, config=config) as writer, open_store(where) as store:
            for stop, piece in micro_batches(log, cuts):
                feed(state, piece, log.watermark_ms[stop - 1])
                if data.draw(st.booleans()):
                    continue  # the next commit brings this, too
                keep(writer, state, stop, log.watermark_ms[stop - 1])
                first_ms = max(START_MS, state.complete_from_ms)
                steps = data.draw(st.lists(st.integers(0, 8 * DAY_MS // STEP_MS), min_size=1, max_size=3))
                times_ms = [first_ms + each * STEP_MS for each in steps]
                with store.snapshot() as view:
                    assert view.position == stop
                    assert features_by_id(view, times_ms) == features_by_id(state, times_ms)
