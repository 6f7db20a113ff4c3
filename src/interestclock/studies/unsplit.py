"""Text that looks like several values in one, as where a log's separator was not named."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["UnsplitText"]

_SEPARATORS = ("|", ";", ",")
_GOOD_PART = 0.25


class UnsplitText:
    """Counts the values of a column that hold a usual separator.

    Example:
        >>> text = UnsplitText()
        >>> text.add(pa.array([["pop|rock"], ["jazz"], []]))
        >>> text.separator()
        '|'
    """

    def __init__(self) -> None:
        self._values = 0
        self._holding = dict.fromkeys(_SEPARATORS, 0)
        self._ever_several = False

    def add(self, lists: pa.ListArray) -> None:
        """Count the values of some rows, list<string>."""
        several = pc.any(pc.greater(pc.list_value_length(lists), 1)).as_py()
        self._ever_several = self._ever_several or bool(several)
        values = pc.list_flatten(lists)
        self._values += len(values)
        for separator in _SEPARATORS:
            self._holding[separator] += pc.sum(pc.match_substring(values, separator)).as_py() or 0

    def separator(self) -> str | None:
        """What a good part of the values hold, if no row has several values; else None."""
        likeliest = max(_SEPARATORS, key=lambda separator: self._holding[separator])
        held = self._holding[likeliest]
        return likeliest if not self._ever_several and held and held >= _GOOD_PART * self._values else None
