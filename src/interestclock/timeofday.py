"""The only place that converts time, and that asks the clock on the wall for the date.

Shapes: ``N`` events. Times are int64 UTC milliseconds: float32 seconds since 1970 are off by up to 128 s.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import numpy.typing as npt

from interestclock.errors import ConfigError

if TYPE_CHECKING:
    import torch

__all__ = [
    "DAY_MS",
    "DAY_SECONDS",
    "HOUR_MS",
    "TimeSource",
    "check_zone",
    "circular_gap_seconds",
    "day_of_week",
    "is_zone",
    "local_to_utc_ms",
    "seconds_of_day",
    "utc_day_start_ms",
    "utc_hour",
    "utc_offset_minutes",
    "wall_shift_minutes",
    "zone_fault",
    "zone_offset_minutes",
]

DAY_SECONDS = 86_400
DAY_MS = 86_400_000
HOUR_MS = 3_600_000

_MINUTE_MS = 60_000
_QUARTER_MS = 15 * _MINUTE_MS  # since 1972 every zone changes its offset at a multiple of 15 minutes
_EPOCH = datetime(1970, 1, 1)
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
_WEEK_SECONDS = 7 * DAY_SECONDS
_NO_PLACES = ("localtime", "posixrules", "Factory")  # files of the system's, beside those of zones
_ABBREVIATED = {  # which zone is mostly meant
    "PST PDT": "America/Los_Angeles",
    "MDT": "America/Denver",
    "CST CDT": "America/Chicago",
    "EDT": "America/New_York",
    "AST ADT": "America/Halifax",
    "AKST AKDT": "America/Anchorage",
    "BRT": "America/Sao_Paulo",
    "BST": "Europe/London",
    "CEST": "Europe/Berlin",
    "EEST": "Europe/Athens",
    "WEST": "Europe/Lisbon",
    "MSK": "Europe/Moscow",
    "SAST": "Africa/Johannesburg",
    "IST": "Asia/Kolkata",
    "SGT": "Asia/Singapore",
    "HKT": "Asia/Hong_Kong",
    "JST": "Asia/Tokyo",
    "KST": "Asia/Seoul",
    "AWST": "Australia/Perth",
    "ACST ACDT": "Australia/Adelaide",
    "AEST AEDT": "Australia/Sydney",
    "NZST NZDT": "Pacific/Auckland",
}
_OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+-])(\d{1,2}):?(\d{2})?", re.IGNORECASE)

Ints = npt.NDArray[np.integer[Any]]
Times = TypeVar("Times", int, npt.NDArray[Any], "torch.Tensor")


@dataclass(frozen=True, kw_only=True)
class TimeSource:
    r"""What time it is: by the clock on the wall, or by one that left it at a moment and runs faster.

    .. math:: now = start + factor \cdot (wall - left)

    It is passed to whoever needs to know, so that a day can be run through in a minute.

    Args:
        start_ms: what it showed when it left the wall's, UTC milliseconds. left_ms: when that was, by the
            wall. factor: how many times as fast as the wall it runs.

    Raises:
        ConfigError: the factor is not above 0.

    Example:
        >>> TimeSource().is_wall, TimeSource(start_ms=1_700_000_000_000, left_ms=0, factor=60).is_wall
        (True, False)
        >>> TimeSource(start_ms=5_000, left_ms=1_000, factor=60).at_ms(wall_ms=1_002)
        5120
    """

    start_ms: int = 0
    left_ms: int = 0
    factor: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.factor < math.inf:
            raise ConfigError(f"factor is {self.factor}; give a number above 0, for example 60")

    @property
    def is_wall(self) -> bool:
        """Whether it shows what the wall's does."""
        return self.start_ms == self.left_ms and self.factor == 1

    def now_ms(self) -> int:
        """UTC milliseconds."""
        return self.at_ms(wall_ms=time.time_ns() // 1_000_000)

    def at_ms(self, *, wall_ms: int) -> int:
        """What it shows when the wall's shows so much, UTC milliseconds."""
        return self.start_ms + round((wall_ms - self.left_ms) * self.factor)


def seconds_of_day(timestamp_ms_N: Ints, utc_offset_minutes_N: Ints | int) -> npt.NDArray[np.int32]:
    r"""Local wall-clock second of each event, 0..86399.

    .. math:: \lfloor ((t + 60000\,o) \bmod 86{,}400{,}000) / 1000 \rfloor

    Args:
        timestamp_ms_N: (N,) int64, UTC milliseconds; before 1970 is negative.
        utc_offset_minutes_N: (N,) or one int, minutes to add to UTC (India: 330, New York in July: -240).

    Example:
        >>> seconds_of_day(np.array([0, -1_000]), -300).tolist()   # 19:00:00 and 18:59:59
        [68400, 68399]
    """
    return (_local_ms(timestamp_ms_N, utc_offset_minutes_N) % DAY_MS // 1_000).astype(np.int32)


def day_of_week(timestamp_ms_N: Ints, utc_offset_minutes_N: Ints | int) -> npt.NDArray[np.int8]:
    """Local weekday of each event, 0 = Monday.

    Args:
        timestamp_ms_N: (N,) int64, UTC milliseconds.
        utc_offset_minutes_N: (N,) or one int, minutes to add to UTC.

    Example:
        >>> day_of_week(np.array([0, 0]), np.array([0, -60])).tolist()   # Thursday; still Wednesday
        [3, 2]
    """
    days = _local_ms(timestamp_ms_N, utc_offset_minutes_N) // DAY_MS
    return ((days + _EPOCH_WEEKDAY) % 7).astype(np.int8)


def utc_offset_minutes(
    timestamp_ms_N: Ints, second_of_day_N: Ints, day_of_week_N: Ints
) -> npt.NDArray[np.int16]:
    """How far local time was ahead of UTC, told from the clock on the wall.

    Args:
        timestamp_ms_N: (N,) int64, UTC milliseconds.
        second_of_day_N: (N,) local, 0..86399. day_of_week_N: (N,) local, 0 = Monday.

    Returns:
        int16 (N,), whole minutes, within three and a half days.

    Example:
        >>> utc_offset_minutes(np.array([0, 0]), np.array([68_400, 19_800]), np.array([2, 3])).tolist()
        [-300, 330]
    """
    local = np.asarray(day_of_week_N, np.int64) * DAY_SECONDS + second_of_day_N
    utc = np.asarray(timestamp_ms_N, np.int64) // 1_000 + _EPOCH_WEEKDAY * DAY_SECONDS
    half_week = _WEEK_SECONDS // 2
    ahead = (local - utc + half_week) % _WEEK_SECONDS - half_week
    minutes_N: npt.NDArray[np.int16] = np.rint(ahead / 60).astype(np.int16)
    return minutes_N


def zone_offset_minutes(timestamp_ms_N: Ints, zone: str) -> npt.NDArray[np.int32]:
    """Minutes to add to UTC in a zone at each moment, daylight saving respected.

    Exact since 1972; before, a change of offset may be seen up to 15 minutes late, in whole minutes.

    Args:
        timestamp_ms_N: (N,) int64, UTC milliseconds.
        zone: an IANA name.

    Raises:
        ConfigError: no such zone.

    Example:
        >>> noons = np.array([1_705_320_000_000, 1_721_044_800_000])      # 15 January and 15 July 2024
        >>> zone_offset_minutes(noons, "America/New_York").tolist()
        [-300, -240]
    """
    tz = check_zone(zone)
    return _offsets_by_quarter(
        timestamp_ms_N, lambda moment: moment.replace(tzinfo=UTC).astimezone(tz).utcoffset()
    )


def local_to_utc_ms(local_ms_N: Ints, zone: str) -> npt.NDArray[np.int64]:
    """UTC milliseconds of wall-clock times in a zone.

    The hour that happens twice in autumn is read as its first; a time the clock skips in spring
    is read with the offset before the change, so 02:30 becomes 03:30.

    Args:
        local_ms_N: (N,) int64, wall-clock time written as milliseconds since 1970-01-01 00:00 of that wall.
        zone: an IANA name.

    Raises:
        ConfigError: no such zone.

    Example:
        >>> local_to_utc_ms(np.array([19 * 3_600_000]), "America/New_York").tolist()  # 19:00, 1 January 1970
        [86400000]
    """
    tz = check_zone(zone)
    offsets = _offsets_by_quarter(local_ms_N, _wall_offset(tz, fold=0))
    return np.asarray(local_ms_N, np.int64) - offsets.astype(np.int64) * _MINUTE_MS


def wall_shift_minutes(local_ms_N: Ints, zone: str) -> npt.NDArray[np.int32]:
    """By how much the clock on the wall is set back or forward at each of its times.

    Above 0 the time happens twice, so many minutes apart; below 0 never, as the clock skips it.

    Args:
        local_ms_N: (N,) int64, wall-clock time written as milliseconds since 1970-01-01 00:00 of that wall.
        zone: an IANA name.

    Raises:
        ConfigError: no such zone.

    Example:
        >>> wall = np.array(["2023-11-05 01:30", "2023-11-05 02:30", "2023-03-12 02:30"], "datetime64[ms]")
        >>> wall_shift_minutes(wall.astype(np.int64), "America/New_York").tolist()
        [60, 0, -60]
    """
    tz = check_zone(zone)
    local_N = np.asarray(local_ms_N, np.int64)
    day_N, which_N = np.unique(local_N // DAY_MS, return_inverse=True)
    edges_E = np.unique(np.concatenate([day_N, day_N + 1])) * DAY_MS  # one clock changes at midnight
    before_E = _offsets_by_quarter(edges_E - _QUARTER_MS, _wall_offset(tz, fold=0))
    after_E = _offsets_by_quarter(edges_E + _QUARTER_MS, _wall_offset(tz, fold=1))
    first_D = np.searchsorted(edges_E, day_N * DAY_MS)
    changes_N = (before_E[first_D] != after_E[first_D + 1])[which_N]
    shift_N = np.zeros(local_N.size, np.int32)
    if changes_N.any():
        first_N = _offsets_by_quarter(local_N[changes_N], _wall_offset(tz, fold=0))
        shift_N[changes_N] = first_N - _offsets_by_quarter(local_N[changes_N], _wall_offset(tz, fold=1))
    return shift_N


@lru_cache(maxsize=1_024)
def check_zone(zone: str) -> ZoneInfo:
    """The zone of an IANA name.

    Raises:
        ConfigError: no such zone; the message names those that are meant, or spelled most like it.

    Example:
        >>> check_zone("Europe/Berlin").key
        'Europe/Berlin'
    """
    if zone in _NO_PLACES or zone.startswith(("posix/", "right/")):
        raise ConfigError(f"'{zone}' is no time zone of a place; use an IANA name, as Europe/Berlin")
    try:
        return ZoneInfo(zone)
    except (KeyError, OSError, ValueError) as error:  # not found; a folder; not a file name
        raise _unknown_zone(zone) from error


def is_zone(zone: str) -> bool:
    """Whether a name is that of a zone, as ``check_zone`` has it.

    Example:
        >>> is_zone("Europe/Berlin"), is_zone("PDT")
        (True, False)
    """
    try:
        check_zone(zone)
    except ConfigError:
        return False
    return True


def zone_fault(zone: str) -> str:
    """What is wrong with a zone's name, and what may be meant.

    Raises:
        ValueError: there is such a zone.

    Example:
        >>> zone_fault("PDT")
        "unknown time zone 'PDT'; it stands for several zones, or ...; did you mean America/Los_Angeles?"
    """
    try:
        check_zone(zone)
    except ConfigError as error:
        return str(error)
    raise ValueError(f"{zone} is a zone")


def circular_gap_seconds(a: Times, b: Times) -> Times:
    r"""Shortest way around the clock between two times of day, 0..43200 seconds.

    .. math:: \delta(a, b) = \min(|a-b|,\; 86400-|a-b|) = 43200 - |\,43200 - |a-b|\,|

    Args:
        a: seconds of day, 0..86399; signed integers or floats, a NumPy array, a tensor or an int.
        b: the same; shapes broadcast. Integers in, integers out.

    Example:
        >>> circular_gap_seconds(85_800, 600)       # 23:50 and 00:10
        1200
        >>> circular_gap_seconds(np.array([0, 43_200]), np.array([86_399, 0])).tolist()
        [1, 43200]
    """
    half_day = DAY_SECONDS // 2
    gap: Times = half_day - abs(half_day - abs(a - b))
    return gap


def utc_day_start_ms(timestamp_ms: Times) -> Times:
    """The start of the UTC day that holds a moment, in UTC milliseconds.

    Args:
        timestamp_ms: UTC milliseconds; an int, a NumPy array or a tensor of int64.

    Example:
        >>> utc_day_start_ms(86_400_001), utc_day_start_ms(-1)
        (86400000, -86400000)
    """
    start: Times = timestamp_ms - timestamp_ms % DAY_MS
    return start


def utc_hour(timestamp_ms: Times) -> Times:
    """Whole hours between 1970 and a moment.

    Args:
        timestamp_ms: UTC milliseconds; an int, a NumPy array or a tensor of int64.

    Example:
        >>> utc_hour(7_200_001), utc_hour(-1)
        (2, -1)
    """
    hour: Times = timestamp_ms // HOUR_MS
    return hour


def _local_ms(timestamp_ms_N: Ints, utc_offset_minutes_N: Ints | int) -> npt.NDArray[np.int64]:
    offsets = np.asarray(utc_offset_minutes_N, np.int64)
    return np.asarray(timestamp_ms_N, np.int64) + offsets * _MINUTE_MS


def _offsets_by_quarter(
    moment_ms_N: Ints, offset_of: Callable[[datetime], timedelta | None]
) -> npt.NDArray[np.int32]:
    """Ask for the offset once per quarter of an hour that occurs, not once per event."""
    quarters, which_N = np.unique(np.asarray(moment_ms_N, np.int64) // _QUARTER_MS, return_inverse=True)
    moments = (_EPOCH + timedelta(milliseconds=quarter * _QUARTER_MS) for quarter in quarters.tolist())
    offsets = [_whole_minutes(offset_of(moment)) for moment in moments]
    return np.asarray(offsets, np.int32)[which_N]


def _wall_offset(tz: ZoneInfo, *, fold: int) -> Callable[[datetime], timedelta | None]:
    return lambda wall: wall.replace(tzinfo=tz, fold=fold).utcoffset()


def _whole_minutes(offset: timedelta | None) -> int:
    assert offset is not None  # a ZoneInfo always knows it
    return round(offset.total_seconds() / 60)


def _unknown_zone(zone: str) -> ConfigError:
    return ConfigError(f"unknown time zone '{zone}'; {_zone_remedy(zone)}")


def _zone_remedy(zone: str) -> str:
    offset = _OFFSET.fullmatch(zone.strip())
    if offset is not None:
        return _offset_remedy(*offset.groups(default="00"))
    for names, meant in _ABBREVIATED.items():
        if zone.strip().upper() in names.split():
            return f"it stands for several zones, or for a part of the year; did you mean {meant}?"
    close = get_close_matches(zone, available_timezones() - set(_NO_PLACES), n=3, cutoff=0.5)
    return f"did you mean {', '.join(sorted(close))}?" if close else "use an IANA name, as Europe/Berlin"


def _offset_remedy(sign: str, hours: str, minutes: str) -> str:
    """Names of fixed offsets have the sign the other way round, and whole hours only."""
    column = "or name a column of UTC offsets in minutes"
    place = "a place's zone knows daylight saving, as Europe/Berlin"
    name = f"Etc/GMT{'-' if sign == '+' else '+'}{int(hours)}"
    if minutes != "00" or name not in available_timezones():
        return f"an offset is no zone: {place}; {column}"
    return f"'{name}' is {sign}{int(hours):02d}:00 all year (its sign is reversed); {place}; {column}"
