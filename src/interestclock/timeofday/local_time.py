"""The clock on the wall, where an event's own offset to UTC is known.

Shapes: ``N`` events.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from interestclock.timeofday.days import DAY_SECONDS, local_second, local_weekday

__all__ = ["day_of_week", "seconds_of_day", "utc_offset_minutes"]

_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
_WEEK_SECONDS = 7 * DAY_SECONDS

Ints = npt.NDArray[np.integer[Any]]
Int64s = npt.NDArray[np.int64]


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
    return local_second(*_wide(timestamp_ms_N, utc_offset_minutes_N)).astype(np.int32)


def day_of_week(timestamp_ms_N: Ints, utc_offset_minutes_N: Ints | int) -> npt.NDArray[np.int8]:
    """Local weekday of each event, 0 = Monday.

    Args:
        timestamp_ms_N: (N,) int64, UTC milliseconds.
        utc_offset_minutes_N: (N,) or one int, minutes to add to UTC.

    Example:
        >>> day_of_week(np.array([0, 0]), np.array([0, -60])).tolist()   # Thursday; still Wednesday
        [3, 2]
    """
    return local_weekday(*_wide(timestamp_ms_N, utc_offset_minutes_N)).astype(np.int8)


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


def _wide(timestamp_ms_N: Ints, utc_offset_minutes_N: Ints | int) -> tuple[Int64s, Int64s]:
    return np.asarray(timestamp_ms_N, np.int64), np.asarray(utc_offset_minutes_N, np.int64)
