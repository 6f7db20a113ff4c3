"""The interval of a mean gain."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.studies.gain_interval import mean_and_half_width

T_OF_2_DEGREES = 4.302652729911275


def of(rows):
    """From (gain, user, sitting of the user) of each row."""
    gain, user, sitting = (np.array(each) for each in zip(*rows, strict=True))
    return mean_and_half_width(gain.astype(float), user_N=user, sitting_N=user * 100 + sitting)


def test_by_hand():
    """User 1 gains 0 and 4 in two sittings, of which one has two rows; user 2 always 10."""
    mean, half = of([(0, 1, 0), (2, 1, 1), (2, 1, 1), (10, 2, 0), (10, 2, 1)])
    own = 4 / 3
    squares = 2 * ((0 - own) ** 2 + (4 - 2 * own) ** 2)
    assert mean == pytest.approx(24 / 5)
    assert half == pytest.approx(T_OF_2_DEGREES * math.sqrt(squares) / 5)


rows = st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30)


def variance_by_loops(rows):
    sittings = {}
    for gain, user, sitting in rows:
        sittings.setdefault(user, {}).setdefault(sitting, []).append(gain)
    groups = [list(each.values()) for each in sittings.values() if len(each) > 1]
    alone = [gains for each in sittings.values() if len(each) == 1 for gains in each.values()]
    variance = 0.0
    for group in (*groups, alone):
        if len(group) > 1:
            mean = sum(map(sum, group)) / sum(map(len, group))
            beyond = [sum(gains) - len(gains) * mean for gains in group]
            variance += len(group) / (len(group) - 1) * sum(each**2 for each in beyond)
    return variance / len(rows) ** 2


@given(rows)
def test_against_loops_over_users_and_sittings(rows):
    mean, half = of(rows)
    if not math.isnan(mean):
        at_1_degree_or_more = 12.7062047362
        assert mean == pytest.approx(np.mean([gain for gain, _, _ in rows]))
        deviation = math.sqrt(variance_by_loops(rows))
        assert 1.95 * deviation - 1e-9 <= half <= at_1_degree_or_more * deviation + 1e-6


@given(rows, st.integers(-50, 50))
def test_users_who_gain_more_widen_nothing(rows, more):
    several = [(gain, user, sitting) for gain, user, sitting in rows]
    several += [(0, user, sitting) for user in range(4) for sitting in (4, 5)]
    shifted = [(gain + more * user, user, sitting) for gain, user, sitting in several]
    assert of(shifted)[1] == pytest.approx(of(several)[1], abs=1e-9)


@pytest.mark.parametrize("rows", [[(3, 1, 0)], [(3, 1, 0), (5, 1, 0)]])
def test_one_sitting_gives_no_interval(rows):
    assert all(math.isnan(each) for each in of(rows))


def test_no_rows_give_no_interval():
    nothing = np.zeros(0, np.int64)
    assert math.isnan(mean_and_half_width(np.zeros(0), user_N=nothing, sitting_N=nothing)[1])


def test_it_holds_the_truth_of_the_same_users():
    """Users differ far more than their sittings do; which users would be drawn matters not."""
    random = np.random.default_rng(0)
    user_N, sitting_N = np.repeat(np.arange(20), 60), np.arange(1200) // 2
    gains_U = random.normal(size=20)
    held = 0
    for _ in range(400):
        gain_N = gains_U[user_N] + 0.3 * random.normal(size=600)[sitting_N] + 0.3 * random.normal(size=1200)
        mean, half = mean_and_half_width(gain_N, user_N=user_N, sitting_N=sitting_N)
        held += abs(mean - gains_U.mean()) <= half
    assert 0.92 <= held / 400 <= 0.98
