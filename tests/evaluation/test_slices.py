"""Metrics by local hour, against the metrics of each hour's rows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from interestclock.evaluation.scored import Scored, measure
from interestclock.evaluation.slices import counts_by_hour, hourly_spread, measure_by_hour


@pytest.fixture
def scored():
    rng = np.random.default_rng(5)
    user_N, request_N = rng.integers(4, size=120), np.arange(120) // 3
    return Scored(
        user_N=user_N, request_N=request_N, label_N=rng.integers(2, size=120), score_N=rng.random(120)
    )


@pytest.fixture
def seconds():
    """Hours 0 to 11 have rows, the others none; the ends of hours are among them."""
    return np.random.default_rng(6).integers(12, size=120) * 3600 + np.arange(120) % 2 * 3599


def test_an_hour_is_the_metrics_of_its_rows(scored, seconds):
    by_hour = measure_by_hour(scored, seconds)
    for hour in range(24):
        rows = [row for row in range(120) if hour * 3600 <= seconds[row] < (hour + 1) * 3600]
        expected = measure(
            Scored(
                user_N=scored.user_N[rows],
                request_N=scored.request_N[rows],
                label_N=scored.label_N[rows],
                score_N=scored.score_N[rows],
            )
        )
        assert {name: values[hour] for name, values in by_hour.items()} == pytest.approx(
            expected, nan_ok=True
        )


def test_an_hour_without_rows_has_no_figures(scored, seconds):
    for values in measure_by_hour(scored, seconds).values():
        assert values.shape == (24,)
        assert np.isnan(values[12:]).all()


def test_counts(scored, seconds):
    counts = counts_by_hour(scored.label_N, seconds)
    assert counts.samples_H.sum() == 120
    assert counts.positives_H.sum() == scored.label_N.sum()
    assert counts.samples_H[12:].tolist() == [0] * 12
    nothing = np.array([], int)
    assert counts_by_hour(nothing, nothing).samples_H.tolist() == [0] * 24


@pytest.mark.parametrize("second", [-1, 86_400])
def test_seconds_outside_the_day_are_refused(second):
    with pytest.raises(
        ValueError, match=f"seconds of day run from {second} to {second}; count local seconds"
    ):
        counts_by_hour(np.array([1]), np.array([second]))


def test_spread_weighs_the_hours():
    # mean (3 * 0.5 + 1 * 0.9) / 4 = 0.6, variance (3 * 0.01 + 1 * 0.09) / 4 = 0.03
    metric_H = np.array([0.5, 0.9, math.nan, 0.1])
    assert hourly_spread(metric_H, np.array([3, 1, 5, 0])) == pytest.approx(math.sqrt(0.03))
    assert hourly_spread(np.full(24, 0.7), np.arange(24)) == pytest.approx(0, abs=1e-12)
    assert math.isnan(hourly_spread(np.full(24, math.nan), np.ones(24)))
    assert math.isnan(hourly_spread(np.ones(24), np.zeros(24)))
