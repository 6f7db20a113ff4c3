"""Everyone's choices beside a list that is sorted, and what reading leaves as it was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.histories import Behaviours
from interestclock.state.choices import Choices

NEVER_MS = np.iinfo(np.int64).max
Choice = tuple[int, int, int, int]  # known, timestamp, serial, item: the order in which they stand


def behaviours(choices: list[Choice]) -> Behaviours:
    known_ms, timestamp_ms, serial, item = np.array(choices, np.int64).reshape(-1, 4).T
    nothing = np.zeros(len(choices), np.int64)
    return Behaviours(
        user_N=serial,  # whoever it was
        item_N=item,
        serial_N=serial,
        timestamp_ms_N=timestamp_ms,
        known_ms_N=known_ms,
        second_of_day_N=nothing,
        utc_offset_minutes_N=nothing,
        day_kind_N=nothing,
    )


def filled(*choices: Choice) -> Choices:
    held = Choices()
    held.add(behaviours(list(choices)))
    return held


def items_in_order(choices: Choices) -> list[int]:
    everything = int(choices.known_before(np.array([NEVER_MS]))[0])
    return choices.item_at(np.arange(everything)).tolist()


def copy_of(choices: Choices) -> dict[str, np.ndarray]:
    return {name: np.array(values) for name, values in choices.state().items()}


def check_same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> None:
    assert first.keys() == second.keys()
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name], err_msg=name)


def test_choices_stand_as_they_became_known() -> None:
    """Of those known at once the earlier chosen comes first, then the one that was admitted first."""
    choices = filled((9, 2, 0, 5), (4, 4, 1, 6), (9, 1, 2, 7), (9, 1, 3, 6))
    assert items_in_order(choices) == [6, 7, 6, 5]
    assert choices.known_before(np.array([10, 9, 4, 5])).tolist() == [4, 1, 0, 1]
    assert choices.first_known_ms(np.array([5, 6, 7, 8, 1_000])).tolist() == [9, 4, 9, NEVER_MS, NEVER_MS]
    assert choices.names(np.array([5, 8, 1_000])).tolist() == [True, False, False]


def test_a_choice_that_was_known_earlier_goes_where_it_belongs() -> None:
    choices = filled((5, 1, 0, 3), (7, 2, 1, 4), (9, 3, 2, 5))
    choices.known_earlier(np.array([5]), np.array([2]), np.array([6]))
    assert items_in_order(choices) == [3, 5, 4]
    assert choices.known_before(np.array([6, 7])).tolist() == [1, 2]
    assert choices.first_known_ms(np.array([5])).tolist() == [6]


CHOICES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3), st.integers(1, 9)), max_size=6)
STEPS = st.lists(st.tuples(CHOICES, st.lists(st.tuples(st.integers(0, 40), st.integers(1, 4)), max_size=2)))


@settings(max_examples=150, deadline=None)
@given(STEPS, st.integers(0, 8))
def test_however_they_come_they_are_a_sorted_list(steps: list, restored_at: int) -> None:
    choices, expected = Choices(), []
    for turn, (new, earlier) in enumerate(steps):
        if turn == restored_at:
            state, choices = copy_of(choices), Choices()
            choices.restore(state)
            check_same(choices.state(), state)
        first = len(expected)
        added = [(known, min(at, known), first + n, item) for n, (known, at, item) in enumerate(new)]
        choices.add(behaviours(added))
        expected += added
        for serial, sooner in earlier:
            if serial < len(expected) and expected[serial][0] - sooner >= expected[serial][1]:
                known_ms, *rest = expected[serial]
                expected[serial] = (known_ms - sooner, *rest)
                one = np.array([[rest[2], serial, known_ms - sooner]])
                choices.known_earlier(*one.T)
        assert items_in_order(choices) == [item for *_, item in sorted(expected)]
        known = [sum(each[0] < at_ms for each in expected) for at_ms in range(8)]
        assert choices.known_before(np.arange(8)).tolist() == known
        firsts = [
            min((each[0] for each in expected if each[3] == item), default=NEVER_MS) for item in range(11)
        ]
        assert choices.first_known_ms(np.arange(11)).tolist() == firsts


@pytest.mark.parametrize("choices", [(), ((5, 1, 0, 3), (7, 2, 1, 4))], ids=["none", "two"])
def test_reading_changes_nothing(choices: tuple) -> None:
    held = filled(*choices)
    before = copy_of(held)
    assert len(items_in_order(held)) == len(choices)
    held.first_known_ms(np.array([1, 900]))
    held.names(np.array([1, 900]))
    check_same(held.state(), before)


def test_what_was_never_chosen_cannot_have_been_known_earlier() -> None:
    choices = filled((5, 1, 0, 3))
    with pytest.raises(ValueError, match="has no record with serial 7 known after 2"):
        choices.known_earlier(np.array([3]), np.array([7]), np.array([2]))
