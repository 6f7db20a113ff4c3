from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.histories import GrowingSequences
from interestclock.histories.growing import ranks_within_groups

OWNER = st.integers(0, 12)
STEPS = st.lists(st.lists(OWNER, max_size=40), max_size=8)


def sequences() -> GrowingSequences:
    return GrowingSequences({"item": np.dtype("int32"), "timestamp_ms": np.dtype("int64")})


def fill(steps: list[list[int]]) -> tuple[GrowingSequences, dict[int, list[int]]]:
    """The same numbers appended to the sequences and to lists; an item is 1000 less than its time."""
    seen, lists, number = sequences(), {}, 0
    for owners in steps:
        values = np.arange(number, number + len(owners))
        seen.append(np.array(owners, dtype=np.int64), {"item": values, "timestamp_ms": values + 1000})
        for owner, value in zip(owners, values.tolist(), strict=True):
            lists.setdefault(owner, []).append(value)
        number += len(owners)
    return seen, lists


@settings(max_examples=80, deadline=None)
@given(STEPS)
def test_sequences_hold_what_lists_hold(steps: list[list[int]]) -> None:
    seen, lists = fill(steps)
    owners = np.arange(14)
    assert seen.lengths(owners).tolist() == [len(lists.get(owner, [])) for owner in owners]
    for owner, values in lists.items():
        place = np.arange(len(values))
        assert seen.at("item", np.full(place.size, owner), place).tolist() == values
        assert seen.at("timestamp_ms", np.full(place.size, owner), place).tolist() == [
            value + 1000 for value in values
        ]


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_compacting_lays_sequences_end_to_end(steps: list[list[int]]) -> None:
    seen, lists = fill(steps)
    offsets, fields = seen.compacted()
    for owner, values in lists.items():
        assert fields["item"][offsets[owner] : offsets[owner + 1]].tolist() == values
    assert offsets[-1] == sum(len(values) for values in lists.values()) == fields["item"].size


def test_a_million_appends_to_one_owner_stay_in_proportion() -> None:
    seen = sequences()
    for _ in range(100):
        values = np.arange(10_000)
        seen.append(np.zeros(10_000, np.int64), {"item": values, "timestamp_ms": values})
    held = seen._arrays["item"].size
    assert seen.lengths(np.array([0])).tolist() == [1_000_000]
    assert held <= 6 * 1_000_000


def test_nothing_appended_is_nothing_held() -> None:
    seen = sequences()
    seen.append(np.zeros(0, np.int64), {"item": np.zeros(0), "timestamp_ms": np.zeros(0)})
    assert seen.lengths(np.array([0, 5])).tolist() == [0, 0]
    assert seen.lengths(np.zeros(0, np.int64)).tolist() == []
    offsets, fields = seen.compacted()
    assert offsets.tolist() == [0]
    assert fields["item"].size == 0


@given(st.lists(OWNER, max_size=60))
def test_ranks_count_earlier_members_of_the_group(groups: list[int]) -> None:
    slow = [groups[:place].count(group) for place, group in enumerate(groups)]
    assert ranks_within_groups(np.array(groups, dtype=np.int64)).tolist() == slow


@pytest.mark.parametrize("groups", [[], [4]])
def test_ranks_of_none_and_of_one(groups: list[int]) -> None:
    assert ranks_within_groups(np.array(groups, dtype=np.int64)).tolist() == [0] * len(groups)
