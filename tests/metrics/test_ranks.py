"""Hits among the first n, those level with a choice included."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.metrics.ranks import hit_at_n


def by_orders(above: int, level: int, n: int) -> float:
    """In how many orders of a choice and those level with it the choice is among the first n: a slow loop."""
    orders = list(itertools.permutations(range(level + 1)))
    return sum(above + order.index(0) < n for order in orders) / len(orders)


@settings(deadline=None)
@given(st.integers(0, 12), st.integers(0, 5), st.integers(1, 12))
def test_a_hit_is_the_share_of_orders(above: int, level: int, n: int) -> None:
    assert hit_at_n(np.array([above]), np.array([level]), n=n)[0] == pytest.approx(by_orders(above, level, n))


def test_by_hand() -> None:
    above_N, level_N = np.array([0, 9, 10, 9, 8, 5]), np.array([0, 0, 0, 1, 3, 4])
    assert hit_at_n(above_N, level_N, n=10).tolist() == [1, 1, 0, 0.5, 0.5, 1]


def test_who_scores_all_alike_guesses() -> None:
    assert hit_at_n(np.array([0]), np.array([199]), n=10).tolist() == [10 / 200]


def test_no_choice_has_no_hit() -> None:
    assert hit_at_n(np.zeros(0), np.zeros(0), n=10).size == 0


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(ValueError, match="n is 0; give 1 or more"):
        hit_at_n(np.zeros(1), np.zeros(1), n=0)
    with pytest.raises(ValueError, match=r"above_N has shape \(2,\), level_N \(1,\); match choices"):
        hit_at_n(np.zeros(2), np.zeros(1), n=10)
