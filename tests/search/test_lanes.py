"""Sixteen scores at once against one at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from numba.core.errors import TypingError

from interestclock.search.lanes import LANES, lowest_bit, reached_lanes
from interestclock.search.selection import Floats

SCORES = st.lists(st.floats(width=32), min_size=2 * LANES, max_size=2 * LANES)


@njit
def reached(left_L: Floats, right_L: Floats, first: int, bound: np.float32) -> int:
    return reached_lanes(left_L, right_L, first, bound)


@njit
def lowest(bits: np.uint32) -> int:
    return lowest_bit(bits)


@settings(deadline=None, max_examples=200)
@given(SCORES, SCORES, st.integers(0, LANES), st.floats(width=32))
def test_every_lane_is_compared_as_alone(
    left: list[float], right: list[float], first: int, bound: float
) -> None:
    left_L, right_L = np.array(left, np.float32), np.array(right, np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        sums = left_L[first : first + LANES] + right_L[first : first + LANES]
    expected = sum(1 << lane for lane in range(LANES) if sums[lane] >= np.float32(bound))
    assert reached(left_L, right_L, first, np.float32(bound)) == expected


@given(st.integers(1, 2**32 - 1))
def test_the_lowest_bit(bits: int) -> None:
    assert lowest(np.uint32(bits)) == (bits & -bits).bit_length() - 1


@pytest.mark.parametrize(
    "scores", [np.zeros(64, np.float64), np.zeros(64, np.float32)[::2]], ids=["double", "with gaps"]
)
def test_other_arrays_are_refused(scores: Floats) -> None:
    with pytest.raises(TypingError, match="contiguous float32"):
        reached(scores, scores, 0, np.float32(0))
