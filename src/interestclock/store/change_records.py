"""A feature state's changes as the records that a store keeps, whichever it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from interestclock.features import UserVotes
from interestclock.features.value_sets import Sets
from interestclock.histories import UserHistories
from interestclock.histories.block_changes import RecordChanges
from interestclock.state.state_changes import ItemsNow, StateChanges, UsersNow
from interestclock.store import records
from interestclock.store.meta import ZONES
from interestclock.store.records import Columns, Header, ItemRecord, StoreMeta, Types, from_chunk, to_chunk

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

    Args:
        start: the ordinal of the first. count: how many there ever were. dropped: how many of these are gone.
        values: by column. types: of the columns.
    """

    start: int
    count: int
    dropped: int
    values: Columns
    types: Types

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
            first = chunk * records.CHUNK
            lowest, stop = max(self.start, first), min(self.count, first + records.CHUNK)
            part = {
                name: column[lowest - self.start : stop - self.start] for name, column in self.values.items()
            }
            yield chunk, to_chunk(self._behind(lead, lowest - first, part), self.types)

    def gone(self, *, count: int, dropped: int) -> list[int]:
        """Chunks of which nothing is left, of those there were with other counts before."""
        left = records.chunks(self.dropped, self.count)
        return [chunk for chunk in records.chunks(dropped, count) if chunk not in left]

    def _behind(self, lead: bytes, size: int, values: Columns) -> Columns:
        if not size:
            return values
        there, whole = from_chunk(lead, self.types), {}
        for name, column in values.items():
            kept = there[name][:size]
            whole[name] = np.concatenate([kept, np.zeros(size - kept.size, column.dtype), column])
        return whole


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
        none = NewRecords(start=0, count=0, dropped=0, values={}, types={})
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
    for place, (slot, each) in enumerate(zip(now.slot_R.tolist(), now.ids.to_pylist(), strict=True)):
        versions = [
            (one.from_ms, one.stated_ms, [_trimmed(one.values[name]) for name in attributes])
            for one in now.versions[place]
        ]
        record = ItemRecord(
            id=each,
            index=int(now.index_R[place]),
            seen_ms=int(now.seen_ms_R[place]),
            shown=bool(now.shown_R[place]),
            values=[_trimmed(now.values[name][place]) for name in attributes],
            versions=versions,
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
    first = 0
    numbers = (changes.from_R.tolist(), changes.count_R.tolist(), changes.dropped_R.tolist())
    for start, count, dropped in zip(*numbers, strict=True):
        size = count - start
        values = {name: column[first : first + size] for name, column in changes.values.items()}
        yield NewRecords(start=start, count=count, dropped=dropped, values=values, types=types)
        first += size


def _trimmed(value_V: np.ndarray[Any, np.dtype[np.int32]]) -> list[int]:
    """Without the zeros that fill it up."""
    values: list[int] = value_V.tolist()
    while values and not values[-1]:
        values.pop()
    return values
