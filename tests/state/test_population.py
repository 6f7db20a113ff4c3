"""Everyone's counts behind a user's own, as of midnights that passed, or counted where none is told of."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from admitted_logs import (
    DAY_MS,
    HOUR_MS,
    START_MS,
    STEP_MS,
    AdmittedLog,
    Midnight,
    Said,
    Shown,
    Step,
    admitted_logs,
    as_labels,
    as_table,
)
from fed_state import clocks_by_name, fed, new_state
from hypothesis import example, given, settings

from interestclock.state import FeatureState


def without_midnights(log: AdmittedLog) -> AdmittedLog:
    kept = [place for place, step in enumerate(log.steps) if not isinstance(step, Midnight)]
    return AdmittedLog(
        steps=[log.steps[place] for place in kept],
        watermark_ms=[log.watermark_ms[place] for place in kept],
    )


def forgotten_before_it_is_read() -> AdmittedLog:
    """A vote that has left the window where features are read, but not as of the midnight before."""
    steps: list[Step] = [
        Shown("ann", "i0", START_MS, -300, (), ("x",)),
        Said(0, "like", 1, START_MS),
        *[Midnight(START_MS + days * DAY_MS) for days in range(3)],
        Shown("ann", "i0", START_MS + 2 * DAY_MS + 6 * HOUR_MS, 0, (), ()),
    ]
    at_ms = [step.at_ms if isinstance(step, Shown | Midnight) else START_MS for step in steps]
    return AdmittedLog(steps=steps, watermark_ms=at_ms)


@settings(max_examples=40, deadline=None)
@given(admitted_logs())
@example(forgotten_before_it_is_read())
def test_midnights_that_passed_and_midnights_that_are_counted_say_the_same(log: AdmittedLog) -> None:
    """As of every moment that a state which passes midnights can be read at: trained and compared alike."""
    live, whole = fed(log, []), fed(without_midnights(log), [])
    users = sorted(each for each in live.users.ids().to_pylist() if each is not None)
    last_ms = max(live.everyone, default=START_MS)
    first_ms = max(START_MS, live.complete_from_ms)
    asked = [(user, at_ms) for user in users for at_ms in range(first_ms, last_ms + DAY_MS, STEP_MS)]
    if asked:
        read = [
            clocks_by_name(each, *map(list, zip(*asked, strict=True)), population_votes=3.0)
            for each in (live, whole)
        ]
        assert read[0] == read[1]


def filled(state: FeatureState, user: str, at_ms: int, votes: float = 2.0) -> list[str]:
    """What is best in the first bucket of the day."""
    (clock,) = clocks_by_name(state, [user], [at_ms], population_votes=votes)
    return clock["genre"][0]


def test_a_new_user_has_what_others_had_at_the_last_midnight_that_passed() -> None:
    state, first_ms = new_state(), START_MS + DAY_MS
    state.ingest(as_table([Shown("ann", "song", START_MS, 0, ("rock",), ())]))
    state.apply_labels(as_labels([Said(0, "finish", 1, START_MS)]))
    state.pass_midnight(first_ms)
    state.ingest(as_table([Shown(user, "tune", first_ms, 0, ("soul",), ()) for user in ("ann", "bob")]))
    state.apply_labels(as_labels([Said(1, "finish", 1, first_ms)]))
    assert filled(state, "bob", first_ms + STEP_MS) == ["rock"]
    assert filled(state, "bob", first_ms + STEP_MS, votes=0.0) == []
    assert filled(state, "nobody", first_ms + STEP_MS) == ["rock"]
    assert filled(state, "ann", first_ms + STEP_MS) == ["soul"]  # rock was her own, and has left the window
    assert filled(state, "bob", first_ms - STEP_MS) == []  # before any midnight passed
    state.pass_midnight(first_ms + DAY_MS)
    assert filled(state, "bob", first_ms + DAY_MS) == ["soul"]


def test_a_state_told_of_no_midnight_counts_anew_what_comes() -> None:
    state, midnight_ms = new_state(), START_MS + DAY_MS
    songs = [Shown("ann", genre, START_MS, 0, (genre,), ()) for genre in ("rock", "soul")]
    state.ingest(as_table(songs))
    state.apply_labels(as_labels([Said(0, "finish", 1, START_MS)]))
    assert filled(state, "bob", midnight_ms) == ["rock"]
    state.apply_labels(as_labels([Said(1, "like", 1, START_MS)]))
    assert filled(state, "bob", midnight_ms) == ["soul", "rock"]
    user_M, at_ms_M = state.slots("user", pa.array(["bob"])), np.array([midnight_ms])
    assert state.read(user_M, at_ms_M, clocks_at_ms_M=None, population_votes=2.0).clocks == {}
