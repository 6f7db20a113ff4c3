"""A quote that is left open takes in the rows below it: found, so that they are not lost without a word."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow.compute as pc

from interestclock.errors import LogError
from interestclock.events.raw_tables import RawBlock

__all__ = ["check_spans", "refuse_swallowed"]

_FEW_LINES = 10
_REMEDY = "close it, or give quoted = false under [csv] if quotes are part of the values"


def check_spans(block: RawBlock) -> None:
    """Refuse a malformed row of many lines.

    Raises:
        LogError: names the first of them.

    Example:
        >>> from pathlib import Path
        >>> import numpy as np, pyarrow as pa
        >>> from interestclock.events.raw_tables import MalformedLine
        >>> line = MalformedLine(row=7, reason="3 columns expected, 2 found", text="a,b\\n" * 40)
        >>> none = pa.table({"u": []})
        >>> check_spans(RawBlock(path=Path("a.csv"), table=none, row_N=np.arange(0), typed=False,
        ...     malformed=[line]))
        Traceback (most recent call last):
        interestclock.errors.LogError: a.csv, row 7: takes in 40 lines (3 columns expected, 2 found), as a
        quote that is left open does; close it, or give quoted = false under [csv] if quotes are part
        of the values
    """
    for line in block.malformed:
        if line.lines > _FEW_LINES:
            raise LogError(
                f"{block.path}, row {line.row}: takes in {line.lines:,} lines ({line.reason}), as a quote "
                f"that is left open does; {_REMEDY}"
            )


def refuse_swallowed(blocks: Iterable[RawBlock], delimiter: str) -> None:
    """Refuse a value of many lines that are rows; a text of many lines is none.

    Args:
        blocks: of a file, all its columns. delimiter: between values.

    Raises:
        LogError: names the first such row.
    """
    for block in blocks:
        for column in block.table.columns:
            breaks = pc.count_substring(column, "\n")
            for at in pc.indices_nonzero(pc.greater(breaks, _FEW_LINES).fill_null(False)).to_pylist():
                rows = _rows_in(column[at].as_py(), delimiter, block.table.num_columns)
                if rows > _FEW_LINES:
                    raise LogError(
                        f"{block.path}, row {block.row_N[at]}: a quote takes in the {rows:,} rows below it; "
                        f"{_REMEDY}"
                    )


def _rows_in(value: str, delimiter: str, columns: int) -> int:
    """How many lines of a value are rows of the file, where most are."""
    lines = value.split("\n")[1:]
    rows = sum(line.count(delimiter) == columns - 1 for line in lines)
    return rows if 2 * rows >= len(lines) else 0
