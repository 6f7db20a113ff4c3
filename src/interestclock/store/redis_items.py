"""Items' changes into a store on Redis: read what they were, write records and the lists they stand in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import msgspec

from interestclock.state.state_changes import Gone, ItemsNow
from interestclock.store.change_records import item_records
from interestclock.store.item_lists import ItemList, lists_of
from interestclock.store.records import ItemRecord
from interestclock.store.redis_connection import Command, RedisConnection
from interestclock.store.redis_keys import ItemValue, RedisKeys
from interestclock.store.redis_scripts import DROP_ITEM, PUT_ITEM

__all__ = ["RedisItems"]

_AT_A_TIME = 256


class RedisItems:
    """Writes items of one generation as of a position; what is there at that position already stays.

    A list is a sorted set of slots by index. Done again after it was cut short it is whole: what is taken out
    of a list goes before the record that tells of it is replaced, and what a record tells that may have been
    cut short itself is put in again. Views look at records, too, so a slot too much in a list is not read.

    Args:
        connection, keys: where to. position: of what was admitted last. before: where the store stood.
    """

    def __init__(self, connection: RedisConnection, keys: RedisKeys, *, position: int, before: int) -> None:
        self._connection, self._keys = connection, keys
        self._position, self._before = position, before

    def write(self, left: Gone, now: ItemsNow, attributes: tuple[str, ...]) -> None:
        """What left goes, then what changed is brought to the position.

        Args:
            attributes: of the log.
        """
        gone = iter(zip(left.slot_R.tolist(), left.ids.to_pylist(), left.index_R.tolist(), strict=True))
        while some := list(islice(gone, _AT_A_TIME)):
            there = self._there([slot for slot, _, _ in some])
            self._connection.run(self._drops(some, there))
        changed = item_records(now, attributes)
        while records := list(islice(changed, _AT_A_TIME)):
            there = self._there([slot for slot, _ in records])
            self._connection.run(self._puts(records, there))

    def _there(self, slots: Sequence[int]) -> list[ItemValue | None]:
        found = self._connection.run(("GET", self._keys.slot(slot)) for slot in slots)
        return [None if value is None else ItemValue.unpack(value) for value in found]

    def _drops(
        self, gone: Sequence[tuple[int, int | str, int]], there: Sequence[ItemValue | None]
    ) -> Iterator[Command]:
        for (slot, each, index), value in zip(gone, there, strict=True):
            if value is not None and value.number == index and value.position < self._position:
                yield from self._out_of(_lists(value), slot)
            for key in (self._keys.item(each), self._keys.slot(slot)):
                yield "EVAL", DROP_ITEM, 1, key, self._position, index

    def _puts(
        self, records: Sequence[tuple[int, ItemRecord]], there: Sequence[ItemValue | None]
    ) -> Iterator[Command]:
        for (slot, record), value in zip(records, there, strict=True):
            had = set() if value is None else _lists(value)
            has = lists_of(record)
            yield from self._out_of(had - has, slot)
            whole = value is not None and value.number == record.index and value.position <= self._before
            for each in has - had if whole else has:
                yield "ZADD", self._keys.list_of(each), record.index, slot
            packed = msgspec.msgpack.encode(record)
            for key in (self._keys.slot(slot), self._keys.item(record.id)):
                yield "EVAL", PUT_ITEM, 1, key, self._position, slot, record.index, packed

    def _out_of(self, those: set[ItemList], slot: int) -> Iterator[Command]:
        for each in those:
            yield "ZREM", self._keys.list_of(each), slot


def _lists(value: ItemValue) -> set[ItemList]:
    return lists_of(msgspec.msgpack.decode(value.record, type=ItemRecord))
