"""Served requests, outcomes and items at admission, against a reference that takes one message at a time."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_admission import PlainAdmission
from random_messages import parse

from interestclock.admission import AdmissionConfig, Disposition, EventBuffer
from interestclock.events.schema import LogSchema

SCHEMA = LogSchema(
    labels=("finish",),
    attributes=("genre",),
    outcomes=("played", "stars"),
    label_expressions={"finish": "played >= 0.8 * length"},
)
CONFIG = AdmissionConfig(lateness_ms=20, label_wait_ms=50, request_wait_ms=40, ahead_ms=30)
START_MS = 1_700_000_000_000
NO_PARTS = {"received", "known_ahead", "known_ahead_most_ms", "given_labels_late", "item_changes"}


class Admission:
    """An event buffer that is fed JSON."""

    def __init__(self, config: AdmissionConfig = CONFIG, schema: LogSchema = SCHEMA) -> None:
        self.buffer, self.schema = EventBuffer(schema, config=config), schema
        self.exposures: list[dict[str, Any]] = []
        self.labels: set[tuple] = set()
        self.items: list[dict[str, Any]] = []
        self.dispositions: list[str] = []

    def take(self, messages: list[dict[str, Any]], polled_ms: int | None = None) -> None:
        arrivals = parse(*(json.dumps(each).encode() for each in messages), zone="UTC", schema=self.schema)
        assert arrivals.bad == ()
        for admitted in self.buffer.admit(arrivals.tables(), polled_ms=polled_ms):
            self.follow(admitted)
        said = {}
        for kind, table in arrivals.tables().items():
            places = table["arrival"].to_pylist()
            said |= dict(zip(places, self.buffer.dispositions[kind].tolist(), strict=True))
        self.dispositions += [Disposition(said[place]).name for place in range(len(messages))]

    def end(self) -> None:
        for admitted in self.buffer.end():
            self.follow(admitted)

    def follow(self, admitted: Any) -> None:
        if admitted.exposures is not None:
            rows = admitted.exposures.to_pylist()
            assert [each["serial"] for each in rows] == list(
                range(len(self.exposures), len(self.exposures) + len(rows))
            )
            self.exposures += rows
        known = admitted.labels
        assert (known.label_E == 0).all()
        found = zip(known.serial_E.tolist(), known.value_E.tolist(), known.known_ms_E.tolist(), strict=True)
        for serial, value, known_ms in found:
            assert serial not in {each[0] for each in self.labels}
            self.labels.add((serial, "finish", value, known_ms))
        self.items += [] if admitted.items is None else admitted.items.to_pylist()

    def counts(self) -> Counter:
        return Counter({name: n for name, n in self.buffer.counters.counts().items() if n})


def served(name: str, at: int, *items: str, user: str = "ann") -> dict[str, Any]:
    returned = [{"item_id": item, "score": 0.5} for item in items]
    return {"served": name, "user_id": user, "timestamp_ms": START_MS + at, "items": returned}


def reference(request: str, item: str, **said: Any) -> dict[str, Any]:
    return {"request_id": request, "item_id": item} | said


def shown(name: str, at: int, **said: Any) -> dict[str, Any]:
    ids = {"event_id": name, "user_id": "ann", "item_id": "a"}
    return ids | {"timestamp_ms": START_MS + at} | said


def outcome(name: str, value: float, known: int, *, which: str = "played") -> dict[str, Any]:
    return {"outcome_of": name, "name": which, "value": value, "known_ms": START_MS + known}


def label(name: str, value: int, known: int) -> dict[str, Any]:
    return {"label_of": name, "label": "finish", "value": value, "known_ms": START_MS + known}


def item(name: str, since: int, *genre: str) -> dict[str, Any]:
    return {"item": name, "attributes": {"genre": list(genre)}, "from_ms": START_MS + since}


def test_an_exposure_may_say_just_request_and_item() -> None:
    admission = Admission()
    admission.take([served("r", 5, "a", "b"), reference("r", "b"), reference("r", "a", position=7)])
    assert admission.dispositions == ["USED"] * 3
    found = [
        [each[name] for name in ("event_id", "user_id", "item_id", "timestamp_ms", "position")]
        for each in admission.exposures
    ]
    assert found == [["r/b", "ann", "b", START_MS + 5, 1], ["r/a", "ann", "a", START_MS + 5, 7]]
    assert admission.exposures[0]["second_of_day"] == (START_MS + 5) // 1_000 % 86_400


def test_a_request_may_come_behind_its_exposures() -> None:
    admission = Admission()
    admission.take([shown("e", 10), reference("r", "a")])
    assert (admission.dispositions[-1], admission.buffer.waiting, len(admission.exposures)) == ("USED", 1, 1)
    admission.take([label("r/a", 1, 12), served("r", 9, "a"), shown("f", 11)])
    assert [each["event_id"] for each in admission.exposures] == ["e", "r/a", "f"]
    assert (admission.labels, admission.buffer.waiting) == ({(1, "finish", 1, START_MS + 12)}, 0)


def test_local_time_is_the_exposures_own_else_its_requests() -> None:
    admission = Admission()
    request = served("r", 0, "a", "b") | {"utc_offset_minutes": 90}
    own = {"timestamp_ms": START_MS + 5, "utc_offset_minutes": -60}
    admission.take([request, reference("r", "a"), reference("r", "b", **own)])
    utc = START_MS // 1_000
    seconds = [each["second_of_day"] for each in admission.exposures]
    assert seconds == [(utc + 5_400) % 86_400, (utc - 3_600) % 86_400]


def test_requests_that_do_not_fit_leave_orphans() -> None:
    admission = Admission()
    admission.take([served("r", 0, "a"), reference("r", "b"), reference("r", "a", user_id="bob")])
    assert admission.dispositions == ["USED", "ORPHAN", "ORPHAN"]
    admission.take([reference("none", "a"), shown("e", 20), shown("f", 21)])
    assert admission.buffer.counters.orphan_exposures == 3
    assert (admission.dispositions[3], admission.buffer.counters.waiting) == ("ORPHAN", 0)


def test_a_request_is_forgotten_once_its_wait_is_over() -> None:
    admission = Admission()
    admission.take([served("r", 0, "a", "b"), shown("e", 60)])
    later = {"timestamp_ms": START_MS + 55, "zone": "UTC"}
    admission.take([reference("r", "a", **later), shown("f", 61), reference("r", "b", **later)])
    assert [each["event_id"] for each in admission.exposures] == ["e", "r/a", "f"]
    assert (admission.buffer.waiting, admission.buffer.counters.orphan_exposures) == (1, 0)
    admission.take([served("r", 0, "a", "b"), served("s", 21, "a"), served("s", 22, "b")])
    assert admission.dispositions[-3:] == ["LATE", "USED", "DUPLICATE"]
    assert (admission.buffer.counters.late_served, admission.buffer.counters.served) == (1, 2)


def test_a_label_is_made_when_the_last_it_is_made_of_is_known() -> None:
    admission = Admission()
    admission.take([shown("e", 0, values={"length": 10}), outcome("e", 4, 30, which="stars")])
    assert admission.labels == set()
    admission.take([outcome("e", 8, 12)])
    assert admission.labels == {(0, "finish", 1, START_MS + 12)}
    admission.take([outcome("e", 1, 13), label("e", 0, 14)])
    assert admission.dispositions[-2:] == ["DUPLICATE", "DUPLICATE"]
    assert admission.buffer.counters.outcomes_joined == 2


def test_what_comes_along_needs_no_message() -> None:
    admission = Admission()
    rows = [{"length": 10, "played": 7}, {"length": None, "played": 7}, {"length": 10}, None]
    admission.take([shown(f"e{place}", place, values=values) for place, values in enumerate(rows)])
    assert admission.labels == {(0, "finish", 0, START_MS)}
    admission.take([outcome(f"e{place}", 9, 9) for place in range(4)])
    assert admission.dispositions[-4:] == ["DUPLICATE", "DUPLICATE", "USED", "USED"]
    assert admission.labels == {(0, "finish", 0, START_MS), (2, "finish", 1, START_MS + 9)}


def test_a_label_that_came_itself_is_not_made_again() -> None:
    admission = Admission()
    admission.take([shown("e", 0, values={"length": 10}), label("e", 0, 5), outcome("e", 9, 6)])
    assert (admission.labels, admission.dispositions[-1]) == ({(0, "finish", 0, START_MS + 5)}, "USED")


def test_a_row_of_a_log_has_the_labels_that_its_columns_made() -> None:
    """It has no raw columns here, and nothing is made of their absence."""
    expressions = {"finish": "coalesce(played, 0) >= 0.8 * coalesce(length, 0)", "long": "played > 3"}
    schema = LogSchema(labels=("finish", "long", "short"), outcomes=("played",))
    schema = replace(schema, label_expressions=expressions | {"short": "coalesce(length, 0) < 5"})
    buffer = EventBuffer(schema, config=CONFIG)
    rows = pa.table({"event_id": ["a", "b"], "timestamp_ms": [0, 9], "arrival": [0, 1]})
    for label in schema.labels:
        rows = rows.append_column(f"label.{label}", pa.array([0, None], pa.int8()))
        rows = rows.append_column(f"known_ms.{label}", pa.array([0, 9]))
    (admitted,) = buffer.admit({"exposures": rows})
    assert admitted.labels.serial_E.tolist() == [0, 0, 0]
    outcomes = pa.table(
        {"event_id": ["a", "b"], "outcome": ["played"] * 2, "value": [7.0, 7.0], "known_ms": [9, 12]}
    )
    (admitted,) = buffer.admit({"outcomes": outcomes.append_column("arrival", pa.array([2, 3]))})
    made = admitted.labels
    assert (made.serial_E.tolist(), made.label_E.tolist(), made.value_E.tolist()) == ([1], [1], [1])


@pytest.mark.parametrize("size", [1, 2, 9])
@pytest.mark.parametrize(("first", "value"), [("outcome", 1), ("label", 0)])
@pytest.mark.parametrize("early", [False, True])
def test_of_a_label_that_comes_and_one_that_is_made_the_first_is_the_label(
    size: int, first: str, value: int, early: bool
) -> None:
    admission = Admission()
    said = [outcome("e", 9, 12), label("e", 0, 13)]
    messages = [*(said if first == "outcome" else said[::-1])]
    messages.insert(2 if early else 0, shown("e", 0, values={"length": 10}))
    for at in range(0, 3, size):
        admission.take(messages[at : at + size])
    assert [each[:3] for each in admission.labels] == [(0, "finish", value)]
    assert admission.buffer.counters.duplicates == (first == "outcome")


def test_a_clock_that_runs_ahead_is_bounded_by_arrival() -> None:
    admission = Admission()
    admission.take(
        [shown("e", 0, values={"length": 1}, labels={}), label("e", 1, 25), shown("f", 2)], START_MS + 3
    )
    assert admission.labels == {(0, "finish", 1, START_MS + 3)}
    assert admission.buffer.watermark_ms == START_MS + 3 - 20  # not 25 - 20
    counters = admission.buffer.counters
    assert (counters.known_ahead, counters.known_ahead_most_ms, counters.ahead) == (1, 22, 0)
    admission.take([label("f", 1, 36)], START_MS + 5)
    assert (admission.dispositions[-1], counters.known_ahead) == ("AHEAD", 1)
    admission.take([shown("later", 40), label("later", 1, 45)], START_MS + 11)
    assert (2, "finish", 1, START_MS + 40) in admission.labels  # where all clocks are ahead, no label is late
    assert (counters.known_ahead, counters.known_ahead_most_ms) == (2, 34)
    given_along = {"labels": {"finish": 1}, "known_ms": {"finish": START_MS + 41}}
    admission.take([shown("g", 30, **given_along)], START_MS + 12)
    assert (3, "finish", 1, START_MS + 40) in admission.labels


def test_an_item_says_what_came_before_it() -> None:
    admission = Admission()
    admission.take([item("a", 90, "rock"), shown("e", 3), item("b", 0), shown("f", 2), item("a", 1)])
    found = [
        [each[name] for name in ("item_id", "from_ms", "serial", "newest_ms")] for each in admission.items
    ]
    nothing = -(1 << 62)
    assert found == [
        ["a", START_MS + 90, 0, nothing],
        ["b", START_MS, 1, START_MS + 3],
        ["a", START_MS + 1, 2, START_MS + 3],
    ]
    assert admission.buffer.watermark_ms == START_MS + 3 - 20  # not moved by items
    assert admission.buffer.counters.items == 3


def test_items_alone_come_with_exposures_of_the_right_columns() -> None:
    admission = Admission()
    (admitted,) = admission.buffer.admit(parse(json.dumps(item("a", 0)).encode(), schema=SCHEMA).tables())
    assert (admitted.exposures.num_rows, admitted.items.num_rows) == (0, 1)
    assert admitted.exposures.schema.field("user_id").type == pa.string()


MOMENTS = st.integers(0, 120)
EVENTS = st.sampled_from(["e1", "e2", "e3", "r1/a", "r2/b"])
VALUES = st.none() | st.fixed_dictionaries(
    {}, optional={"length": st.none() | st.integers(0, 9), "played": st.none() | st.integers(0, 9)}
)
REQUESTS, ITEMS = st.sampled_from(["r1", "r2"]), st.sampled_from(["a", "b"])
OWN_TIME = st.fixed_dictionaries(
    {}, optional={"timestamp_ms": MOMENTS.map(lambda at: START_MS + at), "values": VALUES}
)
MESSAGES = st.one_of(
    st.builds(shown, EVENTS, MOMENTS, values=VALUES),
    st.builds(lambda r, i, more: reference(r, i, **more), REQUESTS, ITEMS, OWN_TIME),
    st.builds(
        lambda r, i, user: reference(r, i, user_id=user), REQUESTS, ITEMS, st.sampled_from(["ann", "bob"])
    ),
    st.builds(served, REQUESTS, MOMENTS, ITEMS),
    st.builds(lambda r, at: served(r, at, "a", "b"), REQUESTS, MOMENTS),
    st.builds(outcome, EVENTS, st.integers(0, 9), MOMENTS, which=st.sampled_from(SCHEMA.outcomes)),
    st.builds(label, EVENTS, st.integers(0, 1), MOMENTS),
    st.builds(item, ITEMS, MOMENTS, st.sampled_from(["rock", "jazz"])),
)


@given(
    messages=st.lists(st.tuples(MESSAGES, st.integers(0, 30)), max_size=25),
    sizes=st.lists(st.integers(1, 8), min_size=1, max_size=4),
    live=st.booleans(),
)
@settings(max_examples=400, deadline=None)
def test_admission_is_the_references_however_it_is_cut(
    messages: list[tuple[dict[str, Any], int]], sizes: list[int], live: bool
) -> None:
    config = AdmissionConfig(lateness_ms=20, label_wait_ms=500, request_wait_ms=40, ahead_ms=30)
    plain, admission = PlainAdmission(config), Admission(config)
    pieces, first, turn = [], 0, 0
    while first < len(messages):
        size = sizes[turn % len(sizes)]
        pieces.append(messages[first : first + size])
        first, turn = first + size, turn + 1
    for piece in pieces:
        polled_ms = START_MS + 60 + piece[0][1] if live else None
        for said, _ in piece:
            plain.take(said, polled_ms)
        admission.take([said for said, _ in piece], polled_ms)
        if len(piece) % 2:
            state = {name: np.array(each) for name, each in admission.buffer.state().items()}
            admission.buffer = EventBuffer(SCHEMA, config=config)
            admission.buffer.restore(state)
    found = [
        tuple(each[name] for name in ("event_id", "user_id", "item_id", "timestamp_ms", "position"))
        for each in admission.exposures
    ]
    assert found == plain.exposures
    assert admission.labels == plain.labels
    assert admission.buffer.waiting == len(plain.waiting) + len(plain.early)
    items = [
        tuple(each[n] for n in ("item_id", "from_ms", "newest_ms", "serial")) for each in admission.items
    ]
    assert items == plain.items
    counts = admission.counts()
    counts.pop("known_ahead_most_ms", None)
    assert counts == Counter({name: count for name, count in plain.counts.items() if count})
    used = len(admission.exposures) + admission.buffer.waiting
    assert counts["received"] == used + sum(n for name, n in counts.items() if name not in NO_PARTS)
