"""Swing by hand, against a loop, and with what the draw of users adds taken off."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.metrics import swing
from interestclock.metrics.bootstrap import UserResamples
from interestclock.metrics.swing import group_sums, squared_swing, swing_without_noise

GROUPS = st.lists(
    st.tuples(st.floats(0, 10), st.one_of(st.just(0.0), st.floats(0.5, 10))), min_size=1, max_size=6
)


def slow_swing(groups):
    """The formula, group by group."""
    counted = [(upper, weight) for upper, weight in groups if weight > 0]
    total = sum(weight for _, weight in counted)
    if len(counted) < 2 or not sum(upper for upper, _ in counted):
        return math.nan
    mean = sum(upper for upper, _ in counted) / total
    return sum(weight * (upper / weight / mean - 1) ** 2 for upper, weight in counted) / total


def test_by_hand():
    # Calibration 1.2 over 10 positives and 0.9 over 20: 1.0 of all; 10 · 0.04 and 20 · 0.01, over 30.
    assert squared_swing(np.array([[12.0, 18.0]]), np.array([[10.0, 20.0]]))[0] == pytest.approx(0.6 / 30)


@given(GROUPS)
def test_it_equals_the_loop(groups):
    upper, weight = (np.array([column]) for column in zip(*groups, strict=True))
    expected = slow_swing(groups)
    assert squared_swing(upper, weight)[0] == pytest.approx(expected, rel=1e-6, abs=1e-9, nan_ok=True)


@given(st.lists(st.floats(0.5, 10), min_size=2, max_size=6), st.floats(0.1, 3))
def test_one_ratio_everywhere_does_not_swing(weights, ratio):
    weight = np.array([weights])
    assert squared_swing(ratio * weight, weight)[0] == pytest.approx(0, abs=1e-12)


def test_a_scale_of_all_predictions_changes_nothing():
    upper, weight = np.array([[3.0, 8.0, 4.0]]), np.array([[5.0, 9.0, 2.0]])
    assert squared_swing(2.5 * upper, weight) == pytest.approx(squared_swing(upper, weight))


@pytest.mark.parametrize(
    ("upper", "weight"), [([1.0], [2.0]), ([1.0, 1.0], [2.0, 0.0]), ([0.0, 0.0], [1.0, 1.0])]
)
def test_without_two_groups_or_a_ratio_there_is_none(upper, weight):
    assert np.isnan(squared_swing(np.array([upper]), np.array([weight]))[0])


def test_sums_of_replicates_equal_the_loop(monkeypatch):
    rng = np.random.default_rng(3)
    user_N, group_N, value_VN = rng.integers(5, size=40), rng.integers(-1, 7, size=40), rng.random((2, 40))
    resamples = UserResamples(users=5, replicates=4, seed=2)
    times_TU = resamples.block(0, 4)
    expected = np.zeros((2, 4, 7))
    for row in range(40):
        if group_N[row] >= 0:
            expected[:, :, group_N[row]] += value_VN[:, row, None] * times_TU[None, :, user_N[row]]
    sums = group_sums(resamples, user_N, group_N, value_VN, groups=7)
    assert sums == pytest.approx(expected)
    monkeypatch.setattr(swing, "HELD_SUMS", 20)  # two groups at a time
    assert group_sums(resamples, user_N, group_N, value_VN, groups=7) == pytest.approx(sums)


def test_without_groups_there_are_no_sums():
    resamples, none = UserResamples(users=1, replicates=2), np.zeros(0, int)
    assert group_sums(resamples, none, none, np.zeros((3, 0)), groups=0).shape == (3, 2, 0)


def test_noise_is_what_replicates_lie_above_by():
    point, replicates = swing_without_noise(0.09, np.array([0.10, 0.14, np.nan]))
    assert point == pytest.approx(math.sqrt(0.06))  # the mean is 0.12, so 0.03 is noise
    assert replicates[:2] == pytest.approx([math.sqrt(0.04), math.sqrt(0.08)])
    assert np.isnan(replicates[2])
    assert swing_without_noise(0.01, np.array([0.05]))[0] == 0


def found(rate_H, *, rows, seed):
    """The swing that is measured of labels of hourly rates, and its parts without noise."""
    rng, users = np.random.default_rng(seed), 200
    user_N, hour_N = rng.integers(users, size=rows), rng.integers(24, size=rows)
    value_VN = np.stack([rng.random(rows) < rate_H[hour_N], np.ones(rows)]).astype(float)
    measured = squared_swing(*(np.bincount(hour_N, value_N)[None] for value_N in value_VN))[0]
    sums = group_sums(UserResamples(users=users, replicates=200), user_N, hour_N, value_VN, groups=24)
    return math.sqrt(measured), *swing_without_noise(float(measured), squared_swing(*sums))


def test_of_a_world_that_does_not_swing_little_is_left():
    """Labels drawn alike in all hours, few in each: what is measured is noise."""
    worlds = [found(np.full(24, 0.3), rows=4000, seed=seed) for seed in range(8)]
    measured, left, _ = zip(*worlds, strict=True)
    assert np.mean(measured) > 0.1
    assert np.mean(left) < 0.4 * np.mean(measured)
    assert sum(np.percentile(replicates, 2.5) == 0 for _, _, replicates in worlds) >= 7


def test_of_a_world_that_swings_the_swing_is_found():
    rate_H = 0.3 * (1 + 0.2 * np.where(np.arange(24) < 12, 1, -1))  # a fifth above, a fifth below
    _, point, replicates = found(rate_H, rows=20_000, seed=5)
    low, high = np.percentile(replicates, [2.5, 97.5])
    assert low < point < high
    assert low < 0.2 < high
