"""Unix times and dates written as numbers: which unit, and in milliseconds."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.events.time_text import EARLIEST_MS, LATEST_MS, compact_ms

__all__ = ["UNITS", "UNIX", "numbers_in", "units_of", "unix_ms"]

UNIX = r"^-?\d+(\.\d+)?$"
UNITS = ("s", "ms", "us", "ns", "date")
_BELOW = (1e11, 1e14, 1e17)  # what is smaller is s, ms, us, and all else ns
_IS_DATE = UNITS.index("date")
_PER_MS = {"us": 1_000, "ns": 1_000_000}
_HALF_OF_UINT64 = pa.scalar(1 << 63, pa.uint64())
_DATE, _DATE_AND_TIME = (19_000_101, 21_991_231), (19_000_101_000_000, 21_991_231_235_959)


def units_of(column: pa.Array) -> npt.NDArray[np.int8] | str:
    """How each number is read, by its size, so that no other row has a say in it.

    A time from 1973 to 5138 has the size of one unit alone; what is nearer to 1970 is read as seconds. Eight
    digits with the month and the day of a date are one, and fourteen with the time of day.

    Args:
        column: (N,) integers or floats.

    Returns:
        Of ``UNITS`` the one of all, or (N,) places in it; what is no number counts as s.

    Example:
        >>> units_of(pa.array([1_333_476_009, None])), units_of(pa.array([20231114, 20231115]))
        ('s', 'date')
        >>> units_of(pa.array([5, 1_333_476_009_000])).tolist()
        [0, 1]
    """
    numbers = pc.if_else(pc.is_finite(column), column, None) if pa.types.is_floating(column.type) else column
    ends = pc.min_max(numbers)
    low, high = (ends[name].as_py() or 0 for name in ("min", "max"))
    may_be_dates = any(low <= last and high >= first for first, last in (_DATE, _DATE_AND_TIME))
    if low >= 0 and _place(low) == _place(high) and not may_be_dates:
        return UNITS[_place(low)]
    size_N = np.abs(np.asarray(numbers.cast(pa.float64(), safe=False).fill_null(0.0)))
    place_N = np.searchsorted(_BELOW, size_N, side="right").astype(np.int8)
    if may_be_dates:
        place_N[_dates(np.asarray(numbers.cast(pa.float64(), safe=False).fill_null(0.0)))] = _IS_DATE
    given_N = place_N[np.asarray(pc.is_valid(numbers))]
    return UNITS[given_N[0]] if given_N.size and (given_N == given_N[0]).all() else place_N


def _place(size: float) -> int:
    return bisect_right(_BELOW, size)


def unix_ms(column: pa.Array, unit: str) -> pa.Array:
    """Numbers of a unit as milliseconds, null where they are none from 1900 to 2200.

    Args:
        column: integers or floats. unit: of ``UNITS``, or auto: of each number what ``units_of`` says.

    Example:
        >>> unix_ms(pa.array([1.5, None]), "s").to_pylist(), unix_ms(pa.array([19700102]), "date").to_pylist()
        ([1500, None], [86400000])
    """
    if unit == "auto":
        return _by_size(column)
    if unit == "date":
        return _date_ms(column)
    if pa.types.is_floating(column.type):
        return _float_ms(column.cast(pa.float64()), unit)
    if pa.types.is_uint64(column.type):
        column = pc.if_else(pc.less(column, _HALF_OF_UINT64), column, None)
    number = column.cast(pa.int64(), safe=False)
    if unit == "s":
        above = pc.greater_equal(number, EARLIEST_MS // 1_000)
        in_range = pc.and_(above, pc.less(number, LATEST_MS // 1_000))
        return pc.multiply(pc.if_else(in_range, number, None), 1_000)
    if unit == "ms":
        return number
    return pa.array(np.asarray(number.fill_null(LATEST_MS * _PER_MS[unit])) // _PER_MS[unit])


def _by_size(column: pa.Array) -> pa.Array:
    units = units_of(column)
    if isinstance(units, str):
        return unix_ms(column, units)
    ms = pa.nulls(len(column), pa.int64())
    for place in np.unique(units).tolist():
        of_unit = pa.array(units == place)
        ms = pc.if_else(of_unit, unix_ms(pc.if_else(of_unit, column, None), UNITS[place]), ms)
    return ms


def numbers_in(text: pa.Array) -> pa.Array:
    """Text with numbers, as integers where all are.

    Example:
        >>> numbers_in(pa.array(["7", None])).type, numbers_in(pa.array(["7.5"])).type
        (DataType(int64), DataType(double))
    """
    try:
        return text.cast(pa.int64())
    except pa.ArrowInvalid:
        return text.cast(pa.float64())


def _float_ms(column: pa.Array, unit: str) -> pa.Array:
    factor = 1_000.0 if unit == "s" else 1.0 / _PER_MS.get(unit, 1)
    ms = pc.round(pc.multiply(column, factor))
    readable = pc.and_(pc.is_finite(ms), pc.less(pc.abs(ms), float(LATEST_MS)))
    return pc.if_else(readable, ms, None).cast(pa.int64())


def _dates(size_N: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which numbers have the months and days of a date; 30 February passes, and is no time later."""
    with_time_N = (size_N >= _DATE_AND_TIME[0]) & (size_N <= _DATE_AND_TIME[1])
    date_N = np.where(with_time_N, size_N // 1e6, size_N)
    month_N, day_N = date_N // 100 % 100, date_N % 100
    real_N = (date_N == np.floor(date_N)) & (month_N >= 1) & (month_N <= 12) & (day_N >= 1) & (day_N <= 31)
    dates_N: npt.NDArray[np.bool_] = real_N & (date_N >= _DATE[0]) & (date_N <= _DATE[1])
    return dates_N


def _date_ms(column: pa.Array) -> pa.Array:
    number = column.cast(pa.float64())
    whole = pc.and_(pc.equal(number, pc.floor(number)), pc.less(pc.abs(number), float(2**53)))
    digits = pc.if_else(whole, number, None).cast(pa.int64()).cast(pa.string())
    return compact_ms(digits)
