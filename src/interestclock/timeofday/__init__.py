"""The only place that converts time, and that asks the clock on the wall for the date.

Times are int64 UTC milliseconds: float32 seconds since 1970 are off by up to 128 s.
"""

from interestclock.timeofday.clock_file import read_clock, write_clock
from interestclock.timeofday.days import (
    AFTER_ALL_MS,
    BEFORE_ALL_MS,
    DAY_MS,
    DAY_SECONDS,
    HOUR_MS,
    MINUTE_MS,
    circular_gap_seconds,
    day_of_date,
    local_day,
    local_second,
    local_weekday,
    utc_day_start_ms,
    utc_hour,
)
from interestclock.timeofday.local_time import day_of_week, seconds_of_day, utc_offset_minutes
from interestclock.timeofday.time_source import TimeSource
from interestclock.timeofday.zone_offsets import local_to_utc_ms, wall_shift_minutes, zone_offset_minutes
from interestclock.timeofday.zones import check_zone, is_zone

__all__ = [
    "AFTER_ALL_MS",
    "BEFORE_ALL_MS",
    "DAY_MS",
    "DAY_SECONDS",
    "HOUR_MS",
    "MINUTE_MS",
    "TimeSource",
    "check_zone",
    "circular_gap_seconds",
    "day_of_date",
    "day_of_week",
    "is_zone",
    "local_day",
    "local_second",
    "local_to_utc_ms",
    "local_weekday",
    "read_clock",
    "seconds_of_day",
    "utc_day_start_ms",
    "utc_hour",
    "utc_offset_minutes",
    "wall_shift_minutes",
    "write_clock",
    "zone_offset_minutes",
]
