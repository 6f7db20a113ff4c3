"""The one writer of a store: a state's changes, and the position they bring it to, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import numpy as np

from interestclock.events.schema import LogSchema
from interestclock.features.value_sets import Sets
from interestclock.histories import UserHistories
from interestclock.locks import lock
from interestclock.state import StateConfig
from interestclock.state.state_changes import Gone, ItemsNow, StateChanges, UsersNow
from interestclock.store.environment import Environment
from interestclock.store.meta import DESCRIPTION, META, ZONES, check_format, check_owner, described, new_votes
from interestclock.store.record_writer import RecordWriter
from interestclock.store.records import (
    FORMAT,
    Header,
    ItemRecord,
    StoreMeta,
    id_key,
    midnight_key,
    number_key,
    value_key,
)
from interestclock.timeofday import BEFORE_ALL_MS

__all__ = ["StoreWriter"]

# Shapes: R users or items, V values, G sets of values, E codes of all sets.

_FIRST_MAP_BYTES = 1 << 28
_NOBODY = Header(0, 0, 0, 0, 0, 0, 0, 0)


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
        self, folder: str | Path, *, schema: LogSchema, config: StateConfig, map_bytes: int = _FIRST_MAP_BYTES
    ) -> None:
        self.schema, self.config = schema, config
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = lock(
            folder / ".writer.lock", taken=f"{folder} is written to", remedy="end it, or take another folder"
        )
        try:
            self._environment = Environment.open(folder, map_bytes=map_bytes)
        except BaseException:
            self._lock.release()
            raise
        self._behaviour_types = UserHistories().column_types
        votes = new_votes(schema, config)
        self._vote_types = {} if votes is None else votes.column_types
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

    def release_killed_readers(self) -> int:
        """Let go of what snapshots hold whose processes were killed, or the file grows; how many they were.

        It is done as the store is opened; a writer that runs for long does it now and then.
        """
        return self._environment.release_killed_readers()

    @property
    def position(self) -> int:
        """Of what was admitted last and is in the store; 0 of a new one."""
        with self._environment.reading() as txn:
            return self._meta(txn).position

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
            lambda txn: self._apply(txn, changes, position, dict(offsets), watermark_ms),
        )

    def _describe(self, txn: Any) -> None:
        """Say whose store this is, or look whether it is."""
        meta, mine = self._environment.databases["meta"], json.dumps(described(self.schema, self.config))
        there = txn.get(DESCRIPTION, db=meta)
        if there is None:
            txn.put(DESCRIPTION, mine.encode(), db=meta)
            txn.put(META, msgspec.msgpack.encode(_NOTHING), db=meta)
            return
        check_format(txn, meta, self._environment.path)
        check_owner(there, mine, self._environment.path)

    def _meta(self, txn: Any) -> StoreMeta:
        return check_format(txn, self._environment.databases["meta"], self._environment.path)

    def _apply(
        self, txn: Any, changes: StateChanges, position: int, offsets: dict[str, str], watermark_ms: int
    ) -> None:
        meta, databases = self._meta(txn), self._environment.databases
        if changes.whole:
            for name in databases.keys() - {"meta"}:
                txn.drop(databases[name], delete=False)
            meta.generation, meta.id_types = meta.generation + 1, {}
        self._write_users(txn, changes.users_left, changes.users)
        self._write_items(txn, changes.items_left, changes.items)
        self._write_values(txn, changes)
        if changes.sets is not None:
            self._write_sets(txn, changes.sets)
        self._write_everyone(txn, changes, meta.midnights)
        for kind, now in (("user", changes.users.ids), ("item", changes.items.ids)):
            if len(now):
                meta.id_types[kind] = str(now.type)
        meta.position, meta.offsets, meta.watermark_ms = position, offsets, watermark_ms
        meta.complete_from_ms, meta.midnights, meta.widths = (
            changes.complete_from_ms,
            changes.midnights,
            changes.widths,
        )
        txn.put(META, msgspec.msgpack.encode(meta), db=databases["meta"])

    def _write_users(self, txn: Any, left: Gone, now: UsersNow) -> None:
        databases = self._environment.databases
        behaviours = RecordWriter(txn, databases["history"], self._behaviour_types)
        votes = RecordWriter(txn, databases["votes"], self._vote_types)
        for each, index in zip(left.ids.to_pylist(), left.index_R.tolist(), strict=True):
            value = txn.get(id_key(each), db=databases["user_of_id"])
            if value is None:
                continue
            header = Header.unpack(value)
            if header.number == index:
                behaviours.remove(index, count=header.behaviours, dropped=header.behaviours_dropped)
                votes.remove(index, count=header.votes, dropped=header.votes_dropped)
                txn.delete(id_key(each), db=databases["user_of_id"])
        first_behaviour = first_vote = 0
        for user, each in enumerate(now.ids.to_pylist()):
            key, index = id_key(each), int(now.index_R[user])
            value = txn.get(key, db=databases["user_of_id"])
            before = _NOBODY if value is None else Header.unpack(value)
            first_behaviour = behaviours.write(
                index,
                now.behaviours,
                user,
                first_behaviour,
                before=(before.behaviours, before.behaviours_dropped),
            )
            counts = (0, 0)
            if now.votes is not None:
                counts = int(now.votes.count_R[user]), int(now.votes.dropped_R[user])
                before_votes = before.votes, before.votes_dropped
                first_vote = votes.write(index, now.votes, user, first_vote, before=before_votes)
            header = Header(
                index,
                int(now.seen_ms_R[user]),
                int(now.offset_minutes_R[user]),
                int(now.zone_R[user]),
                int(now.behaviours.count_R[user]),
                int(now.behaviours.dropped_R[user]),
                *counts,
            )
            txn.put(key, header.pack(), db=databases["user_of_id"])

    def _write_items(self, txn: Any, left: Gone, now: ItemsNow) -> None:
        slots, items = (self._environment.databases[name] for name in ("item_of_id", "item"))
        for slot, each in zip(left.slot_R.tolist(), left.ids.to_pylist(), strict=True):
            if txn.get(id_key(each), db=slots) == number_key(slot):
                txn.delete(id_key(each), db=slots)
                txn.delete(number_key(slot), db=items)
        for place, (slot, each) in enumerate(zip(now.slot_R.tolist(), now.ids.to_pylist(), strict=True)):
            names = self.schema.attributes
            versions = [
                (one.from_ms, one.stated_ms, [_trimmed(one.values[name]) for name in names])
                for one in now.versions[place]
            ]
            record = ItemRecord(
                id=each,
                index=int(now.index_R[place]),
                seen_ms=int(now.seen_ms_R[place]),
                shown=bool(now.shown_R[place]),
                values=[_trimmed(now.values[name][place]) for name in names],
                versions=versions,
            )
            txn.put(id_key(each), number_key(slot), db=slots)
            txn.put(number_key(slot), msgspec.msgpack.encode(record), db=items)

    def _write_values(self, txn: Any, changes: StateChanges) -> None:
        values = self._environment.databases["values"]
        named = [(place, changes.names[name]) for place, name in enumerate(self.schema.attributes)]
        for place, texts in [*named, (ZONES, changes.zones)]:
            after = _numbers(txn, values, place) if len(texts) else 0
            for number, text in enumerate(texts.to_pylist(), start=after + 1):
                txn.put(value_key(place, number), text.encode(), db=values)

    def _write_sets(self, txn: Any, sets: Sets) -> None:
        database = self._environment.databases["sets"]
        after = txn.stat(database)["entries"]
        for number in range(sets.start_G.size - 1):
            codes = np.asarray(sets.code_E[sets.start_G[number] : sets.start_G[number + 1]], "<i4")
            txn.put(number_key(after + number), codes.tobytes(), db=database)

    def _write_everyone(self, txn: Any, changes: StateChanges, before: list[int]) -> None:
        database = self._environment.databases["everyone"]
        for midnight_ms in set(before) - set(changes.midnights):
            txn.delete(midnight_key(midnight_ms), db=database)
        for midnight_ms, counts in changes.everyone.items():
            txn.put(midnight_key(midnight_ms), counts.astype("<i8").tobytes(), db=database)


_NOTHING = StoreMeta(
    format=FORMAT,
    generation=0,
    position=0,
    offsets={},
    watermark_ms=BEFORE_ALL_MS,
    complete_from_ms=BEFORE_ALL_MS,
    midnights=[],
    widths={},
    id_types={},
)


def _trimmed(value_V: np.ndarray[Any, np.dtype[np.int32]]) -> list[int]:
    """Without the zeros that fill it up."""
    values: list[int] = value_V.tolist()
    while values and not values[-1]:
        values.pop()
    return values


def _numbers(txn: Any, values: Any, place: int) -> int:
    """How many values of an attribute are numbered already."""
    cursor = txn.cursor(db=values)
    there = cursor.prev() if cursor.set_range(value_key(place + 1, 0)) else cursor.last()
    if not there or bytes(cursor.key())[:2] != value_key(place, 0)[:2]:
        return 0
    return int.from_bytes(cursor.key()[2:], "big")
