"""Unix times and dates written as numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.events.times import parse_times
from interestclock.events.unix_times import units_of, unix_ms

FIRST_S = 1_700_000_000
SECONDS = [FIRST_S + 1_800 * row for row in range(600)]
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@pytest.mark.parametrize("poison", [float("nan"), float("inf"), -1e300, 0.0, None])
@pytest.mark.parametrize(("unit", "in_a_second"), UNITS.items())
def test_one_value_does_not_poison_the_unit(poison, unit, in_a_second):
    column = pa.array([poison, *(float(second * in_a_second) for second in SECONDS)], pa.float64())
    assert parse_times(column, unit="auto").ms_N[1:].tolist() == [second * 1_000 for second in SECONDS]


@given(
    st.lists(st.tuples(st.sampled_from(sorted(UNITS)), st.integers(631_152_000, 4_102_444_799)), min_size=1),
    st.sampled_from([pa.int64(), pa.uint64(), pa.string()]),
)
def test_the_size_of_each_settles_its_unit_whatever_the_others_are(values, kind):
    column = pa.array([second * UNITS[unit] for unit, second in values]).cast(kind)
    moments = parse_times(column, unit="auto")
    assert moments.ms_N.tolist() == [second * 1_000 for _, second in values]
    assert moments.number_N.all()


@pytest.mark.parametrize("kind", [pa.int32(), pa.int64(), pa.uint64(), pa.float64(), pa.string()])
def test_eight_digits_that_are_a_date_are_one(kind):
    column = pa.array([20231114, None, 20240229, 20230229]).cast(kind)
    moments = parse_times(column, unit="auto")
    assert moments.valid_N.tolist() == [True, False, True, False]
    assert moments.ms_N[0] == datetime(2023, 11, 14, tzinfo=UTC).timestamp() * 1_000
    assert not moments.number_N.any()  # it shows a wall clock


def test_eight_digits_are_seconds_where_that_is_stated():
    assert parse_times(pa.array([20231114]), unit="s").ms_N.tolist() == [20231114_000]


@given(st.datetimes(min_value=datetime(1901, 1, 1), max_value=datetime(2199, 12, 31)))
def test_fourteen_digits_are_a_date_and_its_time(wall):
    expected = (wall.replace(microsecond=0) - datetime(1970, 1, 1)) // timedelta(milliseconds=1)
    column = pa.array([int(f"{wall:%Y%m%d%H%M%S}")])
    assert units_of(column) == "date"
    assert unix_ms(column, "auto").to_pylist() == [expected]


def test_numbers_that_are_no_dates():
    assert unix_ms(pa.array([0.5, float("nan"), 1e300, -20231114, 2023]), "date").null_count == 5
    assert units_of(pa.array([20231314, 20230032])) == "s"


def test_dates_among_seconds_are_dates():
    column = pa.array([FIRST_S, 20231115, None, 5])
    assert units_of(column).tolist() == [0, 4, 0, 0]
    moments = parse_times(column, unit="auto")
    assert moments.ms_N.tolist() == [FIRST_S * 1_000, 1_700_006_400_000, 0, 5_000]
    assert moments.number_N.tolist() == [True, False, True, True]
