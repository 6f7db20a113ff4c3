"""Read a column of times, however written, as milliseconds since 1970."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.errors import LogError
from interestclock.events.exact_text import exact_text
from interestclock.events.time_text import EARLIEST_MS, LATEST_MS, TextTimes, is_text, read_format, read_text
from interestclock.events.unix_times import UNITS, UNIX, numbers_in, units_of, unix_ms

__all__ = ["Moments", "parse_times", "time_faults"]

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Units = npt.NDArray[np.int8] | str | None
_OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})")


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Times of N rows.

    Args:
        ms_N: (N,) int64 milliseconds since 1970; 0 where the row has no valid time.
        valid_N: (N,) bool.
        utc_N: (N,) bool: the value itself says it is UTC (or carries its offset).
        offset_minutes_N: (N,) int64, the offset that the value carries in digits, as +05:30; 0 where none.
        offset_given_N: (N,) bool, where one does.
        number_N: (N,) bool: the value is a number, which counts from a moment and shows no wall clock.
        units: of numbers whose unit their size tells, as ``units_of`` gives them (-1: the
            row has none); None: it was stated.

    Example:
        >>> moments = parse_times(pa.array(["1970-01-01T05:30:01+05:30"]), unit="auto")
        >>> moments.ms_N.tolist(), moments.utc_N.tolist(), moments.offset_minutes_N.tolist()
        ([1000], [True], [330])
    """

    ms_N: Ints
    valid_N: Bools
    utc_N: Bools
    offset_minutes_N: Ints
    offset_given_N: Bools
    number_N: Bools
    units: Units = None


def parse_times(column: pa.Array, *, unit: str, time_format: str | None = None) -> Moments:
    """Timestamps, dates, Unix times, ISO 8601 or RFC 2822 text or text of a stated format, as milliseconds.

    Args:
        column: (N,) of any such type; null, unreadable or outside 1900 to 2200 is not valid.
        unit: of numbers: s, ms, us or ns; auto tells that of each from its size, and dates apart.
        time_format: of text, and of the digits of whole numbers, as strptime writes it.

    Raises:
        LogError: the column's type holds no times.

    Example:
        >>> parse_times(pa.array(["1970-01-01 00:00:01", "soon"]), unit="auto").ms_N.tolist()
        [1000, 0]
        >>> parse_times(pa.array(["02/01/1970"]), unit="auto", time_format="%d/%m/%Y").ms_N.tolist()
        [86400000]
        >>> parse_times(pa.array([19700201]), unit="auto", time_format="%Y%d%m").ms_N.tolist()
        [86400000]
    """
    column = _digits(column, time_format)
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _timestamps(column)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _unix(column, unit)
    if is_text(kind):
        return _text(column.cast(pa.string()), unit, time_format)
    if pa.types.is_null(kind):
        return _moments(pa.nulls(len(column), pa.int64()))
    raise LogError(f"holds {kind}; times are timestamps, ISO 8601 text or Unix time")


def time_faults(
    column: pa.Array, valid_N: Bools, *, unit: str, time_format: str | None = None
) -> list[tuple[Bools, str]]:
    """Which of the rows without a valid time have none for which reason; each quotes its first such value.

    Args:
        column, unit, time_format: as given to ``parse_times``. valid_N: as it gave.

    Returns:
        Rows, (N,) bool, and the reason, for each of: empty, no time as it is written, out of range.

    Example:
        >>> column = pa.array(["", "1970-01-01", "soon", "9999-01-01"])
        >>> for rows, reason in time_faults(column, np.array([False, True, False, False]), unit="s"):
        ...     print(rows.nonzero()[0].tolist(), reason)
        [0] is empty
        [2] holds 'soon', no time as ISO 8601, RFC 2822 or Unix time writes it; give time_format in the
        mapping file, for example time_format = "%d/%m/%Y %H:%M"
        [3] holds '9999-01-01', which lies outside 1900 to 2200
    """
    column = _digits(column, time_format)
    empty = pc.is_null(column, nan_is_null=True)
    if is_text(column.type):
        empty = pc.or_(
            empty, pc.equal(pc.utf8_trim_whitespace(column.cast(pa.string())), "").fill_null(False)
        )
    empty_N = np.asarray(empty) & ~valid_N
    other_N = ~valid_N & ~empty_N
    outside_N = other_N.copy()
    if is_text(column.type) and other_N.any():
        outside_N[other_N] = _written_as_a_time(pc.filter(column, pa.array(other_N)), time_format)
    wrong_N = other_N & ~outside_N
    unlike = _UNLIKE_ALL if time_format is None else f"not written as time_format {time_format!r} has it"
    return [
        (rows_N, reason)
        for rows_N, reason in (
            (empty_N, "is empty"),
            (wrong_N, f"holds {_first(column, wrong_N)}, {unlike}"),
            (outside_N, f"holds {_first(column, outside_N)}, which {_outside(column, outside_N, unit)}"),
        )
        if rows_N.any()
    ]


def _digits(column: pa.Array, time_format: str | None) -> pa.Array:
    """Numbers as text, where a format says how their digits are meant."""
    kind = column.type
    if time_format is None or not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return column
    return exact_text(column)


_UNLIKE_ALL = (
    "no time as ISO 8601, RFC 2822 or Unix time writes it; give time_format in the mapping file, for example "
    'time_format = "%d/%m/%Y %H:%M"'
)


def _first(column: pa.Array, rows_N: Bools) -> str:
    if not rows_N.any():
        return ""
    value = column.slice(int(rows_N.argmax()), 1)
    text: str | None = value.cast(pa.string())[0].as_py()
    return repr(text) if is_text(column.type) else str(text)


def _outside(column: pa.Array, rows_N: Bools, unit: str) -> str:
    """What is wrong with numbers beyond all times: mostly their unit."""
    outside = "lies outside 1900 to 2200"
    values = pc.filter(column, pa.array(rows_N))
    if is_text(column.type):
        values = pc.filter(values, pc.match_substring_regex(values, UNIX))
        values = numbers_in(values.cast(pa.string()))
    elif not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return outside
    likely = units_of(values.slice(0, 1))
    if not len(values) or unit in ("auto", likely):
        return outside
    return f"{outside} in {unit}, as time_unit says, and reads as {likely}"


def _written_as_a_time(text: pa.Array, time_format: str | None) -> Bools:
    times = _read(text.cast(pa.string()), time_format)
    number = pc.match_substring_regex(text, UNIX) if time_format is None else pa.scalar(False)
    return np.asarray(pc.or_(pc.is_valid(times.ms), number))


def _timestamps(column: pa.Array) -> Moments:
    tz = getattr(column.type, "tz", None)
    ms = column.cast(pa.timestamp("ms", tz=tz), safe=False).cast(pa.int64())
    moments = _moments(ms, utc_N=np.full(len(column), tz is not None))
    own = None if tz is None else _OFFSET.fullmatch(tz)
    if own is None:
        return moments
    sign, hours, minutes = own.groups()
    offset = (int(hours) * 60 + int(minutes)) * (-1 if sign == "-" else 1)
    moments.offset_minutes_N[:] = offset
    moments.offset_given_N[:] = True
    return moments


def _moments(ms: pa.Array, *, utc_N: Bools | None = None, number: bool = False) -> Moments:
    ms_N = np.asarray(ms.fill_null(LATEST_MS).to_numpy(zero_copy_only=False), np.int64)
    valid_N = (ms_N >= EARLIEST_MS) & (ms_N < LATEST_MS)
    none_N = np.zeros(len(ms_N), bool)
    return Moments(
        ms_N=np.where(valid_N, ms_N, 0),
        valid_N=valid_N,
        utc_N=none_N.copy() if utc_N is None else utc_N,
        offset_minutes_N=np.zeros(len(ms_N), np.int64),
        offset_given_N=none_N,
        number_N=np.full(len(ms_N), number),
    )


def _unix(numbers: pa.Array, unit: str) -> Moments:
    moments = _moments(unix_ms(numbers, unit), number=True)
    if unit != "auto":
        return moments
    units = units_of(numbers)
    shows_wall = units == "date" if isinstance(units, str) else units == UNITS.index("date")
    return replace(moments, number_N=moments.number_N & ~np.asarray(shows_wall), units=units)


def _read(column: pa.Array, time_format: str | None) -> TextTimes:
    return read_text(column) if time_format is None else read_format(column, time_format)


def _text(column: pa.Array, unit: str, time_format: str | None) -> Moments:
    if time_format is not None:
        return _written(read_format(column, time_format))
    number = pc.match_substring_regex(column, UNIX).fill_null(False)
    if not pc.any(number).as_py():
        return _written(read_text(column))
    digits = pc.if_else(number, column, None)
    unix = _unix(numbers_in(digits), unit)
    if pc.all(number).as_py():
        return unix
    iso = _written(read_text(pc.if_else(number, None, column)))
    number_N = np.asarray(number)
    return Moments(
        ms_N=np.where(number_N, unix.ms_N, iso.ms_N),
        valid_N=np.where(number_N, unix.valid_N, iso.valid_N),
        utc_N=iso.utc_N,
        offset_minutes_N=iso.offset_minutes_N,
        offset_given_N=iso.offset_given_N,
        number_N=number_N & unix.number_N,
        units=_where_number(unix.units, number_N),
    )


def _where_number(units: Units, number_N: Bools) -> Units:
    if units is None:
        return None
    return np.where(number_N, UNITS.index(units) if isinstance(units, str) else units, -1).astype(np.int8)


def _written(times: TextTimes) -> Moments:
    moments = _moments(times.ms, utc_N=np.asarray(times.utc.fill_null(False)))
    if times.offset_minutes is not None:
        moments.offset_given_N[:] = np.asarray(pc.is_valid(times.offset_minutes)) & moments.valid_N
        moments.offset_minutes_N[:] = np.asarray(times.offset_minutes.fill_null(0))
    return moments
