"""Many append-only sequences in one set of arrays: each user's behaviours, oldest first."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["GrowingSequences", "ranks_within_groups"]

IntArray = npt.NDArray[np.integer]
_SMALLEST_CAPACITY = 4


def ranks_within_groups(group_N: IntArray) -> npt.NDArray[np.int64]:
    """Number each element within its group, in order of appearance, from 0.

    Args:
        group_N: any integers, shape (N,).

    Returns:
        int64, shape (N,).

    Example:
        >>> ranks_within_groups(np.array([7, 3, 7, 7, 3])).tolist()
        [0, 0, 1, 2, 1]
    """
    order_N = np.argsort(group_N, kind="stable")
    sorted_N = group_N[order_N]
    positions_N = np.arange(sorted_N.size, dtype=np.int64)
    starts_N = np.ones(sorted_N.size, dtype=bool)
    starts_N[1:] = sorted_N[1:] != sorted_N[:-1]
    first_N = np.maximum.accumulate(np.where(starts_N, positions_N, 0))
    ranks_N = np.empty_like(positions_N)
    ranks_N[order_N] = positions_N - first_N
    return ranks_N


class GrowingSequences:
    """One append-only sequence per owner, all of them in shared arrays ("fields").

    An owner's sequence lies in one stretch of each array; when it outgrows the stretch it moves
    to one twice as long at the end, so appending n elements costs O(n) overall and the arrays
    take at most six times what they hold (and never fewer than four places an owner).

    Args:
        fields: name and dtype of each array.

    Example:
        >>> seen = GrowingSequences({"item": np.dtype("int32")})
        >>> seen.append(np.array([1, 2, 1]), {"item": np.array([10, 20, 11])})
        >>> seen.lengths(np.array([1, 2, 3])).tolist()
        [2, 1, 0]
        >>> seen.at("item", np.array([1, 1]), np.array([0, 1])).tolist()
        [10, 11]
    """

    def __init__(self, fields: dict[str, np.dtype[Any]]) -> None:
        self._arrays: dict[str, npt.NDArray[Any]] = {
            name: np.zeros(0, dtype=dtype) for name, dtype in fields.items()
        }
        self._used = 0
        self._start = np.zeros(0, dtype=np.int64)
        self._length = np.zeros(0, dtype=np.int64)
        self._capacity = np.zeros(0, dtype=np.int64)

    def append(self, owner_N: IntArray, values: dict[str, npt.NDArray[Any]]) -> None:
        """Append one element to each named owner's sequence, in the order given."""
        if owner_N.size == 0:
            return
        self._admit(int(owner_N.max()) + 1)
        distinct_U, added_U = np.unique(owner_N, return_counts=True)
        self._make_room(distinct_U, added_U)
        place_N = self._start[owner_N] + self._length[owner_N] + ranks_within_groups(owner_N)
        for name, array in self._arrays.items():
            array[place_N] = values[name]
        self._length[distinct_U] += added_U

    def lengths(self, owner_N: IntArray) -> npt.NDArray[np.int64]:
        """How many elements each owner has by now; 0 for owners never seen. int64, shape (N,)."""
        known_N = owner_N < self._length.size
        return np.where(known_N, self._length[np.where(known_N, owner_N, 0)] if self._length.size else 0, 0)

    def at(self, field: str, owner_N: IntArray, position_N: IntArray) -> npt.NDArray[Any]:
        """The element at a position of an owner's sequence; the caller keeps within ``lengths``."""
        element_N: npt.NDArray[Any] = self._arrays[field][self._start[owner_N] + position_N]
        return element_N

    def compacted(self) -> tuple[npt.NDArray[np.int64], dict[str, npt.NDArray[Any]]]:
        """Owner by owner without gaps: offsets (int64, owners + 1) and the fields' arrays."""
        offsets = np.concatenate([[0], np.cumsum(self._length)]).astype(np.int64)
        within = np.arange(offsets[-1], dtype=np.int64) - np.repeat(offsets[:-1], self._length)
        source = np.repeat(self._start, self._length) + within
        return offsets, {name: array[source] for name, array in self._arrays.items()}

    def _admit(self, owners: int) -> None:
        missing = owners - self._length.size
        if missing > 0:
            missing = max(missing, self._length.size // 2)
            self._start = np.concatenate([self._start, np.zeros(missing, dtype=np.int64)])
            self._length = np.concatenate([self._length, np.zeros(missing, dtype=np.int64)])
            self._capacity = np.concatenate([self._capacity, np.zeros(missing, dtype=np.int64)])

    def _make_room(self, owner_U: IntArray, added_U: IntArray) -> None:
        needed_U = self._length[owner_U] + added_U
        tight_U = needed_U > self._capacity[owner_U]
        owner_M, needed_M = owner_U[tight_U], needed_U[tight_U]
        if owner_M.size == 0:
            return
        capacity_M = np.maximum(_SMALLEST_CAPACITY, 2 ** np.ceil(np.log2(needed_M)).astype(np.int64))
        start_M = self._used + np.concatenate([[0], np.cumsum(capacity_M)[:-1]])
        self._used += int(capacity_M.sum())
        self._extend_arrays()
        self._move(owner_M, start_M)
        self._start[owner_M], self._capacity[owner_M] = start_M, capacity_M

    def _extend_arrays(self) -> None:
        for name, array in self._arrays.items():
            if array.size < self._used:
                spare = np.zeros(max(self._used - array.size, array.size // 2), dtype=array.dtype)
                self._arrays[name] = np.concatenate([array, spare])

    def _move(self, owner_M: IntArray, start_M: IntArray) -> None:
        length_M = self._length[owner_M]
        within = np.arange(length_M.sum(), dtype=np.int64) - np.repeat(
            np.cumsum(length_M) - length_M, length_M
        )
        source = np.repeat(self._start[owner_M], length_M) + within
        target = np.repeat(start_M, length_M) + within
        for array in self._arrays.values():
            array[target] = array[source]
