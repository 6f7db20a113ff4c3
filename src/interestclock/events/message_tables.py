"""Messages as tables, a column at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.events.context import CONTEXT_KINDS, given_lists
from interestclock.events.message_models import Erase, Exposure, Item, Label, Outcome, Served
from interestclock.events.message_offsets import given_offset, given_zone, minutes
from interestclock.events.schema import LogSchema
from interestclock.timeofday import day_of_week, seconds_of_day, zone_offset_minutes

__all__ = [
    "ERASURES",
    "ITEMS",
    "LABELS",
    "OF_A_LOG",
    "OUTCOMES",
    "REFERENCES",
    "SERVED",
    "MessageTables",
    "no_messages",
]

# Shapes: N messages of a kind.

LABELS = pa.schema(
    [
        ("event_id", pa.string()),
        ("label", pa.string()),
        ("value", pa.int8()),
        ("known_ms", pa.int64()),
        ("arrival", pa.int64()),
    ]
)
ITEMS = pa.schema([("item_id", pa.string()), ("from_ms", pa.int64()), ("arrival", pa.int64())])
OUTCOMES = pa.schema(
    [
        ("event_id", pa.string()),
        ("outcome", pa.string()),
        ("value", pa.float64()),
        ("known_ms", pa.int64()),
        ("arrival", pa.int64()),
    ]
)
ERASURES = pa.schema([("user_id", pa.string()), ("timestamp_ms", pa.int64()), ("arrival", pa.int64())])
SERVED = pa.schema(
    [
        ("request_id", pa.string()),
        ("user_id", pa.string()),
        ("timestamp_ms", pa.int64()),
        ("utc_offset_minutes", pa.int32()),
        ("second_of_day", pa.int32()),
        ("day_of_week", pa.int8()),
        ("zone", pa.string()),
        ("arm", pa.string()),
        ("ranker", pa.string()),
        ("version", pa.string()),
        ("admitted_offset", pa.string()),
        ("item_ids", pa.list_(pa.string())),
        ("scores", pa.list_(pa.float64())),
        ("propensities", pa.list_(pa.float64())),
        ("arrival", pa.int64()),
    ]
)
REFERENCES = pa.schema(
    [
        ("event_id", pa.string()),
        ("user_id", pa.string()),
        ("item_id", pa.string()),
        ("request_id", pa.string()),
        ("position", pa.int32()),
        ("timestamp_ms", pa.int64()),
        ("utc_offset_minutes", pa.int32()),
        ("zone", pa.string()),
        ("values", pa.string()),
        ("arrival", pa.int64()),
    ]
)
OF_A_LOG = ""  # as ``values``, which are JSON else: a log's row, whose labels its own columns made already
_TEXTS = pa.list_(pa.string())
_values = msgspec.json.Encoder().encode


class MessageTables:
    """Makes tables of messages that a schema's log may hold; ``arrival`` comes with each message.

    Args:
        schema: names of labels, attributes and context. zone: where neither zone nor offset is said.

    Example:
        >>> tables = MessageTables(LogSchema(labels=("finish",)))
        >>> tables.labels([4], [Label(label_of=3, label="finish", value=1, known_ms=9)]).to_pylist()
        [{'event_id': '3', 'label': 'finish', 'value': 1, 'known_ms': 9, 'arrival': 4}]
    """

    def __init__(self, schema: LogSchema, *, zone: str | None = None) -> None:
        self._schema, self._zone = schema, zone

    def exposures(self, arrival_N: Sequence[int], messages: Sequence[Exposure]) -> pa.Table:
        """Columns of the event table, ``event_id``, ``position``, ``values`` and ``arrival``."""
        time_N = np.array([each.timestamp_ms for each in messages], np.int64)
        offset_N = self._offsets(time_N, messages)
        return pa.table(
            self._common(messages)
            | {"timestamp_ms": pa.array(time_N), "arrival": pa.array(arrival_N, pa.int64())}
            | _local(time_N, offset_N)
            | {"zone": self._zones(messages)}
        )

    def references(self, arrival_N: Sequence[int], messages: Sequence[Exposure]) -> pa.Table:
        """As ``REFERENCES`` begins, and labels and context as exposures have them."""
        time_ms = [each.timestamp_ms for each in messages]
        return pa.table(
            self._common(messages)
            | {
                "timestamp_ms": pa.array(time_ms, pa.int64()),
                "utc_offset_minutes": pa.array([given_offset(each) for each in messages], pa.int32()),
                "zone": pa.array([given_zone(each) for each in messages], pa.string()),
                "arrival": pa.array(arrival_N, pa.int64()),
            }
        )

    def labels(self, arrival_N: Sequence[int], messages: Sequence[Label]) -> pa.Table:
        """As ``LABELS``."""
        return pa.table(
            {
                "event_id": _ids(each.label_of for each in messages),
                "label": [each.label for each in messages],
                "value": [int(each.value) for each in messages],
                "known_ms": [each.known_ms for each in messages],
                "arrival": arrival_N,
            },
            LABELS,
        )

    def items(self, arrival_N: Sequence[int], messages: Sequence[Item]) -> pa.Table:
        """As ``ITEMS``, and ``attribute.NAME`` (list<string>) for each of the schema's."""
        table = pa.table(
            {
                "item_id": _ids(each.item for each in messages),
                "from_ms": [each.from_ms for each in messages],
                "arrival": arrival_N,
            },
            ITEMS,
        )
        parts = [each.attributes for each in messages]
        for name in self._schema.attributes:
            table = table.append_column(f"attribute.{name}", given_lists(parts, name))
        return table

    def outcomes(self, arrival_N: Sequence[int], messages: Sequence[Outcome]) -> pa.Table:
        """As ``OUTCOMES``; a flag is 0 or 1."""
        return pa.table(
            {
                "event_id": _ids(each.outcome_of for each in messages),
                "outcome": [each.name for each in messages],
                "value": [float(each.value) for each in messages],
                "known_ms": [each.known_ms for each in messages],
                "arrival": arrival_N,
            },
            OUTCOMES,
        )

    def served(self, arrival_N: Sequence[int], messages: Sequence[Served]) -> pa.Table:
        """As ``SERVED``; the items' three lists are equally long, best place first."""
        time_N = np.array([each.timestamp_ms for each in messages], np.int64)
        offset_N = self._offsets(time_N, messages)
        columns: dict[str, Any] = {
            "request_id": _ids(each.served for each in messages),
            "user_id": _ids(each.user_id for each in messages),
            "timestamp_ms": time_N,
            "utc_offset_minutes": offset_N,
            **_local(time_N, offset_N),
            "zone": self._zones(messages),
            "item_ids": [[str(one.item_id) for one in each.items] for each in messages],
            "scores": [[one.score for one in each.items] for each in messages],
            "propensities": [[one.propensity for one in each.items] for each in messages],
            "arrival": arrival_N,
        }
        for name in ("arm", "ranker", "version", "admitted_offset"):
            columns[name] = [getattr(each, name) for each in messages]
        return pa.table(columns, SERVED)

    def erasures(self, arrival_N: Sequence[int], messages: Sequence[Erase]) -> pa.Table:
        """As ``ERASURES``."""
        return pa.table(
            {
                "user_id": _ids(each.erase for each in messages),
                "timestamp_ms": [each.timestamp_ms for each in messages],
                "arrival": arrival_N,
            },
            ERASURES,
        )

    def _common(self, messages: Sequence[Exposure]) -> dict[str, pa.Array]:
        schema = self._schema
        columns = {
            "event_id": pa.array([each.own_id() for each in messages], pa.string()),
            "user_id": _ids(each.user_id for each in messages),
            "item_id": _ids(each.item_id for each in messages),
            "request_id": _ids(each.request_id for each in messages),
            "position": pa.array([each.position for each in messages], pa.int32()),
        }
        columns |= self._labels(messages)
        for kind, part, names, column in (
            ("attribute", "attributes", schema.attributes, given_lists),
            *((kind.name, kind.name, schema.context[kind.name], kind.given) for kind in CONTEXT_KINDS),
        ):
            given = [getattr(each, part) for each in messages] if names else []
            columns |= {f"{kind}.{name}": column(given, name) for name in names}
        values = [None if each.values is None else _values(each.values).decode() for each in messages]
        return columns | {"values": pa.array(values, pa.string())}

    def _labels(self, messages: Sequence[Exposure]) -> dict[str, pa.Array]:
        columns: dict[str, pa.Array] = {}
        for label in self._schema.labels:
            value = [each.labels.get(label) if each.labels else None for each in messages]
            known_ms = [
                None
                if flag is None
                else each.timestamp_ms
                if each.known_ms is None
                else each.known_ms.get(label, each.timestamp_ms)
                for flag, each in zip(value, messages, strict=True)
            ]
            flags = [None if flag is None else int(flag) for flag in value]
            columns[f"label.{label}"] = pa.array(flags, pa.int8())
            columns[f"known_ms.{label}"] = pa.array(known_ms, pa.int64())
        return columns

    def _zones(self, messages: Sequence[Exposure | Served]) -> pa.Array:
        """Which zone told local time: said, or the default; null where an offset did."""
        zones = [
            None if each.utc_offset_minutes is not None else each.zone or self._zone for each in messages
        ]
        return pa.array(zones, pa.string())

    def _offsets(
        self, time_N: npt.NDArray[np.int64], messages: Sequence[Exposure | Served]
    ) -> npt.NDArray[np.int32]:
        """Minutes to add to UTC: said, of a zone that is said, or of the default zone."""
        offset_N = np.array([minutes(each) or 0 for each in messages], np.int32)
        by_zone: dict[str, list[int]] = {}
        for place, each in enumerate(messages):
            if each.utc_offset_minutes is None:
                by_zone.setdefault(each.zone or self._zone or "UTC", []).append(place)
        for zone, places in by_zone.items():
            offset_N[places] = zone_offset_minutes(time_N[places], zone)
        return offset_N


def no_messages(schema: LogSchema) -> dict[str, pa.Table]:
    """Tables of each kind without a row.

    Example:
        >>> sorted(no_messages(LogSchema(labels=("finish",))))
        ['erasures', 'exposures', 'items', 'labels', 'outcomes', 'references', 'served']
    """
    tables = MessageTables(schema, zone="UTC")
    return {
        "exposures": tables.exposures([], []),
        "labels": LABELS.empty_table(),
        "items": tables.items([], []),
        "outcomes": OUTCOMES.empty_table(),
        "served": SERVED.empty_table(),
        "references": tables.references([], []),
        "erasures": ERASURES.empty_table(),
    }


def _local(time_N: npt.NDArray[np.int64], offset_N: npt.NDArray[np.int32]) -> dict[str, pa.Array]:
    return {
        "second_of_day": pa.array(seconds_of_day(time_N, offset_N)),
        "day_of_week": pa.array(day_of_week(time_N, offset_N)),
    }


def _ids(ids: Iterable[str | int | None]) -> pa.Array:
    """A whole number stands for its digits."""
    return pa.array([str(each) if type(each) is int else each for each in ids], pa.string())
