"""Sittings of users."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from interestclock.studies.sittings import SittingTally, numbered_by_user, sittings_of


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 200)), max_size=40))
def test_against_a_walk_through_each_users_events(events):
    user_E, minute_E = (np.array([event[k] for event in events], np.int64) for k in (0, 1))
    sitting_E = sittings_of(user_E, minute_E * 60_000)
    last, walked = {}, {}
    for place in np.lexsort((minute_E, user_E)).tolist():
        user, minute = events[place]
        if user not in last or minute - last[user][0] >= 30:
            last[user] = (minute, len(set(walked.values())))
        last[user] = (minute, last[user][1])
        walked[place] = last[user][1]
    assert sitting_E.tolist() == [walked[place] for place in range(len(events))]


def test_the_gap_is_a_setting():
    minute_E = np.array([0, 20, 40])
    assert sittings_of(minute_E * 0, minute_E * 60_000, sitting_minutes=20).tolist() == [0, 1, 2]
    assert sittings_of(minute_E * 0, minute_E * 60_000, sitting_minutes=21).tolist() == [0, 0, 0]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), max_size=40),
    st.lists(st.integers(0, 40), max_size=4),
)
def test_in_tables_they_are_numbered_as_in_one(steps, cuts):
    user_E = np.array([user for user, _ in steps], np.int64)
    ms_E = np.cumsum([minutes for _, minutes in steps]).astype(np.int64) * 60_000
    tally = SittingTally()
    parts = np.split(np.arange(len(steps)), sorted(cuts))
    sitting_E = np.concatenate([tally.add(user_E[part], ms_E[part]) for part in parts])
    assert numbered_by_user(sitting_E, user_E).tolist() == sittings_of(user_E, ms_E).tolist()
