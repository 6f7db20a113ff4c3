"""Where in its local day each event stands: its own offset, else its zone, else the log's zone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.events.times import Moments
from interestclock.timeofday import (
    BEFORE_ALL_MS,
    MINUTE_MS,
    is_zone,
    local_to_utc_ms,
    wall_shift_minutes,
    zone_offset_minutes,
)

__all__ = ["Located", "Order", "locate_in_day"]


Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Located:
    """UTC times and offsets of N events.

    Args:
        timestamp_ms_N: (N,) int64 UTC milliseconds.
        offset_minutes_N: (N,) int64, to add to UTC.
        unplaced_N: (N,) bool: neither an offset nor a known zone.
        skipped_N: (N,) bool: a time that the clock on the wall left out as it was set forward.
        zone: (N,) text, which zone told, null where an offset did; None where there are only offsets.

    Example:
        >>> none = np.zeros(0, np.int64)
        >>> located = Located(timestamp_ms_N=none, offset_minutes_N=none, unplaced_N=none > 0,
        ...     skipped_N=none > 0, zone=None)
        >>> located.unplaced_N.tolist()
        []
    """

    timestamp_ms_N: npt.NDArray[np.int64]
    offset_minutes_N: npt.NDArray[np.int64]
    unplaced_N: npt.NDArray[np.bool_]
    skipped_N: npt.NDArray[np.bool_]
    zone: pa.Array | None


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is known of the order of N rows, to tell apart the two times of an hour that happens twice.

    Args:
        newest_ms: of all rows before, UTC milliseconds; each row moves it. Or (N,): for each row another time
            in it, which is not later.
        lateness_ms: how far a row may stand behind it.

    Example:
        >>> Order(newest_ms=0).lateness_ms
        0
    """

    newest_ms: int | Ints = BEFORE_ALL_MS
    lateness_ms: int = 0


def locate_in_day(
    moments: Moments,
    *,
    offset: pa.Array | None,
    zone: pa.Array | None,
    fallback: str | None,
    local: bool,
    order: Order | None = None,
) -> Located:
    """Give each event its UTC time and its offset.

    Args:
        moments: the times as read; an offset that a time carries counts where ``offset`` has none. Offset 0
            says UTC, and where a zone is known, it tells the local time.
        offset: (N,) float64 minutes, null where the event has none of its own.
        zone: (N,) text, null or empty where unknown.
        fallback: the zone of events with neither.
        local: times that do not say they are UTC are wall-clock times.
        order: of a wall-clock time that happens twice the first is meant, unless that would be before an
            earlier row's; None: nothing is known of it.

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
    wall_N = ~moments.utc_N if local else np.zeros(len(timestamp_ms_N), bool)
    if offset is not None:
        own_N = np.asarray(pc.is_valid(offset)).copy()
        offset_N = np.asarray(offset.fill_null(0.0)).astype(np.int64)
        timestamp_ms_N -= np.where(wall_N & own_N, offset_N * MINUTE_MS, 0)
    named = None if zone is None else _named(zone, fallback)
    if moments.offset_given_N.any():
        zoneless_N = _zoneless(named, fallback, len(own_N))
        carried_N = moments.offset_given_N & ((moments.offset_minutes_N != 0) | zoneless_N) & ~own_N
        offset_N = np.where(carried_N, moments.offset_minutes_N, offset_N)
        own_N |= carried_N
    unplaced_N, shift_N = np.zeros(len(offset_N), bool), np.zeros(len(offset_N), np.int64)
    for name, which_N in _zones(named, fallback, ~own_N):
        if name is None or not is_zone(name):
            unplaced_N |= which_N
            continue
        wall = which_N & wall_N
        if wall.any():
            shift_N[wall] = wall_shift_minutes(timestamp_ms_N[wall], name)
            timestamp_ms_N[wall] = local_to_utc_ms(timestamp_ms_N[wall], name)
        offset_N[which_N] = zone_offset_minutes(timestamp_ms_N[which_N], name)
    if order is not None and local and (shift_N > 0).any():
        usable_N = moments.valid_N & ~unplaced_N
        twice_N = (shift_N > 0) & usable_N
        second_N = _second(timestamp_ms_N, np.where(twice_N, shift_N, 0), usable_N, order)
        timestamp_ms_N += np.where(second_N, shift_N * MINUTE_MS, 0)
        offset_N -= np.where(second_N, shift_N, 0)
    return Located(
        timestamp_ms_N=timestamp_ms_N,
        offset_minutes_N=offset_N,
        unplaced_N=unplaced_N,
        skipped_N=shift_N < 0,
        zone=_zone_used(named, fallback, ~own_N),
    )


def _second(
    first_ms_N: Ints, shift_N: Ints, usable_N: npt.NDArray[np.bool_], order: Order
) -> npt.NDArray[np.bool_]:
    """Which of the times that happen twice are the second ones: see ``_is_second``."""
    second_N = np.zeros(first_ms_N.size, bool)
    rows = np.flatnonzero(shift_N > 0).tolist()
    if not isinstance(order.newest_ms, int):
        for row in rows:
            second_N[row] = _is_second(first_ms_N[row], shift_N[row], int(order.newest_ms[row]), 0)
        return second_N
    once_N = np.where(usable_N & (shift_N <= 0), first_ms_N, BEFORE_ALL_MS)
    once_N = np.maximum.accumulate(once_N)
    newest_ms = order.newest_ms
    for row in rows:
        newest_ms = max(newest_ms, int(once_N[row]))
        second_N[row] = _is_second(first_ms_N[row], shift_N[row], newest_ms, order.lateness_ms)
        newest_ms = max(newest_ms, int(first_ms_N[row]) + int(shift_N[row]) * MINUTE_MS * int(second_N[row]))
    return second_N


def _is_second(first_ms: int, shift: int, newest_ms: int, lateness_ms: int) -> bool:
    """The first, unless it is too late for that; where it may be late, what is nearer to the newest."""
    if first_ms >= newest_ms:
        return False
    after_ms = first_ms + shift * MINUTE_MS - newest_ms
    return bool(first_ms < newest_ms - lateness_ms or abs(after_ms) < newest_ms - first_ms)


def _zoneless(named: pa.Array | None, fallback: str | None, size: int) -> npt.NDArray[np.bool_]:
    if named is None:
        return np.full(size, fallback is None)
    return np.asarray(pc.is_null(named))


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
