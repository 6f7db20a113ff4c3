"""Values that come together in an item, each set of them numbered once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from interestclock.arrays import with_room

__all__ = ["Sets", "ValueSets"]

# Shapes: N rows, V values of an attribute, G sets, E codes of all sets.

_MOST_ROWS_KNOWN, _UNKNOWN = 200_000, -1


class Sets(NamedTuple):
    """Codes of the values that come together in an item; a code is value * A + attribute."""

    start_G: npt.NDArray[np.integer]
    code_E: npt.NDArray[np.integer]


class ValueSets:
    """Number sets of values from 0 as they first appear; a set stays, however items come and go.

    A code is ``value * A + attribute``; a set is its distinct codes, ascending. There are as many as there
    are combinations of values, not as many as there are items.

    Args:
        attributes: A.

    Example:
        >>> sets = ValueSets(attributes=1)
        >>> sets.numbers([np.array([[2, 5], [5, 2], [0, 0], [2, 2]])]).tolist()
        [0, 0, 1, 2]
        >>> sets.arrays().code_E[:3].tolist()
        [2, 5, 2]
    """

    def __init__(self, *, attributes: int) -> None:
        self._attributes = attributes
        self._number_of: dict[bytes, int] = {}
        # Rows as they come, by their widths, for speed; forgotten when many.
        self._number_of_row: dict[tuple[int, ...], dict[bytes, int]] = {}
        self._start_G, self._code_E = np.zeros(1_024, np.int64), np.zeros(1_024, np.int32)
        self.longest = 1  # codes of the set that has most
        self.codes = 0
        """One more than the largest code of all sets."""

    @property
    def count(self) -> int:
        """How many sets there are."""
        return len(self._number_of)

    def numbers(self, values: list[npt.NDArray[np.integer]]) -> npt.NDArray[np.int32]:
        """The number of each row's set, int32 (N,).

        Args:
            values: value numbers (N, V) per attribute; 0 is none.
        """
        together = np.ascontiguousarray(np.concatenate(values, axis=1), np.int32)
        widths = [each.shape[1] for each in values]
        attribute_V = np.repeat(np.arange(self._attributes), widths).tolist()
        known = self._number_of_row.setdefault(tuple(widths), {})
        raw, size = together.tobytes(), together.shape[1] * together.itemsize
        keys = [raw[first : first + size] for first in range(0, len(raw), size)]
        number_N = [known.get(key, _UNKNOWN) for key in keys]
        for row, number in enumerate(number_N):
            if number == _UNKNOWN:
                if len(known) >= _MOST_ROWS_KNOWN:
                    known.clear()
                number_N[row] = known[keys[row]] = self._number(together[row].tolist(), attribute_V)
        return np.array(number_N, np.int32)

    def arrays(self) -> Sets:
        """All sets, for compiled loops: where each starts, and their codes."""
        return Sets(start_G=self._start_G, code_E=self._code_E)

    def since(self, first: int) -> Sets:
        """The sets from a number on: where each starts, and one number more, and their codes."""
        start_G = self._start_G[first : self.count + 1]
        return Sets(start_G=start_G - start_G[0], code_E=self._code_E[start_G[0] : start_G[-1]].copy())

    def extend(self, code_E: npt.NDArray[np.int32]) -> None:
        """Number one more set, by its codes, ascending."""
        self._add(code_E)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """For a checkpoint."""
        count = len(self._number_of)
        return {"start": self._start_G[: count + 1], "code": self._code_E[: self._start_G[count]]}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self._number_of, self._number_of_row = {}, {}
        start, code = state["start"].tolist(), np.asarray(state["code"])
        for place in range(len(start) - 1):
            self._add(code[start[place] : start[place + 1]])

    def _number(self, row_V: list[int], attribute_V: list[int]) -> int:
        pairs = zip(row_V, attribute_V, strict=True)
        codes = {value * self._attributes + attribute for value, attribute in pairs if value > 0}
        return self._add(np.array(sorted(codes), np.int32))

    def _add(self, codes: npt.NDArray[np.int32]) -> int:
        number = self._number_of.setdefault(codes.tobytes(), len(self._number_of))
        if number == len(self._number_of) - 1:
            self._start_G = with_room(self._start_G, number + 2)
            first = int(self._start_G[number])
            self._code_E = with_room(self._code_E, first + codes.size)
            self._code_E[first : first + codes.size] = codes
            self._start_G[number + 1] = first + codes.size
            self.longest = max(self.longest, codes.size)
            self.codes = max(self.codes, int(codes.max(initial=-1)) + 1)
        return number
