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
    hour_information_within_users_bits,
)


def events_of(rows):
    user_E, hour_E, value_E = (np.asarray(column, np.int64) for column in zip(*rows, strict=True))
    return EventHours(user_E=user_E, hour_E=hour_E, event_P=np.arange(len(rows)), value_P=value_E)


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
    assert hour_information_within_users_bits(events, permutations=0) == pytest.approx(0.0)


rows = st.tuples(*(st.integers(min_value=0, max_value=top) for top in (2, 23, 3)))


@given(st.lists(rows, min_size=1, max_size=40))
def test_against_the_definition(events):
    overall = slow_information([(hour, value) for _, hour, value in events])
    within = 0.0
    for user in {user for user, *_ in events}:
        own = [(hour, value) for who, hour, value in events if who == user]
        within += len(own) / len(events) * slow_information(own)
    assert hour_information_bits(events_of(events), permutations=0) == pytest.approx(overall, abs=1e-9)
    found = hour_information_within_users_bits(events_of(events), permutations=0)
    assert found == pytest.approx(within, abs=1e-9)


def test_shuffling_takes_the_bias_of_small_counts_away():
    random = np.random.default_rng(1)
    rows = list(zip(*(random.integers(0, top, 4_000) for top in (50, 24, 20)), strict=True))
    events = events_of(rows)
    assert hour_information_within_users_bits(events, permutations=0) > 1.0
    assert abs(hour_information_within_users_bits(events)) < 0.02
    assert abs(hour_information_bits(events)) < 0.01


def test_the_seed_decides():
    events = events_of([(0, hour, hour % 3) for hour in range(24)])
    assert hour_information_bits(events, seed=3) == hour_information_bits(events, seed=3)


def test_nothing_to_tell():
    none = np.zeros(0, np.int64)
    events = EventHours(user_E=none, hour_E=none, event_P=none, value_P=none)
    assert hour_information_bits(events) == 0.0
