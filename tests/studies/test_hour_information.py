"""Mutual information of hour and value."""

from __future__ import annotations

from collections import Counter
from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.studies.hour_information import (
    EventHours,
    hour_information_bits,
    hour_information_within_users,
)


def events_of(rows, *, sitting_E=None):
    user_E, hour_E, value_E = (np.asarray(column, np.int64) for column in zip(*rows, strict=True))
    event_P = np.arange(len(rows))
    sitting_E = event_P if sitting_E is None else sitting_E
    return EventHours(user_E=user_E, hour_E=hour_E, sitting_E=sitting_E, event_P=event_P, value_P=value_E)


def slow_information(pairs):
    """I(a; b) of a list of pairs, by its definition."""
    both, left, right = Counter(pairs), Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    total = len(pairs)
    return sum(n / total * log2(n * total / (left[a] * right[b])) for (a, b), n in both.items())


def test_by_hand():
    morning_and_evening = events_of([(0, 8, 0), (0, 8, 0), (0, 20, 1), (0, 20, 1)])
    assert hour_information_bits(morning_and_evening, permutations=0) == pytest.approx(1.0)


def test_a_user_who_tells_it_all_leaves_nothing_to_the_hour():
    events = events_of([(0, 8, 0), (0, 8, 0), (1, 20, 1), (1, 20, 1)])
    assert hour_information_bits(events, permutations=0) == pytest.approx(1.0)
    assert hour_information_within_users(events, permutations=0).bits == pytest.approx(0.0)


rows = st.tuples(*(st.integers(min_value=0, max_value=top) for top in (2, 23, 3)))


@given(st.lists(rows, min_size=1, max_size=40))
def test_against_the_definition(events):
    overall = slow_information([(hour, value) for _, hour, value in events])
    within = 0.0
    for user in {user for user, *_ in events}:
        own = [(hour, value) for who, hour, value in events if who == user]
        within += len(own) / len(events) * slow_information(own)
    assert hour_information_bits(events_of(events), permutations=0) == pytest.approx(overall, abs=1e-9)
    found = hour_information_within_users(events_of(events), permutations=0).bits
    assert found == pytest.approx(within, abs=1e-9)


def test_shuffling_takes_the_bias_of_small_counts_away():
    random = np.random.default_rng(1)
    rows = list(zip(*(random.integers(0, top, 4_000) for top in (50, 24, 20)), strict=True))
    events = events_of(rows)
    assert hour_information_within_users(events, permutations=0).bits > 1.0
    assert abs(hour_information_within_users(events).bits) < 0.02
    assert abs(hour_information_bits(events)) < 0.01


def test_the_seed_decides():
    events = events_of([(0, hour, hour % 3) for hour in range(24)])
    assert hour_information_bits(events, seed=3) == hour_information_bits(events, seed=3)


def test_nothing_to_tell():
    none = np.zeros(0, np.int64)
    events = EventHours(user_E=none, hour_E=none, sitting_E=none, event_P=none, value_P=none)
    assert hour_information_bits(events) == 0.0


def sittings_of_one_value(users=20, days=60, events=15, *, at_hour=None):
    """Each user sits down once a day, at any hour or that of its value, and stays with one value."""
    random = np.random.default_rng(2)
    rows, sitting_E = [], []
    for sitting in range(users * days):
        value = int(random.integers(10))
        hour = int(random.integers(24)) if at_hour is None else at_hour(value)
        rows += [(sitting % users, hour, value)] * events
        sitting_E += [sitting] * events
    return rows, np.array(sitting_E)


def test_a_sitting_is_no_preference_for_its_hour():
    rows, sitting_E = sittings_of_one_value()
    assert hour_information_within_users(events_of(rows)).bits > 1.0  # events shuffled one by one
    found = hour_information_within_users(events_of(rows, sitting_E=sitting_E))
    assert abs(found.bits) < 0.05
    assert found.low < 0 < found.high
    assert abs(hour_information_bits(events_of(rows, sitting_E=sitting_E))) < 0.05


def test_sittings_that_prefer_an_hour_are_seen():
    rows, sitting_E = sittings_of_one_value(at_hour=lambda value: 8 if value < 5 else 20)
    found = hour_information_within_users(events_of(rows, sitting_E=sitting_E))
    assert 0.8 < found.low < found.bits < found.high < 1.0  # a bit, less what 60 sittings have by chance


def test_events_of_a_sitting_stay_together():
    """Two sittings of two hours each, exchanged or not: values stay one hour behind each other."""
    rows = [(0, 8, 0), (0, 9, 1), (0, 20, 2), (0, 21, 3)]
    events = events_of(rows, sitting_E=np.array([0, 0, 1, 1]))
    assert hour_information_bits(events, permutations=0) == pytest.approx(2.0)
    assert hour_information_bits(events) == pytest.approx(0.0)


def test_a_single_user_has_no_interval():
    found = hour_information_within_users(events_of([(0, 8, 0), (0, 20, 1)]))
    assert np.isnan(found.low)
    assert np.isnan(found.high)


def test_the_interval_by_hand():
    """Of two users with two events each, one whose hour tells a bit and one whose hour tells nothing."""
    rows = [(0, 8, 0), (0, 20, 1), (1, 8, 0), (1, 20, 0)]
    found = hour_information_within_users(events_of(rows), permutations=0)
    assert found.bits == pytest.approx(0.5)
    t_of_1_degree, deviation = 12.7062047362, ((1.0**2 + 1.0**2) * 2) ** 0.5 / 4
    assert found.high - found.bits == pytest.approx(t_of_1_degree * deviation)
