"""Which records of blocks are new or other than before, for whoever keeps a copy of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interestclock.arrays import with_room
from interestclock.histories.block_room import Column, Int64s

__all__ = ["BlockChanges", "RecordChanges"]

# Shapes: R users of a call, U users by slot, E events of all these users.

_UNCHANGED = np.iinfo(np.int64).max


@dataclass(frozen=True, kw_only=True)
class RecordChanges:
    """Records of users from the first on that is new or other than before, one user after the other.

    Args:
        from_R: the ordinal of each user's first record here, counted from the first there ever was.
        count_R: how many there ever were: records go up to it. dropped_R: how many of these are gone.
        values: (E,) by column.
    """

    from_R: Int64s
    count_R: Int64s
    dropped_R: Int64s
    values: dict[str, Column]


class BlockChanges:
    """The lowest ordinal of each user that changed since it was last asked.

    Example:
        >>> changes = BlockChanges()
        >>> changes.note(np.array([3, 1, 3]), np.array([7, 2, 5]))
        >>> changes.drain(np.array([1, 2, 3])).tolist() == [2, _UNCHANGED, 5], changes.users().tolist()
        (True, [])
    """

    def __init__(self) -> None:
        self._from_U = np.full(1, _UNCHANGED)
        self._noted: list[Int64s] = []

    def note(self, user_R: Int64s, ordinal_R: Int64s) -> None:
        """Records of users changed from an ordinal on."""
        if user_R.size:
            self._from_U = with_room(self._from_U, int(user_R.max()) + 1, fill=_UNCHANGED)
            np.minimum.at(self._from_U, user_R, ordinal_R)
            self._noted.append(np.unique(user_R))

    def users(self) -> Int64s:
        """Users whose records changed, ascending."""
        return np.unique(np.concatenate(self._noted)) if self._noted else np.zeros(0, np.int64)

    def drain(self, user_R: Int64s) -> Int64s:
        """From which ordinal on each user's records changed, the largest int64 where none did; forgets it."""
        self._from_U = with_room(self._from_U, int(user_R.max(initial=0)) + 1, fill=_UNCHANGED)
        from_R: Int64s = self._from_U[user_R]
        self._from_U[self.users()] = _UNCHANGED
        self._noted = []
        return from_R
