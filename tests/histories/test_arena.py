from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.histories import Behaviours
from interestclock.histories.arena import BehaviourArena

USERS = st.lists(st.integers(0, 6), max_size=30)
STEPS = st.lists(st.tuples(USERS, st.lists(st.integers(0, 8), max_size=2), st.integers(0, 20)), max_size=10)


def append(arena: BehaviourArena, users: list[int], first: int) -> None:
    """One behaviour for each, numbered on from ``first``; known when its number says."""
    user_K, value_K = np.array(users, np.int64), np.arange(first, first + len(users))
    arena.make_room(user_K)
    place_K = np.empty_like(user_K)
    for step, user in enumerate(users):
        place_K[step] = arena.blocks.offset_U[user] + arena.blocks.count_U[user]
        arena.blocks.count_U[user] += 1
    arena.write(
        place_K,
        Behaviours(
            user_N=user_K,
            item_N=value_K,
            timestamp_ms_N=value_K * 7_200_000,
            second_of_day_N=value_K + 1,
            known_ms_N=value_K,
        ),
    )


def held(arena: BehaviourArena, user: int) -> list[int]:
    """A user's numbers, the same from every column."""
    blocks, places = arena.blocks, arena.places
    stretch = slice(
        blocks.offset_U[user] + blocks.dropped_U[user], blocks.offset_U[user] + blocks.count_U[user]
    )
    items = places.item_E[stretch].tolist()
    assert places.second_of_day_E[stretch].tolist() == [item + 1 for item in items]
    assert places.hour_E[stretch].tolist() == [2 * item for item in items]
    assert places.timestamp_ms_E[stretch].tolist() == [7_200_000 * item for item in items]
    assert places.known_ms_E[stretch].tolist() == items
    return items


def check_no_overlap(arena: BehaviourArena) -> None:
    """Blocks that users have, and free ones, cover every place exactly once."""
    covered = np.zeros(arena.used, np.int64)
    for base, capacity in zip(arena.blocks.base_U, arena.blocks.capacity_U, strict=True):
        covered[base : base + capacity] += 1
    for size, first in enumerate(arena._free_C.tolist()):
        base = first
        while base >= 0:
            covered[base : base + (1 << size)] += 1
            base = int(arena.places.timestamp_ms_E[base])
    assert (covered == 1).all()


@settings(max_examples=80, deadline=None)
@given(STEPS)
def test_blocks_hold_what_lists_hold_and_never_overlap(steps: list[tuple[list[int], list[int], int]]) -> None:
    arena, lists, number = BehaviourArena(), {user: [] for user in range(9)}, 0
    arena.admit(9)
    for users, gone, before in steps:
        append(arena, users, number)
        for step, user in enumerate(users):
            lists[user].append(number + step)
        number += len(users)
        arena.drop(np.arange(9), known_before_ms=number - before, kept=3)
        for values in lists.values():
            known = sum(value < number - before for value in values)
            del values[: max(0, known - 3)]
        arena.release(np.array(gone, np.int64))
        for user in gone:
            lists[user] = []
        assert {user: held(arena, user) for user in range(9)} == lists
        check_no_overlap(arena)


def test_a_block_given_back_is_used_again_the_last_one_first() -> None:
    arena = BehaviourArena()
    for user in range(4):
        append(arena, [user] * 3, 10 * user)
    bases, used = arena.blocks.base_U.tolist(), arena.used
    arena.release(np.array([1, 2]))
    append(arena, [5], 0)
    append(arena, [6], 0)
    assert (arena.blocks.base_U[5], arena.blocks.base_U[6]) == (bases[2], bases[1])
    assert arena.used == used
    append(arena, [5] * 9, 1)  # outgrows it: a third user finds it free
    append(arena, [7], 50)
    assert arena.blocks.base_U[7] == bases[2]
    assert held(arena, 5) == list(range(10))


def test_a_long_history_that_is_kept_short_stays_in_one_block() -> None:
    arena, moves, base = BehaviourArena(), 0, -1
    for number in range(0, 20_000, 10):
        append(arena, [0] * 10, number)
        arena.drop(np.zeros(1, np.int64), known_before_ms=number, kept=1_000)
        moves += int(arena.blocks.offset_U[0] + arena.blocks.count_U[0]) != base + 10
        base = int(arena.blocks.offset_U[0] + arena.blocks.count_U[0])
    assert arena.blocks.capacity_U.tolist() == [2_048]
    assert moves <= 10 + 20_000 // 1_000  # doubled ten times, then slid down once in a thousand
    assert arena.used <= 2 * 2_048
    assert held(arena, 0) == list(range(20_000 - 1_010, 20_000))


def test_after_a_rush_the_block_is_made_smaller() -> None:
    arena = BehaviourArena()
    append(arena, [0] * 1_000, 0)
    arena.drop(np.zeros(1, np.int64), known_before_ms=1_000, kept=5)
    append(arena, [0] * 1_100, 1_000)
    arena.drop(np.zeros(1, np.int64), known_before_ms=2_100, kept=5)
    append(arena, [0] * 20, 2_100)
    while arena.blocks.capacity_U[0] > 64:
        append(arena, [0] * 20, 2_120)
        arena.drop(np.zeros(1, np.int64), known_before_ms=3_000, kept=5)
    assert held(arena, 0) == list(range(2_135, 2_140))
    check_no_overlap(arena)


def test_items_are_replaced_wherever_they_stand() -> None:
    arena = BehaviourArena()
    arena.replace_items(np.array([3]), by=-1)
    append(arena, [0, 1, 0, 1], 3)
    arena.replace_items(np.array([3, 6, 90]), by=-1)
    places, blocks = arena.places, arena.blocks
    assert [places.item_E[blocks.offset_U[user] + n] for user in (0, 1) for n in (0, 1)] == [-1, 5, 4, -1]
