"""What changed in a feature state since somebody last asked: what a copy of it is kept current with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.clock_features.value_sets import Sets
from interestclock.histories.block_changes import RecordChanges
from interestclock.ids import Identity

if TYPE_CHECKING:
    from interestclock.clock_features import UserVotes
    from interestclock.histories import UserHistories
    from interestclock.state.item_changes import Change
    from interestclock.state.item_values import ItemValues
    from interestclock.state.last_seen import LastSeen

__all__ = ["ChangeNotes", "Gone", "ItemsNow", "StateChanges", "UsersNow"]

# Shapes: R users or items, V values.

IntArray = npt.NDArray[np.integer]
Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Gone:
    """Who left: the slots they had, their ids and their indexes."""

    slot_R: Int64s
    ids: pa.Array
    index_R: Int64s


@dataclass(frozen=True, kw_only=True)
class UsersNow:
    """Users of whom something changed, as they are.

    Args:
        ids, index_R: of each. seen_ms_R, offset_minutes_R: when they were last seen, and how far from UTC.
        zone_R: number of the zone that told the offset, 0 where none did.
        behaviours, votes: what changed of them; votes are None where the log names no clock attribute.
    """

    ids: pa.Array
    index_R: Int64s
    seen_ms_R: Int64s
    offset_minutes_R: npt.NDArray[np.int16]
    zone_R: npt.NDArray[np.int16]
    behaviours: RecordChanges
    votes: RecordChanges | None


@dataclass(frozen=True, kw_only=True)
class ItemsNow:
    """Items that are new or became something else, as they are; when they were seen is the state's alone.

    Args:
        slot_R, ids, index_R: of each.
        values: by attribute, int32 (R, V), what they were at first.
        versions: of each, what it is from later moments on, in order.
    """

    slot_R: Int64s
    ids: pa.Array
    index_R: Int64s
    values: dict[str, npt.NDArray[np.int32]]
    versions: list[list[Change]]


@dataclass(frozen=True, kw_only=True)
class StateChanges:
    """What is new or other than before in a feature state; in this order: who left, then who is there.

    Args:
        whole: this is all there is, and what was known before counts no more.
        users_left, items_left: may name who came and left since, and slots and ids that others have again.
        names: attribute -> values that are new, the next numbers in order. zones: likewise.
        sets: of clock values that are new, in order; None where the log names no clock attribute.
        widths: attribute -> how many values an item may have.
        everyone: midnight -> Eq. 3's counts of all users, of midnights that are new.
        midnights: all that are kept. complete_from_ms: from when on features can be read.
        catalogue: version of the item table whose items are all known, "" is none.
    """

    whole: bool
    users_left: Gone
    users: UsersNow
    items_left: Gone
    items: ItemsNow
    names: dict[str, pa.Array]
    zones: pa.Array
    sets: Sets | None
    widths: dict[str, int]
    everyone: dict[int, Int64s]
    midnights: list[int]
    complete_from_ms: int
    catalogue: str


class ChangeNotes:
    """Notes what changes in the parts of a feature state, from when it is made.

    Args:
        (the parts of the state). everyone: by midnight. whole: the first changes are all that there is.
    """

    def __init__(
        self,
        *,
        users: Identity,
        items: Identity,
        seen: LastSeen,
        values: ItemValues,
        histories: UserHistories,
        votes: UserVotes | None,
        everyone: dict[int, Int64s],
        whole: bool,
    ) -> None:
        self._users, self._items, self._seen, self._values = users, items, seen, values
        self._histories, self._votes, self._whole = histories, votes, whole
        self._touched: dict[str, list[Int64s]] = {"user": [], "item": []}
        self._left: dict[str, list[tuple[int, int | str, int]]] = {"user": [], "item": []}
        self._names = {name: 0 if whole else len(each) for name, each in values.vocabularies.items()}
        self._zones = 0 if whole else len(seen.zones)
        self._sets = 0 if whole or votes is None else votes.sets.count
        self._midnights: set[int] = set() if whole else set(everyone)
        histories.follow()
        if votes is not None:
            votes.follow()
        if whole:
            self.note("user", users.known())
            self.note("item", items.known())

    def note(self, kind: str, slot_R: IntArray) -> None:
        """Something of users changed, or items became new or something else."""
        self._touched[kind].append(np.unique(slot_R).astype(np.int64))

    def leave(self, kind: str, slot_R: IntArray) -> None:
        """They leave; they are still there."""
        identity = self._identity(kind)
        ids, index = identity.ids(slot_R).to_pylist(), identity.index(slot_R).tolist()
        self._left[kind] += zip(slot_R.tolist(), ids, index, strict=True)

    def drain(
        self,
        *,
        everyone: dict[int, Int64s],
        complete_from_ms: int,
        catalogue: str,
    ) -> StateChanges:
        """What changed, of all that was noted; forgets it."""
        whole, self._whole = self._whole, False
        new_midnights = [each for each in everyone if each not in self._midnights]
        self._midnights = set(everyone)
        return StateChanges(
            whole=whole,
            users_left=self._drain_left("user"),
            users=self._drain_users(whole=whole),
            items_left=self._drain_left("item"),
            items=self._drain_items(),
            names=self._drain_names(),
            zones=self._drain_zones(),
            sets=self._drain_sets(),
            widths={name: self._values.width(name) for name in self._values.names},
            everyone={each: everyone[each].copy() for each in new_midnights},
            midnights=sorted(everyone),
            complete_from_ms=complete_from_ms,
            catalogue=catalogue,
        )

    def _identity(self, kind: str) -> Identity:
        return self._users if kind == "user" else self._items

    def _drain_left(self, kind: str) -> Gone:
        left, self._left[kind] = self._left[kind], []
        slots, ids, indexes = ([each[place] for each in left] for place in range(3))
        return Gone(
            slot_R=np.array(slots, np.int64),
            ids=pa.array(ids, self._identity(kind).ids(np.zeros(0, np.int64)).type),
            index_R=np.array(indexes, np.int64),
        )

    def _known(self, kind: str, more: list[Int64s]) -> Int64s:
        """Slots that were noted and are in use, ascending."""
        noted, self._touched[kind] = [np.zeros(0, np.int64), *self._touched[kind], *more], []
        slot_R: Int64s = np.unique(np.concatenate(noted))
        identity = self._identity(kind)
        slot_R = slot_R[slot_R <= identity.capacity]
        return slot_R[identity.index(slot_R) > 0]

    def _drain_users(self, *, whole: bool) -> UsersNow:
        changed = [self._histories.changed()]
        if self._votes is not None:
            changed.append(self._votes.changed())
        user_R = self._known("user", changed)
        offset_minutes_R, zone_R = self._seen.offsets(user_R)
        return UsersNow(
            ids=self._users.ids(user_R),
            index_R=self._users.index(user_R),
            seen_ms_R=self._seen.ms("user", user_R),
            offset_minutes_R=offset_minutes_R,
            zone_R=zone_R,
            behaviours=self._histories.changes_of(user_R, whole=whole),
            votes=None if self._votes is None else self._votes.changes_of(user_R, whole=whole),
        )

    def _drain_items(self) -> ItemsNow:
        item_R = self._known("item", [])
        return ItemsNow(
            slot_R=item_R,
            ids=self._items.ids(item_R),
            index_R=self._items.index(item_R),
            values={name: self._values.at_first(name, item_R) for name in self._values.names},
            versions=[self._values.changes.versions(item) for item in item_R.tolist()],
        )

    def _drain_names(self) -> dict[str, pa.Array]:
        new = {}
        for name, vocabulary in self._values.vocabularies.items():
            new[name] = self._values.named(name)[self._names[name] :]
            self._names[name] = len(vocabulary)
        return new

    def _drain_zones(self) -> pa.Array:
        zones = self._seen.zones.values().cast(pa.string())[self._zones :]
        self._zones += len(zones)
        return zones

    def _drain_sets(self) -> Sets | None:
        if self._votes is None:
            return None
        sets = self._votes.sets.since(self._sets)
        self._sets = self._votes.sets.count
        return sets
