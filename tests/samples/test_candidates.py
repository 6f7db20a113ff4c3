from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.errors import ConfigError
from interestclock.histories import Behaviours, UserHistories
from interestclock.samples import CandidateConfig, Candidates, sample_candidates
from interestclock.samples.past_choices import PastChoices, uniform
from interestclock.state.choices import Choices

Past = tuple[Choices, UserHistories]


def chosen_before(user: list[int], item: list[int], *, longest: int | None = None) -> Past:
    """Choices of the past, one per millisecond, all known by now."""
    choices, histories, at = Choices(), UserHistories(longest=longest), np.arange(len(user)) - len(user)
    behaviours = Behaviours(
        user_N=np.array(user, np.int64),
        item_N=np.array(item, np.int64),
        serial_N=at,
        timestamp_ms_N=at,
        known_ms_N=at,
        second_of_day_N=0 * at,
        utc_offset_minutes_N=0 * at,
        day_kind_N=0 * at,
    )
    choices.add(behaviours)
    histories.add(behaviours)
    return choices, histories


def draw(past: Past, user: int, item: int, choices: int, config: CandidateConfig) -> Candidates:
    """The same user choosing the same item over and over: only the choice's number changes."""
    user_N = np.full(choices, user)
    return sample_candidates(
        first_number=0,
        user_N=user_N,
        item_N=np.full(choices, item),
        timestamp_ms_N=np.arange(choices),
        scored_N=np.ones(choices, bool),
        choices=past[0],
        histories=past[1],
        config=config,
    )


def sampled_items(drawn: Candidates) -> np.ndarray:
    return drawn.item_R[~drawn.chosen_R]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 6)), max_size=30), st.integers(0, 5))
def test_candidates_differ_and_were_chosen_before(past: list[tuple[int, int]], seed: int) -> None:
    users, items = [user for user, _ in past], [item for _, item in past]
    drawn = draw(chosen_before(users, items), 1, 2, 5, CandidateConfig(seed=seed))
    assert drawn.choice_R.tolist() == sorted(drawn.choice_R.tolist())
    for choice in range(5):
        mine = drawn.choice_R == choice
        others = drawn.item_R[mine & ~drawn.chosen_R].tolist()
        assert drawn.item_R[mine & drawn.chosen_R].tolist() == [2]
        assert 2 not in others
        assert len(set(others)) == len(others) <= 4
        assert set(others) <= set(items)


def test_popularity_draws_in_proportion_to_counts() -> None:
    # Item 9 is chosen six times, 8 three times, 7 once; the choice itself (item 5) never was.
    past = chosen_before([2] * 10, [9, 8, 9, 9, 7, 9, 8, 9, 9, 8])
    drawn = sampled_items(draw(past, 1, 5, 20_000, CandidateConfig(by_popularity=1, from_own_past=0)))
    shares = [float((drawn == item).mean()) for item in (9, 8, 7)]
    assert shares == pytest.approx([0.6, 0.3, 0.1], abs=0.015)


def test_the_own_past_is_the_users_alone_and_in_proportion() -> None:
    past = chosen_before([1, 2, 1, 2, 1, 2, 1], [9, 4, 8, 4, 9, 4, 9])
    drawn = sampled_items(draw(past, 1, 5, 20_000, CandidateConfig(by_popularity=0, from_own_past=1)))
    shares = [float((drawn == item).mean()) for item in (9, 8, 4)]
    assert shares == pytest.approx([0.75, 0.25, 0.0], abs=0.015)


def test_a_choice_stands_anywhere_among_its_candidates() -> None:
    past = chosen_before([1] * 8, [1, 2, 3, 4, 6, 7, 8, 9])
    drawn = draw(past, 1, 5, 4_000, CandidateConfig())
    assert (np.bincount(drawn.choice_R) == 5).all()
    places = drawn.chosen_R.reshape(-1, 5).mean(axis=0)
    assert places.tolist() == pytest.approx([0.2] * 5, abs=0.03)


def test_a_small_past_gives_fewer_candidates() -> None:
    assert sampled_items(draw(chosen_before([1], [7]), 1, 5, 3, CandidateConfig())).tolist() == [7, 7, 7]
    assert sampled_items(draw(chosen_before([1], [5]), 1, 5, 3, CandidateConfig())).size == 0


def test_a_seed_repeats_itself_and_differs_from_another() -> None:
    past = chosen_before([1] * 20, list(range(10, 30)))
    first, again = (draw(past, 1, 5, 50, CandidateConfig(seed=3)) for _ in range(2))
    other = draw(past, 1, 5, 50, CandidateConfig(seed=4))
    assert first.item_R.tolist() == again.item_R.tolist()
    assert first.item_R.tolist() != other.item_R.tolist()


def test_unscored_choices_have_no_rows() -> None:
    past = chosen_before([1] * 4, [6, 7, 8, 9])
    drawn = sample_candidates(
        first_number=0,
        user_N=np.array([1, 1]),
        item_N=np.array([5, 6]),
        timestamp_ms_N=np.array([9, 10]),
        scored_N=np.array([False, True]),
        choices=past[0],
        histories=past[1],
        config=CandidateConfig(),
    )
    assert set(drawn.choice_R.tolist()) == {1}


def test_the_rest_of_a_basket_is_no_candidate() -> None:
    past = chosen_before([1, 1, 2] * 5, [6, 7, 8] * 5)
    drawn = sample_candidates(
        first_number=0,
        user_N=np.array([1, 2, 1, 1]),
        item_N=np.array([6, 6, 7, 6]),
        timestamp_ms_N=np.array([50, 50, 50, 51]),
        scored_N=np.array([True, True, True, True]),
        choices=past[0],
        histories=past[1],
        config=CandidateConfig(),
    )
    offered = [set(drawn.item_R[(drawn.choice_R == n) & ~drawn.chosen_R].tolist()) for n in range(4)]
    assert offered == [{8}, {7, 8}, {8}, {7, 8}]  # 6 and 7 lie in user 1's basket at 50


def test_uniform_numbers_fill_the_unit_interval() -> None:
    numbers = uniform(np.arange(100_000, dtype=np.uint64), 17)
    assert 0 <= numbers.min() < 0.001
    assert 0.999 < numbers.max() < 1
    assert np.histogram(numbers, 10, (0, 1))[0].tolist() == pytest.approx([10_000] * 10, rel=0.05)
    neighbour = uniform(np.arange(100_000, dtype=np.uint64), 18)
    assert abs(np.corrcoef(numbers, neighbour)[0, 1]) < 0.02
    assert abs(np.corrcoef(numbers[1:], numbers[:-1])[0, 1]) < 0.02


@pytest.mark.parametrize("counts", [(-1, 2), (0, 0)])
def test_counts_that_cannot_be_are_refused(counts: tuple[int, int]) -> None:
    with pytest.raises(ConfigError, match=r"give counts of 0 or more, at least one of them above 0"):
        CandidateConfig(by_popularity=counts[0], from_own_past=counts[1])


def test_of_a_long_past_only_the_newest_are_drawn() -> None:
    past = chosen_before([1] * 6, [6, 7, 8, 9, 9, 9], longest=4)
    drawn = sampled_items(draw(past, 1, 5, 4_000, CandidateConfig(by_popularity=0, from_own_past=1)))
    shares = [float((drawn == item).mean()) for item in (6, 7, 8, 9)]
    assert shares == pytest.approx([0.0, 0.0, 0.25, 0.75], abs=0.03)


def test_of_the_recent_past_the_newest_are_drawn_by_their_place() -> None:
    past = chosen_before([1] * 5, [6, 7, 8, 9, 10])
    config = CandidateConfig(by_popularity=0, from_own_past=1, own_past="recent")
    drawn = sampled_items(draw(past, 1, 5, 20_000, config))
    shares = [float((drawn == item).mean()) for item in (10, 9, 8, 7, 6)]
    expected = [math.log((k + 2) / (k + 1)) / math.log(6) for k in range(5)]
    assert sum(expected) == pytest.approx(1)
    assert shares == pytest.approx(expected, abs=0.015)


@settings(deadline=None)
@given(st.integers(1, 10**6), st.floats(0, 1, exclude_max=True))
def test_a_place_of_the_recent_past_is_in_it(bound: int, share: float) -> None:
    place = PastChoices(bound_N=np.array([bound]), item_at=lambda _, place_X: place_X, recent=True).items(
        np.array([0]), np.array([share])
    )
    assert 0 <= place[0] < bound
    assert place[0] == max(bound - int((bound + 1) ** share), 0)


def test_the_recent_past_changes_nothing_of_what_is_popular() -> None:
    past = chosen_before([1, 2] * 10, list(range(10, 30)))
    drawn = {
        own_past: sampled_items(
            draw(past, 1, 5, 200, CandidateConfig(by_popularity=1, from_own_past=0, own_past=own_past))
        ).tolist()
        for own_past in ("all-time", "recent")
    }
    assert drawn["recent"] == drawn["all-time"]


def test_a_draw_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"own_past is 'newest'; give one of all-time, recent"):
        CandidateConfig(own_past="newest")
