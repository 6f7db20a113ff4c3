"""Unix times and dates written as numbers: which unit, and in milliseconds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.events.time_text import EARLIEST_MS, LATEST_MS, compact_ms, is_text

__all__ = ["UNIX", "numbers_in", "unix_ms", "unix_unit"]

UNIX = r"^-?\d+(\.\d+)?$"
_IN_A_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_PER_MS = {"us": 1_000, "ns": 1_000_000}
_LIKELY_S = (631_152_000, 4_102_444_800)  # 1990 and 2100
_HALF_OF_UINT64 = pa.scalar(1 << 63, pa.uint64())
_DATE, _DATE_AND_TIME = (19_000_101, 21_991_231), (19_000_101_000_000, 21_991_231_235_959)


def unix_unit(column: pa.Array) -> str:
    """The unit in which most of a column's numbers are times from 1990 to 2100.

    Args:
        column: numbers, or text with numbers; what is none does not count.

    Returns:
        s, ms, us or ns; or ``date``, of numbers such as 20231114 and 20231114221320. By the middle one's
        size where no unit makes any of them such a time.

    Example:
        >>> unix_unit(pa.array([1_333_476_009])), unix_unit(pa.array(["1333476009000"]))
        ('s', 'ms')
        >>> unix_unit(pa.array([float("nan"), 1.7e9])), unix_unit(pa.array([20231114]))
        ('s', 'date')
    """
    if is_text(column.type):
        column = pc.filter(column, pc.match_substring_regex(column, UNIX)).cast(pa.float64())
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return "ms"
    size_N = np.abs(column.drop_null().to_numpy(zero_copy_only=False).astype(np.float64))
    size_N = size_N[np.isfinite(size_N)]
    likely = {
        unit: np.count_nonzero((size_N >= _LIKELY_S[0] * each) & (size_N < _LIKELY_S[1] * each))
        for unit, each in _IN_A_SECOND.items()
    }
    likely["date"] = np.count_nonzero(_dates(size_N))
    most = max(likely, key=lambda unit: likely[unit])
    if likely[most]:
        return most
    size = float(np.median(size_N)) if len(size_N) else 0.0
    return "s" if size < 1e11 else "ms" if size < 1e14 else "us" if size < 1e17 else "ns"


def unix_ms(column: pa.Array, unit: str) -> pa.Array:
    """Numbers of a unit as milliseconds, null where they are none from 1900 to 2200.

    Args:
        column: integers or floats. unit: as ``unix_unit`` gives it.

    Example:
        >>> unix_ms(pa.array([1.5, None]), "s").to_pylist(), unix_ms(pa.array([19700102]), "date").to_pylist()
        ([1500, None], [86400000])
    """
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
