"""Learning curves, whole and while the stream runs."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.metrics.learning_curve import LearningCurve, learning_curve


def stream(rows, seed=0):
    rng = np.random.default_rng(seed)
    return np.sort(rng.integers(1000, size=rows)), rng.integers(-1, 2, size=rows), rng.random(rows)


def test_windows_hold_the_labelled_rows_in_order():
    label_N, score_N = np.array([0, -1, 1, 1, 0, 1]), np.array([0.0, 0.9, 0.2, 0.3, 0.4, 0.1])
    points = learning_curve(np.arange(6) * 10, label_N, score_N, windows=2)
    assert points == [((0 + 30) // 2, 1.0), ((40 + 50) // 2, 0.0)]


def test_a_window_of_one_class_has_no_value():
    [(_, value)] = learning_curve(np.arange(2), np.array([1, 1]), np.zeros(2), windows=1)
    assert math.isnan(value)


@given(st.integers(1, 6), st.integers(1, 9), st.lists(st.integers(0, 120), max_size=6), st.integers(0, 9))
def test_streaming_equals_the_whole_however_it_is_chunked(windows, size, cuts, seed):
    times, label_N, score_N = stream(120, seed)
    last = np.flatnonzero(label_N >= 0)[windows * size - 1] + 1
    times, label_N, score_N = times[:last], label_N[:last], score_N[:last]
    curve = LearningCurve(events_per_window=size)
    edges = [0, *sorted(min(cut, last) for cut in cuts), last]
    for start, stop in itertools.pairwise(edges):
        curve.add(times[start:stop], label_N[start:stop], score_N[start:stop])
    expected = learning_curve(times, label_N, score_N, windows=windows)
    assert [time for time, _ in curve.points] == [time for time, _ in expected]
    assert [a for _, a in curve.points] == pytest.approx([a for _, a in expected], nan_ok=True)
    assert curve.running_auc == pytest.approx(expected[-1][1], nan_ok=True)


def test_nothing_gives_nothing():
    nothing = np.array([], int)
    assert learning_curve(nothing, nothing, nothing) == []
    curve = LearningCurve(events_per_window=1)
    curve.add(nothing, nothing, nothing)
    assert curve.points == []
    assert math.isnan(curve.running_auc)


def test_before_the_first_window_the_auc_is_that_of_all_rows():
    curve = LearningCurve(events_per_window=5)
    curve.add(np.arange(4), np.array([0, 1, -1, 1]), np.array([0.2, 0.1, 0.0, 0.3]))
    assert (curve.points, curve.running_auc) == ([], 0.5)
    curve.add(np.arange(2), np.array([0, 0]), np.array([0.4, 0.4]))
    assert curve.running_auc == curve.points[0][1] == 1 / 6


def test_fewer_rows_than_windows():
    assert len(learning_curve(np.arange(3), np.array([0, 1, 0]), np.zeros(3), windows=60)) == 3


def test_wrong_sizes_are_named():
    with pytest.raises(ValueError, match="windows is 0; ask for one or more"):
        learning_curve(*stream(4), windows=0)
    with pytest.raises(ValueError, match="events_per_window is 0; give one or more"):
        LearningCurve(events_per_window=0)
