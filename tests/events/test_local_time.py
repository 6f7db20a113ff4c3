"""Own offset, else own zone, else the log's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from interestclock.events.local_time import Order, locate_in_day
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


def ms(text):
    return parse_times(pa.array([text]), unit="auto").ms_N[0]


def place_walls(walls, zone, *, order=None, zones=None):
    return locate_in_day(
        parse_times(pa.array(walls), unit="auto"),
        offset=None,
        zone=None if zones is None else pa.array(zones),
        fallback=zone,
        local=True,
        order=order,
    )


def walls_of(utc, zone):
    return [moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S") for moment in utc]


def test_an_offset_in_the_text_is_the_events_own():
    texts = ["2023-11-15T03:43:20+05:30", "2023-11-14T22:13:20+00:00", "2023-11-14T22:13:20Z"]
    moments = parse_times(pa.array(texts), unit="auto")
    place = locate_in_day(moments, offset=None, zone=None, fallback="America/New_York", local=False)
    assert place.timestamp_ms_N.tolist() == [1_700_000_000_000] * 3
    assert place.offset_minutes_N.tolist() == [330, -300, -300]  # 0 says UTC, not where the user is
    assert place.zone.to_pylist() == [None, "America/New_York", "America/New_York"]
    alone = locate_in_day(moments, offset=None, zone=None, fallback=None, local=False)
    assert alone.offset_minutes_N.tolist() == [330, 0, 0]
    assert alone.unplaced_N.tolist() == [False, False, True]
    column = pa.array([60.0, 60.0, None])
    first = locate_in_day(moments, offset=column, zone=None, fallback="UTC", local=True)
    assert first.offset_minutes_N.tolist() == [60, 60, 0]
    assert first.timestamp_ms_N.tolist() == [1_700_000_000_000] * 3


def test_the_second_half_past_two_is_the_later_one():
    walls = [
        f"2023-10-29 0{hour}:{minute}:00" for hour, minute in (("2", 10), ("2", 50), ("2", 30), ("3", 10))
    ]
    place = place_walls(walls, "Europe/Berlin", order=Order())
    assert place.timestamp_ms_N.tolist() == [
        ms(f"2023-10-29 0{utc}") for utc in ("0:10", "0:50", "1:30", "2:10")
    ]
    assert place.offset_minutes_N.tolist() == [120, 120, 60, 60]
    unordered = place_walls(walls, "Europe/Berlin")
    assert unordered.timestamp_ms_N[2] == ms("2023-10-29 00:30")


def test_what_came_before_in_other_blocks_counts():
    before = Order(newest_ms=int(ms("2023-10-29 00:45")))
    assert place_walls(["2023-10-29 02:30"], "Europe/Berlin", order=before).offset_minutes_N.tolist() == [60]
    before = Order(newest_ms=int(ms("2023-10-29 00:15")))
    assert place_walls(["2023-10-29 02:30"], "Europe/Berlin", order=before).offset_minutes_N.tolist() == [120]


def test_a_row_that_may_be_late_is_where_it_is_nearer():
    order = Order(newest_ms=int(ms("2023-10-29 00:50")), lateness_ms=HOUR_MS)
    place = place_walls(["2023-10-29 02:45", "2023-10-29 02:05"], "Europe/Berlin", order=order)
    assert place.offset_minutes_N.tolist() == [120, 60]


def test_of_another_time_in_the_row_it_is_not_before():
    exposures = np.array([ms("2023-10-29 00:30"), ms("2023-10-29 01:30")])
    place = place_walls(["2023-10-29 02:40"] * 2, "Europe/Berlin", order=Order(newest_ms=exposures))
    assert place.offset_minutes_N.tolist() == [120, 60]


@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
    st.integers(1, 25),
    st.integers(1, 300),
)
def test_a_log_in_true_order_is_read_as_it_was(zone, gap_minutes, rows_before):
    """Gaps shorter than the shift: the clock is seen to go back, and no block's end matters."""
    changes = {"Europe/Berlin": "2023-10-29 01:00", "America/New_York": "2023-11-05 06:00"}
    change = datetime.fromisoformat(changes.get(zone, "2024-04-06 15:00")).replace(tzinfo=UTC)
    utc = [change + timedelta(minutes=gap_minutes * row) for row in range(-rows_before, 200)]
    walls = walls_of(utc, zone)
    place = place_walls(walls, zone, order=Order())
    assert place.timestamp_ms_N.tolist() == [round(moment.timestamp()) * 1_000 for moment in utc]
    cut = len(walls) // 2
    newest = Order(newest_ms=int(place.timestamp_ms_N[cut - 1]))
    rest = place_walls(walls[cut:], zone, order=newest)
    assert rest.timestamp_ms_N.tolist() == place.timestamp_ms_N[cut:].tolist()


def test_rows_of_several_zones_share_one_order():
    walls = ["2023-10-29 01:50", "2023-10-29 08:55", "2023-10-29 02:05", "2023-10-29 10:10"]
    zones = ["Europe/Berlin", "Asia/Tokyo", "Europe/Berlin", "Asia/Tokyo"]
    place = place_walls(walls, None, order=Order(), zones=zones)
    assert place.offset_minutes_N.tolist() == [120, 540, 120, 540]  # Tokyo's 08:55 is 23:55 UTC
    walls[1] = "2023-10-29 09:55"
    assert place_walls(walls, None, order=Order(), zones=zones).offset_minutes_N.tolist() == [
        120,
        540,
        60,
        540,
    ]


def test_a_time_that_does_not_exist_is_marked():
    place = place_walls(["2024-03-31 01:59", "2024-03-31 02:30", "2024-03-31 03:00"], "Europe/Berlin")
    assert place.skipped_N.tolist() == [False, True, False]
    assert place.timestamp_ms_N[1] == ms("2024-03-31 01:30")
