"""Everything the stream has shown so far that features are made from, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.admission import Column, LabelEvents, SerialColumns
from interestclock.arrays import Arrays, below, texts_as_arrays, texts_in, under, with_room
from interestclock.events.schema import EQ3_ROLES, LogSchema
from interestclock.features import UserVotes
from interestclock.histories import Behaviours, Histories, UserHistories
from interestclock.ids import Identity, Vocabulary
from interestclock.state.choices import Choices
from interestclock.state.config import StateConfig
from interestclock.state.feature_view import Features
from interestclock.state.item_order import ItemOrder
from interestclock.state.item_values import Descriptions, ItemValues
from interestclock.timeofday import DAY_MS, utc_day_start_ms, utc_offset_minutes

__all__ = ["FeatureState", "Ingested", "Left"]

# Shapes: N exposures, E label events, M users at a time, R slots.

IntArray = npt.NDArray[np.integer]
_BEFORE_ALL_MS = -(1 << 62)
_NEVER_MS = np.iinfo(np.int64).max
_AWAITING = {  # what labels are joined to
    "timestamp_ms": Column(kind=np.int64),
    "engaged_ms": Column(kind=np.int64, fill=_NEVER_MS),  # when it was known to be engaged with
    "user": Column(kind=np.int32),
    "item": Column(kind=np.int32),
    "set": Column(kind=np.int32),  # of the clock values that the item had then
    "second_of_day": Column(kind=np.int32),
    "utc_offset_minutes": Column(kind=np.int16),
}


@dataclass(frozen=True, kw_only=True)
class Ingested:
    """Slots of exposures' users and items, int32 (N,), and what came with them.

    Args:
        users_came, items_came: slots that are new. items_described: slots of which a message said something.
    """

    user_N: npt.NDArray[np.int32]
    item_N: npt.NDArray[np.int32]
    users_came: npt.NDArray[np.int32]
    items_came: npt.NDArray[np.int32]
    items_described: npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class Left:
    """Slots of users and items that left, ascending."""

    users: npt.NDArray[np.int64]
    items: npt.NDArray[np.int64]


class FeatureState:
    """Identity, item values, histories, votes and what awaits labels: fed in order, read as of any moment.

    A pure function of the events, their labels and the midnights (UTC) that passed between them, in their
    order; how they are cut into calls changes nothing. It is its own ``FeatureView``.

    Memory is given back at midnights alone: histories keep each user's newest ``longest`` behaviours, votes
    the window, both as of ``complete_from_ms`` and later; users leave who were not seen for long, and so do
    items, unless a history names them.

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
        self.user_histories = UserHistories(longest=config.longest)
        self.choices = Choices() if schema.positive_only else None
        self.votes: UserVotes | None = None
        if schema.clock_attributes:
            self.votes = UserVotes(attributes=schema.clock_attributes, config=config.clocks)
        self._awaiting = SerialColumns(_AWAITING)
        self._term_of = np.full(len(schema.labels), -1, np.int8)  # of Eq. 3, by label
        for role, label in schema.eq3_labels.items():
            self._term_of[schema.labels.index(label)] = EQ3_ROLES.index(role)
        self._engages = np.array([label in schema.engaged for label in schema.labels])
        self.complete_from_ms = _BEFORE_ALL_MS
        self._day_ms: int | None = None  # the last midnight that passed
        self.everyone: dict[int, npt.NDArray[np.int64]] = {}  # Eq. 3's counts of all users, by midnight
        self._seen_ms = {kind: np.zeros(1, np.int64) for kind in ("user", "item")}
        self._offset_minutes_U = np.zeros(1, np.int16)  # each user's last, as of ``_seen_ms``
        self._zone_U = np.zeros(1, np.int16)  # that told it, if one did
        self._zones = Vocabulary()
        self._set_I = np.zeros(1, np.int32)  # the set of clock values that each item had at first
        self._shown_I = np.zeros(1, np.bool_)

    @property
    def bytes_used(self) -> int:
        """Of histories and votes, with what they have to spare."""
        return self.user_histories.bytes_used + (0 if self.votes is None else self.votes.bytes_used)

    def ingest(self, exposures: pa.Table, items: pa.Table | None = None) -> Ingested:
        """Take exposures, as they were admitted; their serial numbers go on by one, from 0.

        Args:
            exposures: columns of the event table: ids, times, attributes where they stand in rows.
            items: what was said of items among them, in order, as ``Admitted`` has it.
        """
        user_N, users_came = self.users.admit(exposures["user_id"])
        order = ItemOrder.of(exposures, items, first_serial=self._awaiting.stop)
        item_C, items_came = self.items.admit(order.ids())
        item_N = item_C[order.place_N]
        self.user_histories.admit(self.users.capacity)
        timestamp_ms_N = exposures["timestamp_ms"].to_numpy()
        second_N = exposures["second_of_day"].to_numpy()
        offset_N = utc_offset_minutes(timestamp_ms_N, second_N, exposures["day_of_week"].to_numpy())
        ingested = Ingested(
            user_N=user_N,
            item_N=item_N,
            users_came=users_came,
            items_came=items_came,
            items_described=item_C[order.place_T],
        )
        zone_N = np.zeros(exposures.num_rows, np.int16)
        if "zone" in exposures.column_names:
            zone_N = self._zones.number(exposures["zone"]).astype(np.int16)
        self._note_seen(ingested, timestamp_ms_N, offset_N, zone_N)
        self._record_described(order, item_C)
        self._describe(order.descriptions(item_C, items_came, shown_I=self._shown_I))
        self._shown_I[item_N] = True
        described = {
            "timestamp_ms": timestamp_ms_N,
            "user": user_N,
            "item": item_N,
            "set": self._sets_of(item_N, timestamp_ms_N),
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
            of_somebody_E = self._awaiting.get("user", labels.serial_E) > 0  # looks whether all are held
            ones = labels.taken(np.flatnonzero(of_somebody_E & (labels.value_E == 1)))
            self._vote(ones)
            self._engage(ones)

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
            self.votes.drop_before(complete_ms - self.config.clocks.window_ms)
        self.user_histories.trim(known_before_ms=complete_ms)
        users = self._leaving_users(midnight_ms)
        self._release_users(users)
        self._note_sets(self.values.drop_before(complete_ms))
        items = self._leaving_items(midnight_ms)
        self.values.forget(items)
        self._shown_I[items] = False
        self.items.release(items)
        return Left(users=users, items=items)

    def slots(self, kind: str, ids: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.int32]:
        """Slots of ids of a kind, ``user`` or ``item``; 0 for those not known."""
        return (self.users if kind == "user" else self.items).look_up(ids)

    def read(self, user_M: IntArray, known_at_ms_M: IntArray, *, clocks_at_ms_M: IntArray | None) -> Features:
        """What was known of users strictly before moments, as ``FeatureView`` says."""
        self._check_complete(known_at_ms_M)
        clocks: dict[str, npt.NDArray[np.int32]] = {}
        if self.votes is not None and clocks_at_ms_M is not None:
            self._check_complete(clocks_at_ms_M)
            clocks = self.votes.read(user_M, clocks_at_ms_M)
        return Features(known_M=self.user_histories.known_before(user_M, known_at_ms_M), clocks=clocks)

    def histories(self) -> Histories:
        """All behaviours, as they stand; it holds until the state goes on."""
        return self.user_histories.view(users=self.users.capacity)

    def item_values(self, name: str, item_N: IntArray, *, at_ms: int) -> npt.NDArray[np.int32]:
        """Numbers of items' values of an attribute as of a moment, int32 (N, V), as ``FeatureView`` says."""
        self._check_complete(np.array([at_ms]))
        return self.values.of(name, item_N, at_ms=at_ms)

    def last_offset(self, user: int) -> tuple[int, int] | None:
        """A user's last offset to UTC in minutes, and when it was said (UTC milliseconds); None: never."""
        if not 0 < user < self._seen_ms["user"].size or not self.users.index(np.array([user]))[0]:
            return None
        return int(self._offset_minutes_U[user]), int(self._seen_ms["user"][user])

    def last_zone(self, user: int) -> str | None:
        """The zone that told a user's last offset; None where the offset was said itself, or never."""
        if self.last_offset(user) is None or not self._zone_U[user]:
            return None
        zone: str = self._zones.values()[int(self._zone_U[user]) - 1].as_py()
        return zone

    def state(self) -> Arrays:
        """For a checkpoint; shares memory."""
        state = under("users", self.users.state()) | under("items", self.items.state())
        state |= under("values", self.values.state()) | under("awaiting", self._awaiting.state())
        state |= under("histories", self.user_histories.state())
        if self.votes is not None:
            state |= under("votes", self.votes.state())
        if self.choices is not None:
            state |= under("choices", self.choices.state())
        state |= under("seen_ms", self._seen_ms)
        state |= under("zones", texts_as_arrays(self._zones.values().cast(pa.string())))
        state |= under("everyone", {str(midnight): each for midnight, each in self.everyone.items()})
        return state | {
            "offset_minutes": self._offset_minutes_U,
            "zone": self._zone_U,
            "shown": self._shown_I,
            "complete_from_ms": np.array(self.complete_from_ms),
            "day_ms": np.array(_BEFORE_ALL_MS if self._day_ms is None else self._day_ms),
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
            self._name_values()
            self._note_sets(self.items.known())
        self._seen_ms = {kind: np.array(each) for kind, each in below("seen_ms", state).items()}
        self.everyone = {int(name): np.array(each) for name, each in below("everyone", state).items()}
        self._offset_minutes_U = np.array(state["offset_minutes"])
        self._zone_U, self._zones = np.array(state["zone"]), Vocabulary()
        self._zones.number(texts_in(below("zones", state)))
        self._shown_I = np.array(state["shown"])
        self.complete_from_ms, day_ms = int(state["complete_from_ms"]), int(state["day_ms"])
        self._day_ms = None if day_ms == _BEFORE_ALL_MS else day_ms

    def _note_seen(
        self, ingested: Ingested, timestamp_ms_N: IntArray, offset_N: IntArray, zone_N: IntArray
    ) -> None:
        user_N, came = ingested.user_N, {"user": ingested.users_came, "item": ingested.items_came}
        for kind, slot_N in (("user", ingested.user_N), ("item", ingested.item_N)):
            seen_ms = self._seen_ms[kind]
            last = max(int(slot_N.max(initial=0)), int(came[kind].max(initial=0)))
            seen_ms = with_room(seen_ms, last + 1)
            seen_ms[came[kind]] = _BEFORE_ALL_MS
            np.maximum.at(seen_ms, slot_N, timestamp_ms_N)
            self._seen_ms[kind] = seen_ms
        offset_U = with_room(self._offset_minutes_U, self._seen_ms["user"].size)
        newest_N = timestamp_ms_N == self._seen_ms["user"][user_N]
        offset_U[user_N[newest_N]] = offset_N[newest_N]
        self._offset_minutes_U = offset_U
        self._zone_U = with_room(self._zone_U, offset_U.size)
        self._zone_U[user_N[newest_N]] = zone_N[newest_N]

    def _record_described(self, order: ItemOrder, item_C: IntArray) -> None:
        """An item of which something is said stays for as long as one that is seen."""
        items = self.items.capacity + 1
        self._shown_I = with_room(self._shown_I, items)
        self._set_I = with_room(self._set_I, items)
        if order.items is not None:
            np.maximum.at(self._seen_ms["item"], item_C[order.place_T], order.items["newest_ms"].to_numpy())

    def _describe(self, descriptions: Descriptions | None) -> None:
        """Attributes of items that are new, and of those of which something is said."""
        if descriptions is None:
            return
        descriptions = self.values.with_table(descriptions)
        value_RV = self.values.describe(descriptions)
        if self.votes is not None:
            self._name_values()
            set_R = self.votes.sets.numbers([value_RV[name] for name in self.schema.clock_attributes])
            self._set_I[descriptions.item_R[descriptions.first_R]] = set_R[descriptions.first_R]

    def _sets_of(self, item_N: IntArray, timestamp_ms_N: IntArray) -> npt.NDArray[np.int32]:
        """The set of clock values that each item had when it was shown."""
        set_N: npt.NDArray[np.int32] = self._set_I[item_N]
        changed = np.flatnonzero(self.values.changes.changed(item_N))
        if self.votes is not None and changed.size:
            at_ms = np.asarray(timestamp_ms_N[changed], np.int64)
            names = self.schema.clock_attributes
            set_N[changed] = self.votes.sets.numbers(
                [self.values.of(name, item_N[changed], at_ms=at_ms) for name in names]
            )
        return set_N

    def _name_values(self) -> None:
        assert self.votes is not None
        for name in self.schema.clock_attributes:
            if len(self.values.vocabularies[name]) != self.votes.values_named(name):
                self.votes.name_values(name, self.values.named(name))

    def _note_sets(self, item_R: IntArray) -> None:
        """Which set of clock values items had at first, as far as anybody can ask."""
        if item_R.size and self.votes is not None:
            self._set_I = with_room(self._set_I, int(item_R.max()) + 1)
            self._set_I[item_R] = self.votes.sets.numbers(
                [self.values.of(name, item_R, at_ms=_BEFORE_ALL_MS) for name in self.schema.clock_attributes]
            )

    def _vote(self, ones: LabelEvents) -> None:
        """Give Eq. 3 the labels that are 1 and one of its terms."""
        if self.votes is None:
            return
        votes = ones.taken(np.flatnonzero(self._term_of[ones.label_E] >= 0))
        of_E = self._exposures(votes)
        self.votes.add(
            user_N=of_E("user"),
            set_N=of_E("set"),
            timestamp_ms_N=of_E("timestamp_ms"),
            second_of_day_N=of_E("second_of_day"),
            known_ms_N=votes.known_ms_E,
            term_N=self._term_of[votes.label_E],
        )

    def _exposures(self, labels: LabelEvents) -> Callable[[str], npt.NDArray[Any]]:
        """Columns of labels' exposures, all of which are known to be held."""
        place_E = labels.serial_E - self._awaiting.first
        return lambda name: self._awaiting.held(name)[place_E]

    def _engage(self, ones: LabelEvents) -> None:
        """Exposures with a 1 in an engaged label are behaviours, known as soon as the first such label is."""
        with_something_E = self._exposures(ones)("item") > 0
        engaged = ones.taken(np.flatnonzero(with_something_E & self._engages[ones.label_E]))
        engaged = engaged.taken(np.lexsort((engaged.known_ms_E, engaged.serial_E)))
        first_E = np.ones(len(engaged), np.bool_)
        first_E[1:] = engaged.serial_E[1:] != engaged.serial_E[:-1]
        before_ms_E = self._exposures(engaged)("engaged_ms")
        new = engaged.taken(np.flatnonzero(first_E & (before_ms_E == _NEVER_MS)))
        self._add_behaviours(new)
        earlier_E = first_E & (before_ms_E != _NEVER_MS) & (engaged.known_ms_E < before_ms_E)
        self._awaiting.put("engaged_ms", new.serial_E, new.known_ms_E)
        if earlier_E.any():
            self._know_earlier(engaged.taken(np.flatnonzero(earlier_E)))

    def _add_behaviours(self, new: LabelEvents) -> None:
        of_E = self._exposures(new)
        behaviours = Behaviours(
            user_N=of_E("user"),
            item_N=of_E("item"),
            serial_N=new.serial_E,
            timestamp_ms_N=of_E("timestamp_ms"),
            known_ms_N=new.known_ms_E,
            second_of_day_N=of_E("second_of_day"),
            utc_offset_minutes_N=of_E("utc_offset_minutes"),
            day_kind_N=np.zeros(len(new), np.uint8),
        )
        self.user_histories.add(behaviours)
        if self.choices is not None:
            self.choices.add(behaviours)

    def _know_earlier(self, earlier: LabelEvents) -> None:
        user_E = self._awaiting.get("user", earlier.serial_E)
        self.user_histories.known_earlier(user_E, earlier.serial_E, earlier.known_ms_E)
        if self.choices is not None:
            item_E = self._awaiting.get("item", earlier.serial_E)
            self.choices.known_earlier(item_E, earlier.serial_E, earlier.known_ms_E)
        self._awaiting.put("engaged_ms", earlier.serial_E, earlier.known_ms_E)

    def _leaving_users(self, midnight_ms: int) -> npt.NDArray[np.int64]:
        """Who was not seen for long, and, where there are too many, those not seen for longest."""
        user_R = self.users.known()
        seen_ms_R = self._seen_ms["user"][user_R]
        leaves_R = seen_ms_R < self.config.unseen_since_ms(midnight_ms)
        if self.config.most_users is not None:
            too_many = user_R.size - int(leaves_R.sum()) - self.config.most_users
            if too_many > 0:
                may_leave = np.flatnonzero(~leaves_R & (seen_ms_R < self.complete_from_ms))
                oldest = may_leave[np.argsort(seen_ms_R[may_leave], kind="stable")]
                leaves_R[oldest[:too_many]] = True
        return user_R[leaves_R]

    def _release_users(self, user_R: npt.NDArray[np.int64]) -> None:
        self.user_histories.release(user_R)
        if self.votes is not None:
            self.votes.release(user_R)
        self._seen_ms["user"][user_R] = 0
        self.users.release(user_R)

    def _leaving_items(self, midnight_ms: int) -> npt.NDArray[np.int64]:
        """Items that were not seen for long, and that no behaviour names."""
        item_R = self.items.known()
        seen_ms_R = self._seen_ms["item"][item_R]
        self._seen_ms["item"][item_R[seen_ms_R == _BEFORE_ALL_MS]] = midnight_ms  # told before anything came
        leaves_R = self._seen_ms["item"][item_R] < self.config.unseen_since_ms(midnight_ms)
        leaves_R &= ~self.user_histories.names(item_R)
        if self.choices is not None:
            leaves_R &= ~self.choices.names(item_R)
        self._seen_ms["item"][item_R[leaves_R]] = 0
        return item_R[leaves_R]

    def _check_complete(self, at_ms_M: IntArray) -> None:
        if at_ms_M.size and at_ms_M.min() < self.complete_from_ms:
            raise ValueError(
                f"features as of {int(at_ms_M.min())} are asked for, but they are kept from "
                f"{self.complete_from_ms} on; keep them longer (--keep-hours)"
            )
