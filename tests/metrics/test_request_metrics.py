"""Precision and recall at n, against a loop that tries every order of the ties."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.metrics.request_metrics import precision_at_n, recall_at_n, request_hits

ROWS = st.lists(
    st.tuples(st.integers(-1, 3), st.integers(0, 1), st.sampled_from([0.1, 0.2, 0.3])), max_size=9
)


def columns(rows):
    request, label, score = zip(*rows, strict=True) if rows else ((), (), ())
    return np.array(request, int), np.array(label, int), np.array(score, float)


def slow_hits(rows, n):
    """Positives among the n best, averaged over every order in which tied rows may stand."""
    orders = [
        order
        for order in itertools.permutations(rows)
        if all(a[1] >= b[1] for a, b in itertools.pairwise(order))
    ]
    return sum(sum(label for label, _ in order[:n]) for order in orders) / len(orders)


def slow_metrics(rows, n):
    precision, recall = [], []
    for request in sorted({request for request, _, _ in rows if request >= 0}):
        mine = [(label, score) for owner, label, score in rows if owner == request]
        positives, hits = sum(label for label, _ in mine), slow_hits(mine, n)
        precision.append(hits / min(n, len(mine)))
        recall += [hits / positives] if positives else []
    return [sum(values) / len(values) if values else math.nan for values in (precision, recall)]


@given(ROWS.filter(lambda rows: max((sum(r[0] == q for r in rows) for q in range(4)), default=0) <= 5))
def test_both_equal_the_loop(rows):
    for n in (1, 2, 3):
        precision, recall = slow_metrics(rows, n)
        assert precision_at_n(*columns(rows), n=n) == pytest.approx(precision, abs=1e-9, nan_ok=True)
        assert recall_at_n(*columns(rows), n=n) == pytest.approx(recall, abs=1e-9, nan_ok=True)


def test_by_hand():
    request_N, label_N = np.array([4, 4, 4, 9, 9]), np.array([1, 1, 0, 0, 1])
    score_N = np.array([0.9, 0.1, 0.5, 0.7, 0.6])
    assert precision_at_n(request_N, label_N, score_N, n=1) == (1 + 0) / 2
    assert recall_at_n(request_N, label_N, score_N, n=1) == (1 / 2 + 0) / 2
    assert precision_at_n(request_N, label_N, score_N, n=3) == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert recall_at_n(request_N, label_N, score_N, n=3) == 1.0


def test_a_constant_score_earns_what_guessing_earns():
    request_N, label_N, score_N = np.zeros(4, int), np.array([1, 0, 0, 0]), np.full(4, 0.5)
    assert precision_at_n(request_N, label_N, score_N, n=1) == 0.25
    assert recall_at_n(request_N, label_N, score_N, n=3) == 0.75


def test_requests_without_positives_count_in_precision_only():
    request_N, label_N, score_N = (
        np.array([0, 0, 1, 1]),
        np.array([1, 0, 0, 0]),
        np.array([0.9, 0.1, 0.3, 0.2]),
    )
    assert precision_at_n(request_N, label_N, score_N, n=1) == 0.5
    assert recall_at_n(request_N, label_N, score_N, n=1) == 1.0


def test_rows_of_no_request_are_left_out():
    hits = request_hits(np.array([-1, 5, -1, 2]), np.array([1, 0, 1, 1]), np.full(4, 0.5), n=1)
    assert hits.first_row_M.tolist() == [3, 1]
    assert hits.hits_M.tolist() == [1.0, 0.0]
    assert hits.shown_M.tolist() == [1, 1]


@pytest.mark.parametrize("request_N", [np.array([], int), np.array([-1])])
def test_no_requests_no_figure(request_N):
    label_N, score_N = np.ones(len(request_N), int), np.ones(len(request_N))
    assert math.isnan(precision_at_n(request_N, label_N, score_N, n=1))
    assert math.isnan(recall_at_n(request_N, label_N, score_N, n=1))


def test_at_least_one_place():
    with pytest.raises(ValueError, match="n is 0; ask for at least one place"):
        request_hits(np.array([0]), np.array([1]), np.array([0.5]), n=0)
