"""Swings of one ranker, and as rows of the results."""

from __future__ import annotations

import numpy as np
import pytest

from interestclock.evaluation.estimates import Estimate
from interestclock.evaluation.scored import Scored
from interestclock.evaluation.swing_rows import swing_rows
from interestclock.evaluation.swings import days_of_24_hours, measure_swing
from interestclock.metrics.bootstrap import UserResamples

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("hours", "days"),
    [
        ([], []),
        ([0, 23, 24, 40], [0, 0, -1, -1]),
        ([0, 23, 24, 47], [0, 0, 1, 1]),
        ([50, 3, 26, 27], [1, 0, 0, 1]),
        ([0, 10], [-1, -1]),
    ],
)
def test_a_day_counts_from_23_hours_on(hours, days):
    assert days_of_24_hours(np.array(hours, np.int64) * HOUR_MS).tolist() == days


def two_days():
    """Every user sees each hour of two days; predictions are 1.2 and 0.8 of 0.5 by half of the day."""
    hour_N = np.tile(np.arange(48), 6)
    user_N = np.repeat(np.arange(6), 48)
    score_N = np.where(hour_N % 24 < 12, 0.6, 0.4)
    label_N = (np.arange(len(hour_N)) // 12 % 2).astype(np.int8)
    return Scored(user_N=user_N, request_N=user_N, label_N=label_N, score_N=score_N), hour_N


def test_by_hand():
    scored, hour_N = two_days()
    draws = UserResamples(users=6, replicates=5)
    swings = measure_swing(scored, hour_N * HOUR_MS, hour_N % 24 * 3600, resamples=draws)
    assert set(swings) == {
        f"{what}_{over}" for what in ("calibration", "prediction", "label") for over in ("by_hour", "by_day")
    }
    assert swings["prediction_by_hour"][0] == pytest.approx(0.2)
    assert swings["prediction_by_hour"][1] == pytest.approx([0.2] * 5)  # all users alike: no noise
    assert swings["prediction_by_day"][0] == pytest.approx(0, abs=1e-7)
    assert swings["label_by_day"][0] == pytest.approx(0, abs=1e-7)
    # Labels are 1 in one half of the day only: 12 hours of mean 1 and 12 of 0, about 0.5.
    assert swings["label_by_hour"][0] == pytest.approx(1)
    # The hours with labels have one calibration.
    assert swings["calibration_by_hour"][0] == pytest.approx(0, abs=1e-7)


def test_one_hour_and_one_day_swing_nowhere():
    rows = np.zeros(4, int)
    scored = Scored(user_N=rows, request_N=rows, label_N=np.array([0, 1, 0, 1]), score_N=rows + 0.5)
    swings = measure_swing(scored, rows, rows, resamples=UserResamples(users=1, replicates=2))
    assert all(np.isnan(point) and np.isnan(replicates).all() for point, replicates in swings.values())


def estimates(by_hour):
    names = [
        f"{what}_{over}" for what in ("calibration", "prediction", "label") for over in ("by_hour", "by_day")
    ]
    of = {name: Estimate(point=np.nan, replicate_T=np.full(2, np.nan)) for name in names}
    return of | {
        "calibration_by_hour": Estimate(point=by_hour, replicate_T=np.array([by_hour, by_hour + 0.02]))
    }


def test_rows_have_the_paired_difference():
    rows = swing_rows({"base": estimates(0.1), "hour": estimates(0.3)}, baseline="base")
    hour = rows["rankers"]["hour"]["calibration"]["by_hour"]
    assert hour["mean"] == 0.3
    assert hour["over_base"]["mean"] == pytest.approx(0.2)
    assert hour["over_base"]["ci95"] == pytest.approx([0.2, 0.2])
    assert rows["rankers"]["base"]["calibration"]["by_hour"]["over_base"] is None
    assert rows["labels"]["by_day"] == {"mean": None, "ci95": [None, None]}


def test_without_the_baseline_there_is_no_difference():
    rows = swing_rows({"hour": estimates(0.3)}, baseline="base")
    assert rows["rankers"]["hour"]["calibration"]["by_hour"]["over_base"] is None
