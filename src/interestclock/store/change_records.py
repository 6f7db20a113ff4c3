"""A feature state's changes as the records that a store keeps, whichever it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from interestclock.clock_features import UserVotes
from interestclock.clock_features.value_sets import Sets
from interestclock.histories import UserHistories
from interestclock.histories.block_changes import RecordChanges
from interestclock.state.state_changes import ItemsNow, StateChanges, UsersNow
from interestclock.store.meta import ZONES
from interestclock.store.new_records import NewRecords
from interestclock.store.records import HEADER_TYPE, ItemRecord, StoreMeta, pieces

__all__ = ["ChangedUsers", "advance", "item_records", "new_texts", "set_values"]

# Shapes: R users or items, V values, G sets of values, E codes of all sets.


class ChangedUsers:
    """Users of whom something changed, as a store has them.

    Args:
        now: of the state.
        votes: of the store's schema, which say what columns they have; None where there are none.
    """

    def __init__(self, now: UsersNow, votes: UserVotes | None) -> None:
        self.ids = now.ids
        self.index_R = now.index_R
        self.history = NewRecords(now.behaviours, UserHistories().column_types)
        new_votes = now.votes or _no_records(len(now.ids))
        self.votes = NewRecords(new_votes, {} if votes is None else votes.column_types)
        self.dropped_R = (now.behaviours.dropped_R > 0) | (new_votes.dropped_R > 0)
        self._header_R = np.zeros(len(now.ids), HEADER_TYPE)
        of = {
            "number": now.index_R,
            "seen_ms": now.seen_ms_R,
            "offset_minutes": now.offset_minutes_R,
            "zone": now.zone_R,
            "behaviours": now.behaviours.count_R,
            "behaviours_dropped": now.behaviours.dropped_R,
            "votes": new_votes.count_R,
            "votes_dropped": new_votes.dropped_R,
        }
        for name, values_R in of.items():
            self._header_R[name] = values_R

    def __len__(self) -> int:
        return len(self.ids)

    def headers(self) -> list[bytes]:
        """What ``Header.pack`` gives of each."""
        return pieces(self._header_R)


def item_records(now: ItemsNow, attributes: tuple[str, ...]) -> Iterator[tuple[int, ItemRecord]]:
    """Items of which something changed, by slot."""
    values = [now.values[name].tolist() for name in attributes]
    rows = zip(now.ids.to_pylist(), now.versions, now.slot_R.tolist(), now.index_R.tolist(), strict=True)
    for place, (each, versions, slot, index) in enumerate(rows):
        record = ItemRecord(
            id=each,
            index=index,
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


def _no_records(users: int) -> RecordChanges:
    none_R = np.zeros(users, np.int64)
    return RecordChanges(from_R=none_R, count_R=none_R, dropped_R=none_R, values={})


def _trimmed(values: list[int]) -> list[int]:
    """Without the zeros that fill it up."""
    while values and not values[-1]:
        values.pop()
    return values
