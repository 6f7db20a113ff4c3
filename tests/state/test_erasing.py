"""A state that erases users says of everybody else what it would say if they had never been."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
from erased_streams import NAME, NUMBER, parsed, stream
from in_memory import DAY_MS, HOUR_MS, REQUESTS, START_MS
from stored_state import features_by_id

from interestclock.admission import AdmissionConfig, EventBuffer
from interestclock.state import FeatureState, StateConfig
from interestclock.state.apply_admitted import apply_admitted

CONFIG = StateConfig(longest=30, waits_ms=3 * HOUR_MS, keep_hours=24 * 5)
ADMISSION = AdmissionConfig(lateness_ms=HOUR_MS, label_wait_ms=HOUR_MS)
USERS = pa.array([*map(str, range(1, 9)), NAME, str(NUMBER)])
ITEMS = pa.array([*map(str, range(100, 125))])


def fed(payloads: list[bytes]) -> FeatureState:
    state, buffer = FeatureState(REQUESTS, items=None, config=CONFIG), EventBuffer(REQUESTS, config=ADMISSION)
    batch = parsed(payloads)
    for admitted in buffer.admit(batch.tables(), bad=len(batch.bad)):
        apply_admitted(state, admitted)
    return state


def said_of_all(state: FeatureState) -> dict[str, Any]:
    times_ms = [START_MS + day * DAY_MS for day in range(1, 5)]
    return features_by_id(state, times_ms, users=USERS, items=ITEMS, attributes=REQUESTS.attributes)


def of_erased(payloads: list[bytes]) -> set[str]:
    """Events of those who are erased: what comes before they are, and what is of a moment until then."""
    events, until_ms = set(), None
    for said in map(json.loads, payloads):
        if "erase" in said:
            until_ms = said["timestamp_ms"]
        elif said.get("user_id") in (NAME, NUMBER) and (until_ms is None or said["timestamp_ms"] <= until_ms):
            events.add(said["event_id"])
    assert until_ms is not None
    return events


def test_others_and_who_comes_back_are_as_if_they_had_never_been() -> None:
    payloads = stream(comes_back=True)
    events = of_erased(payloads)
    without = [
        each
        for each in payloads
        if not {json.loads(each).get(name) for name in ("event_id", "label_of")} & events
        and b'"erase"' not in each
    ]
    erased, never = said_of_all(fed(payloads)), said_of_all(fed(without))
    places = [place for place, _ in enumerate(USERS)]
    assert len(events) > 10
    for place in places:
        assert erased["offsets"][place] == never["offsets"][place]
    for at_ms in (str(START_MS + day * DAY_MS) for day in range(1, 5)):
        for part in ("known", "clocks", "newest", "items"):
            assert erased[at_ms][part] == never[at_ms][part], part


def test_nothing_is_left_of_their_records() -> None:
    state = fed(stream())
    assert state.users.find([NAME, str(NUMBER)]).tolist() == [0, 0]
    assert state.user_histories.of_user(0)["item"].size == 0
