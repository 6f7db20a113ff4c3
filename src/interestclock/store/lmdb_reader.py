"""One read transaction of LMDB as a snapshot: values lie in the file's own memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from interestclock.errors import ResultError
from interestclock.store.item_lists import ItemList, slots_in
from interestclock.store.records import (
    Header,
    chunk_key,
    chunks,
    feed_key,
    id_key,
    midnight_key,
    number_key,
    value_key,
)
from interestclock.store.store_reader import NewValues, UserValues

__all__ = ["ENDED", "LmdbReader"]

ENDED = "the snapshot has ended; read within its `with store.snapshot() as view:`"


class LmdbReader:
    """A ``StoreReader`` of what was committed when the transaction began.

    Args:
        txn, databases: to read from.
    """

    def __init__(self, txn: Any, databases: Mapping[str, Any]) -> None:
        self._txn, self._databases = txn, databases

    def users(self, ids: Sequence[int | str]) -> list[UserValues | None]:
        """Records of users."""
        return [self._user(each) for each in ids]

    def item_slots(self, ids: Sequence[int | str]) -> list[int]:
        """Slots of items."""
        found = (self._get("item_of_id", id_key(each)) for each in ids)
        return [0 if value is None else int.from_bytes(value, "big") for value in found]

    def items(self, slots: Sequence[int]) -> list[bytes | None]:
        """Items' records."""
        return [self._get("item", number_key(slot)) for slot in slots]

    def items_changed_after(self, position: int) -> list[int]:
        """Slots of items that changed behind a position."""
        cursor = self._open().cursor(db=self._databases["item_feed"])
        if not cursor.set_range(feed_key(position + 1, 0)):
            return []
        return [int.from_bytes(bytes(key)[8:], "big") for key in cursor.iternext(values=False)]

    def slots_in(self, those: ItemList) -> Iterator[int]:
        """Slots of a list's items."""
        return slots_in(self._open(), self._databases["item_lists"], those)

    def everyone(self, midnights: Sequence[int]) -> dict[int, bytes]:
        """Everyone's counts at midnights."""
        return {each: self._get("everyone", midnight_key(each)) for each in midnights}

    def values_after(self, texts: Mapping[int, int], sets: int | None) -> NewValues:
        """What is new."""
        new = {place: list(self._texts(place, known)) for place, known in texts.items()}
        return NewValues(new, [] if sets is None else list(self._sets(sets)))

    def end(self) -> None:
        """Nothing is read any more."""
        self._txn = None

    def _user(self, each: int | str) -> UserValues | None:
        value = self._get("user_of_id", id_key(each))
        if value is None:
            return None
        header = Header.unpack(value)
        chunks_of = partial(self._chunks, header.number)
        return UserValues(
            header,
            partial(chunks_of, "history", header.behaviours_dropped, header.behaviours),
            partial(chunks_of, "votes", header.votes_dropped, header.votes),
        )

    def _chunks(self, index: int, database: str, dropped: int, count: int) -> list[bytes]:
        txn, of = self._open(), self._databases[database]
        return [txn.get(chunk_key(index, each), db=of) for each in chunks(dropped, count)]

    def _texts(self, place: int, known: int) -> Iterator[bytes]:
        cursor = self._open().cursor(db=self._databases["values"])
        if cursor.set_range(value_key(place, known + 1)):
            for key, value in cursor:
                if bytes(key[:2]) != value_key(place, 0)[:2]:
                    return
                yield bytes(value)

    def _sets(self, known: int) -> Iterator[bytes]:
        cursor = self._open().cursor(db=self._databases["sets"])
        if cursor.set_range(number_key(known)):
            yield from map(bytes, cursor.iternext(keys=False))

    def _get(self, database: str, key: bytes) -> Any:
        return self._open().get(key, db=self._databases[database])

    def _open(self) -> Any:
        """The transaction, as long as it lasts."""
        if (txn := self._txn) is None:
            raise ResultError(ENDED)
        return txn
