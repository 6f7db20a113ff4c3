"""Offsets of a zone to UTC, from one and from the other, daylight saving respected.

Shapes: ``N`` events, ``U`` distinct days, ``O`` midnights between them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from interestclock.timeofday.days import DAY_MS, MINUTE_MS
from interestclock.timeofday.zones import check_zone

__all__ = ["local_to_utc_ms", "wall_shift_minutes", "zone_offset_minutes"]

_QUARTER_MS = 15 * MINUTE_MS  # since 1972 every zone changes its offset at a multiple of 15 minutes
_EPOCH = datetime(1970, 1, 1)

Ints = npt.NDArray[np.integer[Any]]


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
    return np.asarray(local_ms_N, np.int64) - offsets.astype(np.int64) * MINUTE_MS


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
    day_U, which_N = np.unique(local_N // DAY_MS, return_inverse=True)
    midnight_ms_O = np.unique(np.concatenate([day_U, day_U + 1])) * DAY_MS  # one clock changes at midnight
    before_O = _offsets_by_quarter(midnight_ms_O - _QUARTER_MS, _wall_offset(tz, fold=0))
    after_O = _offsets_by_quarter(midnight_ms_O + _QUARTER_MS, _wall_offset(tz, fold=1))
    first_U = np.searchsorted(midnight_ms_O, day_U * DAY_MS)
    changes_N = (before_O[first_U] != after_O[first_U + 1])[which_N]
    shift_N = np.zeros(local_N.size, np.int32)
    if changes_N.any():
        first_N = _offsets_by_quarter(local_N[changes_N], _wall_offset(tz, fold=0))
        shift_N[changes_N] = first_N - _offsets_by_quarter(local_N[changes_N], _wall_offset(tz, fold=1))
    return shift_N


def _offsets_by_quarter(
    moment_ms_N: Ints, offset_of: Callable[[datetime], timedelta | None]
) -> npt.NDArray[np.int32]:
    """Ask for the offset once per quarter of an hour that occurs, not once per event."""
    quarters, which_N = _distinct(np.asarray(moment_ms_N, np.int64) // _QUARTER_MS)
    moments = (_EPOCH + timedelta(milliseconds=quarter * _QUARTER_MS) for quarter in quarters.tolist())
    offsets = [_whole_minutes(offset_of(moment)) for moment in moments]
    return np.asarray(offsets, np.int32)[which_N]


def _distinct(quarter_N: Ints) -> tuple[Ints, Ints]:
    """What occurs, and which of it each is; times mostly come in order, and need no sorting then."""
    new_N = quarter_N[1:] != quarter_N[:-1]
    if (quarter_N[1:] < quarter_N[:-1]).any() or not quarter_N.size:
        return np.unique(quarter_N, return_inverse=True)
    first = np.concatenate([[0], np.flatnonzero(new_N) + 1])
    return quarter_N[first], np.repeat(np.arange(first.size), np.diff([*first, quarter_N.size]))


def _wall_offset(tz: ZoneInfo, *, fold: int) -> Callable[[datetime], timedelta | None]:
    return lambda wall: wall.replace(tzinfo=tz, fold=fold).utcoffset()


def _whole_minutes(offset: timedelta | None) -> int:
    assert offset is not None  # a ZoneInfo always knows it
    return round(offset.total_seconds() / 60)
