"""Sixteen scores compared at once, in compiled loops.

A loop that asks each score whether it is kept misses a branch at almost every one that is, and compilers do
not find the vector comparison that answers for sixteen. So it is handed to LLVM as what it is, and becomes
what the processor has for it, on any processor.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic

__all__ = ["LANES", "lowest_bit", "reached_lanes"]

LANES = 16
_INT32 = ir.IntType(32)
_SCORES = ir.VectorType(ir.FloatType(), LANES)
_UNSET = ir.Constant(_SCORES, ir.Undefined)
_FLOAT_BYTES = 4


@intrinsic
def reached_lanes(typing: Any, left_L: Any, right_L: Any, first: Any, bound: Any) -> Any:  # noqa: ARG001
    """Which of the sums of two arrays reach a bound, for sixteen places at once: bit i of a uint32.

    Place i is ``left_L[first + i] + right_L[first + i]``.

    Args:
        left_L, right_L: contiguous float32 of at least ``first`` + ``LANES`` numbers; nothing checks that.
        first: an index. bound: float32; NaN never reaches it.

    Raises:
        TypingError: when compiled: an array is of another type, or has gaps.
    """
    for array in (left_L, right_L):
        if not (isinstance(array, types.Array) and array.dtype == types.float32 and array.layout == "C"):
            raise TypingError(f"reached_lanes reads contiguous float32 arrays, not {array}")
    return types.uint32(left_L, right_L, types.intp, types.float32), _compare


def _compare(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    left, right, first, bound = arguments
    sums = [
        _sixteen(context.make_array(kind)(context, builder, array).data, builder, first)
        for kind, array in zip(signature.args, (left, right), strict=False)
    ]
    one = builder.insert_element(_UNSET, bound, ir.Constant(_INT32, 0))
    bounds = builder.shuffle_vector(one, _UNSET, ir.Constant(ir.VectorType(_INT32, LANES), [0] * LANES))
    reached = builder.fcmp_ordered(">=", builder.fadd(*sums), bounds)
    return builder.zext(builder.bitcast(reached, ir.IntType(LANES)), _INT32)


def _sixteen(floats: Any, builder: Any, first: Any) -> Any:
    loaded = builder.load(builder.bitcast(builder.gep(floats, [first]), _SCORES.as_pointer()))
    loaded.align = _FLOAT_BYTES
    return loaded


@intrinsic
def lowest_bit(typing: Any, bits: Any) -> Any:  # noqa: ARG001
    """The place of the lowest bit that is set in a uint32; of 0, nothing in particular."""
    return types.uint32(types.uint32), _trailing_zeros


def _trailing_zeros(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
    return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))
