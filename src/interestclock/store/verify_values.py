"""Whether values, sets of them, items and counts of all users are whole, and fit each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from interestclock.events.schema import EQ3_ROLES, LogSchema
from interestclock.state import StateConfig
from interestclock.store.meta import ZONES
from interestclock.store.records import (
    ItemRecord,
    StoreMeta,
    id_key,
    id_of_key,
    midnight_key,
    number_key,
    value_key,
)

__all__ = ["Checked", "Step", "check_everyone", "check_items", "check_sets", "check_values", "type_of"]

Step = Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A snapshot of a store that is looked through.

    Args:
        txn, databases: to read from. meta: where it stands. schema, config: whose it is.
        values: how many values there are, by attribute, of zones under an empty name.
        step: is called for each record that is read.
    """

    txn: Any
    databases: Mapping[str, Any]
    meta: StoreMeta
    schema: LogSchema
    config: StateConfig
    values: dict[str, int]
    step: Step

    def pairs(self, database: str) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values of a database, in order."""
        with self.txn.cursor(db=self.databases[database]) as cursor:
            for key, value in cursor:
                self.step()
                yield bytes(key), bytes(value)

    def get(self, database: str, key: bytes) -> bytes | None:
        """A value; None where there is none."""
        value = self.txn.get(key, db=self.databases[database])
        return None if value is None else bytes(value)

    def entries(self, database: str) -> int:
        """How many a database has."""
        return int(self.txn.stat(self.databases[database])["entries"])


def check_values(store: Checked) -> Iterator[str]:
    """Numbers of each attribute's values go from 1 without a gap, and are text; counts them."""
    places = dict(enumerate(store.schema.attributes)) | {ZONES: ""}
    store.values.update(dict.fromkeys(places.values(), 0))
    for key, value in store.pairs("values"):
        place, number = int.from_bytes(key[:2], "big"), int.from_bytes(key[2:], "big")
        if place not in places or key != value_key(place, number):
            yield f"a value of no attribute (key {key.hex()})"
            continue
        name = places[place]
        if number != store.values[name] + 1:
            yield f"value {store.values[name] + 1} of {name or 'zones'} is missing, before {number}"
        store.values[name] = number
        if not _is_text(value):
            yield f"value {number} of {name or 'zones'} is no text"


def check_sets(store: Checked) -> Iterator[str]:
    """Sets are numbered from 0 without a gap; their codes ascend and stand for values that are there."""
    attributes = store.schema.clock_attributes
    for number, (key, value) in enumerate(store.pairs("sets")):
        if key != number_key(number):
            yield f"set {number} of values is missing"
            return
        if len(value) % 4:
            yield f"set {number} of values has {len(value)} bytes"
            continue
        codes = np.frombuffer(value, "<i4").astype(np.int64)
        numbers, places = np.divmod(codes, max(len(attributes), 1))
        most = np.array([store.values.get(name, 0) for name in attributes] or [0])
        if (np.diff(codes) <= 0).any() or (numbers < 1).any() or (numbers > most[places]).any():
            yield f"set {number} of values names values that are not there, or out of order"


def check_items(store: Checked) -> Iterator[str]:
    """Each item is found by its id and each id leads to its item; values they have are there."""
    indexes: dict[int, int] = {}
    for key, value in store.pairs("item"):
        slot = int.from_bytes(key, "big")
        try:
            record = msgspec.msgpack.decode(value, type=ItemRecord)
        except msgspec.DecodeError as error:
            yield f"item {slot} cannot be read ({error})"
            continue
        if store.get("item_of_id", id_key(record.id)) != key:
            yield f"item {slot} is not found by its id {record.id!r}"
        if indexes.setdefault(record.index, slot) != slot:
            yield f"items {indexes[record.index]} and {slot} have one index, {record.index}"
        yield from _check_item(store, record)
    for key, value in store.pairs("item_of_id"):
        item = _id_or_none(key)
        if item is None:
            yield f"an id of an item cannot be read (key {key.hex()})"
        elif type_of(item) != store.meta.id_types.get("item"):
            yield f"item id {item!r} is of another type than those of the store"
        elif store.get("item", value) is None:
            yield f"item {item!r} has no record"
    if store.entries("item") != store.entries("item_of_id"):
        yield f"{store.entries('item'):,} items, and {store.entries('item_of_id'):,} ids of items"


def check_everyone(store: Checked) -> Iterator[str]:
    """Counts of all users stand there for the midnights that are kept, and no others."""
    midnights = [midnight_key(each) for each in store.meta.midnights]
    row_bytes = 8 * store.config.clocks.buckets_per_day * len(EQ3_ROLES)
    found = dict(store.pairs("everyone"))
    if sorted(found) != sorted(midnights):
        yield f"counts of all users are there for {len(found)} midnights, and {len(midnights)} are kept"
    for value in found.values():
        if len(value) % row_bytes:
            yield f"counts of all users at a midnight have {len(value)} bytes, no multiple of {row_bytes}"


def type_of(each: int | str) -> str:
    """An id's type, as a store names it.

    Example:
        >>> type_of("ann"), type_of(7)
        ('string', 'int64')
    """
    return "string" if isinstance(each, str) else "int64"


def _check_item(store: Checked, record: ItemRecord) -> Iterator[str]:
    names = store.schema.attributes
    for values in (record.values, *(values for _, _, values in record.versions)):
        if len(values) != len(names):
            yield f"item {record.id!r} has values of {len(values)} attributes, not of {len(names)}"
            return
        for name, numbers in zip(names, values, strict=True):
            if not all(0 <= number <= store.values[name] for number in numbers):
                yield f"item {record.id!r} has values of {name} that are not there"
    moments = [from_ms for from_ms, _, _ in record.versions]
    if moments != sorted(moments):
        yield f"item {record.id!r} has versions out of order"


def _id_or_none(key: bytes) -> int | str | None:
    try:
        return id_of_key(key)
    except ValueError:
        return None


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
