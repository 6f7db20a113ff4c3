"""Messages of every kind at random, and plainly what each of them says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from interestclock.events.schema import LogSchema
from interestclock.streams import Message, MessageParser, MicroBatch, OffsetRanges

SCHEMA = LogSchema(
    labels=("finish", "like"),
    attributes=("genre", "mood"),
    categorical=("device",),
    multivalued=("tags",),
    numeric=("age",),
    outcomes=("played_ms", "comment"),
)
NOW_MS = 1_700_000_000_000
GOOD: dict[str, dict[str, Any]] = {
    "references": {"request_id": "r1", "item_id": 3, "position": 0},
    "labels": {"label_of": "e1", "label": "like", "value": 1, "known_ms": NOW_MS},
    "items": {"item": 3, "attributes": {"genre": ["rock"]}, "from_ms": NOW_MS},
    "outcomes": {"outcome_of": "e1", "name": "played_ms", "value": 180.5, "known_ms": NOW_MS},
    "served": {
        "served": "r1",
        "user_id": 7,
        "timestamp_ms": NOW_MS,
        "utc_offset_minutes": 60,
        "items": [{"item_id": 3, "score": 0.5}],
    },
    "erasures": {"erase": 7, "timestamp_ms": NOW_MS},
}
ZONES = ("Europe/Berlin", "Asia/Kolkata", "America/St_Johns")
DAY_MS = 86_400_000

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
IDS = TEXT | st.integers() | st.just("é" * 128) | st.just(10**255)
TIMES = (
    st.integers(0, 631_151_999) | st.integers(4_102_444_800, 7_258_118_399_999) | st.integers(-(10**12), -1)
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**80), 2**80)
QUANTITIES = st.floats(allow_nan=False, allow_infinity=False, width=32) | st.integers(-(2**80), 2**80)
FLAGS = st.sampled_from([0, 1, True, False])
TEXTS = st.none() | st.lists(st.none() | st.just("") | TEXT, max_size=4)
LOCAL = {"utc_offset_minutes": st.integers(-18 * 60, 18 * 60)}
RAW = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=5).filter(str.isprintable)
)
REST = {
    "position": st.none() | st.integers(0, 2**31 - 1),
    "labels": st.none() | st.fixed_dictionaries({}, optional={"finish": st.none() | FLAGS, "like": FLAGS}),
    "known_ms": st.none() | st.fixed_dictionaries({}, optional={"finish": TIMES, "like": TIMES}),
    "attributes": st.none() | st.fixed_dictionaries({}, optional={"genre": TEXTS, "mood": TEXTS}),
    "categorical": st.none() | st.fixed_dictionaries({}, optional={"device": st.none() | st.just("") | TEXT}),
    "multivalued": st.none() | st.fixed_dictionaries({}, optional={"tags": TEXTS}),
    "numeric": st.none() | st.fixed_dictionaries({}, optional={"age": st.none() | QUANTITIES}),
    "values": st.none()
    | st.dictionaries(TEXT, RAW | st.floats(allow_nan=False, allow_infinity=False), max_size=3),
}
WHOLE = {"event_id": IDS, "user_id": IDS, "item_id": IDS, "timestamp_ms": TIMES}
SHORT_IDS = st.text("abc-1", min_size=1, max_size=5) | st.integers(0, 99)
EXPOSURES = st.fixed_dictionaries(WHOLE | LOCAL, optional=REST | {"request_id": st.none() | IDS}) | (
    st.fixed_dictionaries(WHOLE | {"zone": st.sampled_from(ZONES)}, optional=REST)
)
REFERENCES = st.fixed_dictionaries(
    {"request_id": SHORT_IDS, "item_id": SHORT_IDS}, optional=REST | {"event_id": IDS, "user_id": IDS} | LOCAL
)
LABELS = st.fixed_dictionaries(
    {"label_of": IDS, "label": st.sampled_from(SCHEMA.labels), "value": FLAGS, "known_ms": TIMES}
)
ITEMS = st.fixed_dictionaries(
    {
        "item": IDS,
        "attributes": st.fixed_dictionaries({}, optional={"genre": TEXTS, "mood": TEXTS}),
        "from_ms": TIMES,
    }
)
OUTCOMES = st.fixed_dictionaries(
    {
        "outcome_of": IDS,
        "name": st.sampled_from(SCHEMA.outcomes),
        "value": NUMBERS | st.booleans(),
        "known_ms": TIMES,
    }
)
RETURNED = st.lists(
    st.fixed_dictionaries(
        {"item_id": IDS, "score": NUMBERS}, optional={"propensity": st.none() | st.floats(0.01, 1)}
    ),
    max_size=3,
    unique_by=lambda each: str(each["item_id"]),
)
SERVED = st.fixed_dictionaries(
    {"served": IDS, "user_id": IDS, "timestamp_ms": TIMES, "items": RETURNED} | LOCAL,
    optional={name: st.none() | TEXT for name in ("arm", "ranker", "version", "admitted_offset")},
)
MESSAGES = {
    "exposures": EXPOSURES,
    "references": REFERENCES,
    "labels": LABELS,
    "items": ITEMS,
    "outcomes": OUTCOMES,
    "served": SERVED,
    "erasures": st.fixed_dictionaries({"erase": IDS, "timestamp_ms": TIMES}),
}


def parse(*payloads: bytes, zone: str | None = None, schema: LogSchema = SCHEMA) -> MicroBatch:
    """One cut of these messages, offsets from 0."""
    messages = [Message(partition="0", offset=str(at), payload=each) for at, each in enumerate(payloads)]
    offset_ranges = OffsetRanges(source="t", ranges={"0": ("0", str(len(payloads)))}, messages=len(payloads))
    return MessageParser(schema, zone=zone).parse(offset_ranges, messages)


def rows(arrivals: MicroBatch) -> dict[str, list[dict[str, Any]]]:
    """The rows of each table; raw columns as what their JSON says. All are of one partition."""
    found = {kind: getattr(arrivals, kind).to_pylist() for kind in MESSAGES}
    for row in (row for of_kind in found.values() for row in of_kind):
        assert row.pop("partition") == "0"
    for kind in ("exposures", "references"):
        for row in found[kind]:
            row["values"] = row["values"] and typed(json.loads(row["values"]))
    return found


def typed(values: dict[str, Any]) -> dict[str, Any]:
    """``1 == 1.0 == True``, but not here."""
    return {name: (type(value), value) for name, value in values.items()}


def row_of(said: dict[str, Any], arrival: int) -> tuple[str, dict[str, Any]]:
    """Table and row that a valid message stands for, one field after the other."""
    row: dict[str, Any]
    said = {name: each if name == "values" else whole(each) for name, each in said.items()}
    if "label_of" in said:
        row = {"event_id": str(said["label_of"]), "label": said["label"], "value": int(said["value"])}
        return "labels", row | {"known_ms": said["known_ms"], "arrival": arrival}
    if "item" in said:
        row = {"item_id": str(said["item"]), "from_ms": said["from_ms"], "arrival": arrival}
        return "items", row | _lists("attribute", said["attributes"], SCHEMA.attributes)
    if "outcome_of" in said:
        row = {"event_id": str(said["outcome_of"]), "outcome": said["name"], "value": float(said["value"])}
        return "outcomes", row | {"known_ms": said["known_ms"], "arrival": arrival}
    if "served" in said:
        return "served", _served_row(said) | {"arrival": arrival}
    if "erase" in said:
        user = None if said["erase"] is None else str(said["erase"])  # of one whose erasure is finished
        row = {"user_id": user, "timestamp_ms": said["timestamp_ms"], "arrival": arrival}
        return "erasures", row
    return _exposure_row(said, arrival)


def whole(value: Any) -> Any:
    """7.0 is 7, as far as floats are exact."""
    if isinstance(value, dict):
        return {name: whole(each) for name, each in value.items()}
    if isinstance(value, list):
        return [whole(each) for each in value]
    exact = isinstance(value, float) and abs(value) < 2**53 and value == int(value)
    return int(value) if exact else value


def minutes(offset: Any) -> Any:
    """What is too little for minutes are hours."""
    return offset * 60 if isinstance(offset, int | float) and 1 <= abs(offset) <= 14 else offset


def _served_row(said: dict[str, Any]) -> dict[str, Any]:
    row = {name: said.get(name) for name in ("arm", "ranker", "version", "admitted_offset")}
    return row | {
        "request_id": str(said["served"]),
        "user_id": str(said["user_id"]),
        "timestamp_ms": said["timestamp_ms"],
        "utc_offset_minutes": _offset(said),
        **_local(said),
        "zone": _zone(said),
        "item_ids": [str(each["item_id"]) for each in said["items"]],
        "scores": [float(each["score"]) for each in said["items"]],
        "propensities": [each.get("propensity") for each in said["items"]],
    }


def _exposure_row(said: dict[str, Any], arrival: int) -> tuple[str, dict[str, Any]]:
    values = said.get("values")
    row = {name: None if said.get(name) is None else str(said[name]) for name in ("user_id", "request_id")}
    row |= {
        "event_id": str(said["event_id"]) if said.get("event_id") is not None else _derived(said),
        "item_id": str(said["item_id"]),
        "timestamp_ms": said.get("timestamp_ms"),
        "position": said.get("position"),
        "values": values if values is None else typed(values),
        "zone": _zone(said),
        "arrival": arrival,
    }
    labels, known_ms = said.get("labels") or {}, said.get("known_ms") or {}
    for label in SCHEMA.labels:
        value = labels.get(label)
        row[f"label.{label}"] = None if value is None else int(value)
        row[f"known_ms.{label}"] = None if value is None else known_ms.get(label, said.get("timestamp_ms"))
    row |= _lists("attribute", said.get("attributes") or {}, SCHEMA.attributes)
    row |= _lists("multivalued", said.get("multivalued") or {}, SCHEMA.multivalued)
    row["categorical.device"] = (said.get("categorical") or {}).get("device") or None
    age = (said.get("numeric") or {}).get("age")
    row["numeric.age"] = None if age is None else float(age)
    if said.get("user_id") is None or said.get("timestamp_ms") is None:
        return "references", row | {"utc_offset_minutes": _offset(said)}
    return "exposures", row | _local(said)


def _zone(said: dict[str, Any]) -> str | None:
    """Nothing else tells local time."""
    return said.get("zone") or None if said.get("utc_offset_minutes") is None else None


def _derived(said: dict[str, Any]) -> str:
    return f"{said['request_id']}/{said['item_id']}"


def _lists(kind: str, said: dict[str, Any], names: tuple[str, ...]) -> dict[str, list[str]]:
    return {f"{kind}.{name}": [text for text in said.get(name) or [] if text] for name in names}


def _offset(said: dict[str, Any]) -> int | None:
    if said.get("utc_offset_minutes") is not None or not said.get("zone"):
        return minutes(said.get("utc_offset_minutes"))
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=said["timestamp_ms"])
    offset = moment.astimezone(ZoneInfo(said["zone"])).utcoffset()
    assert offset is not None
    return round(offset.total_seconds() / 60)


def _local(said: dict[str, Any]) -> dict[str, int]:
    offset = _offset(said)
    assert offset is not None
    local_ms = said["timestamp_ms"] + offset * 60_000
    return {"second_of_day": local_ms % DAY_MS // 1000, "day_of_week": (local_ms // DAY_MS + 3) % 7}
