"""A store that is written a step at a time, and the state behind it."""

from __future__ import annotations

from pathlib import Path

from admitted_logs import SCHEMA, START_MS, Shown, as_labels, as_table
from admitted_logs import Said as Label
from fed_state import FOREVER, new_state
from stored_state import keep

from interestclock.state import FeatureState, StateConfig
from interestclock.store import StoreWriter


def step(state: FeatureState, number: int, *, users: tuple[str, ...] = ("ann", "bob", "eve")) -> None:
    """Some exposures of one moment, all of them finished a second later."""
    first, at_ms = number * len(users), START_MS + number * 1_000
    state.ingest(as_table([Shown(user, f"i{number % 6}", at_ms, 0, ("a", "zulu"), ("x",)) for user in users]))
    state.apply_labels(
        as_labels([Label(first + each, "finish", 1, at_ms + 1_000) for each in range(len(users))])
    )


def open_writer(folder: Path, *, config: StateConfig = FOREVER, map_bytes: int = 1 << 20) -> StoreWriter:
    return StoreWriter(folder, schema=SCHEMA, config=config, map_bytes=map_bytes)


def fill(folder: Path, steps: int) -> FeatureState:
    state = new_state()
    with open_writer(folder) as writer:
        for number in range(steps):
            step(state, number)
            keep(writer, state, number + 1, START_MS)
    return state
