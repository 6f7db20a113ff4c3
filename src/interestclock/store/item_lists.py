"""Which lists an item stands in: that of all items, and one for each value that it has or had."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from interestclock.store.records import ItemRecord, number_key

__all__ = ["EVERY_ITEM", "ItemList", "ItemLists", "key_in", "lists_of", "slots_in"]

_KEY = struct.Struct(">HIQ")
_LAST = (1 << 64) - 1
ItemList = tuple[int, int]  # items that have a value: the place of its attribute, and its number
EVERY_ITEM: ItemList = ((1 << 16) - 1, 0)


def lists_of(record: ItemRecord) -> set[ItemList]:
    """The lists of all values that an item has in some version that is kept; a view looks at which of them.

    Example:
        >>> record = ItemRecord(id="a", index=1, values=[[3], []],
        ...     versions=[(50, 50, [[3, 4], []])])
        >>> sorted(lists_of(record) - {EVERY_ITEM})
        [(0, 3), (0, 4)]
    """
    versions = [record.values, *(values for _, _, values in record.versions)]
    found = {
        (place, number)
        for values in versions
        for place, numbers in enumerate(values)
        for number in numbers
        if number
    }
    found.add(EVERY_ITEM)
    return found


class ItemLists:
    """Keeps lists in LMDB current, within one transaction.

    A list goes by items' indexes, the newest first: a key ends with what is left of the largest index.

    Args:
        txn, database: where to.
    """

    def __init__(self, txn: Any, database: Any) -> None:
        self._txn, self._database = txn, database

    def add(self, slot: int, now: ItemRecord, before: ItemRecord | None) -> None:
        """An item is this now; what it was in the store, if it was there."""
        if before is not None and _listed_by(before) == _listed_by(now):
            return
        had = set() if before is None else _keys(before)
        has = _keys(now)
        for key in had - has:
            self._txn.delete(key, db=self._database)
        for key in has - had:
            self._txn.put(key, number_key(slot), db=self._database)

    def remove(self, record: ItemRecord) -> None:
        """An item left."""
        for key in _keys(record):
            self._txn.delete(key, db=self._database)


def slots_in(txn: Any, database: Any, those: ItemList) -> Iterator[int]:
    """Slots of a list's items, the newest first, read as they are taken.

    Args:
        txn, database: to read from.
    """
    cursor = txn.cursor(db=database)
    if cursor.set_range(_KEY.pack(*those, 0)):
        for key, value in cursor:
            if _KEY.unpack(key)[:2] != those:
                return
            yield int.from_bytes(value, "big")


def _listed_by(record: ItemRecord) -> tuple[Any, ...]:
    return record.index, record.values, record.versions


def key_in(key: bytes) -> tuple[ItemList, int]:
    """The list that an entry stands in, and the index of its item."""
    place, number, left = _KEY.unpack(key)
    return (place, number), _LAST - left


def _keys(record: ItemRecord) -> set[bytes]:
    last = _LAST - record.index
    return {_KEY.pack(place, number, last) for place, number in lists_of(record)}
