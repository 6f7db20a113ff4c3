"""A column of UTC offsets: minutes, or what can be nothing but hours, seconds, or text such as +05:30."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.events.values import Parsed, is_text, parse_numbers

__all__ = ["parse_offsets"]

_AS_CLOCK = r"^\s*(?i:utc|gmt)?(?P<sign>[+-])(?P<hours>0\d|1[0-4]):?(?P<minutes>[0-5]\d)\s*$"
_MOST_MINUTES = 1_080
_LEAST_HOURS, _MOST_HOURS = 1, 14  # no place has a clock so few minutes from UTC
_LEAST_SECONDS, _MOST_SECONDS = 1_800, 50_400
_QUARTER_SECONDS = 900


def parse_offsets(column: pa.Array) -> Parsed:
    """Minutes to add to UTC, as float64.

    A number's size tells its unit, for every offset in use is some quarters of an hour: 1 to 14 are hours,
    and quarters of an hour from 1,800 on are seconds.

    Args:
        column: (N,) numbers or text; null and empty text are missing.

    Example:
        >>> parse_offsets(pa.array(["330", "5.5", "19800", "+05:30", "", "0.3"])).values.to_pylist()
        [330.0, 330.0, 330.0, 330.0, None, None]
    """
    clock = None
    if is_text(column.type):
        clock = _as_clock(column.cast(pa.string()))
        column = pc.if_else(pc.is_valid(clock), None, column.cast(pa.string()))
    parsed = parse_numbers(column)
    values = _in_minutes(parsed.values)
    whole = pc.and_(pc.equal(values, pc.floor(values)), pc.less_equal(pc.abs(values), _MOST_MINUTES))
    bad_N = parsed.bad_N | np.asarray(pc.invert(whole).fill_null(False))
    values = pc.if_else(pa.array(bad_N), None, values)
    values = values if clock is None else pc.coalesce(clock, values)
    expected = "whole minutes from -1080 to 1080, or empty (or as +05:30, or hours)"
    return Parsed(values=values, bad_N=bad_N, expected=expected)


def _in_minutes(values: pa.Array) -> pa.Array:
    number_N = np.asarray(values.fill_null(0.0))
    size_N = np.abs(number_N)
    hours_N = (size_N >= _LEAST_HOURS) & (size_N <= _MOST_HOURS) & (number_N % 0.25 == 0)
    seconds_N = (size_N >= _LEAST_SECONDS) & (size_N <= _MOST_SECONDS) & (number_N % _QUARTER_SECONDS == 0)
    if not hours_N.any() and not seconds_N.any():
        return values
    minutes_N = np.where(hours_N, number_N * 60, np.where(seconds_N, number_N / 60, number_N))
    return pc.if_else(pc.is_valid(values), pa.array(minutes_N), None)


def _as_clock(text: pa.Array) -> pa.Array:
    parts = pc.extract_regex(text, _AS_CLOCK)
    hours, minutes = (pc.struct_field(parts, name).cast(pa.float64()) for name in ("hours", "minutes"))
    size = pc.add(pc.multiply(hours, 60.0), minutes)
    return pc.if_else(pc.equal(pc.struct_field(parts, "sign"), "-"), pc.negate(size), size)
