"""What a ranker puts first, against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.metrics.first_places import first_of_requests, first_tenth_of_hours, hold_several

EXPOSURES = st.lists(
    st.tuples(st.integers(-1, 4), st.sampled_from([0.0, 0.1, 0.5, 0.5, 0.9, 1.0]), st.integers(0, 3)),
    max_size=40,
)


def firsts_by_loop(request_N: list[int], score_N: list[float]) -> list[int]:
    best: dict[int, int] = {}
    for row, request in enumerate(request_N):
        if request >= 0 and (request not in best or score_N[row] > score_N[best[request]]):
            best[request] = row
    return sorted(row for request, row in best.items() if request_N.count(request) > 1)


@settings(deadline=None)
@given(EXPOSURES)
def test_the_highest_of_each_request_that_holds_several(exposures: list[tuple[int, float, int]]) -> None:
    request_N, score_N = [each[0] for each in exposures], [each[1] for each in exposures]
    found = first_of_requests(np.array(request_N, np.int64), np.array(score_N))
    assert found.tolist() == firsts_by_loop(request_N, score_N)
    assert hold_several(np.array(request_N, np.int64)) == bool(found.size)


def tenth_by_loop(user_N: list[int], hour_N: list[int], probability_N: list[float]) -> list[int]:
    bounded = [min(max(p, 1e-7), 1 - 1e-7) for p in probability_N]
    logits = [math.log(p / (1 - p)) for p in bounded]
    above = []
    for user, logit in zip(user_N, logits, strict=True):
        mine = [each for other, each in zip(user_N, logits, strict=True) if other == user]
        above.append(round(logit - sum(mine) / len(mine), 9))
    rows: list[int] = []
    for hour in set(hour_N):
        inside = sorted(
            (row for row in range(len(hour_N)) if hour_N[row] == hour), key=lambda row: -above[row]
        )
        rows += inside[: math.ceil(len(inside) / 10)]
    return sorted(rows)


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 5))
def test_the_tenth_of_each_hour_above_its_users_means(rows: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    user_N, hour_N, probability_N = (
        random.integers(3, size=rows),
        random.integers(4, size=rows),
        random.random(rows),
    )
    found = first_tenth_of_hours(user_N, hour_N, probability_N)
    assert found.tolist() == tenth_by_loop(user_N.tolist(), hour_N.tolist(), probability_N.tolist())


def test_a_user_who_likes_everything_does_not_fill_the_tenth() -> None:
    user_N, hour_N = np.repeat([1, 2], 10), np.full(20, 8)
    probability_N = np.r_[np.full(10, 0.9), np.full(8, 0.1), 0.3, 0.4]
    assert first_tenth_of_hours(user_N, hour_N, probability_N).tolist() == [18, 19]


def test_none_and_one() -> None:
    nothing, one = np.zeros(0, np.int64), np.zeros(1, np.int64)
    assert (
        first_of_requests(nothing, nothing).size == first_tenth_of_hours(nothing, nothing, nothing).size == 0
    )
    assert first_of_requests(one, one).size == 0  # alone in its request
    assert first_tenth_of_hours(one, one, one + 0.5).tolist() == [0]


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(ValueError, match=r"shapes \(2,\) and \(1,\) differ; match exposures"):
        first_of_requests(np.zeros(2), np.zeros(1))
    with pytest.raises(ValueError, match=r"shapes \(2,\) and \(3,\) differ; match exposures"):
        first_tenth_of_hours(np.zeros(2), np.zeros(2), np.zeros(3))
