"""Everything the stream has shown so far that features are made from, in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.admission import Erasures, LabelEvents, SerialColumns
from interestclock.arrays import Arrays, below, under, with_room
from interestclock.clock_features import Midnights, Population, UserVotes, last_midnights
from interestclock.events.schema import LogSchema
from interestclock.histories import Histories, UserHistories
from interestclock.ids import Identity
from interestclock.state.catalogue import Catalogue
from interestclock.state.choices import Choices
from interestclock.state.config import StateConfig
from interestclock.state.feature_view import Features
from interestclock.state.ingested import Ingested
from interestclock.state.item_feed import ItemFeed, ItemsChanged, Mark
from interestclock.state.item_listing import listed_items
from interestclock.state.item_order import ItemOrder
from interestclock.state.item_sets import ItemSets
from interestclock.state.item_values import ItemValues
from interestclock.state.label_effects import AWAITING, LabelEffects
from interestclock.state.last_seen import LastSeen
from interestclock.state.leaving import Left, leaving
from interestclock.state.state_changes import ChangeNotes, StateChanges
from interestclock.timeofday import BEFORE_ALL_MS, DAY_MS, utc_day_start_ms, utc_offset_minutes

__all__ = ["FeatureState"]

# Shapes: N exposures, M users at a time, R slots, T messages of items, C exposures and these.

IntArray = npt.NDArray[np.integer]


class FeatureState:
    """Identity, item values, histories, votes and what awaits labels: fed in order, read as of any moment.

    A pure function of the events, their labels and the midnights (UTC) that passed between them, in their
    order; how they are cut into calls changes nothing. It is its own ``FeatureView``.

    Memory is given back at midnights alone: histories keep each user's newest ``longest`` behaviours, votes
    the window, both as of ``complete_from_ms`` and later; users leave who were not seen for long, and so do
    items, unless a history names them. A state that is told of no midnight keeps everything.

    Args:
        schema: the log's names. items: the item table, or None. config: what is kept.

    Example:
        >>> schema = LogSchema(labels=("finish",), attributes=("genre",), clock_attributes=("genre",))
        >>> state = FeatureState(schema, items=None, config=StateConfig())
        >>> taken = state.ingest(pa.table({
        ...     "user_id": ["ann"], "item_id": ["song"], "timestamp_ms": [60_000], "second_of_day": [60],
        ...     "day_of_week": [3], "attribute.genre": [["rock"]]}))
        >>> state.apply_labels(LabelEvents(known_ms_E=np.array([90_000]), serial_E=np.array([0]),
        ...     label_E=np.array([0], np.int8), value_E=np.array([1], np.int8)))
        >>> at_ms = np.array([90_000, 90_001])
        >>> features = state.read(np.array([1, 1]), at_ms, clocks_at_ms_M=at_ms)
        >>> features.known_M.tolist(), features.clocks["genre"][:, 0, 0].tolist()
        ([0, 1], [0, 1])
    """

    def __init__(self, schema: LogSchema, *, items: pa.Table | None, config: StateConfig) -> None:
        self.schema, self.config = schema, config
        self.users, self.items = Identity(), Identity()
        self.values = ItemValues(schema.attributes, items)
        self.catalogue = Catalogue(items)
        self.user_histories = UserHistories(longest=config.longest)
        self.choices = Choices() if schema.positive_only else None
        self.votes: UserVotes | None = None
        if schema.clock_attributes:
            self.votes = UserVotes(attributes=schema.clock_attributes, config=config.clocks)
        self._awaiting = SerialColumns(AWAITING)
        self._effects = LabelEffects(
            schema, self._awaiting, votes=self.votes, histories=self.user_histories, choices=self.choices
        )
        self.complete_from_ms = BEFORE_ALL_MS
        self._day_ms: int | None = None  # the last midnight that passed
        self.everyone: dict[int, npt.NDArray[np.int64]] = {}  # Eq. 3's counts of all users, by midnight
        self._midnights = Midnights(config.clocks.weights)
        self._seen = LastSeen()
        self._sets = ItemSets(self.values, votes=self.votes, attributes=schema.clock_attributes)
        self._shown_S = np.zeros(1, np.bool_)
        self._notes: ChangeNotes | None = None  # where somebody follows
        self._feed = ItemFeed()

    @property
    def bytes_used(self) -> int:
        """Of histories and votes, with what they have to spare."""
        return self.user_histories.bytes_used + (0 if self.votes is None else self.votes.bytes_used)

    def admit_catalogue(self) -> None:
        """Know all items of the item table from now on, shown or not; to be done again after ``restore``."""
        new_slots = self.catalogue.admit(self.items, self._sets, serial=self._awaiting.stop)
        self._seen.note("item", new_slots[:0], np.zeros(0, np.int64), new_slots=new_slots)
        self._shown_S = with_room(self._shown_S, self.items.capacity + 1)
        if self._notes is not None:
            self._notes.note("item", new_slots)

    def ingest(self, exposures: pa.Table, items: pa.Table | None = None) -> Ingested:
        """Take exposures, as they were admitted; their serial numbers go on by one, from 0.

        Args:
            exposures: columns of the event table: ids, times, attributes where they stand in rows.
            items: what was said of items among them, in order, as ``Admitted`` has it.
        """
        user_N, new_users = self.users.admit(exposures["user_id"])
        order = ItemOrder.of(exposures, items, first_serial=self._awaiting.stop)
        item_C, new_items = self.items.admit(order.ids())
        item_N = item_C[order.place_N]
        self.user_histories.admit(self.users.capacity)
        timestamp_ms_N = exposures["timestamp_ms"].to_numpy()
        second_N = exposures["second_of_day"].to_numpy()
        offset_N = utc_offset_minutes(timestamp_ms_N, second_N, exposures["day_of_week"].to_numpy())
        ingested = Ingested(
            user_N=user_N,
            item_N=item_N,
            new_users=new_users,
            new_items=new_items,
            items_described=item_C[order.place_T],
        )
        if self._notes is not None:
            self._notes.note("user", user_N)
        self._seen.note("user", user_N, timestamp_ms_N, new_slots=new_users)
        self._seen.note("item", item_N, timestamp_ms_N, new_slots=new_items)
        zones = exposures["zone"] if "zone" in exposures.column_names else None
        self._seen.note_offsets(user_N, timestamp_ms_N, offset_N, zones=zones)
        if order.items is not None:
            self._seen.record_described(item_C[order.place_T], order.items["newest_ms"].to_numpy())
        self._shown_S = with_room(self._shown_S, self.items.capacity + 1)
        self._sets.reach(self.items.capacity + 1)
        descriptions = order.descriptions(item_C, new_items, shown_S=self._shown_S)
        changed = new_items if descriptions is None else np.union1d(new_items, descriptions.item_R)
        self._feed.note(changed)
        if self._notes is not None:
            self._notes.note("item", changed)
        self._sets.describe(descriptions)
        self._shown_S[item_N] = True
        described = {
            "timestamp_ms": timestamp_ms_N,
            "user": user_N,
            "item": item_N,
            "set": self._sets.of(item_N, timestamp_ms_N),
            "second_of_day": second_N,
            "utc_offset_minutes": offset_N,
        }
        self._awaiting.append(exposures.num_rows)
        for name, values_N in described.items():
            held = self._awaiting.held(name)
            held[held.size - values_N.size :] = values_N
        return ingested

    def apply_labels(self, labels: LabelEvents) -> None:
        """Note labels of exposures that were ingested; none of them was known before what was read already.

        Args:
            labels: each label of an exposure once, in any order.
        """
        if len(labels):
            self._effects.apply(labels)
            if self._day_ms is None:
                self._midnights.forget()

    def close_before_ms(self, timestamp_ms: int) -> None:
        """No label comes any more of exposures shown before a moment, up to the first that was not."""
        stays = self._awaiting.held("timestamp_ms") >= timestamp_ms
        gone = int(np.argmax(stays)) if stays.any() else stays.size
        self._awaiting.close_before(self._awaiting.first + gone)

    def midnights_until(self, watermark_ms: int) -> Iterator[int]:
        """Midnights (UTC) that are to be passed before what moved the watermark there is ingested.

        Where many pass at once, only those are given as of which anything can still be read.

        Args:
            watermark_ms: UTC milliseconds; no event of an earlier moment comes any more.
        """
        day_ms = int(utc_day_start_ms(watermark_ms))
        if self._day_ms is None:
            self._day_ms = day_ms
        first_ms = int(utc_day_start_ms(self.config.complete_from_ms(day_ms)))
        yield from range(max(self._day_ms + DAY_MS, first_ms), day_ms + DAY_MS, DAY_MS)

    def pass_midnight(self, midnight_ms: int) -> Left:
        """All that happened before a midnight (UTC) was ingested: give memory back.

        Args:
            midnight_ms: UTC milliseconds, later than those before.

        Returns:
            Users and items that left; their slots may be others' from the next call on.
        """
        self._day_ms = midnight_ms
        complete_ms = self.config.complete_from_ms(midnight_ms)
        self.complete_from_ms = max(self.complete_from_ms, complete_ms)
        if self.votes is not None:
            self.everyone[midnight_ms] = self.votes.everyone(midnight_ms)
            before = [each for each in self.everyone if each <= complete_ms]
            for each in sorted(before)[:-1]:
                del self.everyone[each]
            oldest_ms = min([complete_ms, *self.everyone])  # a user's own are taken out of everyone's there
            self.votes.drop_before(oldest_ms - self.config.clocks.window_ms)
        self.user_histories.trim(known_before_ms=complete_ms)
        users = self._leaving_users(midnight_ms)
        self._release_users(users)
        renewed = self.values.drop_before(complete_ms)
        self._sets.renew(renewed)
        items = self._leaving_items(midnight_ms)
        self.values.forget(items)
        self._feed.note(np.union1d(items, renewed))
        self._shown_S[items] = False
        if self._notes is not None:
            self._notes.note("item", renewed)
            self._notes.leave("item", items)
        self.items.release(items)
        return Left(users=users, items=items)

    def whose(self, erasures: Erasures) -> npt.NDArray[np.int64]:
        """Slots of erased users, ascending; of who is not known there is none."""
        if erasures.user_ids is not None:
            slot_R = self.users.find(erasures.user_ids)
            return np.unique(slot_R[slot_R > 0]).astype(np.int64)
        known_R = self.users.known()
        return known_R[erasures.among(self.users.ids(known_R))]

    def erase(self, erasures: Erasures) -> Left:
        """All that is kept of users goes, but for what counts everyone: Eq. 3's counts at midnights, choices.

        Labels of what they were shown change nothing any more.

        Returns:
            Who left; their slots may be others' from the next call on.

        Example:
            >>> from interestclock.admission import UserHashes
            >>> schema, hashes = LogSchema(labels=("finish",)), UserHashes()
            >>> state = FeatureState(schema, items=None, config=StateConfig())
            >>> taken = state.ingest(pa.table({"user_id": ["ann"], "item_id": ["song"],
            ...     "timestamp_ms": [60_000], "second_of_day": [60], "day_of_week": [3]}))
            >>> gone = Erasures(until_ms={hashes.of("ann"): 5}, hashes=hashes, user_ids=("ann",))
            >>> state.erase(gone).users.tolist(), state.slots("user", pa.array(["ann"])).tolist()
            ([1], [0])
        """
        user_R = self.whose(erasures)
        awaiting = self._awaiting.held("user")
        awaiting[np.isin(awaiting, user_R)] = 0
        self.user_histories.erase(user_R)
        if self.votes is not None:
            self.votes.erase(user_R)
        self._leave(user_R)
        return Left(users=user_R, items=user_R[:0])

    def follow(self) -> None:
        """Note from now on what changes: whoever has a copy has all until now."""
        self._notes = self._new_notes(whole=False)

    def unfollow(self) -> None:
        """Nobody has a copy any more: the next changes are all there is."""
        self._notes = None

    def changes(self) -> StateChanges:
        """What changed since the last call, or since ``follow``; where there was neither, all there is.

        From then on it is noted what changes, for one who follows.

        Example:
            >>> state = FeatureState(LogSchema(labels=("finish",)), items=None, config=StateConfig())
            >>> state.changes().whole
            True
            >>> taken = state.ingest(pa.table({"user_id": ["ann"], "item_id": ["song"],
            ...     "timestamp_ms": [60_000], "second_of_day": [60], "day_of_week": [3]}))
            >>> state.changes().users.ids.to_pylist(), state.changes().users.ids.to_pylist()
            (['ann'], [])
        """
        if self._notes is None:
            self._notes = self._new_notes(whole=True)
        return self._notes.drain(
            everyone=self.everyone,
            complete_from_ms=self.complete_from_ms,
            catalogue=self.catalogue.version,
        )

    @contextmanager
    def snapshot(self) -> Iterator[Self]:
        """This state, as a store gives what it is at a moment; nobody may go on with it meanwhile."""
        yield self

    def position_of(self, user: int) -> int | None:  # noqa: ARG002
        """None: who feeds the state knows how far."""
        return None

    def items_changed(self, since: Mark | None) -> ItemsChanged:
        """Items that became new, other or gone since a mark of an earlier call, as ``FeatureView`` says."""
        return self._feed.since(since)

    def named(self, name: str) -> pa.Array:
        """An attribute's values as text, the one with number n at n - 1."""
        return self.values.named(name)

    def ids(self, kind: str, slot_N: IntArray) -> pa.Array:
        """Ids of users or items in slots; null where there is none, and for -1, which is gone."""
        return (self.users if kind == "user" else self.items).ids(np.maximum(slot_N, 0))

    def id_type(self, kind: str) -> str | None:
        """Type of ids of a kind, ``int64`` or ``string``; None while there is none."""
        return (self.users if kind == "user" else self.items).id_type

    def slots(self, kind: str, ids: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.int32]:
        """Slots of ids of a kind, ``user`` or ``item``; 0 for those not known."""
        return (self.users if kind == "user" else self.items).look_up(ids)

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
        if self.votes is not None and clocks_at_ms_M is not None:
            self._check_complete(clocks_at_ms_M)
            population = self._population(self.votes, clocks_at_ms_M, population_votes)
            clocks = self.votes.read(user_M, clocks_at_ms_M, population=population)
        known_M = np.zeros(0, np.int64)
        if known_at_ms_M is not None:
            self._check_complete(known_at_ms_M)
            known_M = self.user_histories.known_before(user_M, known_at_ms_M)
        return Features(known_M=known_M, clocks=clocks)

    def _population(self, votes: UserVotes, at_ms_M: IntArray, population_votes: float) -> Population | None:
        """Everyone's counts as of midnights: those that passed, or any where none was ever told of."""
        if not population_votes:
            return None
        midnight_ms_M, counts_of = last_midnights([*self.everyone], at_ms_M), self.everyone.__getitem__
        if self._day_ms is None:  # all votes are still there
            midnight_ms_M, counts_of = utc_day_start_ms(at_ms_M), votes.everyone
        return votes.population(
            population_votes, midnight_ms_M, midnights=self._midnights, counts_of=counts_of
        )

    def histories(self) -> Histories:
        """All behaviours, as they stand; it holds until the state goes on."""
        return self.user_histories.view(users=self.users.capacity)

    def item_values(self, name: str, item_N: IntArray, *, at_ms: int) -> npt.NDArray[np.int32]:
        """Numbers of items' values of an attribute as of a moment, int32 (N, V), as ``FeatureView`` says."""
        self._check_complete(np.array([at_ms]))
        return self.values.of(name, item_N, at_ms=at_ms)

    def list_items(
        self, *, at_ms: int, limit: int, having: tuple[str, str] | None = None
    ) -> npt.NDArray[np.int32]:
        """Slots of items that are known, as ``FeatureView`` says."""
        self._check_complete(np.array([at_ms]))
        return listed_items(self.items, self.values, at_ms=at_ms, limit=limit, having=having)

    def last_offset(self, user: int) -> tuple[int, int] | None:
        """A user's last offset to UTC in minutes, and when it was said (UTC milliseconds); None: never."""
        offset = self._seen.offset(user)
        return offset if offset is not None and self.users.index(np.array([user]))[0] else None

    def last_zone(self, user: int) -> str | None:
        """The zone that told a user's last offset; None where the offset was said itself, or never."""
        return None if self.last_offset(user) is None else self._seen.zone(user)

    def state(self) -> Arrays:
        """For a checkpoint; shares memory."""
        state = under("users", self.users.state()) | under("items", self.items.state())
        state |= under("values", self.values.state()) | under("awaiting", self._awaiting.state())
        state |= under("histories", self.user_histories.state())
        if self.votes is not None:
            state |= under("votes", self.votes.state())
        if self.choices is not None:
            state |= under("choices", self.choices.state())
        state |= self._seen.state() | self.catalogue.state()
        state |= under("everyone", {str(midnight): each for midnight, each in self.everyone.items()})
        return state | {
            "shown": self._shown_S,
            "complete_from_ms": np.array(self.complete_from_ms),
            "day_ms": np.array(BEFORE_ALL_MS if self._day_ms is None else self._day_ms),
        }

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self.users.restore(below("users", state))
        self.items.restore(below("items", state))
        self.values.restore(below("values", state))
        self.user_histories.restore(below("histories", state))
        self._awaiting.restore(below("awaiting", state))
        if self.choices is not None:
            self.choices.restore(below("choices", state))
        if self.votes is not None:
            self.votes.restore(below("votes", state))
        self._sets.make(self.items.known())
        self._seen.restore(state)
        self.catalogue.restore(state)
        self.everyone = {int(name): np.array(each) for name, each in below("everyone", state).items()}
        self._midnights.forget()
        self._shown_S = np.array(state["shown"])
        self.complete_from_ms, day_ms = int(state["complete_from_ms"]), int(state["day_ms"])
        self._day_ms = None if day_ms == BEFORE_ALL_MS else day_ms
        self._notes = None  # a copy of what was there is none of this
        self._feed.forget()

    def _new_notes(self, *, whole: bool) -> ChangeNotes:
        return ChangeNotes(
            users=self.users,
            items=self.items,
            seen=self._seen,
            values=self.values,
            histories=self.user_histories,
            votes=self.votes,
            everyone=self.everyone,
            whole=whole,
        )

    def _leaving_users(self, midnight_ms: int) -> npt.NDArray[np.int64]:
        """Who was not seen for long, and, where there are too many, those not seen for longest."""
        user_R = self.users.known()
        return user_R[
            leaving(
                self._seen.ms("user", user_R),
                unseen_since_ms=self.config.unseen_since_ms(midnight_ms),
                most=self.config.most_users,
                stays_from_ms=self.complete_from_ms,
            )
        ]

    def _release_users(self, user_R: npt.NDArray[np.int64]) -> None:
        self.user_histories.release(user_R)
        if self.votes is not None:
            self.votes.release(user_R)
        self._leave(user_R)

    def _leave(self, user_R: npt.NDArray[np.int64]) -> None:
        self._seen.set("user", user_R, 0)
        if self._notes is not None:
            self._notes.leave("user", user_R)
        self.users.release(user_R)

    def _leaving_items(self, midnight_ms: int) -> npt.NDArray[np.int64]:
        """Items that were not seen for long, and that no behaviour names."""
        item_R = self.items.known()
        only_described_R = self._seen.ms("item", item_R) == BEFORE_ALL_MS  # before anything came
        self._seen.set("item", item_R[only_described_R], midnight_ms)
        unseen_since_ms = self.config.unseen_since_ms(midnight_ms)
        leaves_R = leaving(self._seen.ms("item", item_R), unseen_since_ms=unseen_since_ms)
        leaves_R &= ~self.user_histories.names(item_R)
        if self.choices is not None:
            leaves_R &= ~self.choices.names(item_R)
        leaves_R[leaves_R] = ~self.catalogue.stays(self.items.ids(item_R[leaves_R]))
        self._seen.set("item", item_R[leaves_R], 0)
        return item_R[leaves_R]

    def _check_complete(self, at_ms_M: IntArray) -> None:
        if at_ms_M.size and at_ms_M.min() < self.complete_from_ms:
            raise ValueError(
                f"features as of {int(at_ms_M.min())} are asked for, but they are kept from "
                f"{self.complete_from_ms} on; keep them longer (--keep-hours)"
            )
