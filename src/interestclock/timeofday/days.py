"""How long days and hours are, and which of them holds a moment."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

import numpy.typing as npt

if TYPE_CHECKING:
    import torch

__all__ = [
    "AFTER_ALL_MS",
    "BEFORE_ALL_MS",
    "DAY_MS",
    "DAY_SECONDS",
    "HOUR_MS",
    "MINUTE_MS",
    "circular_gap_seconds",
    "day_of_date",
    "local_day",
    "local_second",
    "local_weekday",
    "utc_day_start_ms",
    "utc_hour",
]

DAY_SECONDS = 86_400
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
MINUTE_MS = 60_000
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
_EPOCH = date(1970, 1, 1)
# Before and after every moment there is; half of what int64 holds, so that waits can be added to them.
BEFORE_ALL_MS = -(1 << 62)
AFTER_ALL_MS = (1 << 62) - 1

Times = TypeVar("Times", int, npt.NDArray[Any], "torch.Tensor")


def circular_gap_seconds(a: Times, b: Times) -> Times:
    r"""Shortest way around the clock between two times of day, 0..43200 seconds.

    .. math:: \delta(a, b) = \min(|a-b|,\; 86400-|a-b|) = 43200 - |\,43200 - |a-b|\,|

    Args:
        a: seconds of day, 0..86399; signed integers or floats, a NumPy array, a tensor or an int.
        b: the same; shapes broadcast. Integers in, integers out.

    Example:
        >>> circular_gap_seconds(85_800, 600)       # 23:50 and 00:10
        1200
        >>> import numpy as np
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


def local_weekday(timestamp_ms: Times, utc_offset_minutes: Times) -> Times:
    """Local weekday of a moment, 0 = Monday.

    Args:
        timestamp_ms: UTC milliseconds; an int, a NumPy array or a tensor of int64. utc_offset_minutes: to add
            to UTC, of the same kind.

    Example:
        >>> local_weekday(0, 0), local_weekday(0, -60)   # Thursday; still Wednesday
        (3, 2)
    """
    weekday: Times = ((timestamp_ms + utc_offset_minutes * MINUTE_MS) // DAY_MS + _EPOCH_WEEKDAY) % 7
    return weekday


def local_day(timestamp_ms: Times, weekday: Times) -> Times:
    """Local days between 1970-01-01 and a moment, of which the local weekday is known.

    Args:
        timestamp_ms: UTC milliseconds; an int, a NumPy array or a tensor of int64. weekday: local, 0 =
            Monday, of the same kind; local time is within a day of UTC.

    Example:
        >>> local_day(0, 3), local_day(0, 2)   # Thursday; still Wednesday
        (0, -1)
    """
    utc_day = timestamp_ms // DAY_MS
    ahead = (weekday - utc_day - _EPOCH_WEEKDAY + 1) % 7 - 1
    day: Times = utc_day + ahead
    return day


def day_of_date(text: str) -> int:
    """Days between 1970-01-01 and a date.

    Args:
        text: a date as ISO 8601 has it, such as ``2012-07-04``.

    Raises:
        ValueError: it is none.

    Example:
        >>> day_of_date("1970-01-03")
        2
    """
    return (date.fromisoformat(text) - _EPOCH).days


def local_second(timestamp_ms: Times, utc_offset_minutes: Times) -> Times:
    """Local second of the day of a moment, 0..86399.

    Args:
        timestamp_ms: UTC milliseconds; an int, a NumPy array or a tensor of int64. utc_offset_minutes: to add
            to UTC, of the same kind.

    Example:
        >>> local_second(0, -300)   # 19:00
        68400
    """
    second: Times = (timestamp_ms + utc_offset_minutes * MINUTE_MS) % DAY_MS // 1_000
    return second


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
