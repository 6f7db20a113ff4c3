"""Turn raw columns into the event table's types, telling which rows hold something else.

Axes: ``N`` rows, ``P`` bytes of a column of text.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.errors import LogError
from interestclock.events.message_types import LARGEST_FLOAT32
from interestclock.events.written_lists import split_texts

__all__ = [
    "Parsed",
    "are_integers",
    "fits_int64",
    "is_list",
    "is_text",
    "no_ids",
    "parse_categorical",
    "parse_ids",
    "parse_labels",
    "parse_lists",
    "parse_numbers",
    "parse_quantities",
]

_INTEGER = r"^-?(0|[1-9]\d{0,17})$"
_DIGITS = 18  # of which int64 holds every number
_LARGEST = pa.scalar((1 << 63) - 1, pa.uint64())
_EXACT_BELOW = {"float64": 2.0**53, "float32": 2.0**24, "float16": 2.0**11}
_NUMBER = r"^\s*([-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|(?i:nan))\s*$"
_INTEGER_ID = "an id (an integer)"
_A_LIST = 'one value, or a list of single values such as [1, 9] or ["rock", "x"]'
_ONES, _ZEROS = ("1", "1.0", "true", "True", "TRUE"), ("0", "0.0", "false", "False", "FALSE")
_TRUTHS = dict.fromkeys(_ONES, 1) | dict.fromkeys(_ZEROS, 0)
_LABEL_KEYS = pa.array(list(_TRUTHS))
_LABEL_VALUES = pa.array(list(_TRUTHS.values()), pa.int8())


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """A column in its final type.

    Args:
        values: (N,) null where the row is bad or empty.
        bad_N: (N,) bool: the row cannot be used.
        expected: what would have been right, for the message.
        quoted: the message quotes the value, which could pass for a right one.

    Example:
        >>> parse_labels(pa.array(["1", "2"])).bad_N.tolist()
        [False, True]
    """

    values: pa.Array
    bad_N: npt.NDArray[np.bool_]
    expected: str
    quoted: bool = False


def is_text(kind: pa.DataType) -> bool:
    """Whether a column holds text.

    Example:
        >>> is_text(pa.large_string()), is_text(pa.int64())
        (True, False)
    """
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def is_list(kind: pa.DataType) -> bool:
    """Whether a column holds lists, in any of Arrow's layouts.

    Example:
        >>> is_list(pa.list_(pa.string(), 2)), is_list(pa.list_view(pa.int8())), is_list(pa.string())
        (True, True, False)
    """
    return any(
        of_kind(kind)
        for of_kind in (
            pa.types.is_list,
            pa.types.is_large_list,
            pa.types.is_fixed_size_list,
            pa.types.is_list_view,
            pa.types.is_large_list_view,
        )
    )


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

    Args:
        column: (N,) integers or text. Empty text is no id.
        kind: int64 or string.
        optional: a row without one is fine.

    Raises:
        LogError: a column of floats holds numbers so large that it cannot tell them from their neighbours.

    Example:
        >>> parse_ids(pa.array(["7", "u12", ""]), pa.int64()).bad_N.tolist()
        [False, True, True]
    """
    if pa.types.is_integer(kind) and _are_plain_digits(column):
        return Parsed(values=column.cast(kind), bad_N=np.zeros(len(column), bool), expected=_INTEGER_ID)
    column = pc.if_else(pc.equal(column, ""), None, column) if is_text(column.type) else column
    if pa.types.is_floating(column.type):
        column = _exact_floats(column)
    if pa.types.is_string(kind):
        values = _as_text(column)
    elif is_text(column.type):
        values = pc.if_else(are_integers(column), column, None).cast(pa.int64())
    else:
        values = pc.if_else(fits_int64(column), column, None).cast(pa.int64())
    lost = pc.is_null(column) if not optional else pa.scalar(False)
    bad = pc.or_(lost, pc.and_(pc.is_null(values), pc.is_valid(column)))
    expected = _INTEGER_ID if pa.types.is_integer(kind) else "an id"
    return Parsed(values=values, bad_N=np.asarray(bad), expected=expected)


def _exact_floats(column: pa.Array) -> pa.Array:
    """Floats as float64; refused where the type holds only some of the whole numbers of their size."""
    kind = f"float{column.type.bit_width}"
    exact_below = _EXACT_BELOW[kind]
    numbers = column.cast(pa.float64())
    size = pc.abs(numbers)
    merged = pc.filter(numbers, pc.and_(pc.greater_equal(size, exact_below), pc.is_finite(size)))
    if len(merged):
        raise LogError(
            f"holds {merged[0].as_py():.0f} as {kind}, which tells whole numbers apart only below "
            f"{exact_below:,.0f}: different ids may be one there; write them again from where they are "
            "whole, as integers or text"
        )
    return numbers


def fits_int64(column: pa.Array) -> pa.Array | bool:
    """Which numbers are integers that int64 holds; True: all.

    Example:
        >>> fits_int64(pa.array([7.0, 7.5])).to_pylist()
        [True, False]
    """
    if pa.types.is_floating(column.type):
        return pc.and_(pc.equal(column, pc.floor(column)), pc.less(pc.abs(column), 2.0**63))
    return pc.less_equal(column, _LARGEST) if pa.types.is_uint64(column.type) else True


def parse_labels(column: pa.Array) -> Parsed:
    """0, 1, true or false as int8; null or empty text is a missing label; all else is bad.

    Example:
        >>> parse_labels(pa.array([True, None])).values.to_pylist()
        [1, None]
    """
    missing = pc.is_null(column, nan_is_null=True)
    if is_text(column.type):
        missing = pc.or_(missing, pc.equal(column, "").fill_null(False))
        found = pc.index_in(column.cast(pa.string()), value_set=_LABEL_KEYS)
        values = pc.take(_LABEL_VALUES, found)
    elif pa.types.is_boolean(column.type):
        values = column.cast(pa.int8())
    elif pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        column = column.cast(pa.float32()) if pa.types.is_float16(column.type) else column  # has no equal
        one, zero = (pa.scalar(value, column.type) for value in (1, 0))  # of its type: 2^63 and above compare
        binary = pc.or_(pc.equal(column, one), pc.equal(column, zero))
        values = pc.if_else(binary, column, None).cast(pa.int8())
    elif pa.types.is_null(column.type):
        values = pa.nulls(len(column), pa.int8())
    else:
        raise LogError(f"holds {column.type}; labels are 0, 1, true, false or empty")
    bad_N = np.asarray(pc.and_not(pc.is_null(values), missing))
    return Parsed(values=values, bad_N=bad_N, expected="0, 1, true, false or empty")


def parse_numbers(column: pa.Array) -> Parsed:
    """Quantities as float64; null, NaN and empty text are missing; text and infinities are bad.

    Example:
        >>> parse_numbers(pa.array(["1.5", "", "much"])).bad_N.tolist()
        [False, False, True]
    """
    if is_text(column.type):
        column = pc.if_else(pc.equal(column, ""), None, column.cast(pa.string()))
        number = pc.match_substring_regex(column, _NUMBER)
        values = pc.if_else(number, pc.utf8_trim_whitespace(column), None).cast(pa.float64())
    elif pa.types.is_nested(column.type) or pa.types.is_temporal(column.type):
        raise LogError(f"holds {column.type}; expected numbers")
    else:
        values = column.cast(pa.float64(), safe=False)  # a quantity: beyond 2^53 the nearest will do
    unread = pc.and_(pc.is_null(values), pc.is_valid(column)) if is_text(column.type) else pa.scalar(False)
    values = pc.if_else(pc.is_nan(values), None, values)
    infinite = pc.is_inf(values).fill_null(False)
    return Parsed(
        values=values, bad_N=np.asarray(pc.or_(infinite, unread)), expected="a finite number or empty"
    )


def parse_quantities(column: pa.Array) -> Parsed:
    """What a ranker reads as float32: numbers as ``parse_numbers`` has them, none beyond it.

    Example:
        >>> parse_quantities(pa.array([-1.5, 1e39, None])).bad_N.tolist()
        [False, True, False]
    """
    parsed = parse_numbers(column)
    beyond = pc.greater(pc.abs(parsed.values), LARGEST_FLOAT32).fill_null(False)
    return Parsed(
        values=parsed.values,
        bad_N=parsed.bad_N | np.asarray(beyond),
        expected="a finite number within float32 (3.4e38 in size) or empty",
        quoted=True,
    )


def parse_categorical(column: pa.Array) -> Parsed:
    """One value per row as text; empty text is missing.

    Example:
        >>> parse_categorical(pa.array([3, None])).values.to_pylist()
        ['3', None]
    """
    values = _as_text(column)
    values = pc.if_else(pc.equal(values, ""), None, values)
    return Parsed(values=values, bad_N=np.zeros(len(values), bool), expected="text")


def parse_lists(column: pa.Array, separator: str | None) -> Parsed:
    """Any number of values per row as list<string>; null and empty text are the empty list.

    Args:
        column: (N,) lists of any layout, or single values; text in brackets is a list (``split_texts``),
            other text is split at the separator, each part trimmed.
        separator: None: text is one value.

    Example:
        >>> parse_lists(pa.array(["pop | rock", "", None, "[1, 9]"]), "|").values.to_pylist()
        [['pop', 'rock'], [], [], ['1', '9']]
    """
    bad_N = np.zeros(len(column), bool)
    if is_list(column.type):
        values = column
    elif is_text(column.type):
        values, bad_N = split_texts(column.cast(pa.string()), separator)
    else:
        single = _as_text(column)
        values = pa.ListArray.from_arrays(np.arange(len(single) + 1, dtype=np.int32), single)
    values = _without_empty(values, trim=separator is not None)
    return Parsed(values=values, bad_N=bad_N, expected=_A_LIST)


def _as_text(column: pa.Array) -> pa.Array:
    if pa.types.is_nested(column.type):
        raise LogError(f"holds {column.type}; expected one value per row")
    if not pa.types.is_floating(column.type):
        return column.cast(pa.string())
    numbers = _exact_floats(column)
    whole = pc.equal(numbers, pc.floor(numbers)).fill_null(False)
    integers = pc.if_else(pc.and_(whole, pc.is_finite(numbers)), numbers, None).cast(pa.int64())
    return pc.coalesce(integers.cast(pa.string()), column.cast(pa.string()))  # 1e15 as an integer has it


def _without_empty(lists: pa.Array, *, trim: bool) -> pa.ListArray:
    """Drop null and empty values; null lists become empty."""
    row = pc.list_parent_indices(lists)
    value = _as_text(pc.list_flatten(lists))
    value = pc.utf8_trim_whitespace(value) if trim else value
    keep = pc.not_equal(value, "").fill_null(False)
    lengths = np.bincount(np.asarray(pc.filter(row, keep)), minlength=len(lists))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, pc.filter(value, keep))
