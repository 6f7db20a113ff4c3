"""Turn raw columns into the event table's types, telling which rows hold something else; ids: ``id_values``.

Axes: ``N`` rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.errors import LogError
from interestclock.events.exact_text import exact_text
from interestclock.events.expected import A_LABEL, A_LIST, A_NUMBER, A_QUANTITY
from interestclock.events.limits import TEXT_BYTES, too_long
from interestclock.events.message_types import LARGEST_FLOAT32
from interestclock.events.written_lists import split_texts

__all__ = [
    "Parsed",
    "is_list",
    "is_text",
    "parse_categorical",
    "parse_labels",
    "parse_lists",
    "parse_numbers",
    "parse_quantities",
]

_NUMBER = r"^\s*([-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|(?i:nan))\s*$"
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
    return Parsed(values=values, bad_N=bad_N, expected=A_LABEL)


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
    return Parsed(values=values, bad_N=np.asarray(pc.or_(infinite, unread)), expected=A_NUMBER)


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
        expected=A_QUANTITY,
        quoted=True,
    )


def parse_categorical(column: pa.Array, *, most_bytes: int = TEXT_BYTES) -> Parsed:
    """One value per row as text; empty text is missing, and what is longer than ``most_bytes`` bad.

    Example:
        >>> parse_categorical(pa.array([3, None])).values.to_pylist()
        ['3', None]
    """
    values = exact_text(column)
    values = pc.if_else(pc.equal(values, ""), None, values)
    long = too_long(values, most_bytes)
    bad_N = np.zeros(len(values), bool) if long is None else np.asarray(long)
    return Parsed(values=values, bad_N=bad_N, expected=f"text of at most {most_bytes:,} bytes")


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
        single = exact_text(column)
        values = pa.ListArray.from_arrays(np.arange(len(single) + 1, dtype=np.int32), single)
    values = _without_empty(values, trim=separator is not None)
    long = too_long(values.flatten())
    if long is None:
        return Parsed(values=values, bad_N=bad_N, expected=A_LIST)
    bad_N = bad_N.copy()
    bad_N[np.asarray(pc.filter(pc.list_parent_indices(values), long))] = True
    return Parsed(values=values, bad_N=bad_N, expected=f"{A_LIST}, each of at most {TEXT_BYTES} bytes")


def _without_empty(lists: pa.Array, *, trim: bool) -> pa.ListArray:
    """Drop null and empty values; null lists become empty."""
    row = pc.list_parent_indices(lists)
    value = exact_text(pc.list_flatten(lists))
    value = pc.utf8_trim_whitespace(value) if trim else value
    keep = pc.not_equal(value, "").fill_null(False)
    lengths = np.bincount(np.asarray(pc.filter(row, keep)), minlength=len(lists))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, pc.filter(value, keep))
