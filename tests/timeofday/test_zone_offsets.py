"""Offsets of zones, daylight saving."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.errors import ConfigError
from interestclock.timeofday import (
    day_of_week,
    local_to_utc_ms,
    seconds_of_day,
    wall_shift_minutes,
    zone_offset_minutes,
)

ZONES = ["America/New_York", "Asia/Kolkata", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]
moments_s = st.integers(min_value=70_000_000, max_value=4_000_000_000)  # 1972 to 2096


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000)


def test_types_and_empty_input():
    none = np.array([], np.int64)
    assert zone_offset_minutes(none, "Asia/Tokyo").dtype == np.int32
    assert local_to_utc_ms(none, "Asia/Tokyo").dtype == np.int64
    assert zone_offset_minutes(none, "Asia/Tokyo").shape == (0,)


@given(moments_s, st.sampled_from(ZONES))
def test_agrees_with_the_standard_library(second, zone):
    wall = datetime.fromtimestamp(second, ZoneInfo(zone))
    moment = np.array([second * 1_000])
    offset = zone_offset_minutes(moment, zone)
    assert offset.tolist() == [wall.utcoffset() // timedelta(minutes=1)]
    assert seconds_of_day(moment, offset)[0] == wall.hour * 3_600 + wall.minute * 60 + wall.second
    assert day_of_week(moment, offset)[0] == wall.weekday()


@given(moments_s, st.sampled_from(ZONES))
def test_local_time_and_back(second, zone):
    wall = datetime.fromtimestamp(second, ZoneInfo(zone))
    wall_ms = np.array([round(wall.replace(tzinfo=UTC).timestamp()) * 1_000])
    back = local_to_utc_ms(wall_ms, zone)[0] // 1_000
    twice = wall.replace(fold=0).utcoffset() != wall.replace(fold=1).utcoffset()
    assert twice or back == second


def test_daylight_saving_begins_and_ends():
    before, after = ms("2024-03-10 06:59:59"), ms("2024-03-10 07:00:00")
    assert zone_offset_minutes(np.array([before, after]), "America/New_York").tolist() == [-300, -240]
    before, after = ms("2024-11-03 05:59:59"), ms("2024-11-03 06:00:00")
    assert zone_offset_minutes(np.array([before, after]), "America/New_York").tolist() == [-240, -300]


def test_local_times_that_happen_never_or_twice():
    skipped, twice = ms("2024-03-10 02:30:00"), ms("2024-11-03 01:30:00")
    utc = local_to_utc_ms(np.array([skipped, twice]), "America/New_York")
    assert utc.tolist() == [ms("2024-03-10 07:30:00"), ms("2024-11-03 05:30:00")]


def test_unknown_zone_names_the_closest():
    with pytest.raises(ConfigError, match=r"did you mean .*America/New_York"):
        zone_offset_minutes(np.array([0]), "America/New_Yrok")


def test_how_far_the_clock_on_the_wall_is_set():
    walls = [ms(f"2023-11-05 0{hour}:30:00") for hour in range(4)]
    assert wall_shift_minutes(np.array(walls), "America/New_York").tolist() == [0, 60, 0, 0]
    assert wall_shift_minutes(np.array([ms("2024-03-31 02:00:00")]), "Europe/Berlin").tolist() == [-60]
    lord_howe = np.array([ms("2024-04-07 01:30:00"), ms("2024-04-07 02:00:00")])
    assert wall_shift_minutes(lord_howe, "Australia/Lord_Howe").tolist() == [30, 0]
    assert wall_shift_minutes(np.array([ms("2011-12-30 12:00:00")]), "Pacific/Apia").tolist() == [-24 * 60]
    none = wall_shift_minutes(np.array([], np.int64), "UTC")
    assert (none.dtype, none.shape) == (np.int32, (0,))


@given(st.integers(min_value=70_000_000, max_value=2_000_000_000), st.sampled_from(ZONES))
def test_the_shift_agrees_with_the_standard_library(second, zone):
    wall = datetime(1970, 1, 1) + timedelta(seconds=second)
    first, second_time = (wall.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset() for fold in (0, 1))
    expected = (first - second_time) // timedelta(minutes=1)
    assert wall_shift_minutes(np.array([second * 1_000]), zone).tolist() == [expected]
