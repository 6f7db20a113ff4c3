"""Values as text, whatever type held them: equal ones are written the same, different ones differently.

Axes: ``N`` rows.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from interestclock.errors import LogError

__all__ = ["exact_floats", "exact_text"]

_EXACT_BELOW = {"float64": 2.0**53, "float32": 2.0**24, "float16": 2.0**11}


def exact_text(column: pa.Array) -> pa.Array:
    """Single values of any type as text: 7 and 7.0 are one value, so both are ``7``; NaN is missing.

    Args:
        column: (N,) of a type that is not nested.

    Raises:
        LogError: the type is nested, or of floats of which one is so large that its text would be another's.

    Example:
        >>> exact_text(pa.array([7.0, 7.5, float("nan"), None])).to_pylist()
        ['7', '7.5', None, None]
    """
    if pa.types.is_nested(column.type):
        raise LogError(f"holds {column.type}; expected one value per row")
    if not pa.types.is_floating(column.type):
        return column.cast(pa.string())
    column = pc.if_else(pc.is_nan(column), None, column)
    numbers = exact_floats(column)
    whole = pc.equal(numbers, pc.floor(numbers)).fill_null(False)
    integers = pc.if_else(pc.and_(whole, pc.is_finite(numbers)), numbers, None).cast(pa.int64())
    return pc.coalesce(integers.cast(pa.string()), column.cast(pa.string()))  # 1e15 as an integer has it


def exact_floats(column: pa.Array) -> pa.Array:
    """Floats as float64; refused where the type holds only some of the whole numbers of their size.

    Args:
        column: (N,) float16, float32 or float64.

    Raises:
        LogError: a number is so large that its type cannot tell it from its neighbours.

    Example:
        >>> exact_floats(pa.array([7.0, None], pa.float32())).to_pylist()
        [7.0, None]
    """
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
