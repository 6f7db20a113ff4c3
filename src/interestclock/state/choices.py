"""What everyone chose, in the order in which it became known: what else could have been chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from interestclock.arrays import Arrays, with_room
from interestclock.histories import Behaviours
from interestclock.histories.blocks import KNOWN, UserBlocks

__all__ = ["Choices"]

# Shapes: N choices, S items by slot, M requests.

IntArray = npt.NDArray[np.integer]
_NEVER_MS = np.iinfo(np.int64).max
_EVERYONE = np.zeros(1, np.int64)
_COLUMNS: dict[str, np.dtype[Any]] = {
    KNOWN: np.dtype(np.int64),
    "timestamp_ms": np.dtype(np.int64),
    "serial": np.dtype(np.int64),
    "item": np.dtype(np.int32),
}


class Choices:
    """All users' choices together, 28 bytes each; none is ever dropped.

    Example:
        >>> at = np.array([5, 9])
        >>> choices = Choices()
        >>> choices.add(Behaviours(user_N=at, item_N=np.array([3, 4]), serial_N=at, timestamp_ms_N=at,
        ...     known_ms_N=at, second_of_day_N=at, utc_offset_minutes_N=at, day_kind_N=at))
        >>> choices.known_before(np.array([9, 10])).tolist(), choices.item_at(np.array([1])).tolist()
        ([1, 2], [4])
        >>> choices.first_known_ms(np.array([4, 8])).tolist() == [9, _NEVER_MS]
        True
    """

    def __init__(self) -> None:
        self._blocks = UserBlocks(_COLUMNS, ties=("timestamp_ms", "serial"))
        self._blocks.admit(1)  # everyone
        self._first_ms_S = np.full(1, _NEVER_MS)

    def add(self, behaviours: Behaviours) -> None:
        """Take choices, in any order."""
        values = {name: getattr(behaviours, f"{name}_N") for name in _COLUMNS}
        self._blocks.insert(np.zeros(len(behaviours), np.int64), values)
        self._record_first(behaviours.item_N, behaviours.known_ms_N)

    def known_earlier(self, item_N: IntArray, serial_N: IntArray, known_ms_N: IntArray) -> None:
        """Choices that are there were known earlier than was thought when they came."""
        for serial, known_ms in zip(serial_N, known_ms_N, strict=True):
            self._blocks.move_up(0, "serial", int(serial), int(known_ms))
        self._record_first(item_N, known_ms_N)

    def known_before(self, at_ms_M: IntArray) -> npt.NDArray[np.int64]:
        """How many were known strictly before each moment."""
        return self._blocks.known_before(np.zeros(at_ms_M.size, np.int64), at_ms_M.astype(np.int64))

    def item_at(self, position_N: IntArray) -> npt.NDArray[np.int32]:
        """Items by position in the order in which choices became known."""
        item_N: npt.NDArray[np.int32] = self._blocks.columns["item"][
            self._blocks.blocks.offset_U[_EVERYONE] + position_N
        ]
        return item_N

    def first_known_ms(self, item_N: IntArray) -> npt.NDArray[np.int64]:
        """When each item was first known to be chosen; the largest int64 where it never was."""
        known_N = item_N < self._first_ms_S.size
        return np.where(known_N, self._first_ms_S[np.where(known_N, item_N, 0)], _NEVER_MS)

    def names(self, item_R: IntArray) -> npt.NDArray[np.bool_]:
        """Whether any choice names an item."""
        return self.first_known_ms(item_R) < _NEVER_MS

    def state(self) -> Arrays:
        """For a checkpoint; shares memory."""
        return {**self._blocks.state(), "first_ms_S": self._first_ms_S}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self._blocks.restore(state)
        self._first_ms_S = np.array(state["first_ms_S"])

    def _record_first(self, item_N: IntArray, known_ms_N: IntArray) -> None:
        if not item_N.size:
            return
        self._first_ms_S = with_room(self._first_ms_S, int(item_N.max()) + 1, fill=_NEVER_MS)
        np.minimum.at(self._first_ms_S, item_N, known_ms_N)
