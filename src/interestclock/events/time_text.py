"""Times as people and programs write them in text: ISO 8601, its short form, RFC 2822, or a stated format."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["EARLIEST_MS", "LATEST_MS", "TextTimes", "compact_ms", "is_text", "read_format", "read_text"]

EARLIEST_MS = -2_208_988_800_000  # 1900
LATEST_MS = 7_258_118_400_000  # 2200

_FRACTION = r"(?P<fraction>[.,]\d{1,9})?"
_ZONE = r"(?P<zone>[Zz]|(?i:utc|gmt)|[+-]\d{2}(?::?\d{2})?)?"
_ISO = (
    r"^\s*(?P<date>\d{4}-\d{2}-\d{2})(?:[Tt ](?P<minute>\d{2}:\d{2})(?P<second>:[0-5]\d)?)?"
    rf"{_FRACTION}\s*{_ZONE}\s*$"
)
_COMPACT = (
    r"^\s*(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"
    rf"(?:[Tt ]?(?P<hour>\d{{2}})(?P<minute>\d{{2}})(?P<second>[0-5]\d)?)?{_FRACTION}\s*{_ZONE}\s*$"
)
_MAIL = (  # RFC 2822
    r"^\s*(?:[A-Za-z]{3},?\s+)?(?P<day>\d{1,2})\s+(?P<month>[A-Za-z]{3})\s+(?P<year>\d{4})\s+"
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?P<second>:[0-5]\d)?\s*"
    r"(?P<zone>[+-]\d{4}|(?i:ut|utc|gmt|z|[ecmp][sd]t))?\s*(?:\(.*\))?\s*$"
)
_MONTHS = pa.array(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
_MAIL_ZONES = {  # the only ones it has
    "EST": "-0500",
    "EDT": "-0400",
    "CST": "-0600",
    "CDT": "-0500",
    "MST": "-0700",
    "MDT": "-0600",
    "PST": "-0800",
    "PDT": "-0700",
}
_LONGEST_OFFSET_MINUTES = 18 * 60
_WALL = "%Y-%m-%d %H:%M:%S"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class TextTimes:
    """What N texts say.

    Args:
        ms: (N,) int64 UTC milliseconds, of the wall clock where a text names no zone; null: no time.
        utc: (N,) bool, null as ``ms``: the text says UTC or an offset.
        offset_minutes: (N,) int64: the offset in digits, as +05:30; null where there is none. None: nowhere.

    Example:
        >>> times = read_text(pa.array(["1970-01-01T05:30+05:30", "1970-01-01T00:00Z", "soon"]))
        >>> times.ms.to_pylist(), times.utc.to_pylist(), times.offset_minutes.to_pylist()
        ([0, 0, None], [True, True, None], [330, None, None])
    """

    ms: pa.Array
    utc: pa.Array
    offset_minutes: pa.Array | None


def is_text(kind: pa.DataType) -> bool:
    """Whether a column holds text, in any of Arrow's layouts.

    Example:
        >>> is_text(pa.large_string()), is_text(pa.string_view()), is_text(pa.int64())
        (True, True, False)
    """
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def read_text(column: pa.Array) -> TextTimes:
    """ISO 8601 as it is mostly written; what is none is tried as its short form, and as RFC 2822.

    A comma may stand before the fraction, blanks before the zone, and UTC, GMT or a small z for Z.

    Args:
        column: (N,) text.

    Example:
        >>> written = ["1970-01-01 00:00:01,5 UTC", "19700101T000001Z", "Thu, 01 Jan 1970 00:00:01 +0000"]
        >>> read_text(pa.array(written)).ms.to_pylist()
        [1500, 1000, 1000]
    """
    times = _iso(column)
    rest = pc.and_(pc.is_null(times.ms), pc.is_valid(column))
    if not pc.any(rest).as_py():
        return times
    some = pc.filter(column, rest)
    compact, mail = _compact(some), _mail(some)
    return TextTimes(
        ms=_put(times.ms, rest, pc.coalesce(compact.ms, mail.ms)),
        utc=_put(times.utc, rest, pc.coalesce(compact.utc, mail.utc)),
        offset_minutes=_put(_offsets(times), rest, pc.coalesce(_offsets(compact), _offsets(mail))),
    )


def compact_ms(digits: pa.Array) -> pa.Array:
    """Text such as 20231114 or 20231114221320 as milliseconds, null where it is none.

    Example:
        >>> compact_ms(pa.array(["19700102", "19700101000001", "19700230"])).to_pylist()
        [86400000, 1000, None]
    """
    return _compact(digits).ms


def read_format(column: pa.Array, time_format: str) -> TextTimes:
    """Text written as a format of ``strptime`` has it.

    Args:
        column: (N,) text. time_format: one with ``%f`` or ``%z`` is read a row at a time.

    Example:
        >>> read_format(pa.array(["02/01/1970"]), "%d/%m/%Y").ms.to_pylist()
        [86400000]
        >>> times = read_format(pa.array(["01.01.70 05:30:00.25 +0530"]), "%d.%m.%y %H:%M:%S.%f %z")
        >>> times.ms.to_pylist(), times.offset_minutes.to_pylist()
        ([250], [330])
    """
    directives = set(re.findall("%(.)", time_format.replace("%%", "")))
    if directives & {"f", "z", "Z"}:
        return _by_rows(column, time_format)
    ms = _strptime(column, time_format)
    utc = pc.if_else(pc.is_valid(ms), "+0000" in time_format, None)
    return TextTimes(ms=ms, utc=utc, offset_minutes=None)


def _iso(column: pa.Array) -> TextTimes:
    parts = pc.extract_regex(column, _ISO)
    part = {name: pc.struct_field(parts, name) for name in ("date", "minute", "second", "fraction", "zone")}
    minute = pc.if_else(pc.equal(part["minute"], ""), "00:00", part["minute"])
    second = pc.if_else(pc.equal(part["second"], ""), ":00", part["second"])
    wall = pc.binary_join_element_wise(part["date"], " ", minute, second, "")
    return _assembled(wall, part["fraction"], part["zone"])


def _compact(column: pa.Array) -> TextTimes:
    parts = pc.extract_regex(column, _COMPACT)
    names = ("year", "month", "day", "hour", "minute", "second", "fraction", "zone")
    part = {name: pc.struct_field(parts, name) for name in names}
    date = pc.binary_join_element_wise(part["year"], part["month"], part["day"], "-")
    time = [pc.if_else(pc.equal(part[name], ""), "00", part[name]) for name in ("hour", "minute", "second")]
    wall = pc.binary_join_element_wise(date, pc.binary_join_element_wise(*time, ":"), " ")
    return _assembled(wall, part["fraction"], part["zone"])


def _mail(column: pa.Array) -> TextTimes:
    parts = pc.extract_regex(column, _MAIL)
    names = ("day", "month", "year", "hour", "minute", "second", "zone")
    part = {name: pc.struct_field(parts, name) for name in names}
    number = pc.add(pc.index_in(pc.utf8_lower(part["month"]), value_set=_MONTHS), 1)
    two = {name: pc.utf8_lpad(part[name], 2, "0") for name in ("day", "hour")}
    date = pc.binary_join_element_wise(
        part["year"], pc.utf8_lpad(number.cast(pa.string()), 2, "0"), two["day"], "-"
    )
    second = pc.if_else(pc.equal(part["second"], ""), ":00", part["second"])
    time = pc.binary_join_element_wise(two["hour"], ":", part["minute"], second, "")
    zone = pc.utf8_upper(part["zone"])
    for name, offset in _MAIL_ZONES.items():
        zone = pc.if_else(pc.equal(zone, name), offset, zone)
    return _assembled(
        pc.binary_join_element_wise(date, time, " "), pc.if_else(pc.is_valid(zone), "", None), zone
    )


def _assembled(wall: pa.Array, fraction: pa.Array, zone: pa.Array) -> TextTimes:
    ms = _wall_ms(wall)
    if pc.any(pc.not_equal(fraction, "")).as_py():
        ms = pc.add(ms, _fraction_ms(fraction))
    utc = pc.not_equal(zone, "")
    signed = pc.or_(pc.starts_with(zone, "+"), pc.starts_with(zone, "-"))
    if not pc.any(signed).as_py():
        return TextTimes(ms=ms, utc=pc.if_else(pc.is_valid(ms), utc, None), offset_minutes=None)
    offset = _offset_minutes(pc.if_else(signed, zone, None))
    ms = pc.subtract(ms, pc.multiply(pc.if_else(signed, offset, 0), 60_000))  # null: no such offset
    return TextTimes(ms=ms, utc=pc.if_else(pc.is_valid(ms), utc, None), offset_minutes=offset)


def _wall_ms(wall: pa.Array) -> pa.Array:
    """Text such as 1970-01-31 23:59:59; only of days beyond the 28th may a month have none."""
    last_days = pc.greater(pc.utf8_slice_codeunits(wall, 8, 10), "28")
    ms = pc.multiply(_arrow_strptime(wall, _WALL).cast(pa.int64()), 1_000)
    if not pc.any(last_days).as_py():
        return ms
    return _put(ms, last_days, _strptime(pc.filter(wall, last_days), _WALL))


def _fraction_ms(fraction: pa.Array) -> pa.Array:
    digits = pc.utf8_slice_codeunits(pc.utf8_rpad(fraction, 4, "0"), 1, 4)
    return pc.if_else(pc.equal(fraction, ""), "0", digits).cast(pa.int64())


def _offset_minutes(zone: pa.Array) -> pa.Array:
    """``+05:30``, ``-0330`` or ``+05`` as minutes; null beyond what any place has."""
    digits = pc.utf8_rpad(pc.replace_substring(zone, ":", ""), 5, "0")
    hours = pc.utf8_slice_codeunits(digits, 1, 3).cast(pa.int64())
    minutes = pc.utf8_slice_codeunits(digits, 3, 5).cast(pa.int64())
    size = pc.add(pc.multiply(hours, 60), minutes)
    size = pc.if_else(pc.and_(pc.less_equal(size, _LONGEST_OFFSET_MINUTES), pc.less(minutes, 60)), size, None)
    return pc.if_else(pc.starts_with(digits, "-"), pc.negate(size), size)


def _offsets(times: TextTimes) -> pa.Array:
    none = pa.nulls(len(times.ms), pa.int64())
    return none if times.offset_minutes is None else times.offset_minutes


def _put(values: pa.Array, where: pa.Array, new: pa.Array) -> pa.Array:
    return pc.replace_with_mask(values, where.fill_null(False), new)


def _strptime(column: pa.Array, time_format: str) -> pa.Array:
    """strptime that refuses 30 February instead of reading it as 2 March."""
    moments = _arrow_strptime(column, time_format)
    unlike = pc.fill_null(pc.not_equal(pc.strftime(moments, format=time_format), column), False)
    refused = [_moment(text, time_format) is None for text in pc.filter(column, unlike).to_pylist()]
    wrong = np.zeros(len(column), bool)
    wrong[np.asarray(unlike)] = refused
    milliseconds = pc.multiply(moments.cast(pa.int64()), 1_000)
    return pc.if_else(pa.array(wrong), None, milliseconds)


def _arrow_strptime(column: pa.Array, time_format: str) -> pa.Array:
    return pc.strptime(column, format=time_format, unit="s", error_is_null=True)


def _by_rows(column: pa.Array, time_format: str) -> TextTimes:
    """Python's own strptime, for what Arrow's does not know or tells nothing of."""
    moments = [None if text is None else _moment(text, time_format) for text in column.to_pylist()]
    offsets = [None if each is None else each.utcoffset() for each in moments]
    utc = [None if each is None else each.tzinfo is not None or "+0000" in time_format for each in moments]
    return TextTimes(
        ms=pa.array([None if each is None else _ms(each) for each in moments], pa.int64()),
        utc=pa.array(utc, pa.bool_()),
        offset_minutes=pa.array(
            [None if each is None else round(each.total_seconds() / 60) for each in offsets], pa.int64()
        ),
    )


def _ms(moment: datetime) -> int:
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    since = aware - _EPOCH
    return since.days * 86_400_000 + since.seconds * 1_000 + since.microseconds // 1_000


def _moment(text: str, time_format: str) -> datetime | None:
    try:
        return datetime.strptime(text, time_format)
    except (ValueError, OverflowError):
        return None
