"""Ids become dense numbers in the order in which the stream first shows them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Vocabulary"]

Value = int | str


class Vocabulary:
    """Number the distinct values of one feature from 1 in order of first appearance; 0 is none.

    A number depends only on what came before it in the stream, so the future cannot leak through
    ids. Nulls become 0.

    Example:
        >>> genres = Vocabulary()
        >>> genres.number(pa.array(["rock", None, "jazz", "rock"])).tolist()
        [1, 0, 2, 1]
        >>> genres.number(pa.array(["soul", "jazz"])).tolist(), len(genres)
        ([3, 2], 3)
        >>> genres.values()[1]
        <pyarrow.StringScalar: 'jazz'>
    """

    def __init__(self) -> None:
        self._number_of: dict[Value, int] = {}
        self._values: list[Value] = []

    def __len__(self) -> int:
        return len(self._values)

    def number(self, values: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.int32]:
        """Numbers of the values, int32; values not seen before get the next ones in order."""
        if isinstance(values, pa.ChunkedArray):
            values = values.combine_chunks()
        encoded = pc.dictionary_encode(values)
        numbers = [self._admit(value) for value in encoded.dictionary.to_pylist()]
        by_code = np.array([*numbers, 0], dtype=np.int32)
        code_N = encoded.indices.fill_null(len(numbers)).to_numpy(zero_copy_only=False)
        number_N: npt.NDArray[np.int32] = by_code[code_N]
        return number_N

    def find(self, value: Value) -> int:
        """The number of a value; 0 where it was never numbered."""
        return self._number_of.get(value, 0)

    def values(self, number_R: npt.NDArray[np.integer] | None = None) -> pa.Array:
        """Values of some numbers, or all of them, the one with number 1 first."""
        if number_R is None:
            return pa.array(self._values)
        return pa.array(
            [self._values[each - 1] for each in number_R.tolist()], pa.array(self._values[:1]).type
        )

    def _admit(self, value: Any) -> int:
        if value is None:
            return 0
        number = self._number_of.get(value)
        if number is None:
            self._values.append(value)
            number = self._number_of[value] = len(self._values)
        return number
