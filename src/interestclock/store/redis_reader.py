"""A snapshot of a store on Redis: each user as of their own last change, none of them torn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from interestclock.errors import ResultError
from interestclock.store.item_lists import ItemList
from interestclock.store.lmdb_reader import ENDED
from interestclock.store.meta import check_format
from interestclock.store.records import Header, StoreMeta, chunks, midnight_key, number_key, value_key
from interestclock.store.redis_connection import Command, RedisConnection
from interestclock.store.redis_keys import (
    AS_OF,
    HEADER,
    META,
    AsOf,
    ItemValue,
    RedisKeys,
    behaviours_field,
    votes_field,
)
from interestclock.store.store_reader import NewValues, UserValues

__all__ = ["RedisReader"]

_LISTED_AT_A_TIME = 512
_NEW_AT_A_TIME = 64  # values of an attribute, or sets, that may have come since the last snapshot


class RedisReader:
    """A ``StoreReader`` of one generation: a user, with all records, is read by one command.

    An item that was given its slot after the snapshot is not known to it, so that no user's records are
    taken to name it that named another before.

    Args:
        connection, keys: to read from. meta: where the store stood when the snapshot was taken.
    """

    def __init__(self, connection: RedisConnection, keys: RedisKeys, *, meta: StoreMeta) -> None:
        self._connection, self._keys, self._meta = connection, keys, meta
        self._records: dict[int, bytes] = {}  # of items that were asked for by id
        self._ended = False

    def users(self, ids: Sequence[int | str]) -> list[UserValues | None]:
        """Records of users."""
        found = self._read([("HGETALL", self._keys.user(each)) for each in ids])
        return [self._user(values) if values else None for values in found]

    def item_slots(self, ids: Sequence[int | str]) -> list[int]:
        """Slots of items, whose records come with them."""
        found = self._items([self._keys.item(each) for each in ids])
        self._records.update((item.slot, item.record) for item in found if item is not None)
        return [0 if item is None else item.slot for item in found]

    def items(self, slots: Sequence[int]) -> list[bytes | None]:
        """Items' records."""
        new = [each for each in slots if each not in self._records]
        found = self._items([self._keys.slot(each) for each in new])
        self._records.update((item.slot, item.record) for item in found if item is not None)
        return [self._records.get(each) for each in slots]

    def items_changed_after(self, position: int) -> list[int]:  # noqa: ARG002
        """None: a store on a server does not tell which items changed, and says so by where it stands."""
        return []

    def slots_in(self, those: ItemList) -> Iterator[int]:
        """Slots of a list's items, some hundreds at a time; records may say by now that they are none."""
        key, below = self._keys.list_of(those), b"+inf"
        while True:
            command = ("ZREVRANGEBYSCORE", key, below, b"-inf", b"WITHSCORES", b"LIMIT", 0, _LISTED_AT_A_TIME)
            (found,) = self._read([command])
            for slot, _ in found:
                yield int(slot)
            if len(found) < _LISTED_AT_A_TIME:
                return
            below = b"(%d" % int(found[-1][1])

    def everyone(self, midnights: Sequence[int]) -> dict[int, bytes]:
        """Everyone's counts at midnights, but for those that were given up since the snapshot."""
        if not midnights:
            return {}
        fields = [midnight_key(each) for each in midnights]
        (found,) = self._read([("HMGET", self._keys.everyone, *fields)])
        return {each: value for each, value in zip(midnights, found, strict=True) if value is not None}

    def values_after(self, texts: Mapping[int, int], sets: int | None) -> NewValues:
        """What is new."""
        lists = {
            place: _Numbered(self._keys.values, partial(value_key, place), known + 1)
            for place, known in texts.items()
        }
        growing = [*lists.values()]
        new_sets = _Numbered(self._keys.sets, number_key, sets or 0)
        if sets is not None:
            growing.append(new_sets)
        while growing:
            found = self._run([each.command() for each in growing])
            growing = [each for each, values in zip(growing, found, strict=True) if each.extend(values)]
        return NewValues({place: each.values for place, each in lists.items()}, new_sets.values)

    def end(self) -> None:
        """Nothing is read any more."""
        self._ended = True

    def _user(self, values: Mapping[bytes, bytes]) -> UserValues:
        try:
            header, as_of = Header.unpack(values[HEADER]), AsOf.unpack(values[AS_OF])
            behaviours = chunks(header.behaviours_dropped, header.behaviours)
            votes = chunks(header.votes_dropped, header.votes)
            return UserValues(
                header,
                partial(self._still_open, [values[behaviours_field(each)] for each in behaviours]),
                partial(self._still_open, [values[votes_field(each)] for each in votes]),
                as_of.position,
                as_of.complete_from_ms,
            )
        except KeyError as error:
            raise ResultError(
                f"{self._connection.name}: a user's key lacks {error}; write the store anew, under another "
                "prefix"
            ) from error

    def _items(self, keys: Sequence[bytes]) -> list[ItemValue | None]:
        found = self._read([("GET", key) for key in keys])
        items = [None if value is None else ItemValue.unpack(value) for value in found]
        return [None if item is None or item.since > self._meta.position else item for item in items]

    def _read(self, commands: Sequence[Command]) -> list[Any]:
        """Replies; if any is empty, it is because there is nothing, and not because all was written anew."""
        replies = self._run(commands)
        if not all(replies):
            value = self._connection.one("HGET", self._keys.meta, META)
            if check_format(value or b"", self._connection.name).generation != self._meta.generation:
                raise ResultError(
                    f"{self._connection.name} was written anew while it was read; take another snapshot"
                )
        return replies

    def _run(self, commands: Sequence[Command]) -> list[Any]:
        self._check_open()
        return self._connection.run(commands)

    def _still_open(self, fetched: list[bytes]) -> list[bytes]:
        self._check_open()
        return fetched

    def _check_open(self) -> None:
        if self._ended:
            raise ResultError(ENDED)


class _Numbered:
    """Values under numbers without gaps, from one on, of which nobody has said how many there are."""

    def __init__(self, key: bytes, field: Callable[[int], bytes], first: int) -> None:
        self.values: list[bytes] = []
        self._key, self._field, self._first = key, field, first

    def command(self) -> Command:
        """What asks for the next."""
        first = self._first + len(self.values)
        most = max(_NEW_AT_A_TIME, len(self.values))
        return ("HMGET", self._key, *map(self._field, range(first, first + most)))

    def extend(self, found: Sequence[bytes | None]) -> bool:
        """Take what came; whether there may be more."""
        new = [each for each in found if each is not None]
        self.values += new
        return len(new) == len(found)
