"""A feature state's changes as the records that a store keeps, whichever it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from interestclock.clock_features import UserVotes
from interestclock.clock_features.value_sets import Sets
from interestclock.histories import UserHistories
from interestclock.histories.block_changes import RecordChanges
from interestclock.state.state_changes import ItemsNow, StateChanges, UsersNow
from interestclock.store import records
from interestclock.store.meta import ZONES
from interestclock.store.records import Header, ItemRecord, StoreMeta, Types

__all__ = [
    "NewRecords",
    "UserChange",
    "advance",
    "item_records",
    "new_texts",
    "set_values",
    "user_changes",
]

# Shapes: R users or items, V values, G sets of values, E codes of all sets.


@dataclass(frozen=True, kw_only=True)
class NewRecords:
    """Records of one user, from the first that is new or other than before.

    A chunk is put together of pieces of bytes, a column after the other: those that it has, and those that
    are new, of which all users' are turned into bytes once.

    Args:
        start: the ordinal of the first. count: how many there ever were. dropped: how many of these are gone.
        columns: new records of all users of a commit, little-endian, column by column.
        first: where this user's begin. sizes: bytes of a number, by column.
    """

    start: int
    count: int
    dropped: int
    columns: Sequence[bytes]
    first: int
    sizes: Sequence[int]

    @property
    def lead(self) -> int | None:
        """The chunk that begins before these and has to be read to write them, if any."""
        return self.start // records.CHUNK if self.start < self.count and self.start % records.CHUNK else None

    def chunks(self, lead: bytes) -> Iterator[tuple[int, bytes]]:
        """Numbers and values of the chunks that change.

        Args:
            lead: what the store has of the chunk ``lead``; what it lacks of it was dropped, and is 0.
        """
        for chunk in records.chunks(self.start, self.count):
            begin = chunk * records.CHUNK
            lowest, stop = max(self.start, begin), min(self.count, begin + records.CHUNK)
            new = slice(self.first + lowest - self.start, self.first + stop - self.start)
            yield chunk, b"".join(self._pieces(lead, lowest - begin, new))

    def gone(self, *, count: int, dropped: int) -> list[int]:
        """Chunks of which nothing is left, of those there were with other counts before."""
        if dropped == self.dropped and count <= self.count:
            return []
        left = records.chunks(self.dropped, self.count)
        return [chunk for chunk in records.chunks(dropped, count) if chunk not in left]

    def _pieces(self, lead: bytes, size: int, new: slice) -> Iterator[bytes]:
        """Of a chunk: of each column the first ``size`` that the chunk has, and the new."""
        length, before = (len(lead) // sum(self.sizes) if size else 0), 0
        kept = min(size, length)
        for column, width in zip(self.columns, self.sizes, strict=True):
            if size:
                yield lead[before : before + kept * width]
                yield bytes((size - kept) * width)
                before += length * width
            yield column[new.start * width : new.stop * width]


@dataclass(frozen=True, kw_only=True)
class UserChange:
    """What changed of a user, and the header as it is now; ``votes`` has none where nothing votes."""

    id: int | str
    header: Header
    history: NewRecords
    votes: NewRecords


def user_changes(now: UsersNow, votes: UserVotes | None) -> Iterator[UserChange]:
    """Users of whom something changed.

    Args:
        votes: of the store's schema, which say what columns they have; None where there are none.
    """
    histories = _new_records(now.behaviours, UserHistories().column_types)
    if votes is None or now.votes is None:
        none = NewRecords(start=0, count=0, dropped=0, columns=(), first=0, sizes=())
        all_votes = iter([none] * len(now.ids))
    else:
        all_votes = _new_records(now.votes, votes.column_types)
    columns = (now.index_R, now.seen_ms_R, now.offset_minutes_R, now.zone_R)
    rows = zip(now.ids.to_pylist(), *(each.tolist() for each in columns), strict=True)
    for (each, index, seen_ms, offset_minutes, zone), history, vote in zip(
        rows, histories, all_votes, strict=True
    ):
        header = Header(
            index,
            seen_ms,
            offset_minutes,
            zone,
            history.count,
            history.dropped,
            vote.count,
            vote.dropped,
        )
        yield UserChange(id=each, header=header, history=history, votes=vote)


def item_records(now: ItemsNow, attributes: tuple[str, ...]) -> Iterator[tuple[int, ItemRecord]]:
    """Items of which something changed, by slot."""
    values = [now.values[name].tolist() for name in attributes]
    columns = (now.slot_R, now.index_R, now.seen_ms_R, now.shown_R)
    rows = zip(now.ids.to_pylist(), now.versions, *(each.tolist() for each in columns), strict=True)
    for place, (each, versions, slot, index, seen_ms, shown) in enumerate(rows):
        record = ItemRecord(
            id=each,
            index=index,
            seen_ms=seen_ms,
            shown=shown,
            values=[_trimmed(value_R[place]) for value_R in values],
            versions=[
                (one.from_ms, one.stated_ms, [_trimmed(one.values[name].tolist()) for name in attributes])
                for one in versions
            ],
        )
        yield slot, record


def new_texts(changes: StateChanges, attributes: tuple[str, ...]) -> Iterator[tuple[int, list[bytes]]]:
    """Values that have a number now, by the place of their attribute; zones last."""
    named = [(place, changes.names[name]) for place, name in enumerate(attributes)]
    for place, texts in [*named, (ZONES, changes.zones)]:
        if len(texts):
            yield place, [each.encode() for each in texts.to_pylist()]


def set_values(sets: Sets | None) -> Iterator[bytes]:
    """Sets of codes that are new, in order."""
    if sets is None:
        return
    for number in range(sets.start_G.size - 1):
        codes = np.asarray(sets.code_E[sets.start_G[number] : sets.start_G[number + 1]], "<i4")
        yield codes.tobytes()


def advance(
    meta: StoreMeta, changes: StateChanges, *, position: int, offsets: Mapping[str, str], watermark_ms: int
) -> None:
    """Let a store's meta say where it stands with changes."""
    for kind, now in (("user", changes.users.ids), ("item", changes.items.ids)):
        if len(now):
            meta.id_types[kind] = str(now.type)
    meta.position, meta.offsets, meta.watermark_ms = position, dict(offsets), watermark_ms
    meta.complete_from_ms, meta.midnights, meta.widths = (
        changes.complete_from_ms,
        changes.midnights,
        changes.widths,
    )
    meta.catalogue = changes.catalogue


def _new_records(changes: RecordChanges, types: Types) -> Iterator[NewRecords]:
    columns = [
        changes.values[name].astype(kind.newbyteorder("<"), copy=False).tobytes()
        for name, kind in types.items()
    ]
    sizes, first = [kind.itemsize for kind in types.values()], 0
    counts = (changes.from_R.tolist(), changes.count_R.tolist(), changes.dropped_R.tolist())
    for start, count, dropped in zip(*counts, strict=True):
        yield NewRecords(start=start, count=count, dropped=dropped, columns=columns, first=first, sizes=sizes)
        first += count - start


def _trimmed(values: list[int]) -> list[int]:
    """Without the zeros that fill it up."""
    while values and not values[-1]:
        values.pop()
    return values
