"""Columns that a label's expression takes for numbers."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from interestclock.events.expected import AN_OPERAND
from interestclock.events.values import Parsed, is_text, parse_numbers

__all__ = ["parse_operands"]

_TRUTHS = {"true": "1", "True": "1", "TRUE": "1", "false": "0", "False": "0", "FALSE": "0"}
_WORDS, _NUMBERS = pa.array(list(_TRUTHS)), pa.array(list(_TRUTHS.values()))


def parse_operands(column: pa.Array) -> Parsed:
    """Numbers as ``parse_numbers`` has them; true is 1 and false 0, as text, too.

    Example:
        >>> parse_operands(pa.array(["4", "true", "False", "", "four"])).values.to_pylist()
        [4.0, 1.0, 0.0, None, None]
    """
    if is_text(column.type):
        column = column.cast(pa.string())
        column = pc.coalesce(_NUMBERS.take(pc.index_in(column, value_set=_WORDS)), column)
    return replace(parse_numbers(column), expected=AN_OPERAND)
