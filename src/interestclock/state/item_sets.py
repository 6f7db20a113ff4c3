"""Which set of clock values an item had when it was shown: what a vote for it counts towards."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from interestclock.arrays import with_room
from interestclock.clock_features import UserVotes
from interestclock.state.item_descriptions import Descriptions
from interestclock.state.item_values import ItemValues
from interestclock.timeofday import BEFORE_ALL_MS

__all__ = ["ItemSets"]

# Shapes: N exposures, S items by slot, R some items, V values.

IntArray = npt.NDArray[np.integer]


class ItemSets:
    """Sets of values as ``UserVotes`` numbers them, of items that ``ItemValues`` describes.

    Args:
        values: what items are. votes: that number sets; None where the log names no clock attribute, and all
            sets are 0. attributes: clock attributes.

    Example:
        >>> sets = ItemSets(ItemValues((), None), votes=None, attributes=())
        >>> sets.reach(5)
        >>> sets.of(np.array([4, 2]), np.array([0, 0])).tolist()
        [0, 0]
    """

    def __init__(self, values: ItemValues, *, votes: UserVotes | None, attributes: tuple[str, ...]) -> None:
        self._values, self._votes, self._attributes = values, votes, attributes
        self._set_S = np.zeros(1, np.int32)  # that each item had at first

    def reach(self, items: int) -> None:
        """Have an entry for each slot below ``items``."""
        self._set_S = with_room(self._set_S, items)

    def describe(self, descriptions: Descriptions | None) -> None:
        """Describe items that are new, and those of which something is said; None: there are none."""
        if descriptions is None:
            return
        descriptions = self._values.with_table(descriptions)
        value_RV = self._values.describe(descriptions)
        if self._votes is not None:
            self._name_values(self._votes)
            set_R = self._votes.sets.numbers([value_RV[name] for name in self._attributes])
            self._set_S[descriptions.item_R[descriptions.first_R]] = set_R[descriptions.first_R]

    def of(self, item_N: IntArray, timestamp_ms_N: IntArray) -> npt.NDArray[np.int32]:
        """The set of clock values that each item had when it was shown.

        Args:
            item_N: slots. timestamp_ms_N: UTC milliseconds.
        """
        set_N: npt.NDArray[np.int32] = self._set_S[item_N]
        changed = np.flatnonzero(self._values.changes.changed(item_N))
        if self._votes is not None and changed.size:
            at_ms = np.asarray(timestamp_ms_N[changed], np.int64)
            set_N[changed] = self._votes.sets.numbers(
                [self._values.of(name, item_N[changed], at_ms=at_ms) for name in self._attributes]
            )
        return set_N

    def renew(self, item_R: IntArray) -> None:
        """What these items were at first, as far as anybody can ask, is another now."""
        if item_R.size and self._votes is not None:
            self.reach(int(item_R.max()) + 1)
            self._set_S[item_R] = self._votes.sets.numbers(
                [self._values.of(name, item_R, at_ms=BEFORE_ALL_MS) for name in self._attributes]
            )

    def make(self, item_R: IntArray) -> None:
        """Make all that is known here of values and votes that were just restored."""
        if self._votes is not None:
            self._name_values(self._votes)
            self.renew(item_R)

    def _name_values(self, votes: UserVotes) -> None:
        for name in self._attributes:
            if len(self._values.vocabularies[name]) != votes.values_named(name):
                votes.name_values(name, self._values.named(name))
