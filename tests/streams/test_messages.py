"""Messages: what is good becomes a row, what is not becomes a letter with a reason."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.errors import ConfigError
from interestclock.events import exposure_message, label_message
from interestclock.events.schema import LogSchema
from interestclock.streams import Message, MessageParser, MicroBatch, OffsetRanges

SCHEMA = LogSchema(
    labels=("finish", "like"),
    attributes=("genre",),
    categorical=("device",),
    multivalued=("tags",),
    numeric=("age",),
)
GOOD = {
    "event_id": "e1",
    "user_id": 7,
    "item_id": "song",
    "timestamp_ms": 1_700_000_000_000,
    "utc_offset_minutes": 60,
}


def parse(*payloads: bytes, zone: str | None = None) -> MicroBatch:
    messages = [Message(partition="0", offset=str(at), payload=each) for at, each in enumerate(payloads)]
    offset_ranges = OffsetRanges(source="t", ranges={"0": ("0", str(len(payloads)))}, messages=len(payloads))
    return MessageParser(SCHEMA, zone=zone).parse(offset_ranges, messages)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
TIMES = st.integers(-2_208_988_800_000, 7_258_118_400_000 - 1).filter(
    lambda time: not 631_152_000 <= time < 4_102_444_800  # which reads as seconds
)


@settings(max_examples=100, deadline=None)
@given(
    event_id=TEXT,
    user_id=TEXT | st.integers(),
    item_id=TEXT | st.integers(),
    timestamp_ms=TIMES,
    utc_offset_minutes=st.integers(-18 * 60, 18 * 60).filter(lambda each: not 1 <= abs(each) <= 14),
    genre=st.lists(TEXT, max_size=3),
    device=st.none() | TEXT,
    age=st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32),
    finish=st.none() | st.integers(0, 1),
)
def test_what_is_said_is_what_is_read(
    *, event_id, user_id, item_id, timestamp_ms, utc_offset_minutes, genre, device, age, finish
) -> None:
    said = exposure_message(
        event_id=event_id,
        user_id=user_id,
        item_id=item_id,
        timestamp_ms=timestamp_ms,
        utc_offset_minutes=utc_offset_minutes,
        attributes={"genre": genre},
        categorical={"device": device},
        numeric={"age": age},
        labels={"finish": finish},
    )
    arrivals = parse(said, label_message(label_of=event_id, label="like", value=1, known_ms=timestamp_ms))
    assert arrivals.bad == ()
    (row,) = arrivals.exposures.to_pylist()
    local_s = timestamp_ms // 1000 + 60 * utc_offset_minutes
    assert row["second_of_day"] == local_s % 86_400
    assert row["day_of_week"] == (local_s // 86_400 + 3) % 7
    assert (row["event_id"], row["user_id"], row["item_id"]) == (event_id, str(user_id), str(item_id))
    assert (row["attribute.genre"], row["categorical.device"], row["numeric.age"]) == (genre, device, age)
    assert row["label.finish"] == finish
    assert row["known_ms.finish"] == (None if finish is None else timestamp_ms)
    assert row["multivalued.tags"] == []
    (label,) = arrivals.labels.to_pylist()
    assert label == {
        "event_id": event_id,
        "label": "like",
        "value": 1,
        "known_ms": timestamp_ms,
        "arrival": 1,
        "partition": "0",
    }
    assert row["partition"] == "0"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"event_id": None}, "event_id is missing"),
        ({"user_id": ""}, "user_id is missing"),
        ({"item_id": 1.5}, "item_id 1.5 is not text or a whole number"),
        ({"item_id": True}, "item_id True is not text or a whole number"),
        ({"timestamp_ms": "now"}, "timestamp_ms 'now' is not a whole number of UTC milliseconds"),
        ({"timestamp_ms": 1_700_000_000_000_000}, "timestamp_ms 1700000000000000 lies outside 1900 to 2200"),
        ({"utc_offset_minutes": 2_000}, "utc_offset_minutes 2000 is not a whole number of minutes"),
        ({"utc_offset_minutes": None, "zone": "Mars"}, "zone 'Mars' is not an IANA zone"),
        ({"utc_offset_minutes": None}, "nothing tells its local time"),
        ({"labels": {"share": 1}}, "labels 'share' is none of finish, like"),
        ({"labels": {"finish": 2}}, "labels finish 2 is not 0 or 1; say what it is among"),
        ({"labels": [1]}, "labels [1] is not an object of names and values"),
        ({"attributes": {"mood": []}}, "attributes 'mood' is none of genre"),
        ({"attributes": {"genre": "rock"}}, "attributes genre 'rock' is not a list of texts"),
        ({"categorical": {"device": 3}}, "categorical device 3 is not text"),
        ({"numeric": {"age": "old"}}, "numeric age 'old' is not a finite number"),
        ({"numeric": {"age": 10**400}}, "numeric age 1000000"),
        ({"numeric": {"age": float("nan")}}, "numeric age nan is not a finite number"),
        ({"usr": 1}, "field 'usr' is unknown; there are attributes, categorical"),
        ({"user_id": "\ud800"}, "user_id is no valid text"),
        ({"user_id": "é" * 129}, "user_id is 258 bytes long; give at most 256, for example a digest"),
        ({"item_id": 10**300}, "item_id is 301 bytes long"),
        ({"attributes": {"genre": ["x" * 257]}}, "attributes genre is 257 bytes long"),
        ({"attributes": {"genre": ["x"] * 101}}, "attributes genre has 101 values; give at most 100"),
    ],
)  # fmt: skip
def test_a_bad_exposure_says_why(change: dict, reason: str) -> None:
    arrivals = parse(json.dumps(GOOD).encode(), json.dumps(GOOD | change).encode())
    assert arrivals.exposures["arrival"].to_pylist() == [0]
    (bad,) = arrivals.bad
    assert bad.reason.startswith(reason)
    assert (bad.partition, bad.offset) == ("0", "1")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[1]", "no JSON object"),
        (b"{" * 100_000, "no JSON"),
        (
            b'{"label_of": "e1", "label": "share", "value": 1, "known_ms": 5}',
            "label 'share' is none of finish, like",
        ),
        (
            b'{"label_of": "e1", "label": "like", "value": 0.5, "known_ms": 5}',
            "label 'like': value 0.5 is not",
        ),
        (b'{"label_of": "e1", "label": "like", "value": 1}', "known_ms is missing"),
    ],
)
def test_what_is_no_message_says_why(payload: bytes, reason: str) -> None:
    (bad,) = parse(payload).bad
    assert bad.reason.startswith(reason)
    assert len(bad.payload) <= 2_000


def test_daylight_saving_of_a_zone() -> None:
    """Berlin, 2024-03-31: 00:59:59 UTC is 01:59:59, a second later it is 03:00:00."""
    spring_ms = 1_711_846_799_000
    said = [
        json.dumps(GOOD | {"timestamp_ms": at, "utc_offset_minutes": None}).encode()
        for at in (spring_ms, spring_ms + 1000)
    ]
    seconds = parse(*said, zone="Europe/Berlin").exposures["second_of_day"].to_pylist()
    assert seconds == [2 * 3600 - 1, 3 * 3600]


@pytest.mark.parametrize("zone", [None, ""])
def test_a_zone_that_is_empty_leaves_it_to_the_default(zone: str | None) -> None:
    said = json.dumps(GOOD | {"utc_offset_minutes": None, "zone": zone}).encode()
    assert parse(said, zone="Asia/Kolkata").exposures["second_of_day"].to_pylist() == [13_400]


def test_empty_text_is_missing_as_it_is_in_a_log() -> None:
    said = GOOD | {"categorical": {"device": ""}, "multivalued": {"tags": ["", "a", None]}}
    (row,) = parse(json.dumps(said).encode()).exposures.to_pylist()
    assert (row["categorical.device"], row["multivalued.tags"]) == (None, ["a"])


def test_a_reason_does_not_grow_with_what_it_quotes() -> None:
    (bad,) = parse(json.dumps(GOOD | {"labels": {"x" * 100_000: 1}}).encode()).bad
    assert bad.reason.startswith("labels 'xxx")
    assert bad.reason.endswith("characters)")
    assert len(bad.reason) < 600


def test_what_the_source_knows_is_wrong_with_it_is_the_reason() -> None:
    message = Message(partition="0", offset="1", payload=b"{}", fault="the record has no value")
    arrivals = MessageParser(SCHEMA).parse(
        OffsetRanges(source="t", ranges={"0": ("1", "1")}, messages=1), [message]
    )
    assert [bad.reason for bad in arrivals.bad] == ["the record has no value"]


def test_zones_that_are_none_do_not_pile_up() -> None:
    said = [
        json.dumps(GOOD | {"utc_offset_minutes": None, "zone": f"\0{number}"}).encode()
        for number in range(30)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("interestclock.streams.messages._ZONES_REMEMBERED", 10)
        parser = MessageParser(SCHEMA)
        messages = [Message(partition="0", offset="1", payload=each) for each in said]
        arrivals = parser.parse(OffsetRanges(source="t", ranges={"0": ("1", "1")}, messages=30), messages)
    assert len(arrivals.bad) == 30
    assert len(parser._known_zones) <= 10


def test_an_unknown_default_zone_is_refused() -> None:
    with pytest.raises(ConfigError, match="Mars"):
        MessageParser(SCHEMA, zone="Mars")


def test_no_messages() -> None:
    arrivals = parse()
    assert (arrivals.exposures.num_rows, arrivals.labels.num_rows, arrivals.bad) == (0, 0, ())
