"""Messages of a stream, JSON in UTF-8: exposures, and labels that come after them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from interestclock.errors import InterestClockError
from interestclock.events.live.arrivals import Arrivals, BadMessage, Cut
from interestclock.events.schema import LogSchema
from interestclock.timeofday import check_zone, day_of_week, seconds_of_day, zone_offset_minutes

__all__ = ["LABELS", "TEXT_BYTES", "Message", "MessageParser", "exposure_message", "label_message"]

# Shapes: N exposures.

_FIRST_MS, _LAST_MS = -2_208_988_800_000, 7_258_118_400_000  # 1900 and 2200
_PAYLOAD_CHARACTERS = 2_000
_REASON_CHARACTERS = 500
TEXT_BYTES = 256  # of an id or a value; a server's table of ids is as wide as the longest
_MOST_VALUES = 100  # of an attribute; the table of items is as wide as the item that has most
_ZONES_REMEMBERED = 1_024
_MOST_OFFSET_MINUTES = 18 * 60
_PARTS = ("labels", "known_ms", "attributes", "categorical", "multivalued", "numeric")
_EXPOSURE = {
    "event_id",
    "user_id",
    "item_id",
    "timestamp_ms",
    "utc_offset_minutes",
    "zone",
    "request_id",
    *_PARTS,
}
_Part = tuple[
    str, str, tuple[str, ...], Callable[[str, str, Any], Any]
]  # field, column prefix, names, reader
_LABEL = {"label_of", "label", "value", "known_ms"}
LABELS = pa.schema(
    [
        ("event_id", pa.string()),
        ("label", pa.string()),
        ("value", pa.int8()),
        ("known_ms", pa.int64()),
        ("arrival", pa.int64()),
    ]
)
_PARTITION = pa.field("partition", pa.string())


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message as a broker has it.

    Args:
        fault: why it cannot hold anything to read, where the source knows better than a parser.

    Example:
        >>> Message(partition="0", offset="7", payload=b"{}").fault is None
        True
    """

    partition: str
    offset: str
    payload: bytes
    fault: str | None = None


class MessageParser:
    """Turns messages into tables, and those that are none into dead letters with a reason.

    An exposure::

        {"event_id": "e1", "user_id": 7, "item_id": "song 3", "timestamp_ms": 1700000000000,
         "utc_offset_minutes": 60, "request_id": "r1", "labels": {"skip": 0},
         "known_ms": {"skip": 1700000000000}, "attributes": {"genre": ["rock"]},
         "categorical": {"device": "phone"}, "multivalued": {"tags": ["a"]}, "numeric": {"age": 31}}

    All but the first four may be missing; ``zone`` may stand for the offset, and a default zone for both. A
    label::

        {"label_of": "e1", "label": "finish", "value": 1, "known_ms": 1700000180000}

    Ids are text; a whole number stands for its digits. Ids and values are up to
    256 bytes long; a list holds up to 100 values.

    Args:
        schema: names that messages may use. zone: IANA zone of exposures that say nothing of local time.

    Raises:
        ConfigError: the zone is unknown.

    Example:
        >>> parser = MessageParser(LogSchema(labels=("finish",)), zone="Europe/Berlin")
        >>> said = b'{"event_id": "e1", "user_id": 7, "item_id": 3, "timestamp_ms": 1700000000000}'
        >>> messages = [Message(partition="0", offset="1", payload=said),
        ...             Message(partition="0", offset="2", payload=b"{}")]
        >>> cut = Cut(source="test", ranges={"0": ("1", "2")}, messages=2)
        >>> arrivals = parser.parse(cut, messages)
        >>> arrivals.exposures["second_of_day"].to_pylist(), [bad.reason for bad in arrivals.bad]
        ([83600], ['event_id is missing'])
    """

    def __init__(self, schema: LogSchema, *, zone: str | None = None) -> None:
        if zone is not None:
            check_zone(zone)
        self.schema, self._zone = schema, zone
        self._known_zones: dict[str, bool] = {}
        self._context: tuple[_Part, ...] = (
            ("attributes", "attribute", schema.attributes, _texts),
            ("categorical", "categorical", schema.categorical, _text),
            ("multivalued", "multivalued", schema.multivalued, _texts),
            ("numeric", "numeric", schema.numeric, _number),
        )
        self._no_lists: dict[str, Any] = {
            f"{kind}.{name}": []
            for _, kind, names, value_of in self._context
            if value_of is _texts
            for name in names
        }

    def parse(self, cut: Cut, messages: Sequence[Message]) -> Arrivals:
        """Tables of a cut's messages, which stand in the order that the cut decides."""
        exposures: list[dict[str, Any]] = []
        labels: list[dict[str, Any]] = []
        bad: list[BadMessage] = []
        for arrival, message in enumerate(messages):
            stands = {"arrival": arrival, "partition": message.partition}
            try:
                said = _read(message)
                if "label_of" in said:
                    labels.append(self._label(said) | stands)
                else:
                    exposures.append(self._exposure(said) | stands)
            except ValueError as error:
                bad.append(_bad(message, str(error)))
        return Arrivals(
            cut=cut,
            exposures=self._exposure_table(exposures),
            labels=pa.Table.from_pylist(labels, LABELS.append(_PARTITION)),
            bad=tuple(bad),
        )

    def _label(self, said: dict[str, Any]) -> dict[str, Any]:
        _only(said, _LABEL)
        if said.get("label") not in self.schema.labels:
            raise ValueError(f"label {said.get('label')!r} is none of {', '.join(self.schema.labels)}")
        return {
            "event_id": _id(said, "label_of"),
            "label": said["label"],
            "value": _binary("value", said.get("value")),
            "known_ms": _time(said, "known_ms"),
        }

    def _exposure(self, said: dict[str, Any]) -> dict[str, Any]:
        _only(said, _EXPOSURE)
        row: dict[str, Any] = self._no_lists.copy()
        for name in ("event_id", "user_id", "item_id"):
            row[name] = _id(said, name)
        timestamp_ms = row["timestamp_ms"] = _time(said, "timestamp_ms")
        if said.get("request_id") is not None:
            row["request_id"] = _id(said, "request_id")
        row["offset"], row["zone"] = self._local_time(said)
        self._labels_along(said, timestamp_ms, row)
        for part, kind, names, value_of in self._context:
            for name, value in _part(said, part, names).items():
                row[f"{kind}.{name}"] = value_of(part, name, value)
        return row

    def _labels_along(self, said: dict[str, Any], timestamp_ms: int, row: dict[str, Any]) -> None:
        known_ms = _part(said, "known_ms", self.schema.labels)
        for label, value in _part(said, "labels", self.schema.labels).items():
            if value is not None:
                row[f"label.{label}"] = _binary(f"labels {label}", value)
                row[f"known_ms.{label}"] = _time(known_ms, label) if label in known_ms else timestamp_ms

    def _local_time(self, said: dict[str, Any]) -> tuple[int | None, str | None]:
        offset = said.get("utc_offset_minutes")
        if offset is not None:
            if not _whole(offset) or abs(offset) > _MOST_OFFSET_MINUTES:
                raise ValueError(
                    f"utc_offset_minutes {offset!r} is no whole number of minutes up to 18 hours"
                )
            return offset, None
        zone = said.get("zone")
        zone = self._zone if zone is None or zone == "" else zone
        if zone is None:
            raise ValueError("nothing tells its local time: utc_offset_minutes, zone, or a default zone")
        if not self._knows(zone):
            raise ValueError(f"zone {zone!r} is no IANA zone such as Europe/Berlin")
        return None, zone

    def _knows(self, zone: Any) -> bool:
        if not isinstance(zone, str):
            return False
        if zone not in self._known_zones:
            if len(self._known_zones) >= _ZONES_REMEMBERED:  # only nonsense makes so many
                self._known_zones.clear()
            try:
                check_zone(zone)
                self._known_zones[zone] = True
            except InterestClockError:
                self._known_zones[zone] = False
        return self._known_zones[zone]

    def _exposure_table(self, rows: list[dict[str, Any]]) -> pa.Table:
        timestamp_ms_N = np.array([row["timestamp_ms"] for row in rows], np.int64)
        offset_N = np.array([row["offset"] or 0 for row in rows], np.int64)
        zones = [row["zone"] for row in rows]
        for zone in sorted({each for each in zones if each is not None}):
            mine = np.array([each == zone for each in zones])
            offset_N[mine] = zone_offset_minutes(timestamp_ms_N[mine], zone)
        table = pa.Table.from_pylist(rows, self._columns())
        table = table.append_column("second_of_day", pa.array(seconds_of_day(timestamp_ms_N, offset_N)))
        return table.append_column("day_of_week", pa.array(day_of_week(timestamp_ms_N, offset_N)))

    def _columns(self) -> pa.Schema:
        texts, schema = pa.list_(pa.string()), self.schema
        columns: list[Any] = [
            (name, pa.string()) for name in ("event_id", "user_id", "item_id", "request_id")
        ]
        columns += [("timestamp_ms", pa.int64()), ("arrival", pa.int64()), _PARTITION]
        for label in schema.labels:
            columns += [(f"label.{label}", pa.int8()), (f"known_ms.{label}", pa.int64())]
        columns += [(f"attribute.{name}", texts) for name in schema.attributes]
        columns += [(f"categorical.{name}", pa.string()) for name in schema.categorical]
        columns += [(f"multivalued.{name}", texts) for name in schema.multivalued]
        columns += [(f"numeric.{name}", pa.float64()) for name in schema.numeric]
        return pa.schema(columns)


def exposure_message(
    *, event_id: str, user_id: str | int, item_id: str | int, timestamp_ms: int, **rest: Any
) -> bytes:
    """An exposure as a message; ``rest`` is any other field ``MessageParser`` names.

    Example:
        >>> exposure_message(event_id="e1", user_id=7, item_id=3, timestamp_ms=0, zone="UTC")
        b'{"event_id":"e1","user_id":7,"item_id":3,"timestamp_ms":0,"zone":"UTC"}'
    """
    said = {"event_id": event_id, "user_id": user_id, "item_id": item_id, "timestamp_ms": timestamp_ms}
    return json.dumps(said | rest, separators=(",", ":"), ensure_ascii=False).encode()


def label_message(*, label_of: str, label: str, value: int, known_ms: int) -> bytes:
    """A label as a message.

    Example:
        >>> label_message(label_of="e1", label="finish", value=1, known_ms=9)
        b'{"label_of":"e1","label":"finish","value":1,"known_ms":9}'
    """
    said = {"label_of": label_of, "label": label, "value": value, "known_ms": known_ms}
    return json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()


def _read(message: Message) -> dict[str, Any]:
    if message.fault is not None:
        raise ValueError(message.fault)
    try:
        said = json.loads(message.payload)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no JSON: {error}") from error
    if not isinstance(said, dict):
        raise ValueError("no JSON object")
    return said


def _bad(message: Message, reason: str) -> BadMessage:
    text = message.payload.decode("utf-8", "backslashreplace")[:_PAYLOAD_CHARACTERS]
    return BadMessage(partition=message.partition, offset=message.offset, reason=_short(reason), payload=text)


def _short(reason: str) -> str:
    """A reason quotes what was said, which may be as long as the message."""
    if len(reason) <= _REASON_CHARACTERS:
        return reason
    return f"{reason[:_REASON_CHARACTERS]}... ({len(reason)} characters)"


def _only(said: Mapping[str, Any], fields: set[str]) -> None:
    if said.keys() <= fields:
        return
    for name in said:
        if name not in fields:
            raise ValueError(f"field {name!r} is unknown; there are {', '.join(sorted(fields))}")


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _id(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if value is None or value == "":
        raise ValueError(f"{name} is missing")
    if isinstance(value, str):
        return _sound(name, value)
    if not _whole(value):
        raise ValueError(f"{name} {value!r} is neither text nor a whole number")
    return _sound(name, str(value))


def _sound(name: str, value: str) -> str:
    """Text that is not too long; JSON may hold half a surrogate pair, which is no text."""
    size = len(value)
    if not value.isascii():
        try:
            size = len(value.encode())
        except UnicodeEncodeError as error:
            raise ValueError(f"{name} is no valid text") from error
    if size > TEXT_BYTES:
        raise ValueError(f"{name} is {size:,} bytes long; give at most {TEXT_BYTES}, for example a digest")
    return value


def _time(said: Mapping[str, Any], name: str) -> int:
    value = said.get(name)
    if not _whole(value) or value is None:
        raise ValueError(f"{name} {value!r} is no whole number of UTC milliseconds")
    if not _FIRST_MS <= value < _LAST_MS:
        raise ValueError(f"{name} {value} lies outside 1900 to 2200; give UTC milliseconds")
    return int(value)


def _binary(name: str, value: Any) -> int:
    if value not in (0, 1) or isinstance(value, float):
        raise ValueError(f"{name} {value!r} is neither 0 nor 1")
    return int(value)


def _part(said: Mapping[str, Any], part: str, names: tuple[str, ...]) -> dict[str, Any]:
    values = said.get(part)
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ValueError(f"{part} is no object of names and values")
    for name in values:
        if name not in names:
            raise ValueError(f"{part} {name!r} is none of {', '.join(names) or 'none that are expected'}")
    return values


def _text(part: str, name: str, value: Any) -> str | None:
    """Empty text is missing, as it is in a log."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError(f"{part} {name} {value!r} is no text")
    return _sound(f"{part} {name}", value)


def _texts(part: str, name: str, value: Any) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"{part} {name} {value!r} is no list of texts")
    if len(value) > _MOST_VALUES:
        raise ValueError(f"{part} {name} has {len(value):,} values; give at most {_MOST_VALUES}")
    return [text for each in value if (text := _text(part, name, each)) is not None]


def _number(part: str, name: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{part} {name} {value!r} is no finite number")
    try:
        number = float(value)
    except OverflowError:  # JSON's whole numbers have no end
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{part} {name} {value!r} is no finite number")
    return number
