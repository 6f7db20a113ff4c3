from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.errors import ConfigError
from interestclock.histories import Behaviours, KnownBehaviours, LiveHistories
from interestclock.search import Stretches, seen_in
from interestclock.search.stretches import laid_out

HOUR_MS = 3_600_000
Row = tuple[int, int, int, int, bool]  # user, item, time, when its label is known, engaged


@st.composite
def streams(draw: st.DrawFn) -> list[Row]:
    """Exposures in time order with many ties, and labels known at once or later."""
    delay = st.sampled_from([0, 0, 1, 3, 20])
    drawn = st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(0, 12), delay, st.booleans())
    rows = sorted(draw(st.lists(drawn, max_size=60)), key=lambda row: row[2])
    return [(user, item, time, time + late, engaged) for user, item, time, late, engaged in rows]


def behaviours(rows: list[Row]) -> Behaviours:
    user, item, time, known, _ = np.array([row for row in rows if row[4]], np.int64).reshape(-1, 5).T
    return Behaviours(
        user_N=user, item_N=item, timestamp_ms_N=time * HOUR_MS, second_of_day_N=time, known_ms_N=known
    )


def observe(histories: LiveHistories, rows: list[Row]) -> list[int]:
    user, _, time, _, _ = np.array(rows, np.int64).reshape(-1, 5).T
    known_N = histories.observe(user.astype(np.int32), time, behaviours(rows))
    assert (known_N.dtype, known_N.shape) == (np.int64, (len(rows),))
    return known_N.tolist()


def seen(histories: LiveHistories, user: int, count: int, most: int) -> list[tuple[int, int, int, int]]:
    """What a moment sees, through everything that a view holds."""
    view = histories.view(users=user)
    (start,), (stop,) = bounds = view.newest(torch.tensor([user]), torch.tensor([count]), most=most)
    assert stop - start == min(count, most)
    stretch = slice(start, stop)
    columns = [view.item_E, view.second_of_day_E, view.timestamp_ms_E, view.hour_E]
    assert view.items_between(*bounds, width=most).tolist() == [
        [max(item, 0) for item in view.item_E[stretch].tolist()] + [0] * (most - min(count, most))
    ]
    return list(zip(*(column[stretch].tolist() for column in columns), strict=True))


def stretches(rows: list[Row], cuts: list[int]) -> list[list[Row]]:
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    return [rows[start:stop] for start, stop in pairwise(edges)]


def restored(histories: LiveHistories) -> LiveHistories:
    again = LiveHistories(longest=histories.longest)
    again.restore({name: each.copy() for name, each in histories.state().items()})
    return again


def same_state(one: LiveHistories, other: LiveHistories) -> bool:
    mine, others = one.state(), other.state()
    assert mine.keys() == others.keys()
    return all(np.array_equal(mine[name], others[name]) for name in mine)


@settings(max_examples=60, deadline=None)
@given(streams(), st.lists(st.integers(0, 60), max_size=5))
def test_counts_and_what_they_point_to_are_those_of_known_behaviours(
    rows: list[Row], cuts: list[int]
) -> None:
    live, known = LiveHistories(longest=100), KnownBehaviours()
    given_out: list[tuple[int, int]] = []
    for some in stretches(rows, cuts):
        user, _, time, _, _ = np.array(some, np.int64).reshape(-1, 5).T
        counts = observe(live, some)
        assert counts == known.observe(user, time, behaviours(some))[0].tolist()
        given_out += zip(user.tolist(), counts, strict=True)
    for user, count in given_out:
        place, owner = np.arange(count), np.full(count, user)
        hours = known.by_user.at("second_of_day", owner, place).tolist()
        expected = [
            (item, hour, hour * HOUR_MS, hour)
            for item, hour in zip(known.item_of_user(owner, place).tolist(), hours, strict=True)
        ]
        for most in (1, 3, 100):
            assert seen(live, user, count, most) == expected[-most:]


@dataclass
class Model:
    """The same in lists: what each user did, when it was known, and the counts given out."""

    longest: int
    known: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)  # item, time, known
    waiting: list[Row] = field(default_factory=list)
    asked: list[tuple[int, int, int]] = field(default_factory=list)  # user, time, count
    needed_from: int = -1

    def observe(self, rows: list[Row]) -> list[int]:
        self.waiting += [row for row in rows if row[4]]
        counts = []
        for user, _, time, _, _ in rows:
            for row in sorted((row for row in self.waiting if row[3] < time), key=lambda row: row[3]):
                self.waiting.remove(row)
                self.known.setdefault(row[0], []).append((row[1], row[2], row[3]))
            counts.append(len(self.known.get(user, [])))
            self.asked.append((user, time, counts[-1]))
        return counts

    def forget_user(self, user: int) -> None:
        self.known.pop(user, None)
        self.waiting = [row for row in self.waiting if row[0] != user]
        self.asked = [each for each in self.asked if each[0] != user]

    def forget_item(self, gone: int) -> None:
        for user, rows in self.known.items():
            self.known[user] = [(-1 if item == gone else item, *rest) for item, *rest in rows]
        self.waiting = [(user, -1 if item == gone else item, *rest) for user, item, *rest in self.waiting]

    def kept(self, user: int) -> int:
        """How many are left: the newest of those known before, and all known since."""
        known = [row[2] for row in self.known.get(user, [])]
        return len(known) - max(0, sum(moment < self.needed_from for moment in known) - self.longest)

    def check(self, live: LiveHistories) -> None:
        for user, time, count in self.asked:
            if time >= self.needed_from:
                expected = [(item, at, at * HOUR_MS, at) for item, at, _ in self.known.get(user, [])[:count]]
                assert seen(live, user, count, self.longest) == expected[-self.longest :]
        live.view(users=4)
        assert live._arena.lengths(np.arange(5)).tolist() == [self.kept(user) for user in range(5)]


OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["trim", "trim", "trim", "restore", "user", "item"]), st.integers(0, 6)),
    min_size=6,
    max_size=6,
)


@settings(max_examples=120, deadline=None)
@given(streams(), st.lists(st.integers(0, 60), min_size=5, max_size=5), OPERATIONS, st.integers(1, 5))
def test_whatever_is_done_in_between_old_counts_see_what_they_saw(
    rows: list[Row], cuts: list[int], operations: list[tuple[str, int]], longest: int
) -> None:
    live, model = LiveHistories(longest=longest), Model(longest)
    for some, (operation, number) in zip(stretches(rows, cuts), operations, strict=True):
        assert observe(live, some) == model.observe(some)
        if operation == "trim":
            model.needed_from = max(model.needed_from, some[-1][2] - number if some else 0)
            live.trim(needed_from_ms=model.needed_from)
        elif operation == "user":
            live.forget_users(np.array([number, 77], np.int32))
            model.forget_user(number)
        elif operation == "item":
            live.forget_items(np.array([number], np.int32))
            model.forget_item(number)
        else:
            before, live = live, restored(live)
            assert same_state(before, live)
        if operation == "trim":
            model.check(live)
    live.trim(needed_from_ms=model.needed_from)
    model.check(live)


@settings(max_examples=40, deadline=None)
@given(streams(), st.lists(st.integers(0, 60), min_size=3, max_size=3), st.integers(1, 4))
def test_the_same_calls_give_the_same_bits_also_after_a_restart(
    rows: list[Row], cuts: list[int], longest: int
) -> None:
    straight, resumed = LiveHistories(longest=longest), LiveHistories(longest=longest)
    for some in stretches(rows, cuts):
        assert observe(straight, some) == observe(resumed, some)
        for each in (straight, resumed):
            each.trim(needed_from_ms=some[0][2] if some else 0)
            each.forget_users(np.array([some[0][0]] if some else [], np.int64))
        resumed = restored(resumed)
        assert same_state(straight, resumed)


def at(user: int, time: int, *, item: int = 5, known: int | None = None) -> Row:
    return user, item, time, time if known is None else known, True


def now(user: int, time: int) -> Row:
    return user, 1, time, time, False


def test_a_hundred_times_the_cap_takes_no_more_memory_than_twice() -> None:
    live, sizes = LiveHistories(longest=100), []
    for batch in range(500):  # two users, ten of each a batch, known 30 moments later
        live_rows = [at(1 + step % 2, 20 * batch + step, known=20 * batch + step + 30) for step in range(20)]
        observe(live, live_rows)
        live.trim(needed_from_ms=20 * batch - 60)
        sizes.append(live.bytes_used)
    assert set(sizes[50:]) == {sizes[50]}
    assert live._arena.lengths(np.array([1, 2])).max() <= 150
    assert live._arena.blocks.capacity_U.max() <= 256
    assert live._arena.blocks.count_U[1] > 4_900


def test_users_who_come_and_go_take_no_more_memory_than_those_there_are() -> None:
    live, rng, sizes = LiveHistories(longest=50), np.random.default_rng(3), []
    for day in range(300):
        users = rng.integers(1, 60, 200)
        rows = [at(int(user), 1_000 * day + step) for step, user in enumerate(users)]
        observe(live, rows)
        live.trim(needed_from_ms=1_000 * day)
        live.forget_users(rng.integers(1, 60, 6))
        sizes.append(live._arena.bytes_used)
    assert sizes[-1] == sizes[100]


def test_what_was_dropped_is_gone_and_what_is_needed_is_not() -> None:
    live = LiveHistories(longest=2)
    assert observe(live, [at(1, time, item=time) for time in range(1, 7)] + [now(1, 9)]) == [*range(6), 6]
    live.trim(needed_from_ms=5)  # known before: 1 to 4, of which 3 and 4 stay
    assert live._arena.lengths(np.array([1])).tolist() == [4]
    for count, items in ((4, [3, 4]), (5, [4, 5]), (6, [5, 6])):
        assert [row[0] for row in seen(live, 1, count, 2)] == items
    live.trim(needed_from_ms=5)
    live.trim(needed_from_ms=0)
    assert live._arena.lengths(np.array([1])).tolist() == [4]
    live.trim(needed_from_ms=6)
    assert live._arena.lengths(np.array([1])).tolist() == [3]
    again = restored(live)
    for each in (live, again):
        each.trim(needed_from_ms=100)
        assert each._arena.lengths(np.array([1])).tolist() == [2]
    assert observe(live, [at(1, 200), now(1, 201)]) == [6, 7]


def test_a_label_that_is_late_even_for_its_moment_leaves_old_counts_alone() -> None:
    live = LiveHistories(longest=1)
    assert observe(live, [at(1, 1, item=4), at(1, 50, item=5), now(1, 60)]) == [0, 1, 2]
    assert observe(live, [at(1, 3, item=6), now(1, 70)])[1] == 3
    live.trim(needed_from_ms=60)
    assert live._arena.lengths(np.array([1])).tolist() == [2]
    assert [row[0] for row in seen(live, 1, 2, 1)] == [5]
    assert [row[0] for row in seen(live, 1, 3, 1)] == [6]


def test_what_becomes_known_at_one_moment_stands_as_it_was_given() -> None:
    known = np.random.default_rng(1).integers(1, 4, 500).tolist()
    rows = [at(1, 1, item=item, known=moment) for item, moment in enumerate(known)]
    live = LiveHistories()
    assert observe(live, [*rows, now(1, 9)])[-1] == 500
    ordered = sorted(range(500), key=lambda item: known[item])
    assert [row[0] for row in seen(live, 1, 500, 500)] == ordered


def test_a_user_who_left_while_too_long_is_not_looked_at_twice() -> None:
    live = LiveHistories(longest=1)
    for round_ in range(3):
        observe(live, [at(1, 10 * round_), at(1, 10 * round_ + 1), now(1, 10 * round_ + 2)])
        assert live._too_long_R.tolist() == [1]
        live.forget_users(np.array([1]))


def test_a_number_that_is_used_again_counts_from_zero() -> None:
    live = LiveHistories(longest=4)
    observe(live, [at(1, 1), at(1, 2, known=900), at(2, 2, item=8), now(2, 3)])
    live.forget_users(np.array([1, 1, 12_345]))
    assert observe(live, [now(1, 1_000), now(2, 1_000)]) == [0, 1]
    assert live.view().offset_U[1] == 0
    assert observe(live, [at(1, 1_001, item=9), now(1, 1_002), now(2, 1_002)]) == [0, 1, 1]
    assert [row[0] for row in seen(live, 1, 1, 4) + seen(live, 2, 1, 4)] == [9, 8]


def test_an_item_that_left_keeps_its_place_and_is_never_found() -> None:
    live = LiveHistories()
    observe(live, [at(1, 1, item=5), at(1, 2, item=6), at(1, 3, item=5, known=50), now(1, 4)])
    live.forget_items(np.array([5, 70_000]))
    live.forget_items(np.array([], np.int64))
    assert observe(live, [at(1, 60, item=5), now(1, 61)]) == [3, 4]
    view = live.view(users=1)
    bounds = view.newest(torch.tensor([1]), torch.tensor([4]), most=10)
    assert view.items_between(*bounds, width=5).tolist() == [[0, 6, 0, 5, 0]]
    search = Stretches(
        item_T=view.item_E,
        time_T=view.second_of_day_E,
        start_M=bounds[0],
        stop_M=bounds[1],
        now_M=torch.tensor([0]),
    )
    assert seen_in(search, items=8).item_U.tolist() == [5, 6]
    assert laid_out(search)[2].tolist() == [[False, True, False, True]]


def test_a_view_copies_nothing_and_reaches_as_far_as_it_is_asked_to() -> None:
    live = LiveHistories()
    assert live.view(users=7).offset_U.tolist() == [0] * 8
    observe(live, [at(3, 1), now(3, 2)])
    view = live.view(users=2)
    assert view.offset_U.shape == (8,)
    assert (view.item_E.dtype, view.second_of_day_E.dtype, view.hour_E.dtype) == (torch.int32,) * 3
    assert (view.offset_U.dtype, view.timestamp_ms_E.dtype) == (torch.int64,) * 2
    live.forget_items(np.array([5]))
    assert view.item_E[view.offset_U[3]] == -1
    assert torch.equal(view.to(torch.device("cpu")).hour_E, view.hour_E)


def test_nothing_and_one() -> None:
    live = LiveHistories()
    assert observe(live, []) == []
    live.trim(needed_from_ms=0)
    live.forget_users(np.array([4]))
    live.forget_items(np.array([4]))
    assert same_state(live, restored(live))
    assert seen(live, 3, 0, 2) == []
    assert observe(live, [at(0, 5)]) == [0]
    assert observe(live, []) == []
    assert observe(live, [now(0, 6)]) == [1]


@pytest.mark.parametrize("longest", [0, -3])
def test_a_history_of_nothing_is_refused(longest: int) -> None:
    with pytest.raises(ConfigError, match=rf"longest is {longest}; give 1 or more behaviours"):
        LiveHistories(longest=longest)
