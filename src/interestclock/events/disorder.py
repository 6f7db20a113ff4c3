"""What to do about rows that are further out of order than was allowed."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa

from interestclock.errors import LogError
from interestclock.events.mapping import ColumnMapping
from interestclock.events.raw_tables import RawBlock
from interestclock.events.reorder import SORT_IT, at_least
from interestclock.events.times import parse_times
from interestclock.events.values import is_text
from interestclock.timeofday import DAY_MS

__all__ = ["Disorder"]

_SHOWN = 3
_FIRST_LIKELY_MS, _LAST_LIKELY_MS = 631_152_000_000, 4_102_444_800_000  # 1990 and 2100


class Disorder:
    """Says how to sort a frame, and of rows that are days out of order what the columns look like.

    Args:
        block: the log's first. mapping: what its columns mean.

    Example:
        >>> from pathlib import Path
        >>> columns = pa.table({"user_id": ["1700000000", "1700000060"], "item_id": ["9", "8"],
        ...     "timestamp_ms": ["1700000007", "5"]})
        >>> block = RawBlock(path=Path("a.csv"), table=columns, row_N=np.array([1, 2]), typed=False)
        >>> disorder = Disorder(block, ColumnMapping(zone="UTC"))
        >>> disorder.remedy(60_000) is None
        True
        >>> print(disorder.remedy(3 * 86_400_000))
        No event is late by 3 days, 0:00:00: the log is not in order of time. Sort it first: duckdb -c ...
    """

    def __init__(self, block: RawBlock, mapping: ColumnMapping) -> None:
        self._mapping, self._sort_frame = mapping, _sort_frame(block, mapping.time)
        self._sort_it = self._sort_frame or SORT_IT
        rows = pa.array(np.arange(min(_SHOWN, block.table.num_rows)))
        self._first = {
            name: block.table.column(name).take(rows).combine_chunks()
            for name in (mapping.time, mapping.user, mapping.item)
        }

    def remedy(self, gap_ms: int) -> str | None:
        """What to do about a row so far behind the newest; None, of a file: it may be late, as some are."""
        if gap_ms <= DAY_MS:
            return self._sort_or_allow(gap_ms)
        shown = ", ".join(f"'{name}' holds {self._some(name)}" for name in self._first)
        likely = [name for name in self._first if name != self._mapping.time and self._are_times(name)]
        if likely and not self._are_times(self._mapping.time):
            other = (
                f"'{likely[0]}' reads as times, and '{self._mapping.time}' does not: are they interchanged?"
            )
        else:
            other = f"If '{self._mapping.time}' is not its time, name another column (--time)."
        return (
            f"No event is late by {timedelta(milliseconds=gap_ms)}: the log is not in order of time. Sort it "
            f"first: {self._sort_it}. {other} {shown}"
        )

    def _sort_or_allow(self, gap_ms: int) -> str | None:
        """Of a frame: it is sorted by a word; what its first late row asks for rarely does for the rest."""
        if self._sort_frame is None:
            return None
        return (
            f"Sort it by time first: {self._sort_frame}. If its rows stand as they arrived, and some late, "
            f"allow for that ({at_least(gap_ms)})"
        )

    def _some(self, name: str) -> str:
        return ", ".join(map(str, self._first[name].to_pylist()))

    def _are_times(self, name: str) -> bool:
        """Whether all of the first values are times that a log may have."""
        try:
            unit = self._mapping.time_unit
            moments = parse_times(self._first[name], unit=unit, time_format=self._mapping.time_format)
        except (LogError, pa.ArrowException):
            return False
        likely_N = (moments.ms_N >= _FIRST_LIKELY_MS) & (moments.ms_N < _LAST_LIKELY_MS)
        return bool((likely_N & moments.valid_N).all())


def _sort_frame(block: RawBlock, time: str) -> str | None:
    """How to, by the frame's own library, which keeps ties as they are; None of what is no frame."""
    sort = {
        "pandas DataFrame": f"data.sort_values({time!r}, kind='stable')",
        "polars DataFrame": f"data.sort({time!r}, maintain_order=True)",
        "polars LazyFrame": f"data.sort({time!r}, maintain_order=True)",
        "pyarrow Table": f"data.sort_by({time!r})",
    }.get(str(block.path))
    if sort is None or not is_text(block.table.column(time).type):
        return sort
    return f"make times of '{time}', as it is text and sorts as text, then {sort}"
