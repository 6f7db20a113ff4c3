"""Votes drawn at random, and Eq. 3 of them in plain loops."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from interestclock.clock_features import ClockFeatureConfig, Eq3Weights, UserVotes, preference_score

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
WORDS = {"genre": ["zulu", "ärger", "a", "b"], "mood": ["x", "calm"]}  # in the order of their numbers
CONFIG = ClockFeatureConfig(
    buckets_per_day=4, window_days=1, values_per_attribute=2, weights=Eq3Weights(skip=0.5)
)


class Vote(NamedTuple):
    user: int
    genres: tuple[int, int]
    mood: int
    at_hour: int
    delay_hours: int
    second: int
    term: int


VOTES = st.lists(
    st.builds(
        Vote,
        user=st.integers(1, 3),
        genres=st.tuples(st.integers(0, 4), st.integers(0, 4)),
        mood=st.integers(0, 2),
        at_hour=st.integers(0, 60),
        delay_hours=st.integers(0, 9),
        second=st.sampled_from([0, 21_599, 21_600, 86_399]),
        term=st.integers(0, 3),
    ),
    max_size=40,
)


def add(votes: UserVotes, cast: list[Vote]) -> None:
    column = {
        name: np.array([getattr(each, name) for each in cast], np.int64)
        for name in Vote._fields
        if name != "genres"
    }
    genres = np.array([each.genres for each in cast], np.int64).reshape(-1, 2)
    votes.add(
        user_N=column["user"],
        set_N=votes.sets.numbers([genres, column["mood"].reshape(-1, 1)]),
        timestamp_ms_N=column["at_hour"] * HOUR_MS,
        second_of_day_N=column["second"],
        known_ms_N=(column["at_hour"] + column["delay_hours"]) * HOUR_MS,
        term_N=column["term"],
    )


def new_votes() -> UserVotes:
    votes = UserVotes(attributes=tuple(WORDS), config=CONFIG)
    for name, words in WORDS.items():
        votes.name_values(name, pa.array(words))
    return votes


def slow_clock(cast: list[Vote], user: int, at_ms: int) -> dict[str, list[list[int]]]:
    """Eq. 3 in loops."""
    counts: dict[str, Counter] = {name: Counter() for name in WORDS}
    for vote in cast:
        shown_ms, known_ms = vote.at_hour * HOUR_MS, (vote.at_hour + vote.delay_hours) * HOUR_MS
        if vote.user != user or not (at_ms - DAY_MS <= shown_ms < at_ms and known_ms < at_ms):
            continue
        bucket = vote.second * 4 // 86_400
        for name, numbers in (("genre", set(vote.genres)), ("mood", {vote.mood})):
            counts[name].update((bucket, number, vote.term) for number in numbers - {0})
    clocks = {}
    for name, words in WORDS.items():
        clocks[name] = []
        for bucket in range(4):
            scores = {
                number: preference_score(
                    *(float(counts[name][bucket, number, term]) for term in range(4)), CONFIG.weights
                )
                for number in range(1, len(words) + 1)
            }
            best = sorted(scores, key=lambda each: (-scores[each], words[each - 1].encode()))
            kept = [each for each in best if scores[each] > 0][:2]
            clocks[name].append(kept + [0] * (2 - len(kept)))
    return clocks
