"""Values that come together in an item, each set of them numbered once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from interestclock.features.count_arena import Sets

__all__ = ["ValueSets"]

# Shapes: N rows, V values of an attribute, S sets, E codes of all sets.

_MOST_ROWS_KNOWN = 200_000


class ValueSets:
    """Number sets of values from 0; a set stays, however items come and go.

    A code is ``value * A + attribute``; a set is its distinct codes, ascending. There are as many as there
    are combinations of values, not as many as there are items.

    Args:
        attributes: A.

    Example:
        >>> sets = ValueSets(attributes=1)
        >>> sets.numbers([np.array([[2, 5], [5, 2], [0, 0], [2, 2]])]).tolist()
        [2, 2, 0, 1]
        >>> sets.arrays().code_E[:3].tolist()
        [2, 2, 5]
    """

    def __init__(self, *, attributes: int) -> None:
        self._attributes = attributes
        self._number_of: dict[bytes, int] = {}
        self._number_of_row: dict[bytes, int] = {}  # rows as they come, for speed; forgotten when many
        self._start_S, self._code_E = np.zeros(1_024, np.int64), np.zeros(1_024, np.int32)

    def numbers(self, values: list[npt.NDArray[np.integer]]) -> npt.NDArray[np.int32]:
        """The number of each row's set, int32 (N,).

        Args:
            values: value numbers (N, V) per attribute; 0 is none.
        """
        together = np.ascontiguousarray(np.concatenate(values, axis=1), np.int32)
        row_U, of_N = np.unique(together, axis=0, return_inverse=True)
        widths = [each.shape[1] for each in values]
        attribute_V = np.repeat(np.arange(self._attributes), widths)
        shape = np.array(widths, np.int32).tobytes()  # equal bytes of rows of other widths are other rows
        number_U = [self._number(shape + row_V.tobytes(), row_V, attribute_V) for row_V in row_U]
        return np.array(number_U, np.int32)[of_N.reshape(-1)]

    def arrays(self) -> Sets:
        """All sets, for compiled loops: where each starts, and their codes."""
        return Sets(start_S=self._start_S, code_E=self._code_E)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """For a checkpoint."""
        count = len(self._number_of)
        return {"start": self._start_S[: count + 1], "code": self._code_E[: self._start_S[count]]}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self._number_of, self._number_of_row = {}, {}
        start, code = state["start"].tolist(), np.asarray(state["code"])
        for place in range(len(start) - 1):
            self._add(code[start[place] : start[place + 1]])

    def _number(self, key: bytes, row_V: npt.NDArray[np.int32], attribute_V: npt.NDArray[np.integer]) -> int:
        number = self._number_of_row.get(key)
        if number is None:
            if len(self._number_of_row) >= _MOST_ROWS_KNOWN:
                self._number_of_row.clear()
            codes = np.unique((row_V.astype(np.int64) * self._attributes + attribute_V)[row_V > 0])
            number = self._number_of_row[key] = self._add(codes.astype(np.int32))
        return number

    def _add(self, codes: npt.NDArray[np.int32]) -> int:
        number = self._number_of.setdefault(codes.tobytes(), len(self._number_of))
        if number == len(self._number_of) - 1:
            if number + 2 > self._start_S.size:
                self._start_S = np.concatenate([self._start_S, np.zeros_like(self._start_S)])
            first = int(self._start_S[number])
            while first + codes.size > self._code_E.size:
                self._code_E = np.concatenate([self._code_E, np.zeros_like(self._code_E)])
            self._code_E[first : first + codes.size] = codes
            self._start_S[number + 1] = first + codes.size
        return number
