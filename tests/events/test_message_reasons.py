"""What is refused, and the reason that goes into the dead letters."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from random_messages import GOOD, NOW_MS, SCHEMA, parse

from interestclock.errors import ConfigError
from interestclock.events import exposure_message
from interestclock.streams import MessageParser

OUTSIDE = "lies outside 1900 to 2200 and reads as"


@pytest.mark.parametrize(
    ("kind", "change", "reason"),
    [
        ("references", {"event_id": None, "request_id": "a/b"}, "event_id is missing, and request_id 'a/b'"),
        ("references", {"request_id": "r" * 200, "item_id": "i" * 100}, "event_id (request_id/item_id) is"),
        ("references", {"zone": "Europe/Berlin"}, "zone without timestamp_ms says no local time"),
        ("references", {"position": -1}, "position -1 is not a whole number from 0"),
        ("references", {"position": 2**31}, "position 2147483648 is not a whole number from 0"),
        ("references", {"position": True}, "position True is not a whole number from 0"),
        ("references", {"item_id": None}, "item_id is missing"),
        ("references", {"timestamp_ms": 1_700_000_000}, "timestamp_ms 1700000000 reads as seconds"),
        ("references", {"timestamp_ms": NOW_MS * 10**3}, f"timestamp_ms {NOW_MS}000 {OUTSIDE} microseconds"),
        ("references", {"timestamp_ms": NOW_MS * 10**6}, f"timestamp_ms {NOW_MS}000000 {OUTSIDE} nanosec"),
        ("references", {"known_ms": {"like": 1_700_000_000}}, "known_ms like 1700000000 reads as seconds"),
        ("references", {"labels": {"like": 1}, "known_ms": {"like": None}}, "known_ms like is missing"),
        ("references", {"values": {"a": [1]}}, "values a [1] is not text, a finite number"),
        ("references", {"values": {"a": 2**63}}, "values a 9223372036854775808 is not text, a finite number"),
        ("references", {"values": {"a": float("inf")}}, "values a inf is not text, a finite number"),
        ("references", {"values": {"a": "é" * 2_049}}, "values a is 4,098 bytes long; give at most"),
        ("references", {"values": {"é" * 129: 1}}, "values name is 258 bytes long; give at most 256"),
        ("references", {"values": {"": 1}}, "values name is missing"),
        ("references", {"values": {str(at): at for at in range(101)}}, "values has 101 values; give"),
        ("labels", {"known_ms": 1_700_000_000}, "known_ms 1700000000 reads as seconds"),
        ("labels", {"value": "1"}, "label 'like': value '1' is not 0 or 1; say what it is"),
        ("labels", {"label_of": "é" * 129}, "label_of is 258 bytes long"),
        ("labels", {"served": "r1"}, "field 'served' is unknown; there are known_ms, label, label_of, value"),
        ("items", {"attributes": None}, "attributes is missing"),
        ("items", {"attributes": {"gender": ["x"]}}, "attributes 'gender' is none of genre, mood"),
        ("items", {"attributes": {"genre": ["é" * 129]}}, "attributes genre is 258 bytes long"),
        ("items", {"from_ms": None}, "from_ms is missing"),
        ("items", {"from_ms": 1_700_000_000}, "from_ms 1700000000 reads as seconds"),
        ("outcomes", {"name": "skips"}, "outcome 'skips' is none of played_ms, comment"),
        ("outcomes", {"value": "long"}, "value 'long' is not a finite number, true or false"),
        ("outcomes", {"value": float("nan")}, "value nan is not a finite number, true or false"),
        ("outcomes", {"value": 10**400}, "value 1000000"),
        ("outcomes", {"value": None}, "value is missing"),
        ("served", {"utc_offset_minutes": None}, "nothing tells its local time"),
        ("served", {"utc_offset_minutes": None, "zone": "Mars"}, "zone 'Mars' is not an IANA zone"),
        ("served", {"items": None}, "items is missing"),
        ("served", {"items": [3]}, "items 3 is not an object"),
        ("served", {"items": [{"item_id": 3}]}, "items score is missing"),
        ("served", {"items": [{"item_id": 3, "score": 1, "rank": 2}]}, "field 'items rank' is unknown"),
        ("served", {"items": [{"item_id": 3, "score": 1, "propensity": 0}]}, "items propensity 0 is not"),
        ("served", {"items": [{"item_id": 3, "score": 1}, {"item_id": "3", "score": 2}]}, "items names an"),
        ("served", {"items": [{"item_id": at, "score": 1} for at in range(1_001)]}, "items has 1,001"),
        ("served", {"version": 3}, "version 3 is not text that is not empty"),
        ("served", {"admitted_offset": "é" * 129}, "admitted_offset is 258 bytes long"),
    ],
)  # fmt: skip
def test_a_bad_message_says_why(kind: str, change: dict[str, Any], reason: str) -> None:
    good, bad = GOOD[kind], GOOD[kind] | change
    arrivals = parse(json.dumps(good).encode(), json.dumps(bad).encode())
    assert [letter.reason[: len(reason)] for letter in arrivals.bad] == [reason]
    assert arrivals.bad[0].offset == "1"


def test_a_writer_gives_the_readers_reason() -> None:
    with pytest.raises(ValueError, match=r"^numeric age nan is not a finite number within float32"):
        exposure_message(event_id="e", user_id=1, item_id=2, timestamp_ms=0, numeric={"age": float("nan")})
    with pytest.raises(ValueError, match=r"^numeric age 1e\+39 is not a finite number within float32"):
        exposure_message(event_id="e", user_id=1, item_id=2, timestamp_ms=0, numeric={"age": 1e39})
    with pytest.raises(ValueError, match=r"^user_id is no valid text$"):
        exposure_message(event_id="e", user_id="\ud800", item_id=2, timestamp_ms=0)


def test_a_raw_column_that_a_label_is_made_of_has_to_fit() -> None:
    schema = replace(SCHEMA, label_expressions={"finish": "played_ms > 0.8 * length and country <> 'XX'"})
    said = GOOD["references"] | {"values": {"length": 3, "country": "DE", "played_ms": 2, "other": "x"}}
    wrong = [{"length": "3"}, {"country": 3}, {"played_ms": "2"}, {"comment": "none"}]
    messages = [said, *(said | {"values": each} for each in wrong), said | {"values": {"length": None}}]
    arrivals = parse(*(json.dumps(each).encode() for each in messages), schema=schema)
    assert [(letter.offset, letter.reason) for letter in arrivals.bad] == [
        ("1", "values length '3' is no number, of which label finish is made"),
        ("2", "values country 3 is no text, of which label finish is made"),
        ("3", "values played_ms '2' is no number, as an outcome is"),
        ("4", "values comment 'none' is no number, as an outcome is"),
    ]


@pytest.mark.parametrize(
    ("expressions", "reason"),
    [
        (
            {"finish": "country = 'DE'", "like": "country > 4"},
            "label 'like' = 'country > 4' takes 'country' for a number, and in messages it is a text, of "
            "which label finish is made; give one of the two another name",
        ),
        (
            {"like": "played_ms = 'long'"},
            "label 'like' = \"played_ms = 'long'\" takes 'played_ms' for a text, and in messages it is a "
            "number, as an outcome is; give one of the two another name",
        ),
    ],
)
def test_labels_that_no_message_could_serve_are_refused_before_any_comes(
    expressions: dict[str, str], reason: str
) -> None:
    with pytest.raises(ConfigError) as told:
        MessageParser(replace(SCHEMA, label_expressions=expressions))
    assert str(told.value) == reason
