from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.histories import Behaviours, KnownBehaviours

NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Event:
    user: int
    item: int
    time_ms: int
    known_ms: int
    engaged: bool


@st.composite
def streams(draw: st.DrawFn) -> list[Event]:
    """Events in time order with many ties, and labels known at once or later."""
    delay = st.sampled_from([0, 0, 1, 3, 20])
    rows = draw(
        st.lists(
            st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(0, 12), delay, st.booleans()),
            max_size=40,
        )
    )
    rows.sort(key=lambda row: row[2])
    return [Event(user, item, time, time + late, engaged) for user, item, time, late, engaged in rows]


def behaviours(events: list[Event]) -> Behaviours:
    engaged = [event for event in events if event.engaged]
    columns = [[e.user, e.item, e.time_ms, e.time_ms % 86_400, e.known_ms] for e in engaged]
    array = np.array(columns, dtype=np.int64).reshape(-1, 5).T
    return Behaviours(
        user_N=array[0],
        item_N=array[1],
        timestamp_ms_N=array[2],
        second_of_day_N=array[3],
        known_ms_N=array[4],
    )


def observe(known: KnownBehaviours, events: list[Event]) -> tuple[list[int], list[int]]:
    user = np.array([event.user for event in events], dtype=np.int64)
    time_ms = np.array([event.time_ms for event in events], dtype=np.int64)
    of_user, of_all = known.observe(user, time_ms, behaviours(events))
    return of_user.tolist(), of_all.tolist()


def observe_in_chunks(events: list[Event], cuts: list[int]) -> tuple[KnownBehaviours, list[int], list[int]]:
    known, of_user, of_all = KnownBehaviours(), [], []
    edges = [0, *sorted(min(cut, len(events)) for cut in cuts), len(events)]
    for start, stop in pairwise(edges):
        mine, everyones = observe(known, events[start:stop])
        of_user += mine
        of_all += everyones
    return known, of_user, of_all


def known_before(events: list[Event], now: Event) -> list[Event]:
    """What was engaged with and known strictly before an event, in the order it became known."""
    known = [event for event in events if event.engaged and event.known_ms < now.time_ms]
    return sorted(known, key=lambda event: event.known_ms)


@settings(max_examples=60, deadline=None)
@given(streams(), st.lists(st.integers(0, 40), max_size=4))
def test_counts_are_of_what_was_known_strictly_before(events: list[Event], cuts: list[int]) -> None:
    known, of_user, of_all = observe_in_chunks(events, cuts)
    for now, mine, everyones in zip(events, of_user, of_all, strict=True):
        before = known_before(events, now)
        own = [event for event in before if event.user == now.user]
        assert (mine, everyones) == (len(own), len(before))
        places = np.arange(mine)
        assert known.item_of_user(np.full(mine, now.user), places).tolist() == [e.item for e in own]
        assert known.item_of_everyone(np.arange(everyones)).tolist() == [e.item for e in before]


@settings(max_examples=60, deadline=None)
@given(streams(), st.lists(st.integers(0, 40), max_size=4))
def test_first_position_tells_who_was_chosen_before(events: list[Event], cuts: list[int]) -> None:
    known, _, of_all = observe_in_chunks(events, cuts)
    items = np.array([event.item for event in events], dtype=np.int64)
    chosen_before = known.first_position(items) < np.array(of_all, dtype=np.int64)
    slow = [any(b.item == now.item for b in known_before(events, now)) for now in events]
    assert chosen_before.tolist() == slow


def test_a_label_known_at_once_is_seen_only_by_what_comes_later() -> None:
    at_once = [Event(1, 5, 100, 100, True), Event(1, 6, 100, 100, True), Event(1, 7, 101, 101, True)]
    of_user, of_all = observe(KnownBehaviours(), at_once)
    assert of_user == of_all == [0, 0, 2]


def test_a_label_known_at_the_next_exposure_is_not_yet_known() -> None:
    stream = [Event(1, 5, 100, 150, True), Event(1, 6, 150, 150, False), Event(2, 6, 151, 151, False)]
    assert observe(KnownBehaviours(), stream) == ([0, 0, 0], [0, 0, 1])


def test_the_order_is_that_of_knowing_not_of_showing() -> None:
    known = KnownBehaviours()
    observe(known, [Event(1, 5, 100, 300, True), Event(1, 6, 200, 250, True), Event(1, 7, 400, 400, False)])
    assert known.item_of_user(np.array([1, 1]), np.array([0, 1])).tolist() == [6, 5]


def test_an_item_nobody_engaged_with_has_no_first_position() -> None:
    known = KnownBehaviours()
    assert known.first_position(np.array([1])).tolist() == [NEVER]
    observe(known, [Event(1, 5, 1, 1, True), Event(1, 5, 2, 2, True), Event(1, 1, 3, 3, True)])
    assert known.first_position(np.array([5, 1, 4, 900])).tolist() == [0, NEVER, NEVER, NEVER]


@pytest.mark.parametrize("before", [[], [Event(1, 5, 1, 1, True)]])
def test_an_empty_stretch_changes_nothing(before: list[Event]) -> None:
    known = KnownBehaviours()
    observe(known, before)
    assert observe(known, []) == ([], [])
    assert observe(known, [Event(1, 6, 9, 9, False)]) == ([len(before)], [len(before)])


def test_joined_and_selected_behaviours_keep_their_columns_together() -> None:
    first, second = behaviours([Event(1, 5, 10, 11, True)]), behaviours([Event(2, 6, 20, 22, True)])
    both = Behaviours.joined(first, second)
    assert both.count == 2
    assert both.select(np.array([False, True])).known_ms_N.tolist() == [22]
    assert both.select(np.array([1, 0])).item_N.tolist() == [6, 5]
