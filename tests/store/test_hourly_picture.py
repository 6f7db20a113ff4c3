"""A picture says what was read, in 80 columns and without colour."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.store.hourly_picture import MARKS, bars, hourly_picture

NAMES = [*(f"v{each}" for each in range(20)), "a name that is longer than there is room for"]


def buckets(count: int) -> st.SearchStrategy[list[list[str]]]:
    return st.lists(st.lists(st.sampled_from(NAMES), max_size=6, unique=True), min_size=count, max_size=count)


@given(best=st.sampled_from([1, 4, 24, 48]).flatmap(buckets))
def test_each_mark_is_the_rank_of_a_value_in_its_bucket(best: list[list[str]]) -> None:
    lines = hourly_picture(best, rows=99)
    wide = 48 // len(best)
    assert [line for line in lines if len(line) > 80] == []
    shown = {line[:18].rstrip(): line[19:] for line in lines[1:]}
    assert set(shown) == {name if len(name) < 18 else "a name that is ..." for each in best for name in each}
    for name, row in shown.items():
        full = name.replace("a name that is ...", NAMES[-1])
        marks = [MARKS[min(each.index(full), 3)] if full in each else "·" for each in best]
        assert row == "".join(mark * wide for mark in marks)


def test_buckets_shorter_than_half_an_hour_share_a_mark() -> None:
    best = [[] for _ in range(96)]
    best[1], best[2], best[95] = ["a"], ["b", "a"], ["b"]
    shown = dict(line.split() for line in hourly_picture(best)[1:])
    assert shown == {"a": "█▓" + "·" * 46, "b": "·█" + "·" * 45 + "█"}


def test_values_that_are_best_least_often_are_counted() -> None:
    lines = hourly_picture([["a", "b"], ["a", "c"], ["a"]], rows=1)
    assert lines[1].startswith("a ")
    assert lines[2].strip() == "and 2 more values"
    assert hourly_picture([[], []])[1:] == []


@pytest.mark.parametrize(
    ("counts", "expected"),
    [([0] * 24, "·" * 48), ([5] * 24, "█" * 48), ([1, 800] + [800] * 22, "▁▁" + "█" * 46)],
)
def test_bars_reach_from_few_to_most(counts: list[int], expected: str) -> None:
    assert bars(counts).strip() == expected
