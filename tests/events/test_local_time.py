"""Own offset, else own zone, else the log's zone."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from interestclock.events.local_time import locate_in_day
from interestclock.events.times import parse_times

NOON = pa.array(["2024-07-15 12:00"] * 4)
HOUR_MS = 3_600_000


def test_the_order_of_precedence():
    place = locate_in_day(
        parse_times(NOON, unit="auto"),
        offset=pa.array([330.0, None, None, None]),
        zone=pa.array(["Asia/Tokyo", "Asia/Tokyo", "", None]),
        fallback="America/New_York",
        local=False,
    )
    assert place.offset_minutes_N.tolist() == [330, 540, -240, -240]
    assert not place.unplaced_N.any()


def test_wall_clock_times_become_utc():
    utc_ms = parse_times(NOON, unit="auto").ms_N
    place = locate_in_day(
        parse_times(pa.array(["2024-07-15 12:00"] * 3 + ["2024-07-15 12:00Z"]), unit="auto"),
        offset=pa.array([330.0, None, None, None]),
        zone=pa.array([None, "Asia/Tokyo", None, "Asia/Tokyo"], pa.string()),
        fallback="America/New_York",
        local=True,
    )
    moved = (utc_ms - place.timestamp_ms_N) / HOUR_MS
    assert moved.tolist() == [5.5, 9.0, -4.0, 0.0]
    assert place.offset_minutes_N.tolist() == [330, 540, -240, 540]


def test_what_cannot_be_placed():
    place = locate_in_day(
        parse_times(NOON, unit="auto"),
        offset=None,
        zone=pa.array(["Mars/Olympus", "", None, "UTC"]),
        fallback=None,
        local=False,
    )
    assert place.unplaced_N.tolist() == [True, True, True, False]


def test_empty():
    none = parse_times(pa.array([], pa.string()), unit="auto")
    place = locate_in_day(none, offset=None, zone=None, fallback="UTC", local=True)
    assert place.timestamp_ms_N.dtype == np.int64
    assert place.unplaced_N.shape == (0,)
