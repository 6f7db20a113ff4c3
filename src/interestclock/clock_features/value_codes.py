"""The values of all attributes that clocks count, each as one number, in the order of their names."""

from __future__ import annotations

from copy import copy

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.arrays import with_room

__all__ = ["ValueCodes"]

# Shapes: X codes, R values of one attribute.


class ValueCodes:
    """A code is ``value * A + attribute``, its place among the attributes; value 0 is none.

    Args:
        attributes: those that clocks count.

    Example:
        >>> codes = ValueCodes(("mood", "genre"))
        >>> codes.name("genre", pa.array(["soul", "rock"]))
        >>> codes.count, codes.attribute_X.tolist(), codes.value_X.tolist()
        (6, [0, 1, 0, 1, 0, 1], [0, 0, 1, 1, 2, 2])
        >>> codes.order_X.tolist()  # rock, genre's second value, is before soul
        [0, 0, 0, 1, 0, 0]
    """

    def __init__(self, attributes: tuple[str, ...]) -> None:
        self.attributes = attributes
        self._names = {name: pa.array([], pa.string()) for name in attributes}
        self.order_X = np.zeros(len(attributes), np.int32)
        """Each code's place in the bytewise order of its attribute's values."""
        self._split()

    @property
    def count(self) -> int:
        """Codes of all values that have a name, and of none."""
        return (max(map(len, self._names.values())) + 1) * len(self.attributes)

    def named(self, attribute: str) -> int:
        """How many of an attribute's values have a name."""
        return len(self._names[attribute])

    def name(self, attribute: str, values: pa.Array) -> None:
        """Say what an attribute's values are called.

        Args:
            values: all so far, the one with number n at n - 1; they only grow.

        Raises:
            ValueError: there are fewer than before, or one is null.
        """
        before = len(self._names[attribute])
        if len(values) < before or values.null_count:
            raise ValueError(
                f"{attribute} has {len(values)} values, {values.null_count} of them null, after {before}; "
                "give all values so far, in the order of their numbers"
            )
        if len(values) == before:
            return
        self._names[attribute] = values
        self.order_X = with_room(self.order_X, self.count)
        self._split()
        number_R = pc.sort_indices(values.cast(pa.large_binary())).to_numpy() + 1
        place = self.attributes.index(attribute)
        self.order_X[number_R * len(self.attributes) + place] = np.arange(len(values))

    def copy(self) -> ValueCodes:
        """The same, to grow apart."""
        twin = copy(self)
        twin._names, twin.order_X = dict(self._names), self.order_X.copy()
        return twin

    def _split(self) -> None:
        """The value and the attribute that each code stands for."""
        code_X: npt.NDArray[np.int32] = np.arange(self.order_X.size, dtype=np.int32)
        self.value_X, self.attribute_X = np.divmod(code_X, np.int32(len(self.attributes)))
