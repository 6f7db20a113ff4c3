"""Features out of one snapshot of a store: users' records lie as in memory, and the same loops read them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.errors import LogError, ResultError
from interestclock.events.schema import EQ3_ROLES, LogSchema
from interestclock.histories import Histories, UserHistories
from interestclock.ids.id_arrays import plain_ids
from interestclock.state import Features, StateConfig
from interestclock.store.known_values import Named
from interestclock.store.records import (
    CHUNK,
    Header,
    ItemRecord,
    StoreMeta,
    chunk_key,
    chunks,
    from_chunk,
    id_key,
    midnight_key,
    number_key,
)

__all__ = ["StoreView"]

# Shapes: M users at a time, N ids or items, V values, H buckets, X codes, T terms, C chunks.

IntArray = npt.NDArray[np.integer]


class StoreView:
    """A ``FeatureView`` of what was committed when its snapshot was taken.

    Users have slots of this view alone, from 1 on in the order in which ``slots`` is asked for them, which
    reads their records; items have the store's. Made by ``LmdbStore.snapshot``, for as long as that is open.

    Args:
        txn, databases: to read from. meta: where the store stands. schema, config: of the state.
        values: that items and votes name.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from interestclock.state import FeatureState
        >>> from interestclock.store import LmdbStore, StoreWriter
        >>> folder, schema = Path(tempfile.mkdtemp()), LogSchema(labels=("finish",), attributes=("genre",))
        >>> state = FeatureState(schema, items=None, config=StateConfig())
        >>> taken = state.ingest(pa.table({
        ...     "user_id": ["ann"], "item_id": ["song"], "timestamp_ms": [60_000], "second_of_day": [60],
        ...     "day_of_week": [3], "attribute.genre": [["rock"]]}))
        >>> with StoreWriter(folder, schema=schema, config=state.config) as writer:
        ...     writer.apply(state.changes(), position=1, offsets={}, watermark_ms=60_000)
        >>> with LmdbStore(folder) as store, store.snapshot() as view:
        ...     song = view.slots("item", pa.array(["song"]))
        ...     numbers = view.item_values("genre", song, at_ms=60_000)
        ...     numbers.tolist(), view.named("genre").to_pylist(), view.ids("item", song).to_pylist()
        ([[1]], ['rock'], ['song'])
    """

    def __init__(
        self,
        txn: Any,
        databases: Mapping[str, Any],
        *,
        meta: StoreMeta,
        schema: LogSchema,
        config: StateConfig,
        values: Named,
    ) -> None:
        self.schema, self.config = schema, config
        self._txn, self._databases, self._meta, self._values = txn, databases, meta, values
        self.user_histories = UserHistories(longest=config.longest)
        self.user_histories.admit(0)
        self._behaviour_types = self.user_histories.column_types
        self._votes = values.votes
        self._slot_of: dict[int | str, int] = {}
        self._headers: list[tuple[int | str | None, Header | None]] = [(None, None)]
        self._items: dict[int, ItemRecord | None] = {}

    @property
    def position(self) -> int:
        """Of what was admitted last and is in here."""
        return self._meta.position

    @property
    def offsets(self) -> dict[str, str]:
        """Where the source stood then, by partition."""
        return dict(self._meta.offsets)

    @property
    def watermark_ms(self) -> int:
        """Nothing of an earlier moment comes any more, UTC milliseconds."""
        return self._meta.watermark_ms

    @property
    def complete_from_ms(self) -> int:
        """From when on features can be read, UTC milliseconds."""
        return self._meta.complete_from_ms

    def slots(self, kind: str, ids: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.int32]:
        """Slots of ids of a kind, ``user`` or ``item``; 0 for those not known.

        Raises:
            LogError: the ids are of another type than those known. ResultError: the snapshot has ended.
        """
        plain = plain_ids(ids)
        known = self._meta.id_types.get(kind, str(plain.type))
        if plain.null_count < len(plain) and str(plain.type) != known:
            raise LogError(f"ids are of type {plain.type}, and those of the store are {known}; give that")
        slot = self._user_slot if kind == "user" else self._item_slot
        return np.array([0 if each is None else slot(each) for each in plain.to_pylist()], np.int32)

    def read(self, user_M: IntArray, known_at_ms_M: IntArray, *, clocks_at_ms_M: IntArray | None) -> Features:
        """What was known of users strictly before moments, as ``FeatureView`` says."""
        self._check_complete(known_at_ms_M)
        clocks: dict[str, npt.NDArray[np.int32]] = {}
        if self._votes is not None and clocks_at_ms_M is not None:
            self._check_complete(clocks_at_ms_M)
            clocks = self._votes.read(user_M, clocks_at_ms_M)
        return Features(known_M=self.user_histories.known_before(user_M, known_at_ms_M), clocks=clocks)

    def histories(self) -> Histories:
        """Behaviours of the users that were asked for; it holds until others are."""
        return self.user_histories.view(users=len(self._headers) - 1)

    def item_values(self, name: str, item_N: IntArray, *, at_ms: int) -> npt.NDArray[np.int32]:
        """Numbers of items' values of an attribute as of a moment, int32 (N, V), as ``FeatureView`` says."""
        self._check_complete(np.array([at_ms]))
        place = self.schema.attributes.index(name)
        value_NV = np.zeros((item_N.size, self._meta.widths.get(name, 1)), np.int32)
        for row, slot in enumerate(item_N.tolist()):
            record = self._item(slot)
            if record is not None:
                values = _as_of(record, at_ms)[place]
                value_NV[row, : len(values)] = values
        return value_NV

    def named(self, name: str) -> pa.Array:
        """An attribute's values as text, the one with number n at n - 1."""
        return self._values.texts[name]

    def ids(self, kind: str, slot_N: IntArray) -> pa.Array:
        """Ids of users or items in slots of this view; null where there is none."""
        if kind == "user":
            found = [self._headers[slot][0] for slot in slot_N.tolist()]
        else:
            records = [self._item(slot) for slot in slot_N.tolist()]
            found = [None if record is None else record.id for record in records]
        return pa.array(found, pa.string() if self._meta.id_types.get(kind) == "string" else pa.int64())

    def last_offset(self, user: int) -> tuple[int, int] | None:
        """A user's last offset to UTC in minutes, and when it was said (UTC milliseconds); None: never."""
        header = self._headers[user][1]
        return None if header is None else (header.offset_minutes, header.seen_ms)

    def last_zone(self, user: int) -> str | None:
        """The zone that told a user's last offset; None where the offset was said itself, or never."""
        header = self._headers[user][1]
        return self._values.zones[header.zone - 1].as_py() if header is not None and header.zone else None

    def everyone(self) -> dict[int, npt.NDArray[np.int64]]:
        """Eq. 3's counts of all users at the last midnights, int64 (H, X, T) as ``UserVotes`` counts them."""
        shape = (self.config.clocks.buckets_per_day, -1, len(EQ3_ROLES))
        counts = {}
        for midnight_ms in self._meta.midnights:
            value = self._get("everyone", midnight_key(midnight_ms))
            counts[midnight_ms] = np.frombuffer(value, "<i8").astype(np.int64).reshape(shape)
        return counts

    def end(self) -> None:
        """The snapshot is closed; what was read of it already stays."""
        self._txn = None

    def _get(self, database: str, key: bytes) -> Any:
        if self._txn is None:
            raise ResultError("the snapshot has ended; read within its `with store.snapshot() as view:`")
        return self._txn.get(key, db=self._databases[database])

    def _user_slot(self, each: int | str) -> int:
        slot = self._slot_of.get(each, 0)
        if not slot:
            value = self._get("user_of_id", id_key(each))
            if value is None:
                return 0
            slot = self._slot_of[each] = len(self._headers)
            header = Header.unpack(value)
            self._headers.append((each, header))
            self._load(slot, header)
        return slot

    def _load(self, slot: int, header: Header) -> None:
        """Lay a user's records as they lie in memory."""
        counts = header.behaviours_dropped, header.behaviours
        values = self._records("history", header.number, *counts, types=self._behaviour_types)
        self.user_histories.put(slot, values, dropped=header.behaviours_dropped)
        if self._votes is not None:
            counts = header.votes_dropped, header.votes
            values = self._records("votes", header.number, *counts, types=self._votes.column_types)
            self._votes.put(slot, values, dropped=header.votes_dropped)

    def _records(
        self, database: str, index: int, dropped: int, count: int, *, types: dict[str, np.dtype[Any]]
    ) -> dict[str, npt.NDArray[Any]]:
        numbers = chunks(dropped, count)
        found = [from_chunk(self._get(database, chunk_key(index, each)), types) for each in numbers]
        if not found:
            return {name: np.zeros(0, kind) for name, kind in types.items()}
        gone = dropped - numbers.start * CHUNK
        return {name: np.concatenate([each[name] for each in found])[gone:] for name in types}

    def _item_slot(self, each: int | str) -> int:
        value = self._get("item_of_id", id_key(each))
        return 0 if value is None else int.from_bytes(value, "big")

    def _item(self, slot: int) -> ItemRecord | None:
        if slot not in self._items:
            value = self._get("item", number_key(slot)) if slot > 0 else None
            self._items[slot] = None if value is None else msgspec.msgpack.decode(value, type=ItemRecord)
        return self._items[slot]

    def _check_complete(self, at_ms_M: IntArray) -> None:
        if at_ms_M.size and at_ms_M.min() < self.complete_from_ms:
            raise ValueError(
                f"features as of {int(at_ms_M.min())} are asked for, but they are kept from "
                f"{self.complete_from_ms} on; keep them longer (--keep-hours)"
            )


def _as_of(record: ItemRecord, at_ms: int) -> list[list[int]]:
    known = bisect_right(record.versions, at_ms, key=lambda each: each[0])
    return record.versions[known - 1][2] if known else record.values
