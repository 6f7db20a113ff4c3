"""The paired bootstrap, against metrics of rows that are literally drawn again."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.evaluation.scored import Scored, measure, measure_replicates
from interestclock.metrics import bootstrap
from interestclock.metrics.bootstrap import (
    UserResamples,
    auc_replicates,
    percentile_interval,
    ratio_replicates,
)
from interestclock.metrics.exposure_metrics import auc

USERS, REPLICATES = 6, 12
ROWS = st.lists(
    st.tuples(st.integers(0, USERS - 1), st.integers(0, 1), st.sampled_from([0.1, 0.2, 0.4, 0.8])),
    max_size=25,
)


def scored_of(rows):
    """Each user's rows are one request."""
    user, label, score = zip(*rows, strict=True) if rows else ((), (), ())
    user_N = np.array(user, int)
    return Scored(
        user_N=user_N, request_N=user_N, label_N=np.array(label, int), score_N=np.array(score, float)
    )


def drawn_again(scored, multiplicity_U):
    """The rows of the drawn users; a user drawn twice is two users with a request each."""
    pick = [(row, copy) for row, user in enumerate(scored.user_N) for copy in range(multiplicity_U[user])]
    row_M = np.array([row for row, _ in pick], int)
    user_M = scored.user_N[row_M] + USERS * np.array([copy for _, copy in pick], int)
    return Scored(
        user_N=user_M, request_N=user_M, label_N=scored.label_N[row_M], score_N=scored.score_N[row_M]
    )


@given(ROWS, st.integers(0, 5))
def test_every_metric_of_a_replicate_is_the_metric_of_rows_drawn_again(rows, seed):
    scored = scored_of(rows)
    resamples = UserResamples(users=USERS, replicates=REPLICATES, seed=seed)
    replicates = measure_replicates(scored, resamples)
    assert list(replicates) == list(measure(scored))
    for replicate, multiplicity_U in enumerate(resamples.block(0, REPLICATES)):
        expected = measure(drawn_again(scored, multiplicity_U))
        got = {name: values[replicate] for name, values in replicates.items()}
        assert got == pytest.approx(expected, abs=1e-9, nan_ok=True)


@dataclass(frozen=True)
class _Given:
    """Draws stated by the test."""

    multiplicity_TU: np.ndarray

    def blocks(self, rows):
        yield self.multiplicity_TU


def test_auc_of_stated_draws():
    user_N, label_N = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    score_N = np.array([0.3, 0.2, 0.1, 0.4])
    draws = np.array([[1, 1], [2, 0], [0, 2], [3, 1]], np.int32)
    got = auc_replicates(_Given(draws), user_N, label_N, score_N)
    again = [np.repeat(np.arange(4), draw[user_N]) for draw in draws]
    assert got.tolist() == [auc(label_N[rows], score_N[rows]) for rows in again]
    assert got[:3].tolist() == [0.75, 0.0, 1.0]


def test_a_user_of_one_class_adds_nothing_to_uauc():
    scored = scored_of([(0, 1, 0.8), (0, 0, 0.1), (1, 1, 0.1), (1, 1, 0.2)])
    resamples = UserResamples(users=USERS, replicates=200)
    uauc_T = measure_replicates(scored, resamples)["uauc"]
    drawn_T = resamples.block(0, 200)[:, 0] > 0
    assert (uauc_T[drawn_T] == 1.0).all()
    assert np.isnan(uauc_T[~drawn_T]).all()
    assert 0 < drawn_T.sum() < 200


def test_draws_are_alike_for_every_ranker_and_whatever_the_blocks(monkeypatch):
    rng = np.random.default_rng(3)
    user_N, label_N, score_N = rng.integers(USERS, size=60), rng.integers(2, size=60), rng.random(60)
    resamples = UserResamples(users=USERS, replicates=50, seed=7)
    whole = auc_replicates(resamples, user_N, label_N, score_N)
    assert (whole - auc_replicates(resamples, user_N, label_N, 2 * score_N) == 0).all()
    monkeypatch.setattr(bootstrap, "BLOCK_ELEMENTS", 180)
    assert len(list(resamples.blocks(60))) == 17
    assert (auc_replicates(resamples, user_N, label_N, score_N) == whole).all()


@pytest.mark.parametrize("kept", [0, USERS * 50 - 1, USERS * 50])
def test_draws_are_alike_whether_they_are_kept_or_drawn_again(kept, monkeypatch):
    expected = UserResamples(users=USERS, replicates=50, seed=7).block(0, 50)
    monkeypatch.setattr(bootstrap, "KEPT_ELEMENTS", kept)
    monkeypatch.setattr(bootstrap, "BLOCK_ELEMENTS", 180)
    resamples = UserResamples(users=USERS, replicates=50, seed=7)
    for _ in range(2):
        assert (np.concatenate(list(resamples.blocks(60))) == expected).all()


def test_the_seed_names_the_draws():
    one, again, other = (UserResamples(users=40, replicates=5, seed=seed).block(0, 5) for seed in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()
    more = UserResamples(users=40, replicates=9, seed=1)
    assert (more.block(0, 5) == one).all()
    assert (more.block(3, 5) == one[3:]).all()


def test_as_many_users_are_drawn_as_there_are():
    block_TU = UserResamples(users=9, replicates=30).block(0, 30)
    assert (block_TU.sum(axis=1) == 9).all()


def test_ratio_without_a_lower_sum_has_no_value():
    resamples = UserResamples(users=1, replicates=2)
    assert np.isnan(ratio_replicates(resamples, np.array([1.0]), np.array([0.0]))).all()


def test_the_interval_of_a_mean_is_the_one_statistics_know():
    values_U = np.random.default_rng(0).normal(5, 2, size=400)
    resamples = UserResamples(users=400, replicates=2000)
    low, high = percentile_interval(ratio_replicates(resamples, values_U, np.ones(400)))
    half = 1.96 * values_U.std() / math.sqrt(400)
    assert (low, high) == pytest.approx((values_U.mean() - half, values_U.mean() + half), abs=0.02)


def test_an_interval_leaves_out_what_has_no_value():
    values = np.array([math.nan, math.inf, 1.0, 2.0, 3.0, math.inf, math.inf])
    assert percentile_interval(values, confidence=0.5) == (1.5, 2.5)
    assert all(math.isnan(bound) for bound in percentile_interval(np.full(3, math.nan)))


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="0 users and 5 replicates"):
        UserResamples(users=0, replicates=5)
    with pytest.raises(ValueError, match="3 users and 0 replicates"):
        UserResamples(users=3, replicates=0)
    with pytest.raises(ValueError, match="confidence is 95; give one between 0 and 1"):
        percentile_interval(np.ones(3), confidence=95)
    with pytest.raises(ValueError, match="one entry for each of the 3 users"):
        ratio_replicates(UserResamples(users=3), np.ones(2), np.ones(3))
