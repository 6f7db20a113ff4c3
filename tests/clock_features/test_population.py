"""Clocks that everyone else's votes fill up: by hand, beside plain loops, and without a leak."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from drawn_votes import CONFIG, DAY_MS, HOUR_MS, VOTES, WORDS, Vote, add, new_votes, slow_clock
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.clock_features import (
    ClockFeatureConfig,
    Midnights,
    Population,
    UserVotes,
    last_midnights,
    preference_score,
    with_population,
)
from interestclock.timeofday import BEFORE_ALL_MS

Counts = Counter[tuple[str, int, int, int]]  # by attribute, bucket, value and term


def population(votes: UserVotes, share: float, midnight_ms: list[int]) -> Population:
    return votes.population(
        share,
        np.array(midnight_ms),
        midnights=Midnights(votes.config.weights),
        counts_of=votes.everyone,
    )


def counts(cast: list[Vote], at_ms: int, *, user: int | None = None) -> Counts:
    """Of one user, or of everyone, as of a moment."""
    found: Counts = Counter()
    for vote in cast:
        shown_ms, known_ms = vote.at_hour * HOUR_MS, (vote.at_hour + vote.delay_hours) * HOUR_MS
        if user in (None, vote.user) and at_ms - DAY_MS <= shown_ms < at_ms and known_ms < at_ms:
            bucket = vote.second * 4 // 86_400
            for name, numbers in (("genre", set(vote.genres)), ("mood", {vote.mood})):
                found.update((name, bucket, number, vote.term) for number in numbers - {0})
    return found


def slow_filled(
    cast: list[Vote], user: int, at_ms: int, *, midnight_ms: int, share: float
) -> dict[str, list[list[int]]]:
    """The formula in loops: a score of own counts, and κ times the others' over the others' votes."""
    own, others = counts(cast, at_ms, user=user), counts(cast, midnight_ms)
    others.subtract(counts(cast, midnight_ms, user=user))
    clocks: dict[str, list[list[int]]] = {name: [] for name in WORDS}
    for name, words in WORDS.items():
        for bucket in range(4):
            cells = [(number, term) for number in range(1, len(words) + 1) for term in range(4)]
            total = float(sum(others[name, bucket, *cell] for cell in cells))
            scores = {}
            for number in range(1, len(words) + 1):
                of_own, of_others = (
                    preference_score(
                        *(float(each[name, bucket, number, term]) for term in range(4)), CONFIG.weights
                    )
                    for each in (own, others)
                )
                scores[number] = with_population(of_own, of_others, total, share) if total else of_own
            best = sorted(scores, key=lambda each: (-scores[each], words[each - 1].encode()))
            kept = [each for each in best if scores[each] > 0][:2]
            clocks[name].append(kept + [0] * (2 - len(kept)))
    return clocks


def test_by_hand() -> None:
    """One bucket, one like or finish each: ann has calm; bob sad twice and wild; κ is 6."""
    votes = UserVotes(
        attributes=("mood",), config=ClockFeatureConfig(buckets_per_day=1, values_per_attribute=3)
    )
    votes.name_values("mood", pa.array(["calm", "sad", "wild"]))
    ann, bob, new = 1, 2, 3
    for user, value, times in ((ann, 1, 1), (bob, 2, 2), (bob, 3, 1)):
        votes.add(
            user_N=np.full(times, user),
            set_N=votes.sets.numbers([np.full((times, 1), value)]),
            timestamp_ms_N=np.arange(times),
            second_of_day_N=np.zeros(times, np.int64),
            known_ms_N=np.arange(times),
            term_N=np.ones(times, np.int64),
        )
    users, at_ms = np.array([ann, bob, new]), np.full(3, DAY_MS)
    read = votes.read(users, at_ms, population=population(votes, 6.0, at_ms.tolist()))["mood"][:, 0]
    # ann: calm 1, sad 6 * 2/3 = 4, wild 6 * 1/3 = 2. bob: calm 6 * 1/1, sad 2, wild 1.
    # who is new: calm and wild 6 * 1/4 each, sad 6 * 2/4.
    assert read.tolist() == [[2, 3, 1], [1, 2, 3], [2, 1, 3]]
    own = votes.read(users, at_ms)["mood"][:, 0]
    assert own.tolist() == [[1, 0, 0], [2, 3, 0], [0, 0, 0]]


@settings(max_examples=60, deadline=None)
@given(
    VOTES,
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 80 * HOUR_MS), st.booleans()), min_size=1, max_size=6
    ),
    st.sampled_from([0.5, 3.0, 1e6]),
)
def test_as_plain_loops_have_it(cast: list[Vote], asked: list[tuple[int, int, bool]], share: float) -> None:
    votes = new_votes()
    add(votes, cast)
    user, at_ms = (np.array([each[place] for each in asked], np.int64) for place in (0, 1))
    midnights = [at // DAY_MS * DAY_MS if there else BEFORE_ALL_MS for _, at, there in asked]
    read = votes.read(user, at_ms, population=population(votes, share, midnights))
    for place, (who, when, there) in enumerate(asked):
        expected = slow_clock(cast, who, when)
        if there:
            expected = slow_filled(cast, who, when, midnight_ms=midnights[place], share=share)
        assert {name: read[name][place].tolist() for name in WORDS} == expected
    again = votes.read(user, at_ms)  # nothing is left in the tables
    assert {name: again[name][0].tolist() for name in WORDS} == slow_clock(cast, asked[0][0], asked[0][1])


@settings(max_examples=30, deadline=None)
@given(VOTES, VOTES, st.integers(0, 60))
def test_what_others_do_after_the_midnight_changes_nothing(
    cast: list[Vote], later: list[Vote], hour: int
) -> None:
    at_ms = hour * HOUR_MS
    midnight_ms = at_ms // DAY_MS * DAY_MS
    others = [vote for vote in later if vote.user != 1 and vote.at_hour * HOUR_MS >= midnight_ms]
    read = []
    for shown in (cast, cast + others):
        votes = new_votes()
        add(votes, shown)
        filled = population(votes, 3.0, [midnight_ms])
        read.append(votes.read(np.array([1]), np.array([at_ms]), population=filled))
    for name in WORDS:
        np.testing.assert_array_equal(read[0][name], read[1][name])


def test_the_last_midnight_that_passed() -> None:
    at_ms = np.array([-1, 0, DAY_MS - 1, DAY_MS, 9 * DAY_MS])
    assert last_midnights([DAY_MS, 0], at_ms).tolist() == [BEFORE_ALL_MS, 0, 0, DAY_MS, DAY_MS]
    assert last_midnights([], at_ms[:1]).tolist() == [BEFORE_ALL_MS]


@pytest.mark.parametrize("users", [0, 1])
def test_nobody_and_one(users: int) -> None:
    votes = new_votes()
    read = votes.read(
        np.ones(users, np.int64),
        np.full(users, DAY_MS),
        population=population(votes, 3.0, [DAY_MS] * users),
    )
    assert {name: each.shape for name, each in read.items()} == dict.fromkeys(WORDS, (users, 4, 2))
    assert not any(each.any() for each in read.values())
