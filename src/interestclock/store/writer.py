"""The one writer of a store: a state's changes, and the position they bring it to, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import numpy as np
from filelock import BaseFileLock

from interestclock.events.schema import LogSchema
from interestclock.locks import lock
from interestclock.state import StateConfig
from interestclock.state.state_changes import Gone, ItemsNow, StateChanges, UsersNow
from interestclock.store.change_records import ChangedUsers, advance, item_records, new_texts, set_values
from interestclock.store.environment import Environment
from interestclock.store.item_feed import ItemFeedWriter
from interestclock.store.item_lists import ItemLists
from interestclock.store.meta import (
    DESCRIPTION,
    META,
    check_owner,
    described,
    new_votes,
    nothing,
    read_meta,
)
from interestclock.store.record_writer import RecordWriter, put_in_order
from interestclock.store.records import (
    Header,
    ItemRecord,
    StoreMeta,
    chunks,
    id_key,
    id_keys,
    midnight_key,
    number_key,
    value_key,
)

__all__ = ["FIRST_MAP_BYTES", "StoreWriter", "lock_to_write"]

FIRST_MAP_BYTES = 1 << 28
_USERS_AT_A_TIME = 1_024  # whose chunks are put together at once


class StoreWriter:
    """Keeps the store in a folder current with a ``FeatureState``; makes it where there is none.

    The state applies events; the store is its copy. What a call brings is on disk when it returns, all of it
    or, if the process is killed, nothing.

    Args:
        folder: of the store. schema, config: of the state.
        map_bytes: how large the map is at first; it doubles when it is full.

    Raises:
        ResultError: another process writes there, or the store is of another schema or configuration.

    Example:
        >>> import tempfile
        >>> import pyarrow as pa
        >>> from interestclock.state import FeatureState
        >>> from interestclock.store import LmdbStore
        >>> folder, schema = Path(tempfile.mkdtemp()), LogSchema(labels=("finish",))
        >>> state = FeatureState(schema, items=None, config=StateConfig())
        >>> taken = state.ingest(pa.table({"user_id": ["ann"], "item_id": ["song"],
        ...     "timestamp_ms": [60_000], "second_of_day": [60], "day_of_week": [3]}))
        >>> with StoreWriter(folder, schema=schema, config=state.config) as writer:
        ...     writer.apply(state.changes(), position=1, offsets={"0": "17"}, watermark_ms=60_000)
        ...     writer.position
        1
        >>> with LmdbStore(folder) as store, store.snapshot() as view:
        ...     view.position, view.slots("user", pa.array(["ann", "bob"])).tolist()
        (1, [1, 0])
    """

    def __init__(
        self, folder: str | Path, *, schema: LogSchema, config: StateConfig, map_bytes: int = FIRST_MAP_BYTES
    ) -> None:
        self.schema, self.config = schema, config
        self._folder = folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = lock_to_write(folder)
        try:
            self._environment = Environment.open(folder, map_bytes=map_bytes)
        except BaseException:
            self._lock.release()
            raise
        self._votes = new_votes(schema, config)
        try:
            self._environment.write(self._describe)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others write."""
        self._environment.close()
        self._lock.release()

    def tidy(self) -> None:
        """Let go of what killed readers hold."""
        self.release_killed_readers()

    def release_killed_readers(self) -> int:
        """Let go of what snapshots hold whose processes were killed, or the file grows; how many they were.

        It is done as the store is opened; a writer that runs for long does it now and then.
        """
        return self._environment.release_killed_readers()

    @property
    def name(self) -> str:
        """The folder."""
        return str(self._folder)

    @property
    def position(self) -> int:
        """Of what was admitted last and is in the store; 0 of a new one."""
        with self._environment.reading() as txn:
            return self._meta(txn).position

    @property
    def catalogue(self) -> str:
        """The version of the item table whose items are all in the store; "" where none is."""
        with self._environment.reading() as txn:
            return self._meta(txn).catalogue

    @property
    def furthest(self) -> int:
        """The same: a commit is there as a whole or not at all."""
        return self.position

    @property
    def map_bytes(self) -> int:
        """How large the map is."""
        return self._environment.map_bytes

    def apply(
        self, changes: StateChanges, *, position: int, offsets: Mapping[str, str], watermark_ms: int
    ) -> None:
        """Bring the store to where the state is.

        Args:
            changes: since the last call; if they are whole, all that was there goes.
            position: of what was admitted last. offsets: where its source stood, by partition.
            watermark_ms: UTC milliseconds.
        """
        self._environment.write(
            lambda txn: self._apply(txn, changes, position, offsets, watermark_ms),
        )

    def _describe(self, txn: Any) -> None:
        """Say whose store this is, or look whether it is."""
        meta, mine = self._environment.databases["meta"], json.dumps(described(self.schema, self.config))
        there = txn.get(DESCRIPTION, db=meta)
        if there is None:
            txn.put(DESCRIPTION, mine.encode(), db=meta)
            txn.put(META, msgspec.msgpack.encode(nothing()), db=meta)
            return
        self._meta(txn)
        check_owner(there, mine, str(self._environment.path))

    def _meta(self, txn: Any) -> StoreMeta:
        return read_meta(txn, self._environment.databases["meta"], self._environment.path)

    def _apply(
        self, txn: Any, changes: StateChanges, position: int, offsets: Mapping[str, str], watermark_ms: int
    ) -> None:
        meta, databases = self._meta(txn), self._environment.databases
        if changes.whole:
            for name in databases.keys() - {"meta"}:
                txn.drop(databases[name], delete=False)
            meta.generation, meta.id_types = meta.generation + 1, {}
            meta.items_changed_after = position
        self._write_users(txn, changes.users_left, changes.users)
        feed = ItemFeedWriter(txn, databases["item_feed"], position=position)
        self._write_items(txn, changes.items_left, changes.items, feed)
        feed.trim(meta)
        self._write_values(txn, changes)
        self._write_everyone(txn, changes, meta.midnights)
        advance(meta, changes, position=position, offsets=offsets, watermark_ms=watermark_ms)
        txn.put(META, msgspec.msgpack.encode(meta), db=databases["meta"])

    def _write_users(self, txn: Any, left: Gone, now: UsersNow) -> None:
        users = self._environment.databases["user_of_id"]
        history, votes = (
            RecordWriter(txn, self._environment.databases[name]) for name in ("history", "votes")
        )
        for each, index in zip(left.ids.to_pylist(), left.index_R.tolist(), strict=True):
            value = txn.get(id_key(each), db=users)
            if value is None:
                continue
            header = Header.unpack(value)
            if header.number == index:
                history.drop(index, chunks(header.behaviours_dropped, header.behaviours))
                votes.drop(index, chunks(header.votes_dropped, header.votes))
                txn.delete(id_key(each), db=users)
        changed = ChangedUsers(now, self._votes)
        keys = id_keys(changed.ids)
        self._drop_records(txn, changed, keys)
        for first in range(0, len(changed), _USERS_AT_A_TIME):
            rows = range(first, min(first + _USERS_AT_A_TIME, len(changed)))
            history.write(changed.history, changed.index_R, rows)
            votes.write(changed.votes, changed.index_R, rows)
        put_in_order(txn, users, zip(keys, changed.headers(), strict=True))

    def _drop_records(self, txn: Any, changed: ChangedUsers, keys: Sequence[bytes]) -> None:
        """Chunks that users have no more: only of those of whom something was ever dropped."""
        databases = self._environment.databases
        history, votes = (RecordWriter(txn, databases[name]) for name in ("history", "votes"))
        for row in np.flatnonzero(changed.dropped_R).tolist():
            value, index = txn.get(keys[row], db=databases["user_of_id"]), int(changed.index_R[row])
            if value is not None:
                was = Header.unpack(value)
                gone = changed.history.gone(row, count=was.behaviours, dropped=was.behaviours_dropped)
                history.drop(index, gone)
                votes.drop(index, changed.votes.gone(row, count=was.votes, dropped=was.votes_dropped))

    def _write_items(self, txn: Any, left: Gone, now: ItemsNow, feed: ItemFeedWriter) -> None:
        databases = self._environment.databases
        slots, items = databases["item_of_id"], databases["item"]
        lists = ItemLists(txn, databases["item_lists"])
        for slot, each in zip(left.slot_R.tolist(), left.ids.to_pylist(), strict=True):
            if txn.get(id_key(each), db=slots) == number_key(slot):
                record = _item(txn.pop(number_key(slot), db=items))
                lists.remove(record)
                feed.note(slot, None, record)
                txn.delete(id_key(each), db=slots)
        for slot, record in item_records(now, self.schema.attributes):
            value = txn.get(number_key(slot), db=items)
            before = None if value is None else _item(value)
            lists.add(slot, record, before)
            feed.note(slot, record, before)
            txn.put(id_key(record.id), number_key(slot), db=slots)
            txn.put(number_key(slot), msgspec.msgpack.encode(record), db=items)

    def _write_values(self, txn: Any, changes: StateChanges) -> None:
        values, sets = (self._environment.databases[name] for name in ("values", "sets"))
        for place, texts in new_texts(changes, self.schema.attributes):
            for number, text in enumerate(texts, start=_numbers(txn, values, place) + 1):
                txn.put(value_key(place, number), text, db=values)
        for number, value in enumerate(set_values(changes.sets), start=txn.stat(sets)["entries"]):
            txn.put(number_key(number), value, db=sets)

    def _write_everyone(self, txn: Any, changes: StateChanges, before: list[int]) -> None:
        database = self._environment.databases["everyone"]
        for midnight_ms in set(before) - set(changes.midnights):
            txn.delete(midnight_key(midnight_ms), db=database)
        for midnight_ms, counts in changes.everyone.items():
            txn.put(midnight_key(midnight_ms), counts.astype("<i8").tobytes(), db=database)


def lock_to_write(folder: Path) -> BaseFileLock:
    """Take a store's folder for a process that writes.

    Raises:
        ResultError: another process has it.
    """
    return lock(
        folder / ".writer.lock", taken=f"{folder} is written to", remedy="end it, or take another folder"
    )


def _item(value: bytes) -> ItemRecord:
    return msgspec.msgpack.decode(value, type=ItemRecord)


def _numbers(txn: Any, values: Any, place: int) -> int:
    """How many values of an attribute are numbered already."""
    cursor = txn.cursor(db=values)
    there = cursor.prev() if cursor.set_range(value_key(place + 1, 0)) else cursor.last()
    if not there or bytes(cursor.key())[:2] != value_key(place, 0)[:2]:
        return 0
    return int.from_bytes(cursor.key()[2:], "big")
