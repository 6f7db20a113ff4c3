"""Days, hours and circular gaps."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from interestclock.timeofday import (
    DAY_MS,
    DAY_SECONDS,
    circular_gap_seconds,
    day_of_date,
    local_day,
    local_weekday,
    utc_day_start_ms,
    utc_hour,
)

seconds = st.integers(min_value=0, max_value=DAY_SECONDS - 1)


@given(seconds, seconds)
def test_gap_is_the_shorter_way(a, b):
    slow = min((a - b) % DAY_SECONDS, (b - a) % DAY_SECONDS)
    assert circular_gap_seconds(a, b) == circular_gap_seconds(b, a) == slow
    assert 0 <= slow <= 43_200
    assert circular_gap_seconds(np.array([a]), np.array([b])).tolist() == [slow]
    assert circular_gap_seconds(torch.tensor([a]), torch.tensor([b])).tolist() == [slow]


def test_gap_keeps_type_and_broadcasts():
    gap = circular_gap_seconds(torch.zeros(2, 1, dtype=torch.int32), torch.ones(1, 3, dtype=torch.int32))
    assert gap.dtype == torch.int32
    assert gap.shape == (2, 3)
    assert circular_gap_seconds(np.zeros(1, np.int32), np.ones(1, np.int32)).dtype == np.int32
    assert circular_gap_seconds(np.array([0.5]), np.array([86_399.5])).tolist() == [1.0]


def test_day_start():
    moments = np.array([-1, 0, DAY_MS - 1, DAY_MS])
    assert utc_day_start_ms(moments).tolist() == [-DAY_MS, 0, 0, DAY_MS]
    assert utc_day_start_ms(torch.from_numpy(moments)).tolist() == [-DAY_MS, 0, 0, DAY_MS]


def test_hours_since_1970_go_down_before_it() -> None:
    moments = np.array([-1, 0, 3_599_999, 3_600_000, DAY_MS])
    assert utc_hour(moments).tolist() == [-1, 0, 0, 1, 24]
    assert utc_hour(torch.from_numpy(moments)).tolist() == [-1, 0, 0, 1, 24]


@given(st.integers(-(10**12), 10**13), st.integers(-14 * 60, 14 * 60))
def test_a_local_day_follows_from_its_weekday(moment_ms, offset):
    expected = (moment_ms + offset * 60_000) // DAY_MS
    assert local_day(moment_ms, local_weekday(moment_ms, offset)) == expected
    weekday = torch.tensor([local_weekday(moment_ms, offset)])
    assert local_day(torch.tensor([moment_ms]), weekday).tolist() == [expected]


def test_days_of_dates():
    assert [day_of_date(each) for each in ("1969-12-31", "1970-01-01", "2012-07-04")] == [-1, 0, 15_525]
