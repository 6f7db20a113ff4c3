"""Features out of one snapshot of a store: users' records lie as in memory, and the same loops read them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.clock_features import Population, UserVotes, last_midnights
from interestclock.errors import LogError, ResultError
from interestclock.events.schema import EQ3_ROLES, LogSchema
from interestclock.histories import Histories, UserHistories
from interestclock.ids.id_arrays import plain_ids
from interestclock.state import Features, ItemsChanged, Mark, StateConfig
from interestclock.state.item_listing import check_listing
from interestclock.store.item_lists import EVERY_ITEM, ItemList
from interestclock.store.known_values import Named, name_values
from interestclock.store.records import Header, ItemRecord, StoreMeta, joined
from interestclock.store.store_reader import StoreReader

__all__ = ["StoreView"]

# Shapes: M users at a time, N ids or items, V values, H buckets, X codes, T terms, C chunks.

IntArray = npt.NDArray[np.integer]
_Unread = tuple[Callable[[], Sequence[bytes]], int]  # fetches a user's records; how many are dropped


class StoreView:
    """A ``FeatureView`` of what was committed when its snapshot was taken.

    Users have slots of this view alone, from 1 on in the order in which ``slots`` is asked for them; their
    histories and votes are fetched as they are first read. Items have the store's slots. Made by
    ``LmdbStore.snapshot``, for as long as that is open.

    Args:
        reader: of the snapshot. meta: where the store stands. schema, config: of the state.
        values: that items and votes name. renewed: gives them as they are later, where a snapshot is not of
            one moment for everyone: what is read of such a store may name values that are new since then.

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
        reader: StoreReader,
        *,
        meta: StoreMeta,
        schema: LogSchema,
        config: StateConfig,
        values: Named,
        renewed: Callable[[], Named] | None = None,
    ) -> None:
        self.schema, self.config = schema, config
        self._reader, self._meta, self._values, self._renewed = reader, meta, values, renewed
        self._complete_from_ms = meta.complete_from_ms
        self._histories = UserHistories(longest=config.longest)
        self._histories.admit(0)
        self._votes = values.votes
        self._histories_unread: dict[int, _Unread] = {}  # by slot, of which nobody has asked for them yet
        self._votes_unread: dict[int, _Unread] = {}
        self._slot_of: dict[int | str, int] = {}
        self._user_positions = [0]
        self._headers: list[tuple[int | str | None, Header | None]] = [(None, None)]
        self._items: dict[int, ItemRecord | None] = {}

    @property
    def position(self) -> int:
        """Of what was admitted last and is in here."""
        return self._meta.position

    def position_of(self, user: int) -> int:
        """Position up to which a user's features go; of stores that are not of one moment it may be later."""
        return max(self._meta.position, self._user_positions[user])

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
        """From when on features can be read of all that was asked for, UTC milliseconds."""
        return self._complete_from_ms

    def id_type(self, kind: str) -> str | None:
        """Type of ids of a kind, ``int64`` or ``string``; None while there is none."""
        return self._meta.id_types.get(kind)

    def slots(self, kind: str, ids: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.int32]:
        """Slots of ids of a kind, ``user`` or ``item``; 0 for those not known.

        Raises:
            LogError: the ids are of another type than those known. ResultError: the snapshot has ended.
        """
        plain = plain_ids(ids)
        known = self._meta.id_types.get(kind, str(plain.type))
        if plain.null_count < len(plain) and str(plain.type) != known:
            raise LogError(f"ids are of type {plain.type}, and those of the store are {known}; give that")
        wanted = plain.to_pylist()
        distinct = dict.fromkeys(each for each in wanted if each is not None)
        slot_of = self._user_slots(distinct) if kind == "user" else self._item_slots(distinct)
        return np.array([slot_of.get(each, 0) for each in wanted], np.int32)

    def read(
        self,
        user_M: IntArray,
        known_at_ms_M: IntArray | None,
        *,
        clocks_at_ms_M: IntArray | None,
        population_votes: float = 0.0,
    ) -> Features:
        """What was known of users strictly before moments, as ``FeatureView`` says."""
        clocks: dict[str, npt.NDArray[np.int32]] = {}
        if self._votes is not None and clocks_at_ms_M is not None:
            self._check_complete(clocks_at_ms_M)
            _lay(self._votes_unread, self._votes)
            population = self._population(self._votes, clocks_at_ms_M, population_votes)
            clocks = self._votes.read(user_M, clocks_at_ms_M, population=population)
        known_M = np.zeros(0, np.int64)
        if known_at_ms_M is not None:
            self._check_complete(known_at_ms_M)
            known_M = self.user_histories.known_before(user_M, known_at_ms_M)
        return Features(known_M=known_M, clocks=clocks)

    def _population(self, votes: UserVotes, at_ms_M: IntArray, population_votes: float) -> Population | None:
        """Everyone's counts as of midnights that passed."""
        if not population_votes:
            return None
        return votes.population(
            population_votes,
            last_midnights(self._meta.midnights, at_ms_M),
            midnights=self._values.midnights,
            counts_of=self._everyone_at,
        )

    @property
    def user_histories(self) -> UserHistories:
        """Behaviours of the users that were asked for, fetched as they are first needed.

        Raises:
            ResultError: the snapshot has ended, and some were not fetched before.
        """
        _lay(self._histories_unread, self._histories)
        return self._histories

    def histories(self) -> Histories:
        """Behaviours of the users that were asked for; it holds until others are."""
        return self.user_histories.view(users=len(self._headers) - 1)

    def item_values(self, name: str, item_N: IntArray, *, at_ms: int) -> npt.NDArray[np.int32]:
        """Numbers of items' values of an attribute as of a moment, int32 (N, V), as ``FeatureView`` says."""
        self._check_complete(np.array([at_ms]))
        place = self.schema.attributes.index(name)
        values_N = [
            [] if record is None else _as_of(record, at_ms)[place] for record in self._records_of(item_N)
        ]
        width = max(self._meta.widths.get(name, 1), max(map(len, values_N), default=0))
        value_NV = np.zeros((item_N.size, width), np.int32)
        for row, values in enumerate(values_N):
            value_NV[row, : len(values)] = values
        return value_NV

    def list_items(
        self, *, at_ms: int, limit: int, having: tuple[str, str] | None = None
    ) -> npt.NDArray[np.int32]:
        """Slots of items that are known, as ``FeatureView`` says."""
        self._check_complete(np.array([at_ms]))
        check_listing(self.schema.attributes, having=having, limit=limit)
        those = EVERY_ITEM if having is None else self._list_of(*having)
        slots, found = self._reader.slots_in(those), np.zeros(0, np.int32)
        while some := list(islice(slots, limit - found.size)):
            found = np.append(found, self._in_list(those, np.array(some, np.int32), at_ms=at_ms))
        return found

    def named(self, name: str) -> pa.Array:
        """An attribute's values as text, the one with number n at n - 1."""
        return self._values.texts[name]

    def ids(self, kind: str, slot_N: IntArray) -> pa.Array:
        """Ids of users or items in slots of this view; null where there is none."""
        if kind == "user":
            found = [self._headers[slot][0] for slot in slot_N.tolist()]
        else:
            found = [None if record is None else record.id for record in self._records_of(slot_N)]
        return pa.array(found, pa.string() if self._meta.id_types.get(kind) == "string" else pa.int64())

    def items_changed(self, since: Mark | None) -> ItemsChanged:
        """Items that became new, other or gone since a mark of an earlier call, as ``FeatureView`` says."""
        meta, now = self._meta, (self._meta.generation, self._meta.position)
        if since is None or since[0] != meta.generation or not meta.items_changed_after <= since[1] <= now[1]:
            return ItemsChanged(mark=now, slots=None)
        slots = [] if since == now else self._reader.items_changed_after(since[1])
        return ItemsChanged(mark=now, slots=np.unique(np.array(slots, np.int32)))

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
        found = self._reader.everyone(self._meta.midnights)
        return {midnight_ms: self._counts(value) for midnight_ms, value in found.items()}

    def _everyone_at(self, midnight_ms: int) -> npt.NDArray[np.int64]:
        found = self._reader.everyone([midnight_ms])
        if midnight_ms not in found:
            raise ResultError(
                f"everyone's counts as of {midnight_ms} were given up since this snapshot; take another one"
            )
        return self._counts(found[midnight_ms])

    def _counts(self, value: bytes) -> npt.NDArray[np.int64]:
        shape = (self.config.clocks.buckets_per_day, -1, len(EQ3_ROLES))
        return np.frombuffer(value, "<i8").astype(np.int64).reshape(shape)

    def _user_slots(self, ids: Mapping[int | str, None]) -> dict[int | str, int]:
        new = [each for each in ids if each not in self._slot_of]
        read = self._reader.users(new)
        if any(found is not None and found.position > self._meta.position for found in read):
            self._renew()
        for each, found in zip(new, read, strict=True):
            if found is not None:
                header, slot = found.header, len(self._headers)
                self._slot_of[each] = slot
                self._complete_from_ms = max(self._complete_from_ms, found.complete_from_ms)
                self._histories_unread[slot] = found.history, header.behaviours_dropped
                self._votes_unread[slot] = found.votes, header.votes_dropped
                self._headers.append((each, header))
                self._user_positions.append(found.position)
        return self._slot_of

    def _item_slots(self, ids: Mapping[int | str, None]) -> dict[int | str, int]:
        wanted = list(ids)
        return dict(zip(wanted, self._reader.item_slots(wanted), strict=True))

    def _list_of(self, name: str, value: str) -> ItemList:
        number = int(pc.index(self._values.texts[name], value).as_py()) + 1  # 0 where it is not there
        return self.schema.attributes.index(name), number

    def _in_list(self, those: ItemList, slot_N: npt.NDArray[np.int32], *, at_ms: int) -> IntArray:
        """Which of a list's items are there, and have its value as of a moment."""
        place, number = those
        has = [
            record is not None and (those == EVERY_ITEM or number in _as_of(record, at_ms)[place])
            for record in self._records_of(slot_N)
        ]
        return slot_N[np.array(has, np.bool_)]

    def _records_of(self, slot_N: IntArray) -> list[ItemRecord | None]:
        slots = slot_N.tolist()
        new = [each for each in dict.fromkeys(slots) if each > 0 and each not in self._items]
        for slot, value in zip(new, self._reader.items(new), strict=True):
            record = None if value is None else msgspec.msgpack.decode(value, type=ItemRecord)
            self._items[slot] = record
            if record is not None and self._renewed is not None and not self._names(record):
                self._renew()
        return [self._items.get(slot) for slot in slots]

    def _names(self, record: ItemRecord) -> bool:
        """Whether all values of an item are known by name."""
        named = [len(self._values.texts[name]) for name in self.schema.attributes]
        every = [record.values, *(values for _, _, values in record.versions)]
        return all(
            max(numbers, default=0) <= known
            for values in every
            for numbers, known in zip(values, named, strict=True)
        )

    def _renew(self) -> None:
        """Values that are new since the snapshot, for what is newer, too."""
        if self._renewed is not None:
            self._values = replace(self._renewed(), votes=self._votes)
            if self._votes is not None:
                name_values(self._votes, self._values.texts)

    def _check_complete(self, at_ms_M: IntArray) -> None:
        if at_ms_M.size and at_ms_M.min() < self.complete_from_ms:
            raise ValueError(
                f"features as of {int(at_ms_M.min())} are asked for, but they are kept from "
                f"{self.complete_from_ms} on; keep them longer (--keep-hours)"
            )


def _lay(unread: dict[int, _Unread], into: UserHistories | UserVotes) -> None:
    """Fetch users' records, and lay them as they lie in memory."""
    for slot in list(unread):
        fetch, dropped = unread[slot]
        into.put(slot, joined(fetch(), into.column_types, dropped=dropped), dropped=dropped)
        del unread[slot]


def _as_of(record: ItemRecord, at_ms: int) -> list[list[int]]:
    known = bisect_right(record.versions, at_ms, key=lambda each: each[0])
    return record.versions[known - 1][2] if known else record.values
