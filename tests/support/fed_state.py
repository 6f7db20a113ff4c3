"""A feature state that is fed an admitted log, and what it says by users', items' and values' own names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from admitted_logs import (
    LABEL_WAIT_MS,
    LATE_MS,
    SCHEMA,
    AdmittedLog,
    Midnight,
    Said,
    Shown,
    Step,
    Told,
    as_items,
    as_labels,
    as_table,
    micro_batches,
)
from plain_state import PlainState

from interestclock.clock_features import ClockFeatureConfig, Eq3Weights
from interestclock.events.schema import EQ3_ROLES
from interestclock.state import FeatureState, StateConfig

CLOCKS = ClockFeatureConfig(
    buckets_per_day=4, window_days=1, values_per_attribute=2, weights=Eq3Weights(skip=0.5)
)
FOREVER = StateConfig(clocks=CLOCKS, longest=None, waits_ms=LATE_MS + LABEL_WAIT_MS, forget_after_days=None)


def new_state(config: StateConfig = FOREVER, items: pa.Table | None = None) -> FeatureState:
    return FeatureState(SCHEMA, items=items, config=config)


def copied(state: FeatureState) -> FeatureState:
    other = new_state(state.config)
    other.restore({name: np.array(each) for name, each in state.state().items()})
    return other


def feed(state: FeatureState, piece: list[Step], watermark_ms: int) -> None:
    """A piece as it is admitted: exposures, then labels in no order; what waited long enough is closed."""
    shown = [step for step in piece if isinstance(step, Shown)]
    said = [step for step in piece if isinstance(step, Said)]
    for step in piece:
        if isinstance(step, Midnight):
            state.pass_midnight(step.at_ms)
    told = [step for step in piece if isinstance(step, Told)]
    if shown or told:
        state.ingest(as_table(shown), as_items(told))
    state.apply_labels(as_labels(said[::-1]))
    state.close_before_ms(watermark_ms - state.config.waits_ms)


def fed(log: AdmittedLog, cuts: list[int], config: StateConfig = FOREVER) -> FeatureState:
    state = new_state(config)
    for stop, piece in micro_batches(log, cuts):
        feed(state, piece, log.watermark_ms[stop - 1])
    return state


def slot_of(state: FeatureState, kind: str, name: str) -> int:
    return int(state.slots(kind, pa.array([name]))[0])


def clocks_by_name(
    state: FeatureState, users: list[str], at_ms: list[int], *, population_votes: float = 0.0
) -> list[dict[str, list]]:
    """Of each user as of a moment, the best values by attribute and bucket; one read for all of them."""
    user_M, at_ms_M = state.slots("user", pa.array(users, pa.string())), np.array(at_ms, np.int64)
    clocks = state.read(user_M, at_ms_M, clocks_at_ms_M=at_ms_M, population_votes=population_votes).clocks
    names = {name: [None, *state.values.named(name).to_pylist()] for name in clocks}
    return [
        {
            name: [[names[name][number] for number in best if number] for best in each_MHV[place].tolist()]
            for name, each_MHV in clocks.items()
        }
        for place in range(len(users))
    ]


def history_by_name(state: FeatureState, user: str, at_ms: int) -> tuple[int, list[tuple]]:
    """How many behaviours were known, and those of them that are kept: what a view says, row by row."""
    slot = np.array([slot_of(state, "user", user)])
    known = int(state.read(slot, np.array([at_ms]), clocks_at_ms_M=None).known_M[0])
    kept = state.user_histories.of_user(int(slot[0]))
    every = int(state.user_histories.known_before(slot, np.array([1 << 62]))[0])
    stop = kept["item"].size - (every - known)
    histories = state.histories()
    end = int(histories.offset_U[slot[0]]) + known
    places = slice(end - stop, end)
    columns = (
        state.items.ids(histories.item_E[places].numpy()).to_pylist(),
        histories.timestamp_ms_E[places].tolist(),
        histories.second_of_day_E[places].tolist(),
        histories.hour_E[places].tolist(),
        kept["utc_offset_minutes"][:stop].tolist(),
        kept["known_ms"][:stop].tolist(),
        kept["serial"][:stop].tolist(),
        kept["day_kind"][:stop].tolist(),
    )
    return known, list(zip(*columns, strict=True))


def plain_history(plain: PlainState, user: str, at_ms: int) -> tuple[int, list[tuple]]:
    """The same from the reference, which forgets nothing of who stays."""
    known = plain.history(user, at_ms)
    rows = [
        (b.item, b.at_ms, b.second, b.at_ms // 3_600_000, b.offset_minutes, b.known_ms, b.serial, 0)
        for b in known
    ]
    return len(known), rows


def everyone_by_name(state: FeatureState) -> dict[int, dict[tuple, int]]:
    """Eq. 3's counts at midnights, by attribute, bucket, value and label."""
    named = {}
    for midnight_ms, counts_HXT in state.everyone.items():
        counts = {}
        for bucket, code, term in zip(*np.nonzero(counts_HXT), strict=True):
            number, place = divmod(int(code), len(SCHEMA.clock_attributes))
            attribute = SCHEMA.clock_attributes[place]
            value = state.values.named(attribute)[number - 1].as_py()
            label = SCHEMA.eq3_labels[EQ3_ROLES[term]]
            counts[attribute, int(bucket), value, label] = int(counts_HXT[bucket, code, term])
        named[midnight_ms] = counts
    return named


def by_name(state: FeatureState, times_ms: list[int]) -> dict[str, Any]:
    """A whole state by names: what may not depend on how a log was cut."""
    users = sorted(each for each in state.users.ids().to_pylist() if each is not None)
    items = sorted(each for each in state.items.ids().to_pylist() if each is not None)
    asked = [(user, at_ms) for user in users for at_ms in times_ms if at_ms >= state.complete_from_ms]
    return {
        "users": {user: state.last_offset(slot_of(state, "user", user)) for user in users},
        "indexes": {
            kind: identity.index(identity.known()).tolist()
            for kind, identity in (("user", state.users), ("item", state.items))
        },
        "items": {item: [values_of(state, item, name) for name in SCHEMA.attributes] for item in items},
        "histories": {user: history_by_name(state, user, 1 << 62) for user in users},
        "clocks": clocks_by_name(state, *map(list, zip(*asked, strict=True))) if asked else [],
        "everyone": everyone_by_name(state),
        "complete_from_ms": state.complete_from_ms,
    }


def values_of(state: FeatureState, item: str, name: str) -> list[str]:
    numbers = state.item_values(name, state.slots("item", pa.array([item])), at_ms=1 << 62)[0]
    return sorted(state.values.named(name)[int(number) - 1].as_py() for number in numbers if number)
