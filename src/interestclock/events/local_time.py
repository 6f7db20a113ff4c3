"""Where in its local day each event stands: its own offset, else its zone, else the log's zone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.errors import ConfigError
from interestclock.events.times import Moments
from interestclock.timeofday import check_zone, local_to_utc_ms, zone_offset_minutes

__all__ = ["Located", "locate_in_day"]

_MINUTE_MS = 60_000


@dataclass(frozen=True, kw_only=True)
class Located:
    """UTC times and offsets of N events.

    Args:
        timestamp_ms_N: (N,) int64 UTC milliseconds.
        offset_minutes_N: (N,) int64, to add to UTC.
        unplaced_N: (N,) bool: neither an offset nor a known zone.
        zone: (N,) text, which zone told, null where an offset did; None where there are only offsets.

    Example:
        >>> none = np.zeros(0, np.int64)
        >>> located = Located(timestamp_ms_N=none, offset_minutes_N=none, unplaced_N=none > 0, zone=None)
        >>> located.unplaced_N.tolist()
        []
    """

    timestamp_ms_N: npt.NDArray[np.int64]
    offset_minutes_N: npt.NDArray[np.int64]
    unplaced_N: npt.NDArray[np.bool_]
    zone: pa.Array | None


def locate_in_day(
    moments: Moments, *, offset: pa.Array | None, zone: pa.Array | None, fallback: str | None, local: bool
) -> Located:
    """Give each event its UTC time and its offset.

    Args:
        moments: the times as read.
        offset: (N,) float64 minutes, null where the event has none of its own.
        zone: (N,) text, null or empty where unknown.
        fallback: the zone of events with neither.
        local: times that do not say they are UTC are wall-clock times.

    Example:
        >>> from interestclock.events.times import parse_times
        >>> noon = parse_times(pa.array(["1970-01-01 12:00"]), unit="auto")
        >>> at = locate_in_day(noon, offset=None, zone=None, fallback="Asia/Kolkata", local=True)
        >>> at.timestamp_ms_N.tolist(), at.offset_minutes_N.tolist()       # 06:30 UTC
        ([23400000], [330])
    """
    timestamp_ms_N = moments.ms_N.copy()
    offset_N = np.zeros(len(timestamp_ms_N), np.int64)
    own_N = np.zeros(len(timestamp_ms_N), bool)
    wall_N = ~moments.utc_N & local
    if offset is not None:
        own_N = np.asarray(pc.is_valid(offset))
        offset_N = np.asarray(offset.fill_null(0.0)).astype(np.int64)
        timestamp_ms_N -= np.where(wall_N & own_N, offset_N * _MINUTE_MS, 0)
    unplaced_N = np.zeros(len(offset_N), bool)
    named = None if zone is None else _named(zone, fallback)
    for name, which_N in _zones(named, fallback, ~own_N):
        if name is None or not _is_zone(name):
            unplaced_N |= which_N
            continue
        wall = which_N & wall_N
        timestamp_ms_N[wall] = local_to_utc_ms(timestamp_ms_N[wall], name)
        offset_N[which_N] = zone_offset_minutes(timestamp_ms_N[which_N], name)
    zone = _zone_used(named, fallback, ~own_N)
    return Located(timestamp_ms_N=timestamp_ms_N, offset_minutes_N=offset_N, unplaced_N=unplaced_N, zone=zone)


def _named(zone: pa.Array, fallback: str | None) -> pa.Array:
    """Each event's zone as text, the log's where it has none; null: neither."""
    named = pc.if_else(pc.equal(zone, ""), None, zone.cast(pa.string()))
    return named if fallback is None else named.fill_null(fallback)


def _zone_used(
    named: pa.Array | None, fallback: str | None, rows_N: npt.NDArray[np.bool_]
) -> pa.Array | None:
    """The zone that counts for each of some rows, null for the others."""
    if named is None and fallback is None:
        return None
    zone = pa.repeat(fallback, rows_N.size) if named is None else named
    return zone if rows_N.all() else pc.if_else(pa.array(rows_N), zone, None)


def _zones(
    named: pa.Array | None, fallback: str | None, rows_N: npt.NDArray[np.bool_]
) -> list[tuple[str | None, npt.NDArray[np.bool_]]]:
    """Each distinct zone with the rows it counts for."""
    if named is None:
        return [(fallback, rows_N)]
    codes = named.dictionary_encode(null_encoding="encode")
    index_N = np.asarray(codes.indices)
    return [(name, rows_N & (index_N == code)) for code, name in enumerate(codes.dictionary.to_pylist())]


def _is_zone(name: str) -> bool:
    try:
        check_zone(name)
    except ConfigError:
        return False
    return True
