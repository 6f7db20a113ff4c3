"""Times however written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.errors import LogError
from interestclock.events.times import parse_times, time_faults

MOMENT = datetime(2012, 4, 3, 18, 2, 0, tzinfo=UTC)
MS = 1_333_476_120_000


@pytest.mark.parametrize(
    ("column", "unit"),
    [
        (pa.array([MOMENT.replace(tzinfo=None)], pa.timestamp("us")), "auto"),
        (pa.array([MOMENT], pa.timestamp("ns", tz="America/New_York")), "auto"),
        (pa.array([MS // 1_000]), "auto"),
        (pa.array([MS // 1_000], pa.int32()), "s"),
        (pa.array([MS]), "auto"),
        (pa.array([MS * 1_000]), "auto"),
        (pa.array([MS * 1_000_000]), "auto"),
        (pa.array([MS / 1_000]), "auto"),
        (pa.array([float(MS)]), "ms"),
        (pa.array([str(MS)]), "auto"),
        (pa.array([f"{MS // 1_000}.0"]), "auto"),
        (pa.array([str(MS * 1_000_000)]), "ns"),
        (pa.array(["2012-04-03T18:02:00Z"]), "auto"),
        (pa.array(["2012-04-03 18:02"], pa.large_string()), "auto"),
        (pa.array(["2012-04-03T14:02:00-04:00"]), "auto"),
        (pa.array(["2012-04-03 23:32:00.000+0530"]), "auto"),
        (pa.array(["2012-04-03 20:02:00+02"]), "auto"),
        (pa.array(["2012-04-03 10:02:00.0-08"]), "auto"),
    ],
)
def test_one_moment_in_many_writings(column, unit):
    moments = parse_times(column, unit=unit)
    assert moments.ms_N.tolist() == [MS]
    assert moments.valid_N.tolist() == [True]


def test_what_says_it_is_utc():
    texts = pa.array(["2012-04-03 18:02", "2012-04-03 18:02Z", "2012-04-03 14:02-0400"])
    assert parse_times(texts, unit="auto").utc_N.tolist() == [False, True, True]
    assert parse_times(pa.array([MS]), unit="ms").utc_N.tolist() == [False]
    assert parse_times(pa.array([MOMENT], pa.timestamp("ms", tz="UTC")), unit="auto").utc_N.tolist() == [True]


@pytest.mark.parametrize(
    "text",
    ["", None, "soon", "2021-02-30", "2021-13-01 10:00", "2021-02-28 25:00", "20210228T10", "9999-01-01"],
)
def test_unreadable_text_is_not_valid(text):
    moments = parse_times(pa.array(["2021-02-28", text], pa.string()), unit="auto")
    assert moments.valid_N.tolist() == [True, False]


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), 1e300])
def test_unreadable_numbers_are_not_valid(value):
    assert parse_times(pa.array([1.0, value]), unit="s").valid_N.tolist() == [True, False]


def test_milliseconds_read_as_seconds_are_out_of_range():
    assert parse_times(pa.array([MS]), unit="s").valid_N.tolist() == [False]


def test_fractions_and_times_before_1970():
    texts = pa.array(["1969-12-31 23:59:59.999", "1970-01-01 00:00:00.25", "1970-01-01 00:00:00.1239"])
    assert parse_times(texts, unit="auto").ms_N.tolist() == [-1, 250, 123]
    assert parse_times(pa.array([-1.5]), unit="s").ms_N.tolist() == [-1_500]


def test_mixed_numbers_and_iso_text():
    moments = parse_times(pa.array(["1333476120", "2012-04-03 18:02"]), unit="s")
    assert moments.ms_N.tolist() == [MS, MS]


def test_dates_are_midnights():
    assert parse_times(pa.array([date(1970, 1, 2)]), unit="auto").ms_N.tolist() == [86_400_000]


def test_a_stated_format():
    column = pa.array(["3/4/2012 18:02", "31/4/2012 18:02", "04/03/2012", None])
    moments = parse_times(column, unit="auto", time_format="%d/%m/%Y %H:%M")
    assert moments.ms_N.tolist() == [MS, 0, 0, 0]
    assert moments.valid_N.tolist() == [True, False, False, False]


def test_columns_that_hold_no_times():
    with pytest.raises(LogError, match="holds bool; times are timestamps, ISO 8601 text or Unix time"):
        parse_times(pa.array([True]), unit="auto")


def test_empty_column():
    moments = parse_times(pa.array([], pa.string()), unit="auto")
    assert moments.ms_N.shape == (0,)


@given(
    st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(2199, 12, 30)),
    st.integers(min_value=-14 * 60, max_value=14 * 60),
)
def test_iso_text_agrees_with_the_standard_library(wall, offset):
    moment = wall.replace(tzinfo=timezone(timedelta(minutes=offset)))
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert parse_times(pa.array([moment.isoformat()]), unit="auto").ms_N.tolist() == [expected]


@given(st.lists(st.text(max_size=25), max_size=5))
def test_no_text_breaks_the_reader(texts):
    moments = parse_times(pa.array(texts, pa.string()), unit="auto")
    assert np.all(moments.ms_N[~moments.valid_N] == 0)


def test_extreme_integers_are_no_times():
    extremes = pa.array([-(1 << 63), (1 << 63) - 1])
    for unit in ("s", "ms", "us"):
        assert not parse_times(extremes, unit=unit).valid_N.any()
    unsigned = pa.array([1_700_000_000_000, (1 << 64) - 1], pa.uint64())
    assert parse_times(unsigned, unit="ms").valid_N.tolist() == [True, False]


@pytest.mark.parametrize("kind", [pa.int64(), pa.float64(), pa.string()])
def test_a_format_says_how_digits_are_meant_whatever_holds_them(kind):
    """The fifth of November, by a format that has the day before the month, and no date by itself."""
    column = pa.array([20230511083000, 20231305083000]).cast(kind)
    moments = parse_times(column, unit="auto", time_format="%Y%d%m%H%M%S")
    read = [datetime(2023, 11, 5, 8, 30, tzinfo=UTC), datetime(2023, 5, 13, 8, 30, tzinfo=UTC)]
    assert moments.ms_N.tolist() == [1_000 * round(each.timestamp()) for each in read]
    wrong = pa.array([1_700_000_000]).cast(kind)
    [(_, reason)] = time_faults(wrong, np.array([False]), unit="auto", time_format="%Y%d%m%H%M%S")
    assert "'1700000000', not written as time_format '%Y%d%m%H%M%S' has it" in reason
