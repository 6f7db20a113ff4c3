"""Blocks of records beside lists of tuples that are sorted."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.histories.blocks import UserBlocks

COLUMNS = {"known_ms": np.dtype("int64"), "tie": np.dtype("int64"), "item": np.dtype("int32")}
RECORDS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6), st.integers(0, 3)), max_size=30)


def new_blocks() -> UserBlocks:
    return UserBlocks(COLUMNS, ties=("tie",))


def insert(blocks: UserBlocks, records: list[tuple[int, int, int]], first: int = 0) -> None:
    """User, known and tie of each; the item numbers them as they come."""
    columns = np.array(records, np.int64).reshape(-1, 3)
    item = np.arange(first, first + len(records))
    blocks.insert(columns[:, 0], {"known_ms": columns[:, 1], "tie": columns[:, 2], "item": item})


def of_user(blocks: UserBlocks, user: int) -> list[tuple[int, int, int]]:
    if user >= blocks.users:
        return []
    place = blocks.places(np.array([user]))
    return list(zip(*(blocks.columns[name][place].tolist() for name in COLUMNS), strict=True))


@settings(max_examples=150, deadline=None)
@given(RECORDS, st.lists(st.integers(0, 30), max_size=4))
def test_records_stand_as_if_all_were_sorted_at_once(
    records: list[tuple[int, int, int]], cuts: list[int]
) -> None:
    blocks = new_blocks()
    edges = sorted({0, len(records), *(min(each, len(records)) for each in cuts)})
    for first, stop in itertools.pairwise(edges):
        insert(blocks, records[first:stop], first)
    for user in range(6):
        mine = [(known, tie, place) for place, (who, known, tie) in enumerate(records) if who == user]
        assert of_user(blocks, user) == sorted(mine)
        for at_ms in range(8):
            known = blocks.known_before(np.array([user]), np.array([at_ms]))
            assert known.tolist() == [sum(each[0] < at_ms for each in mine)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("idr"), RECORDS, st.integers(0, 6)), max_size=12))
def test_counts_stay_pointers_however_records_go(steps: list[tuple[str, list, int]]) -> None:
    """Inserting in order, dropping the oldest, releasing users: beside a dictionary of lists."""
    blocks, expected, dropped, base = new_blocks(), {}, {}, 0
    for turn, (step, records, number) in enumerate(steps):
        if step == "i":
            later = [(user, base + known, tie) for user, known, tie in records]
            insert(blocks, later, turn * 100)
            for place, (user, known, tie) in enumerate(later):
                expected.setdefault(user, []).append((known, tie, turn * 100 + place))
                expected[user].sort()
            base += 7
        elif step == "d" and blocks.users:
            users = np.arange(min(number, blocks.users))
            blocks.drop(users, known_before_ms=base, kept=2)
            for user in users.tolist():
                mine = expected.get(user, [])
                gone = max(0, len(mine) - 2)
                dropped[user] = dropped.get(user, 0) + gone
                expected[user] = mine[gone:]
        elif step == "r" and blocks.users:
            blocks.release(np.array([number]))
            expected.pop(number, None)
            dropped.pop(number, None)
        for user, mine in expected.items():
            assert of_user(blocks, user) == mine
            count = (
                int(blocks.known_before(np.array([user]), np.array([base]))[0]) if user < blocks.users else 0
            )
            assert count == len(mine) + dropped.get(user, 0)


def test_blocks_given_back_are_used_again() -> None:
    blocks = new_blocks()
    for user in range(50):
        insert(blocks, [(user % 2, 10 * user + step, 0) for step in range(9)])
        blocks.release(np.array([user % 2]))
    assert blocks.used <= 32


def test_a_record_known_earlier_moves_up() -> None:
    blocks = new_blocks()
    insert(blocks, [(1, 5, 0), (1, 7, 0), (1, 9, 0)])
    blocks.move_up(1, "item", 2, 6)
    assert of_user(blocks, 1) == [(5, 0, 0), (6, 0, 2), (7, 0, 1)]
    with pytest.raises(ValueError, match="user 1 has no record with item 2 known after 6"):
        blocks.move_up(1, "item", 2, 6)


def test_restored_blocks_go_on_the_same() -> None:
    one, other = new_blocks(), new_blocks()
    insert(one, [(1, 5, 0), (3, 6, 0), (1, 4, 0)])
    one.release(np.array([3]))
    other.restore({name: np.array(each) for name, each in one.state().items()})
    for blocks in (one, other):
        insert(blocks, [(2, 3, 1), (1, 5, 1), (1, 1, 0), (1, 2, 0), (1, 0, 0)], 10)
    for name, each in one.state().items():
        np.testing.assert_array_equal(each, other.state()[name], err_msg=name)


def test_what_is_put_stands_as_it_stood_and_goes_on() -> None:
    """Records of another's blocks, some dropped; then one that is late, and more than there is room for."""
    blocks = new_blocks()
    insert(blocks, [(1, 5, 0), (1, 6, 0), (2, 7, 0)])
    blocks.release(np.array([1]))
    known = np.array([10, 20, 30])
    blocks.put(3, {"known_ms": known, "tie": 0 * known, "item": np.array([7, 8, 9])}, dropped=4)
    blocks.put(4, {name: np.zeros(0, kind) for name, kind in COLUMNS.items()}, dropped=2)
    assert of_user(blocks, 3) == [(10, 0, 7), (20, 0, 8), (30, 0, 9)]
    assert blocks.known_before(np.full(3, 3), np.array([10, 21, 99])).tolist() == [4, 6, 7]
    later = [(3, 40 + each, 0) for each in range(9)]
    insert(blocks, [(3, 25, 0), (4, 1, 0), (5, 2, 0), *later], first=50)
    assert of_user(blocks, 3)[:5] == [(10, 0, 7), (20, 0, 8), (25, 0, 50), (30, 0, 9), (40, 0, 53)]
    assert len(of_user(blocks, 3)) == 13
    others = [of_user(blocks, user) for user in (1, 2, 4, 5)]
    assert others == [[], [(7, 0, 2)], [(1, 0, 51)], [(2, 0, 52)]]
    assert blocks.known_before(np.array([4]), np.array([9])).tolist() == [3]
