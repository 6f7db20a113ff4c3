"""Which ids came before, of a log of any length, in bounded memory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["SeenIds"]

# Shapes: N ids of one call, U distinct.

Hashes = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class SeenIds:
    """Remembers hashes of 64 bits, 8 bytes each: the last ``remembered`` of them, and at most twice as many.

    Among a million ids, one in forty million logs has two with one hash.

    Args:
        remembered: how many.

    Example:
        >>> seen = SeenIds()
        >>> seen.add(np.array([7, 3]))
        >>> seen.holds(np.array([3, 4])).tolist(), seen.has_forgotten
        ([True, False], False)
    """

    def __init__(self, *, remembered: int = 1 << 23) -> None:
        self.has_forgotten = False
        self._remembered = remembered
        self._now: list[Hashes] = []  # sorted, each less than half as long as the one before it
        self._before: list[Hashes] = []

    def holds(self, hash_N: Hashes) -> Bools:
        """Which of these were added, and not forgotten."""
        held_N = np.zeros(hash_N.size, bool)
        for known_U in (*self._before, *self._now):
            at_N = np.minimum(np.searchsorted(known_U, hash_N), known_U.size - 1)
            held_N |= known_U[at_N] == hash_N
        return held_N

    def add(self, hash_U: Hashes) -> None:
        """Remember these; what was added long before may be forgotten."""
        if not hash_U.size:
            return
        self._now.append(np.sort(hash_U))
        while len(self._now) > 1 and 2 * self._now[-1].size >= self._now[-2].size:
            last_two = np.concatenate([self._now.pop(), self._now.pop()])
            last_two.sort(kind="stable")  # of two sorted runs, a merge
            self._now.append(last_two)
        if sum(each.size for each in self._now) >= self._remembered:
            self.has_forgotten = self.has_forgotten or bool(self._before)
            self._now, self._before = [], self._now
