"""Metrics on plain arrays, against loops over every pair and every row."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.metrics.exposure_metrics import (
    PROBABILITY_MARGIN,
    auc,
    auc_by_group,
    calibration,
    check_labels,
    log_loss,
    log_loss_per_row,
    rela_impr,
    uauc,
)

SCORES = st.sampled_from([0.0, 0.1, 0.5, 0.5000001, 0.9]) | st.floats(0, 1)
ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1), SCORES, st.integers(0, 3)), max_size=25)


def columns(rows):
    group, label, score, weight = zip(*rows, strict=True) if rows else ((), (), (), ())
    return np.array(group, int), np.array(label, int), np.array(score, float), np.array(weight, int)


def slow_auc(label_N, score_N):
    pairs = [
        (positive, negative)
        for positive, label in zip(score_N, label_N, strict=True)
        if label
        for negative, other in zip(score_N, label_N, strict=True)
        if not other
    ]
    won = sum(1.0 if p > n else 0.5 if p == n else 0.0 for p, n in pairs)
    return won / len(pairs) if pairs else math.nan


def slow_auc_by_group(group_N, label_N, score_N):
    each = {g: slow_auc(label_N[group_N == g], score_N[group_N == g]) for g in sorted(set(group_N.tolist()))}
    return {group: value for group, value in each.items() if not math.isnan(value)}


def test_auc_by_hand():
    # positives 0.4 and 0.8, negatives 0.1 and 0.4: three pairs won, one tied.
    assert auc(np.array([0, 1, 0, 1]), np.array([0.1, 0.4, 0.4, 0.8])) == 3.5 / 4


@given(ROWS)
def test_auc_is_the_share_of_pairs_won(rows):
    _, label_N, score_N, _ = columns(rows)
    assert auc(label_N, score_N) == pytest.approx(slow_auc(label_N, score_N), abs=1e-12, nan_ok=True)


@given(ROWS)
def test_a_weighted_row_is_a_repeated_row(rows):
    _, label_N, score_N, weight_N = columns(rows)
    repeated = auc(np.repeat(label_N, weight_N), np.repeat(score_N, weight_N))
    assert auc(label_N, score_N, weight_N) == pytest.approx(repeated, abs=1e-12, nan_ok=True)


@given(ROWS)
def test_auc_sees_the_order_of_scores_alone(rows):
    _, label_N, score_N, _ = columns(rows)
    assert auc(label_N, 8 * score_N) == pytest.approx(auc(label_N, score_N), nan_ok=True)
    assert auc(1 - label_N, score_N) == pytest.approx(1 - auc(label_N, score_N), nan_ok=True)


@pytest.mark.parametrize("label", [[], [1], [0], [1, 1], [0, 0]])
def test_one_class_only_has_no_auc(label):
    label_N, score_N = np.array(label, int), np.linspace(0, 1, len(label))
    assert math.isnan(auc(label_N, score_N))
    assert math.isnan(uauc(np.zeros(len(label), int), label_N, score_N))


def test_a_class_without_weight_is_no_class():
    assert math.isnan(auc(np.array([0, 1]), np.array([0.1, 0.2]), np.array([1, 0])))


@given(ROWS)
def test_auc_by_group_and_uauc_loop_over_groups(rows):
    group_N, label_N, score_N, _ = columns(rows)
    group_G, auc_G = auc_by_group(group_N, label_N, score_N)
    expected = slow_auc_by_group(group_N, label_N, score_N)
    assert group_G.tolist() == list(expected)
    assert auc_G.tolist() == pytest.approx(list(expected.values()), abs=1e-12)
    mean = sum(expected.values()) / len(expected) if expected else math.nan
    assert uauc(group_N, label_N, score_N) == pytest.approx(mean, abs=1e-12, nan_ok=True)


def test_users_of_one_class_do_not_count_in_uauc():
    user_N, label_N = np.array([1, 1, 2, 2, 3]), np.array([1, 0, 1, 1, 0])
    assert uauc(user_N, label_N, np.array([0.9, 0.1, 0.0, 0.0, 1.0])) == 1.0


def test_groups_may_be_text():
    group_G, auc_G = auc_by_group(np.array(["b", "a", "b"]), np.array([1, 1, 0]), np.array([0.2, 0.1, 0.1]))
    assert (group_G.tolist(), auc_G.tolist()) == (["b"], [1.0])


def test_log_loss_by_hand():
    expected = -(math.log(0.8) + math.log(0.6)) / 2
    assert log_loss(np.array([1, 0]), np.array([0.8, 0.4])) == pytest.approx(expected, abs=1e-12)


@given(ROWS)
def test_log_loss_loops_over_rows(rows):
    _, label_N, score_N, _ = columns(rows)
    each = []
    for label, score in zip(label_N, score_N, strict=True):
        probability = min(max(score, PROBABILITY_MARGIN), 1 - PROBABILITY_MARGIN)
        each.append(-math.log(probability if label else 1 - probability))
    assert log_loss_per_row(label_N, score_N).tolist() == pytest.approx(each, abs=1e-9)
    mean = sum(each) / len(each) if each else math.nan
    assert log_loss(label_N, score_N) == pytest.approx(mean, abs=1e-9, nan_ok=True)


def test_a_saturated_sigmoid_costs_much_but_not_everything():
    sure_and_wrong = log_loss(np.array([0]), np.array([1.0], np.float32))
    assert sure_and_wrong == pytest.approx(-math.log(PROBABILITY_MARGIN))
    assert sure_and_wrong == pytest.approx(log_loss(np.array([1]), np.array([0.0])))


def test_calibration_by_hand():
    assert calibration(np.array([1, 0, 0, 0]), np.array([0.25, 0.25, 0.5, 0.5])) == 1.5
    assert calibration(np.array([1, 1, 0], np.int8), np.array([1.0, 1.0, 0.0], np.float32)) == 1.0


def test_calibration_needs_a_positive():
    assert math.isnan(calibration(np.array([0, 0]), np.array([0.1, 0.2])))
    assert math.isnan(calibration(np.array([], int), np.array([])))


def test_calibration_of_many_small_labels_does_not_overflow():
    assert calibration(np.ones(300, np.int8), np.full(300, 0.5)) == 0.5


def test_rela_impr_gives_the_papers_figures():
    assert round(100 * rela_impr(0.6720, 0.6643), 2) == 1.16
    assert round(100 * rela_impr(0.6113, 0.6023), 2) == 1.49
    assert rela_impr(0.6643, 0.6643) == 0.0


@pytest.mark.parametrize("metric", [auc, log_loss, calibration])
def test_missing_labels_are_refused(metric):
    with pytest.raises(ValueError, match="labels are 0 or 1, not -1; leave out rows whose label is missing"):
        metric(np.array([1, -1]), np.array([0.1, 0.2]))


def test_shapes_must_match():
    with pytest.raises(ValueError, match=r"labels have shape \(2,\), but their companion \(3,\); match rows"):
        check_labels(np.array([0, 1]), np.zeros(3))
    with pytest.raises(ValueError, match="match rows"):
        auc(np.array([0, 1]), np.zeros(2), np.ones(1))
