"""Columns of UTC offsets in any unit."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.events.utc_offsets import parse_offsets

MINUTES = [-720, -570, -480, -210, 0, 60, 330, 345, 525, 765, 840]  # in use


@pytest.mark.parametrize("minutes", MINUTES)
def test_every_offset_in_use_however_written(minutes):
    sign, size = "-" if minutes < 0 else "+", abs(minutes)
    clocks = [f"{sign}{size // 60:02d}{colon}{size % 60:02d}" for colon in (":", "")]
    texts = pa.array([*clocks, f"UTC{clocks[0]}", str(minutes), str(minutes / 60), str(minutes * 60)])
    assert parse_offsets(texts).values.to_pylist() == [minutes] * 6
    numbers = pa.array([minutes, minutes / 60, minutes * 60.0])
    assert parse_offsets(numbers).values.to_pylist() == [minutes] * 3


@pytest.mark.parametrize("value", [0.5, 90_000, 2_000, 1e30, "+15:00", "+05:75", "here", "Z"])
def test_what_is_no_offset(value):
    parsed = parse_offsets(pa.array([value, value]))
    assert parsed.bad_N.tolist() == [True, True]
    assert parsed.values.null_count == 2
    assert parsed.expected.startswith("whole minutes from -1080 to 1080, or empty")


def test_empty_is_missing():
    parsed = parse_offsets(pa.array(["", None]))
    assert not parsed.bad_N.any()
    assert parsed.values.null_count == 2


@given(st.lists(st.integers(-1_080, 1_080).filter(lambda minutes: not 1 <= abs(minutes) <= 14)))
def test_minutes_stay_minutes(minutes):
    assert parse_offsets(pa.array(minutes, pa.int64())).values.to_pylist() == minutes
