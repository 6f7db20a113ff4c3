"""Read a column of times, however written, as milliseconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.errors import LogError

__all__ = ["Moments", "parse_times", "unix_unit"]

_PER_MS = {"us": 1_000, "ns": 1_000_000}
_UNIX = r"^-?\d+(\.\d+)?$"
_ISO = (
    r"^\s*(?P<date>\d{4}-\d{2}-\d{2})(?:[T ](?P<minute>\d{2}:\d{2})(?P<second>:\d{2})?)?"
    r"(?P<fraction>\.\d{1,9})?(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)?\s*$"
)
_EARLIEST_MS = -2_208_988_800_000  # 1900
_LATEST_MS = 7_258_118_400_000  # 2200
_HALF_OF_UINT64 = pa.scalar(1 << 63, pa.uint64())


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Times of N rows.

    Args:
        ms_N: (N,) int64 milliseconds since 1970; 0 where the row has no valid time.
        valid_N: (N,) bool.
        utc_N: (N,) bool: the value itself says it is UTC (or carries its offset).

    Example:
        >>> parse_times(pa.array(["1970-01-01T00:00:01Z"]), unit="auto").utc_N.tolist()
        [True]
    """

    ms_N: npt.NDArray[np.int64]
    valid_N: npt.NDArray[np.bool_]
    utc_N: npt.NDArray[np.bool_]


def parse_times(column: pa.Array, *, unit: str, time_format: str | None = None) -> Moments:
    """Timestamps, dates, Unix times, ISO 8601 text or text of a stated format, as milliseconds.

    Args:
        column: (N,) of any such type; null, unreadable or outside 1900 to 2200 is not valid.
        unit: of Unix time: s, ms, us or ns; auto tells it from the values' size.
        time_format: of text, as strptime writes it.

    Raises:
        LogError: the column's type holds no times.

    Example:
        >>> parse_times(pa.array(["1970-01-01 00:00:01", "soon"]), unit="auto").ms_N.tolist()
        [1000, 0]
        >>> parse_times(pa.array(["02/01/1970"]), unit="auto", time_format="%d/%m/%Y").ms_N.tolist()
        [86400000]
    """
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _moments(_to_ms(column), utc=getattr(kind, "tz", None) is not None)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _moments(_unix(column, unit), utc=False)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _text(column.cast(pa.string()), unit, time_format)
    raise LogError(f"holds {kind}; times are timestamps, ISO 8601 text or Unix time")


def unix_unit(column: pa.Array) -> str:
    """The unit of a column of Unix times, told from the size of the middle one.

    Example:
        >>> unix_unit(pa.array([1_333_476_009])), unix_unit(pa.array(["1333476009000"]))
        ('s', 'ms')
    """
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pc.filter(column, pc.match_substring_regex(column, _UNIX)).cast(pa.float64())
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return "ms"
    values = column.drop_null().to_numpy(zero_copy_only=False)
    size = float(np.median(np.abs(values))) if len(values) else 0.0
    return "s" if size < 1e11 else "ms" if size < 1e14 else "us" if size < 1e17 else "ns"


def _moments(ms: pa.Array, *, utc: bool) -> Moments:
    ms_N = np.asarray(ms.fill_null(_LATEST_MS).to_numpy(zero_copy_only=False), np.int64)
    valid_N = (ms_N >= _EARLIEST_MS) & (ms_N < _LATEST_MS)
    return Moments(ms_N=np.where(valid_N, ms_N, 0), valid_N=valid_N, utc_N=np.full(len(ms_N), utc))


def _to_ms(column: pa.Array) -> pa.Array:
    tz = getattr(column.type, "tz", None)
    return column.cast(pa.timestamp("ms", tz=tz), safe=False).cast(pa.int64())


def _unix(column: pa.Array, unit: str) -> pa.Array:
    unit = unix_unit(column) if unit == "auto" else unit
    if pa.types.is_floating(column.type):
        return _unix_float(column, unit)
    if pa.types.is_uint64(column.type):
        column = pc.if_else(pc.less(column, _HALF_OF_UINT64), column, None)
    number = column.cast(pa.int64(), safe=False)
    if unit == "s":
        above = pc.greater_equal(number, _EARLIEST_MS // 1_000)
        in_range = pc.and_(above, pc.less(number, _LATEST_MS // 1_000))
        return pc.multiply(pc.if_else(in_range, number, None), 1_000)
    if unit == "ms":
        return number
    return pa.array(np.asarray(number.fill_null(_LATEST_MS * _PER_MS[unit])) // _PER_MS[unit])


def _unix_float(column: pa.Array, unit: str) -> pa.Array:
    factor = 1_000.0 if unit == "s" else 1.0 / _PER_MS.get(unit, 1)
    ms = pc.round(pc.multiply(column.cast(pa.float64()), factor))
    readable = pc.and_(pc.is_finite(ms), pc.less(pc.abs(ms), float(_LATEST_MS)))
    return pc.if_else(readable, ms, None).cast(pa.int64())


def _text(column: pa.Array, unit: str, time_format: str | None) -> Moments:
    if time_format is not None:
        return _moments(_strptime(column, time_format), utc="%z" in time_format or "+0000" in time_format)
    number = pc.match_substring_regex(column, _UNIX).fill_null(False)
    if not pc.any(number).as_py():
        return _iso(column)
    unix = _moments(_unix(_numbers(pc.if_else(number, column, None)), unit), utc=False)
    iso = _iso(pc.if_else(number, None, column))
    number_N = np.asarray(number)
    return Moments(
        ms_N=np.where(number_N, unix.ms_N, iso.ms_N),
        valid_N=np.where(number_N, unix.valid_N, iso.valid_N),
        utc_N=iso.utc_N,
    )


def _numbers(text: pa.Array) -> pa.Array:
    try:
        return text.cast(pa.int64())
    except pa.ArrowInvalid:
        return text.cast(pa.float64())


def _iso(column: pa.Array) -> Moments:
    parts = pc.extract_regex(column, _ISO)
    part = {name: pc.struct_field(parts, name) for name in ("date", "minute", "second", "fraction", "zone")}
    minute = pc.if_else(pc.equal(part["minute"], ""), "00:00", part["minute"])
    second = pc.if_else(pc.equal(part["second"], ""), ":00", part["second"])
    wall = pc.binary_join_element_wise(part["date"], " ", minute, second, "")
    ms = _strptime(wall, "%Y-%m-%d %H:%M:%S")
    ms = pc.subtract(pc.add(ms, _fraction_ms(part["fraction"])), _zone_ms(part["zone"]))
    moments = _moments(ms, utc=False)
    utc_N = np.asarray(pc.not_equal(part["zone"], "").fill_null(False))
    return Moments(ms_N=moments.ms_N, valid_N=moments.valid_N, utc_N=utc_N)


def _fraction_ms(fraction: pa.Array) -> pa.Array:
    digits = pc.utf8_slice_codeunits(pc.utf8_rpad(fraction, 4, "0"), 1, 4)
    return pc.if_else(pc.equal(fraction, ""), "0", digits).cast(pa.int64())


def _zone_ms(zone: pa.Array) -> pa.Array:
    """``+05:30``, ``-0330`` or ``+05`` as milliseconds; ``Z`` and nothing as 0."""
    none = pc.or_(pc.equal(zone, ""), pc.equal(zone, "Z"))
    digits = pc.utf8_rpad(pc.replace_substring(pc.if_else(none, "+0000", zone), ":", ""), 5, "0")
    hours = pc.utf8_slice_codeunits(digits, 1, 3).cast(pa.int64())
    minutes = pc.utf8_slice_codeunits(digits, 3, 5).cast(pa.int64())
    size = pc.multiply(pc.add(pc.multiply(hours, 60), minutes), 60_000)
    return pc.if_else(pc.starts_with(digits, "-"), pc.negate(size), size)


def _strptime(column: pa.Array, time_format: str) -> pa.Array:
    """strptime that refuses 30 February instead of reading it as 2 March."""
    moments = pc.strptime(column, format=time_format, unit="s", error_is_null=True)
    unlike = pc.fill_null(pc.not_equal(pc.strftime(moments, format=time_format), column), False)
    refused = [not _readable(text, time_format) for text in pc.filter(column, unlike).to_pylist()]
    wrong = np.zeros(len(column), bool)
    wrong[np.asarray(unlike)] = refused
    milliseconds = pc.multiply(moments.cast(pa.int64()), 1_000)
    return pc.if_else(pa.array(wrong), None, milliseconds)


def _readable(text: str, time_format: str) -> bool:
    try:
        datetime.strptime(text, time_format)
    except ValueError:
        return False
    return True
