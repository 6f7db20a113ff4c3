"""Votes read as of any moment beside loops that count them, and beside the relational expression."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest
from drawn_votes import CONFIG, DAY_MS, HOUR_MS, VOTES, WORDS, Vote, add, new_votes, slow_clock
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_clocks import stream_clocks

from interestclock.clock_features import ClockFeatureConfig, UserVotes
from interestclock.errors import ConfigError
from interestclock.events.schema import EQ3_ROLES


@settings(max_examples=150, deadline=None)
@given(VOTES, st.lists(st.integers(0, 40), max_size=3), st.data())
def test_clocks_as_of_any_moment_in_any_order(cast: list[Vote], cuts: list[int], data: st.DataObject) -> None:
    votes, edges = new_votes(), sorted({0, len(cast), *(min(each, len(cast)) for each in cuts)})
    for first, stop in itertools.pairwise(edges):
        add(votes, cast[first:stop])
    asked = data.draw(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 80 * HOUR_MS)), max_size=6))
    exact = data.draw(
        st.lists(st.tuples(st.integers(1, 3), st.integers(0, 70).map(lambda h: h * HOUR_MS)), max_size=6)
    )
    asked += exact
    user = np.array([user for user, _ in asked], np.int64)
    at_ms = np.array([at for _, at in asked], np.int64)
    read = votes.read(user, at_ms)
    for place, (who, when) in enumerate(asked):
        expected = slow_clock(cast, who, when)
        assert {name: read[name][place].tolist() for name in WORDS} == expected


@settings(max_examples=60, deadline=None)
@given(VOTES, st.integers(20, 60))
def test_what_is_dropped_is_not_missed(cast: list[Vote], from_hour: int) -> None:
    votes, whole = new_votes(), new_votes()
    for each in (votes, whole):
        add(each, cast)
    votes.drop_before(from_hour * HOUR_MS - DAY_MS)
    user, at_ms = np.repeat([1, 2, 3], 5), np.tile(from_hour + np.arange(0, 25, 5), 3) * HOUR_MS
    for name, clocks in whole.read(user, at_ms).items():
        np.testing.assert_array_equal(votes.read(user, at_ms)[name], clocks)
    assert votes.count(np.arange(4)).sum() <= len(cast)


@settings(max_examples=60, deadline=None)
@given(VOTES, st.integers(0, 80))
def test_everyone_is_the_sum_over_users(cast: list[Vote], at_hour: int) -> None:
    votes, at_ms = new_votes(), at_hour * HOUR_MS
    add(votes, cast)
    counts = votes.everyone(at_ms)
    expected = np.zeros_like(counts)
    for vote in cast:
        shown_ms, known_ms = vote.at_hour * HOUR_MS, (vote.at_hour + vote.delay_hours) * HOUR_MS
        if at_ms - DAY_MS <= shown_ms < at_ms and known_ms < at_ms:
            for number in set(vote.genres) - {0}:
                expected[vote.second * 4 // 86_400, 2 * number, vote.term] += 1
            if vote.mood:
                expected[vote.second * 4 // 86_400, 2 * vote.mood + 1, vote.term] += 1
    np.testing.assert_array_equal(counts, expected)


@settings(max_examples=60, deadline=None)
@given(VOTES, st.integers(0, 80))
def test_scores_are_those_that_values_are_ranked_by(cast: list[Vote], at_hour: int) -> None:
    votes, at_ms = new_votes(), at_hour * HOUR_MS
    add(votes, cast)
    for name, words in WORDS.items():
        scores = votes.scores(1, name, at_ms)
        assert scores.shape == (4, len(words) + 1)
        best = votes.read(np.array([1]), np.array([at_ms]))[name][0, :, 0]
        highest = scores[:, 1:].max(axis=1)
        np.testing.assert_array_equal(best > 0, highest > 0)
        np.testing.assert_array_equal(scores[np.arange(4), best][best > 0], highest[best > 0])


def test_scores_by_hand() -> None:
    votes = new_votes()
    shown = [Vote(1, (1, 2), 1, 0, 0, 0, term) for term in (0, 1, 1, 2)]  # a like, two finishes, a skip
    add(votes, [*shown, Vote(2, (1, 1), 1, 0, 0, 0, 0)])  # somebody else's
    expected = 2.0 + 2.0 - 0.5
    assert votes.scores(1, "genre", HOUR_MS)[0].tolist() == [0.0, expected, expected, 0.0, 0.0]
    assert not votes.scores(1, "genre", HOUR_MS)[1:].any()


def test_reading_equals_the_relational_expression() -> None:
    random = np.random.default_rng(3)
    rows, config = 3_000, ClockFeatureConfig(window_days=3)
    user, item = random.integers(1, 9, rows), random.integers(1, 31, rows)
    shown_ms = np.sort(random.integers(0, 9 * DAY_MS, rows))
    known_ms = shown_ms + random.integers(0, 2 * HOUR_MS, rows)
    term = random.integers(0, 4, rows)
    genre_IV = random.integers(0, 5, (31, 3))
    words = np.array(["", "e", "d", "c", "b"])
    votes = UserVotes(attributes=("genre",), config=config)
    votes.name_values("genre", pa.array(words[1:]))
    second = (shown_ms // 1_000 % 86_400).astype(np.int32)
    votes.add(
        user_N=user,
        set_N=votes.sets.numbers([genre_IV[item]]),
        timestamp_ms_N=shown_ms,
        second_of_day_N=second,
        known_ms_N=known_ms,
        term_N=term,
    )
    plays = {"user": user, "item": item, "timestamp_ms": shown_ms, "second_of_day": second}
    for place, role in enumerate(EQ3_ROLES):
        plays |= {role: (term == place).astype(np.int8), f"known_ms_{role}": known_ms}
    carried = [
        {"item": item, "attribute": "genre", "value": str(words[number])}
        for item in range(1, 31)
        for number in set(genre_IV[item].tolist()) - {0}
    ]
    moments = random.permutation(np.arange(1, 12)) * DAY_MS + random.integers(0, HOUR_MS, 11)
    expected = {
        (row["as_of_ms"], row["user"], row["bucket"], row["rank"]): row["value"]
        for batch in stream_clocks(
            pa.table(plays), pa.Table.from_pylist(carried), moments.tolist(), config=config
        )
        for row in batch.to_pylist()
    }
    found = {}
    for at_ms in moments.tolist():
        read = votes.read(np.arange(1, 9), np.full(8, at_ms))["genre"]
        for place, bucket, rank in zip(*np.nonzero(read), strict=True):
            found[at_ms, place + 1, bucket, rank] = str(words[read[place, bucket, rank]])
    assert found == expected
    assert len(found) > 1_000


def test_restored_votes_read_the_same() -> None:
    votes, again = new_votes(), new_votes()
    cast = [Vote(1, (1, 2), 1, hour, 1, 0, 1) for hour in range(9)]
    add(votes, cast)
    again.restore({name: np.array(each) for name, each in votes.state().items()})
    for each in (votes, again):
        add(each, [Vote(1, (4, 0), 0, 9, 0, 0, 0)])
    at_ms = np.array([10 * HOUR_MS])
    assert votes.read(np.array([1]), at_ms)["genre"].any()
    for name, clocks in votes.read(np.array([1]), at_ms).items():
        np.testing.assert_array_equal(again.read(np.array([1]), at_ms)[name], clocks)


def test_to_read_changes_nothing() -> None:
    """Not even for a slot that nobody has had."""
    votes = new_votes()
    add(votes, [Vote(1, (1, 2), 1, 0, 0, 0, 1)])
    before = {name: np.array(each) for name, each in votes.state().items()}
    assert not votes.read(np.array([99]), np.array([HOUR_MS]))["genre"].any()
    assert votes.count(np.array([99, 1, 0])).tolist() == [0, 1, 0]
    for name, each in votes.state().items():
        np.testing.assert_array_equal(each, before[name], err_msg=name)


def test_released_users_have_empty_clocks() -> None:
    votes = new_votes()
    add(votes, [Vote(1, (1, 2), 1, 0, 0, 0, 1)])
    assert votes.read(np.array([1]), np.array([HOUR_MS]))["genre"].any()
    votes.release(np.array([1]))
    assert not votes.read(np.array([1, 99]), np.array([HOUR_MS, HOUR_MS]))["genre"].any()


def test_errors_say_what_is_out_of_range() -> None:
    votes, one = new_votes(), np.array([1])
    with pytest.raises(ConfigError, match="no attribute feeds the clocks; name one"):
        UserVotes(attributes=(), config=CONFIG)
    with pytest.raises(ValueError, match="0 to 0 as set of values; give 0 to -1"):
        votes.add(
            user_N=one, set_N=0 * one, timestamp_ms_N=one, second_of_day_N=one, known_ms_N=one, term_N=one
        )
    with pytest.raises(ValueError, match="2 users and 1 moments; give one moment for each"):
        votes.read(np.array([1, 2]), one)
    with pytest.raises(ValueError, match="genre has 1 values, 0 of them null, after 4"):
        votes.name_values("genre", pa.array(["a"]))


def test_copies_without_votes_grow_apart() -> None:
    """What is named later on one side comes first in the order of bytes, and changes no tie of the other."""
    votes = new_votes()
    twin = votes.without_votes()
    cast = [Vote(1, (1, 2), 0, 0, 0, 0, 0), Vote(1, (3, 4), 0, 0, 0, 0, 0)]
    add(twin, cast)
    before = twin.read(np.array([1]), np.array([HOUR_MS]))["genre"]
    votes.name_values("genre", pa.array([*WORDS["genre"], "A"]))
    np.testing.assert_array_equal(twin.read(np.array([1]), np.array([HOUR_MS]))["genre"], before)
    assert (votes.values_named("genre"), twin.values_named("genre")) == (5, 4)
    assert votes.count(np.array([1])).tolist() == [0]


def test_many_votes_of_few_values_are_counted_in_a_small_table() -> None:
    votes, rows = new_votes(), 5_000
    random = np.random.default_rng(0)
    cast = [
        Vote(1, (int(first), int(second)), int(mood), 1, 0, int(at), int(term))
        for first, second, mood, at, term in zip(
            *(random.integers(0, most, rows) for most in (5, 5, 3, 86_400, 4)), strict=True
        )
    ]
    add(votes, cast)
    read = votes.read(np.array([1]), np.array([2 * HOUR_MS]))
    assert {name: read[name][0].tolist() for name in WORDS} == slow_clock(cast, 1, 2 * HOUR_MS)
    assert votes._scratch.key_C.size <= 128  # 4 buckets of 7 values at most, half full


def test_votes_of_a_value_without_a_name_are_refused() -> None:
    votes = new_votes()
    with pytest.raises(ValueError, match=r"without a name; say what it is called \(`name_values`\) before"):
        add(votes, [Vote(1, (5, 0), 0, 0, 0, 0, 0)])
