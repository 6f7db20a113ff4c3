"""A store that is written a step at a time, and the state behind it."""

from __future__ import annotations

from pathlib import Path

from admitted_logs import SCHEMA, START_MS
from fed_state import FOREVER, new_state
from stored_state import keep, step

from interestclock.state import FeatureState, StateConfig
from interestclock.store import StoreWriter


def open_writer(folder: Path, *, config: StateConfig = FOREVER, map_bytes: int = 1 << 20) -> StoreWriter:
    return StoreWriter(folder, schema=SCHEMA, config=config, map_bytes=map_bytes)


def fill(folder: Path, steps: int) -> FeatureState:
    state = new_state()
    with open_writer(folder) as writer:
        for number in range(steps):
            step(state, number)
            keep(writer, state, number + 1, START_MS)
    return state
