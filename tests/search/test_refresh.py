"""When projections are made anew, and what is kept in between."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interestclock.search import CachedKeys, RefreshPolicy


class Making:
    """Makes keys that say when they were made, and counts."""

    def __init__(self) -> None:
        self.time = 0
        self.made: list[int] = []

    def __call__(self, item_R: torch.Tensor) -> torch.Tensor:
        self.made.append(len(item_R))
        return torch.full((len(item_R), 1), float(self.time))


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(1, 5), st.integers(1, 5))
def test_no_key_is_older_than_the_policy_allows(steps_minutes: list[int], batches: int, minutes: int) -> None:
    kept, make = CachedKeys(RefreshPolicy(batches=batches, minutes=minutes)), Making()
    now = batch_made = 0
    for batch, step in enumerate(steps_minutes):
        now += step
        make.time, before = now, len(make.made)
        key = kept.keys(items=4, now_ms=60_000 * now, make=make).key_UZ
        batch_made = batch if len(make.made) > before else batch_made
        assert now - float(key[0, 0]) < minutes
        assert batch - batch_made < batches


def test_new_items_get_keys_between_refreshes() -> None:
    kept, make = CachedKeys(RefreshPolicy(batches=10)), Making()
    kept.keys(items=3, now_ms=0, make=make)
    make.time = 7
    keys = kept.keys(items=5, now_ms=0, make=make)
    assert keys.key_UZ[:, 0].tolist() == [0, 0, 0, 7, 7]
    assert keys.row_N.tolist() == [0, 1, 2, 3, 4]
    assert make.made == [3, 2]


def test_a_policy_that_says_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="needs batches or minutes; give one"):
        RefreshPolicy()
    with pytest.raises(ValueError, match="minutes is 0; give a number above 0"):
        RefreshPolicy(minutes=0)


def test_what_is_counted_is_searches_as_its_docstring_says() -> None:
    cached, made = CachedKeys(RefreshPolicy(batches=2)), []

    def make(item_R: torch.Tensor) -> torch.Tensor:
        made.append(len(item_R))
        return torch.ones(len(item_R), 1)

    for _ in range(4):  # two batches, each predicted and learned, as a live trainer does
        cached.keys(items=3, now_ms=0, make=make)
    assert made == [3, 3]
