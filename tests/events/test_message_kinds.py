"""Every kind of message against a plain reading of it: read right, or refused with a reason."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from random_messages import GOOD, MESSAGES, TIMES, parse, row_of, rows

from interestclock.events import (
    erase_message,
    exposure_message,
    item_message,
    label_message,
    outcome_message,
    served_message,
)
from interestclock.events.message_models import KINDS, Exposure
from interestclock.events.message_tables import ITEMS, LABELS, OUTCOMES, REFERENCES, SERVED
from interestclock.streams import MicroBatch

WRITERS = {
    "exposures": exposure_message,
    "references": exposure_message,
    "labels": label_message,
    "items": item_message,
    "outcomes": outcome_message,
    "served": served_message,
    "erasures": erase_message,
}
SOME = st.one_of([each.map(lambda said, kind=kind: (kind, said)) for kind, each in MESSAGES.items()])
BYTES = [b"", b"0", b"9", b"-", b"e", b'"', b",", b"\\", b"\xff", b"1e9"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | TIMES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


def check_read_right(payloads: list[bytes], arrivals: MicroBatch) -> None:
    """Each payload is a row that says what its JSON says, or a dead letter with a reason."""
    bad = {int(each.offset): each for each in arrivals.bad}
    expected: dict[str, list[dict[str, Any]]] = {kind: [] for kind in MESSAGES}
    for arrival, payload in enumerate(payloads):
        if arrival in bad:
            assert bad[arrival].reason.strip()
        else:
            kind, row = row_of(json.loads(payload), arrival)
            expected[kind].append(row)
    assert rows(arrivals) == expected


@settings(max_examples=200, deadline=None)
@given(some=st.lists(SOME, max_size=6))
def test_what_is_written_is_what_is_read(some: list[tuple[str, dict[str, Any]]]) -> None:
    payloads = [WRITERS[kind](**said) for kind, said in some]
    arrivals = parse(*payloads)
    assert arrivals.bad == ()
    check_read_right([json.dumps(said).encode() for _, said in some], arrivals)
    check_read_right(payloads, arrivals)


@settings(max_examples=300, deadline=None)
@given(some=SOME, value=JSON, data=st.data())
def test_a_field_of_another_value_is_read_right_or_has_a_reason(
    some: tuple[str, dict[str, Any]], value: Any, data: st.DataObject
) -> None:
    _, said = some
    field = data.draw(st.sampled_from([*said, "zone", "user_id", "served", "nonsense"]))
    part = said.get(field)
    if isinstance(part, dict) and data.draw(st.booleans()):
        value = part | {data.draw(st.sampled_from([*part, "x"])): value}
    if isinstance(part, list) and data.draw(st.booleans()):
        value = [*part, value]
    payload = json.dumps(said | {field: value}).encode()
    check_read_right([payload], parse(payload, zone=None))


@settings(max_examples=300, deadline=None)
@given(some=SOME, data=st.data())
def test_other_bytes_are_read_right_or_have_a_reason(
    some: tuple[str, dict[str, Any]], data: st.DataObject
) -> None:
    payload = bytearray(json.dumps(some[1], ensure_ascii=data.draw(st.booleans())).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(payload)))
        payload[at : at + data.draw(st.integers(0, 2))] = data.draw(st.sampled_from(BYTES))
    check_read_right([bytes(payload)], parse(bytes(payload)))


@settings(max_examples=100, deadline=None)
@given(
    payload=st.binary(max_size=60).filter(
        lambda some: b"erase" not in some
    )  # as finished erasures are written
    | st.binary(max_size=20).map(lambda some: b'{"item_id":' + some)
)
def test_bytes_are_no_message(payload: bytes) -> None:
    (bad,) = parse(payload).bad
    assert bad.reason


def test_a_kind_is_told_by_its_field_however_it_is_written() -> None:
    escaped = b'{"label\\u005fof": "e1", "label": "like", "value": 1, "known_ms": 5}'
    elsewhere = GOOD["references"] | {"values": {"served": 1, "item": "label_of"}}
    arrivals = parse(escaped, json.dumps(elsewhere).encode())
    assert arrivals.labels["event_id"].to_pylist() == ["e1"]
    assert arrivals.references["values"].to_pylist() == ['{"served":1,"item":"label_of"}']


def test_no_kind_has_the_field_that_tells_another() -> None:
    for field in KINDS:
        having = [each for each in (Exposure, *KINDS.values()) if field in each.__struct_fields__]
        assert having == [KINDS[field]]


def test_an_exposure_may_leave_the_rest_to_its_request() -> None:
    (row,) = parse(json.dumps(GOOD["references"]).encode()).references.to_pylist()
    assert {name: value for name, value in row.items() if value not in (None, [])} == {
        "partition": "0",
        "event_id": "r1/3",
        "item_id": "3",
        "request_id": "r1",
        "position": 0,
        "arrival": 0,
    }


def test_tables_of_no_messages_have_their_columns() -> None:
    arrivals = parse()
    nothing = MicroBatch(
        offset_ranges=arrivals.offset_ranges, exposures=arrivals.exposures, labels=arrivals.labels
    )
    declared = {"items": ITEMS, "outcomes": OUTCOMES, "served": SERVED, "references": REFERENCES}
    for kind, columns in declared.items():
        for table in (getattr(arrivals, kind), getattr(nothing, kind)):
            assert [table.schema.field(name) for name in columns.names] == list(columns)
            assert table.num_rows == 0
    assert arrivals.labels.drop_columns(["partition"]).schema.equals(LABELS)


def test_types_of_columns_do_not_depend_on_what_came() -> None:
    few = parse(*(json.dumps(each).encode() for each in GOOD.values()))
    for kind in MESSAGES:
        assert getattr(few, kind).schema.equals(getattr(parse(), kind).schema)


def test_a_page_of_openapi_declares_every_field_and_its_words() -> None:
    _, components = msgspec.json.schema_components([Exposure, *KINDS.values()])
    assert set(components["Exposure"]["properties"]) == set(Exposure.__struct_fields__)
    label = components["Label"]["properties"]
    assert label["value"]["description"] == "0 or 1"
    assert label["known_ms"]["description"] == "a whole number of UTC milliseconds, 1900 to 2200"
