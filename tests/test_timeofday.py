"""Time: offsets, zones, midnight, daylight saving, circular gaps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interestclock.errors import ConfigError
from interestclock.timeofday import (
    DAY_MS,
    DAY_SECONDS,
    TimeSource,
    check_zone,
    circular_gap_seconds,
    day_of_week,
    local_to_utc_ms,
    seconds_of_day,
    utc_day_start_ms,
    utc_hour,
    wall_shift_minutes,
    zone_fault,
    zone_offset_minutes,
)

ZONES = ["America/New_York", "Asia/Kolkata", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]
moments_s = st.integers(min_value=70_000_000, max_value=4_000_000_000)  # 1972 to 2096
seconds = st.integers(min_value=0, max_value=DAY_SECONDS - 1)


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000)


@pytest.mark.parametrize(
    ("moment", "offset", "second", "weekday"),
    [
        ("2024-01-15 12:00:00", 330, 63_000, 0),  # India, 17:30
        ("2024-01-15 02:00:00", -210, 81_000, 6),  # Newfoundland, Sunday 22:30
        ("2024-01-15 00:00:00", 0, 0, 0),
        ("2024-01-14 23:59:59.999", 0, 86_399, 6),
        ("1969-12-31 23:59:59.999", 0, 86_399, 2),
        ("1900-01-01 00:00:00", 0, 0, 0),
        ("2024-01-15 12:00:00", 840, 7_200, 1),
    ],
)
def test_wall_clock_by_hand(moment, offset, second, weekday):
    assert seconds_of_day(np.array([ms(moment)]), np.array([offset])).tolist() == [second]
    assert day_of_week(np.array([ms(moment)]), np.array([offset])).tolist() == [weekday]


def test_types_and_empty_input():
    none = np.array([], np.int64)
    assert seconds_of_day(none, none).dtype == np.int32
    assert day_of_week(none, none).dtype == np.int8
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


@pytest.mark.parametrize("zone", ["America/New_Yrok", "", "../etc/passwd", "America", "New York\0"])
def test_unknown_zone(zone):
    with pytest.raises(ConfigError, match="unknown time zone"):
        check_zone(zone)


def test_unknown_zone_names_the_closest():
    with pytest.raises(ConfigError, match=r"did you mean .*America/New_York"):
        zone_offset_minutes(np.array([0]), "America/New_Yrok")


@pytest.mark.parametrize(
    "zone", ["localtime", "posixrules", "Factory", "posix/Europe/Berlin", "right/Europe/Berlin"]
)
def test_files_of_the_system_are_no_zones(zone):
    with pytest.raises(ConfigError, match=f"'{zone}' is no time zone of a place; use an IANA name"):
        check_zone(zone)


@pytest.mark.parametrize(
    ("zone", "remedy"),
    [
        ("UTC+2", r"'Etc/GMT-2' is \+02:00 all year \(its sign is reversed\)"),
        ("gmt-05:00", r"'Etc/GMT\+5' is -05:00 all year"),
        ("+05:30", "an offset is no zone: a place's zone knows daylight saving"),
        ("UTC+15", "an offset is no zone"),
        ("PST", r"did you mean America/Los_Angeles\?"),
        ("cest", r"did you mean Europe/Berlin\?"),
    ],
)
def test_what_people_write_for_zones_gets_the_right_suggestion(zone, remedy):
    with pytest.raises(ConfigError, match=f"unknown time zone .*{remedy}"):
        check_zone(zone)
    assert zone_fault(zone).startswith(f"unknown time zone '{zone}'; ")


def test_a_zone_is_no_fault():
    with pytest.raises(ValueError, match="UTC is a zone"):
        zone_fault("UTC")


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


def test_a_clock_shows_what_the_wall_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interestclock.timeofday.time.time_ns", lambda: 1_700_000_000_123_999_999)
    assert TimeSource().now_ms() == 1_700_000_000_123
    assert TimeSource(start_ms=0, left_ms=1_700_000_000_000, factor=60).now_ms() == 123 * 60
    assert TimeSource().is_wall
    assert not TimeSource(factor=2).is_wall
    assert not TimeSource(start_ms=1).is_wall


@pytest.mark.parametrize("factor", [0, -1, float("nan"), float("inf")])
def test_a_clock_runs_forwards(factor: float) -> None:
    with pytest.raises(ConfigError, match="give a number above 0, for example 60"):
        TimeSource(factor=factor)
