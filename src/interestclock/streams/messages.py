"""Messages of a stream, JSON in UTF-8: exposures and what comes of them, items, requests, erasures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import pyarrow as pa

from interestclock.errors import ConfigError
from interestclock.events.context import CONTEXT_KINDS
from interestclock.events.label_expressions import label_expression
from interestclock.events.message_json import read_message
from interestclock.events.message_models import (
    AnyMessage,
    Erase,
    Exposure,
    Item,
    Label,
    Outcome,
    Served,
)
from interestclock.events.message_tables import LABELS, MessageTables
from interestclock.events.message_types import TEXT_BYTES
from interestclock.events.schema import LogSchema
from interestclock.streams.micro_batch import BadMessage, MicroBatch, OffsetRanges
from interestclock.timeofday import check_zone, is_zone

__all__ = ["LABELS", "TEXT_BYTES", "Message", "MessageParser"]

_PAYLOAD_CHARACTERS = 2_000
_REASON_CHARACTERS = 500
_ZONES_REMEMBERED = 1_024
_KIND_OF = {
    Exposure: "exposures",
    Label: "labels",
    Item: "items",
    Outcome: "outcomes",
    Served: "served",
    Erase: "erasures",
}
_KINDS = (*_KIND_OF.values(), "references")  # tables of ``MicroBatch``
_PARTS = ("labels", "known_ms", "attributes", *(kind.name for kind in CONTEXT_KINDS))
_parts = attrgetter(*_PARTS)


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

    ``message_models`` declares what a message may say; here is checked what only a log can tell: names of
    labels, outcomes, attributes and context, and whether something says what time it was where the user is.

    Args:
        schema: names that messages may use. zone: IANA zone of exposures that say nothing of local time.

    Raises:
        ConfigError: the zone is unknown, or a raw column is taken both for a number and for text.

    Example:
        >>> parser = MessageParser(LogSchema(labels=("finish",)), zone="Europe/Berlin")
        >>> given = b'{"event_id": "e1", "user_id": 7, "item_id": 3, "timestamp_ms": 1700000000000}'
        >>> messages = [Message(partition="0", offset="1", payload=given),
        ...             Message(partition="0", offset="2", payload=b"{}")]
        >>> offset_ranges = OffsetRanges(source="test", ranges={"0": ("1", "2")}, messages=2)
        >>> batch = parser.parse(offset_ranges, messages)
        >>> batch.exposures["second_of_day"].to_pylist(), [bad.reason for bad in batch.bad]
        ([83600], ['item_id is missing'])
    """

    def __init__(self, schema: LogSchema, *, zone: str | None = None) -> None:
        if zone is not None:
            check_zone(zone)
        self.schema, self._zone = schema, zone
        self._known_zones: dict[str, bool] = {}
        self._tables = MessageTables(schema, zone=zone)
        self._raw_kinds = _raw_kinds(schema)
        self._names = (schema.labels, schema.labels, schema.attributes, *schema.context.values())  # as _PARTS

    def parse(self, offset_ranges: OffsetRanges, messages: Sequence[Message]) -> MicroBatch:
        """Tables of a micro-batch's messages, which stand in the order that their offsets decide."""
        rows: dict[str, tuple[list[int], list[Any]]] = {kind: ([], []) for kind in _KINDS}
        bad: list[BadMessage] = []
        for arrival, message in enumerate(messages):
            try:
                if message.fault is not None:
                    raise ValueError(message.fault)
                read = read_message(message.payload)
                self.check(read)
                kind = _kind(read)
            except ValueError as error:
                bad.append(_bad(message, str(error)))
            else:
                numbers, those = rows[kind]
                numbers.append(arrival)
                those.append(read)
        tables = {}
        for kind, (numbers, those) in rows.items():
            partitions = pa.array([messages[arrival].partition for arrival in numbers], pa.string())
            table = getattr(self._tables, kind)(numbers, those)
            tables[kind] = table.append_column("partition", partitions)
        return MicroBatch(offset_ranges=offset_ranges, bad=tuple(bad), **tables)

    def check(self, message: AnyMessage) -> None:
        """What a model cannot know: the log's names, its default zone.

        Raises:
            ValueError: the log has no such name, or nothing tells a local time.
        """
        if isinstance(message, Exposure):
            for part, given, names in zip(_PARTS, _parts(message), self._names, strict=True):
                if given:
                    _check_names(part, given, names)
            if message.values:
                self._check_raw(message.values)
            if message.utc_offset_minutes is None:
                self._check_zone(message.zone, needed=not message.refers)
        elif isinstance(message, Label):
            _check_names("label", (message.label,), self.schema.labels)
        elif isinstance(message, Item):
            _check_names("attributes", message.attributes, self.schema.attributes)
        elif isinstance(message, Outcome):
            _check_names("outcome", (message.name,), self.schema.outcomes)
        elif isinstance(message, Served) and message.utc_offset_minutes is None:
            self._check_zone(message.zone, needed=True)

    def _check_raw(self, values: Mapping[str, object]) -> None:
        """What labels are made of has the type that they take it for."""
        for name in values.keys() & self._raw_kinds.keys():
            kind, reason = self._raw_kinds[name]
            if values[name] is not None and isinstance(values[name], str) != (kind == "text"):
                raise ValueError(f"values {name} {values[name]!r} is no {kind}, {reason}")

    def _check_zone(self, zone: str | None, *, needed: bool) -> None:
        if zone:
            if not self._knows(zone):
                raise ValueError(f"zone {zone!r} is not an IANA zone such as Europe/Berlin")
        elif needed and self._zone is None:
            raise ValueError("nothing tells its local time: utc_offset_minutes, zone, or a default zone")

    def _knows(self, zone: str) -> bool:
        if zone not in self._known_zones:
            if len(self._known_zones) >= _ZONES_REMEMBERED:  # only nonsense makes so many
                self._known_zones.clear()
            self._known_zones[zone] = is_zone(zone)
        return self._known_zones[zone]


def _raw_kinds(schema: LogSchema) -> dict[str, tuple[str, str]]:
    """Raw columns whose type matters: which it is, and why."""
    kinds = dict.fromkeys(schema.outcomes, ("number", "as an outcome is"))
    for label, text in schema.label_expressions.items():
        for name, kind in label_expression(label, text).columns.items():
            before, why = kinds.setdefault(name, (kind, f"of which label {label} is made"))
            if before != kind:
                raise ConfigError(
                    f"label '{label}' = {text!r} takes '{name}' for a {kind}, and in messages it is a "
                    f"{before}, {why}; give one of the two another name"
                )
    return kinds


def _kind(message: AnyMessage) -> str:
    return "references" if type(message) is Exposure and message.refers else _KIND_OF[type(message)]


def _check_names(part: str, given: Iterable[str], names: tuple[str, ...]) -> None:
    for name in given:
        if name not in names:
            raise ValueError(f"{part} {name!r} is none of {', '.join(names) or 'none that are expected'}")


def _bad(message: Message, reason: str) -> BadMessage:
    text = message.payload.decode("utf-8", "backslashreplace")[:_PAYLOAD_CHARACTERS]
    return BadMessage(partition=message.partition, offset=message.offset, reason=_short(reason), payload=text)


def _short(reason: str) -> str:
    """A reason quotes what was said, which may be as long as the message."""
    if len(reason) <= _REASON_CHARACTERS:
        return reason
    return f"{reason[:_REASON_CHARACTERS]}... ({len(reason)} characters)"
