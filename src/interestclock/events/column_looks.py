"""What the columns of a log look like, before anything says what they mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.errors import LogError
from interestclock.events.id_values import are_integers
from interestclock.events.times import parse_times
from interestclock.events.values import is_list, is_text, parse_labels, parse_numbers
from interestclock.timeofday import is_zone

__all__ = ["ColumnLook", "look_at"]

_SAMPLES = 3
_SHOWN_CHARACTERS = 24
_FEW = 50  # values of a column that are tried as times and as zones
_FIRST_LIKELY_MS, _LAST_LIKELY_MS = 631_152_000_000, 4_102_444_800_000  # 1990 and 2100


@dataclass(frozen=True, kw_only=True)
class ColumnLook:
    """A column as it looks.

    Args:
        name: its own. written_as: its type; ``text file`` where it has none.
        reads_as: ``0 and 1``, ``integers``, ``numbers``, ``times``, ``time zones``, ``lists``, ``text`` or
            ``nothing``.
        missing: share of rows without a value. distinct: how many values it has; of lists, how many rows.
        samples: its first few values, shortened.
        zone: that its type names, if it does. with_offsets: its times carry their offsets.

    Example:
        >>> look_at("liked", pa.array(["1", "0", ""]), typed=False).reads_as
        '0 and 1'
    """

    name: str
    written_as: str
    reads_as: str
    missing: float
    distinct: int
    samples: tuple[str, ...]
    zone: str | None = None
    with_offsets: bool = False


def look_at(name: str, values: pa.Array, *, typed: bool) -> ColumnLook:
    """What a column looks like.

    Args:
        name: its own. values: plain ones. typed: its type says something, as it does not in a text file.

    Example:
        >>> look = look_at("uid", pa.array([7, 9, 7, None]), typed=True)
        >>> look.reads_as, look.missing, look.distinct, look.samples
        ('integers', 0.25, 2, ('7', '9'))
    """
    given = _given(values)
    distinct = given if pa.types.is_nested(values.type) else pc.unique(given)
    tz = getattr(values.type, "tz", None)
    reads_as, with_offsets = _reads_as(distinct)
    return ColumnLook(
        name=name,
        written_as=str(values.type) if typed else "text file",
        reads_as=reads_as,
        missing=1 - len(given) / len(values) if len(values) else 0.0,
        distinct=len(distinct),
        samples=tuple(_short(str(each)) for each in distinct.slice(0, _SAMPLES).to_pylist()),
        zone=None if tz in (None, "UTC", "Etc/UTC", "+00:00") else tz,
        with_offsets=with_offsets,
    )


def _given(values: pa.Array) -> pa.Array:
    """Those that are there."""
    given = values.filter(pc.invert(pc.is_null(values, nan_is_null=not pa.types.is_nested(values.type))))
    if not is_text(values.type):
        return given
    return given.filter(pc.not_equal(pc.utf8_trim_whitespace(given), ""))


def _reads_as(distinct: pa.Array) -> tuple[str, bool]:
    """What values are, and whether they are times that carry their offsets."""
    kind = distinct.type
    if is_list(kind):
        return "lists", False
    if not len(distinct):
        return "nothing", False
    if _are_labels(distinct):
        return "0 and 1", False
    if pa.types.is_temporal(kind) or (times := _times(distinct)) == "times":
        return "times", False
    return ("times", True) if times else (_of_text(distinct) if is_text(kind) else _of_numbers(kind), False)


def _of_numbers(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind):
        return "integers"
    return "numbers" if pa.types.is_floating(kind) or pa.types.is_decimal(kind) else "text"


def _are_labels(distinct: pa.Array) -> bool:
    try:
        return not parse_labels(distinct).bad_N.any()
    except LogError:
        return False


def _times(distinct: pa.Array) -> str:
    """Whether the first of them are times that a log may have, and carry their offsets; empty if not."""
    try:
        moments = parse_times(distinct.slice(0, _FEW), unit="auto")
    except (LogError, pa.ArrowException):
        return ""
    likely_N = (moments.ms_N >= _FIRST_LIKELY_MS) & (moments.ms_N < _LAST_LIKELY_MS)
    if not (likely_N & moments.valid_N).all():
        return ""
    return "with offsets" if np.all(moments.offset_given_N) else "times"


def _of_text(distinct: pa.Array) -> str:
    if pc.all(are_integers(distinct)).as_py():
        return "integers"
    if not parse_numbers(distinct).bad_N.any():
        return "numbers"
    some = distinct.slice(0, _FEW).to_pylist()
    return "time zones" if all("/" in each and is_zone(each) for each in some) else "text"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 3]}..."
