"""Which items became new, other or gone: for whoever keeps something of them from one read to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from interestclock.arrays import with_room

__all__ = ["ItemFeed", "ItemsChanged", "Mark"]

# Shapes: S items by slot, R some of them.

Mark = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class ItemsChanged:
    """What became of items since a mark.

    Args:
        mark: to ask with the next time.
        slots: int32 (R,), of items that are new, other or gone; None: of any.
    """

    mark: Mark
    slots: npt.NDArray[np.int32] | None


class ItemFeed:
    """Items by slot, each with the number of its last change.

    Example:
        >>> feed = ItemFeed()
        >>> feed.note(np.array([3, 1]))
        >>> changed = feed.since(None)
        >>> changed.slots is None
        True
        >>> feed.note(np.array([2]))
        >>> feed.since(changed.mark).slots.tolist()
        [2]
        >>> feed.forget()
        >>> feed.since(changed.mark).slots is None
        True
    """

    def __init__(self) -> None:
        self._epoch = self._number = 0
        self._number_S = np.zeros(1, np.int64)

    def note(self, slot_R: npt.NDArray[np.integer]) -> None:
        """These changed."""
        if not slot_R.size:
            return
        self._number += 1
        self._number_S = with_room(self._number_S, int(slot_R.max()) + 1)
        self._number_S[slot_R] = self._number

    def forget(self) -> None:
        """Slots stand for other items now."""
        self._epoch += 1

    def since(self, mark: Mark | None) -> ItemsChanged:
        """What changed since a mark that an earlier call gave; None: nothing is kept yet."""
        now = self._epoch, self._number
        if mark is None or mark[0] != self._epoch:
            return ItemsChanged(mark=now, slots=None)
        slot_R = np.zeros(0, np.int64) if mark == now else np.flatnonzero(self._number_S > mark[1])
        return ItemsChanged(mark=now, slots=slot_R.astype(np.int32))
