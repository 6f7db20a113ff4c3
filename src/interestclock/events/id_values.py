"""Turn raw columns of ids into integers or text, telling which rows hold something else.

Axes: ``N`` rows, ``P`` bytes of a column of text.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.events.exact_text import exact_floats, exact_text
from interestclock.events.expected import AN_INTEGER_ID
from interestclock.events.limits import NO_ID, TEXT_BYTES, too_long
from interestclock.events.values import Parsed, is_text

__all__ = ["are_integers", "fits_int64", "no_ids", "parse_ids"]

_INTEGER = r"^-?(0|[1-9]\d{0,17})$"
_WRITTEN_AS_FLOAT = r"^(-?\d+)\.0+$"  # as data frames make of integers beside empty places
_DIGITS = 18  # of which int64 holds every number
_LARGEST = pa.scalar((1 << 63) - 1, pa.uint64())


def no_ids(kind: pa.DataType) -> str:
    """Why a column of some type cannot be one of ids."""
    return f"holds {kind}; ids are integers or text"


def are_integers(column: pa.Array) -> pa.Array:
    """Which texts are integers as int64 writes them: ``007``, ``7.0`` and 19 digits are text.

    Args:
        column: (N,) string.

    Returns:
        (N,) bool, without nulls.

    Example:
        >>> are_integers(pa.array(["7", "-12", "007", "", None])).to_pylist()
        [True, True, False, False, False]
    """
    if _are_plain_digits(column):
        return pa.repeat(True, len(column))
    return pc.match_substring_regex(column, _INTEGER).fill_null(False)


def _are_plain_digits(column: pa.Array) -> bool:
    """Whether all are integers without a sign: what most ids are, told without a look at each."""
    if not len(column) or column.null_count or not pa.types.is_string(column.type):
        return False
    _, places, content = column.buffers()
    end_N = np.frombuffer(places, np.int32)[column.offset : column.offset + len(column) + 1]
    size_N = np.diff(end_N)
    if content is None or size_N.min() < 1 or size_N.max() > _DIGITS:
        return False
    code_P = np.frombuffer(content, np.uint8)
    leading_zero_N = (code_P[end_N[:-1]] == ord("0")) & (size_N > 1)
    return bool((code_P[end_N[0] : end_N[-1]] - np.uint8(ord("0")) <= 9).all() and not leading_zero_N.any())


def parse_ids(column: pa.Array, kind: pa.DataType, *, optional: bool = False) -> Parsed:
    """Ids of a settled type.

    An id is no longer than ``limits`` says, and not the number that stands for none.

    Args:
        column: (N,) integers or text. Empty text is no id; where ids are integers, ``104.0`` is one.
        kind: int64 or string.
        optional: a row without one is fine.

    Raises:
        LogError: a column of floats holds numbers so large that it cannot tell them from their neighbours.

    Example:
        >>> parse_ids(pa.array(["7", "u12", ""]), pa.int64()).bad_N.tolist()
        [False, True, True]
    """
    if pa.types.is_integer(kind) and _are_plain_digits(column):
        return Parsed(values=column.cast(kind), bad_N=np.zeros(len(column), bool), expected=AN_INTEGER_ID)
    column = pc.if_else(pc.equal(column, ""), None, column) if is_text(column.type) else column
    if pa.types.is_floating(column.type):
        column = exact_floats(column)
    if pa.types.is_string(kind):
        return _text_ids(column, optional=optional)
    if is_text(column.type):
        column = pc.replace_substring_regex(column, _WRITTEN_AS_FLOAT, r"\1")
        values = pc.if_else(are_integers(column), column, None).cast(pa.int64())
    else:
        values = pc.if_else(fits_int64(column), column, None).cast(pa.int64())
    if not is_text(column.type) and pc.min(values).as_py() == NO_ID:
        values = pc.if_else(pc.equal(values, NO_ID), None, values)
    lost = pc.is_null(column) if not optional else pa.scalar(False)
    bad = pc.or_(lost, pc.and_(pc.is_null(values), pc.is_valid(column)))
    return Parsed(values=values, bad_N=np.asarray(bad), expected=AN_INTEGER_ID)


def _text_ids(column: pa.Array, *, optional: bool) -> Parsed:
    values = exact_text(column)
    bad = pc.is_null(column) if not optional else pa.scalar(False)
    bad = pc.or_(bad, pc.and_(pc.is_null(values), pc.is_valid(column)))
    long = too_long(values)
    if long is None:
        return Parsed(values=values, bad_N=np.asarray(bad), expected="an id")
    expected = f"an id of 1 to {TEXT_BYTES} bytes (of what is longer, for example a digest)"
    return Parsed(
        values=pc.if_else(long, None, values), bad_N=np.asarray(pc.or_(bad, long)), expected=expected
    )


def fits_int64(column: pa.Array) -> pa.Array | bool:
    """Which numbers are integers that int64 holds; True: all.

    Example:
        >>> fits_int64(pa.array([7.0, 7.5])).to_pylist()
        [True, False]
    """
    if pa.types.is_floating(column.type):
        return pc.and_(pc.equal(column, pc.floor(column)), pc.less(pc.abs(column), 2.0**63))
    return pc.less_equal(column, _LARGEST) if pa.types.is_uint64(column.type) else True
