"""Blocks of behaviours in shared arrays: they grow, are given back, and are used again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from interestclock.compiled import compiled
from interestclock.histories.known import Behaviours
from interestclock.timeofday import utc_hour

__all__ = ["BehaviourArena", "Blocks", "Places"]

# Shapes: U users by number, E places of all blocks, K behaviours of a call, R users of a call, C block sizes.

Whole = npt.NDArray[np.integer]
Int64s = npt.NDArray[np.int64]
_SMALLEST = 2  # a block has 2 ** 2 places or more
_SIZES = 48
_NONE = -1
_Number = TypeVar("_Number", bound=np.integer)


class Places(NamedTuple):
    """What stands at each place: int32, the moments int64. ``hour_E`` is ``timestamp_ms_E`` in whole hours.

    In a block that nobody has, the first timestamp says where the next such block of its size begins.
    """

    item_E: Whole
    second_of_day_E: Whole
    hour_E: Whole
    timestamp_ms_E: Whole
    known_ms_E: Whole


class Blocks(NamedTuple):
    """Each user's block: where it begins and how many places it has; 0 places is none.

    ``count_U`` behaviours were ever appended, and the first ``dropped_U`` of them are gone. The nth of all
    stands at ``offset_U + n``, counted from 0, so only a block that moves changes its offset.
    """

    base_U: Int64s
    capacity_U: Int64s
    offset_U: Int64s
    dropped_U: Int64s
    count_U: Int64s


class _Moves(NamedTuple):
    """The next block of each of these users: its size, as a power of two, and where it begins."""

    user_R: Int64s
    size_R: Int64s
    base_R: Int64s


class BehaviourArena:
    """One block for each user that has behaviours, a power of two in size.

    Where a block is full, what is left in it is slid down to its beginning if that leaves a quarter free, and
    else moved to a block that does: n appends cost O(n), however long they go on. Blocks given back are used
    again within their size, the last one first: what a call does depends on the calls before it alone.

    Example:
        >>> arena = BehaviourArena()
        >>> arena.make_room(np.array([3, 3]))
        >>> arena.users, arena.blocks.capacity_U[3].item(), arena.used
        (4, 4, 4)
        >>> arena.release(np.array([3]))
        >>> arena.make_room(np.array([1]))
        >>> arena.used
        4
    """

    def __init__(self) -> None:
        self.users = 0
        self.used = 0
        whole, long = np.zeros(0, np.int32), np.zeros(0, np.int64)
        self.blocks = Blocks(long, long, long, long, long)
        self.places = Places(whole, whole, whole, long, long)
        self._free_C = np.full(_SIZES, _NONE, np.int64)  # where the first free block of each size begins

    @property
    def bytes_used(self) -> int:
        """Of all arrays, with what they have to spare."""
        return sum(each.nbytes for each in (*self.blocks, *self.places))

    def lengths(self, user_R: Int64s) -> Int64s:
        """How many behaviours each of these users has, without those dropped."""
        lengths_R: Int64s = self.blocks.count_U[user_R] - self.blocks.dropped_U[user_R]
        return lengths_R

    def admit(self, users: int) -> None:
        """Have an entry for each user number below ``users``; new ones have no behaviours."""
        if users > self.users:
            self.blocks = Blocks(*(_with_room(each, self.users, users) for each in self.blocks))
            self.users = users

    def make_room(self, user_K: Int64s) -> None:
        """See to it that one more behaviour fits for each time that a user is named."""
        if not user_K.size:
            return
        self.admit(int(user_K.max()) + 1)
        user_R, added_R = np.unique(user_K, return_counts=True)
        base_R, capacity_R, offset_R, _, count_R = (each[user_R] for each in self.blocks)
        full_R = offset_R + count_R + added_R > base_R + capacity_R
        if full_R.any():
            self._move(user_R[full_R], added_R[full_R])

    def write(self, place_K: Int64s, behaviours: Behaviours) -> None:
        """Write behaviours to their places; ``make_room`` came before."""
        self.places.item_E[place_K] = behaviours.item_N
        self.places.second_of_day_E[place_K] = behaviours.second_of_day_N
        self.places.hour_E[place_K] = utc_hour(behaviours.timestamp_ms_N)
        self.places.timestamp_ms_E[place_K] = behaviours.timestamp_ms_N
        self.places.known_ms_E[place_K] = behaviours.known_ms_N

    def drop(self, user_R: Int64s, *, known_before_ms: int, kept: int) -> None:
        """Of what was known before a moment keep each user's newest ``kept``; what is known since stays."""
        _drop(self.blocks, self.places.known_ms_E, user_R, known_before_ms, kept)

    def release(self, user_R: Int64s) -> None:
        """Give blocks back: these users have no behaviours, and never had any."""
        _release(self.blocks, self.places.timestamp_ms_E, user_R[user_R < self.users], self._free_C)

    def replace_items(self, item_R: npt.NDArray[np.integer], *, by: int) -> None:
        """Put another item number wherever one of these stands."""
        if item_R.size:
            named_N = np.zeros(int(item_R.max()) + 1, np.bool_)
            named_N[item_R] = True
            _replace(self.places.item_E[: self.used], named_N, by)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """For a checkpoint: the blocks as they stand, sharing memory."""
        blocks = {name: each[: self.users] for name, each in self.blocks._asdict().items()}
        places = {name: each[: self.used] for name, each in self.places._asdict().items() if name != "hour_E"}
        return {**blocks, **places, "free_C": self._free_C}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        hour_E = utc_hour(state["timestamp_ms_E"]).astype(np.int32)
        self.blocks = Blocks(*(np.array(state[name]) for name in Blocks._fields))
        self.places = Places(
            *(hour_E if name == "hour_E" else np.array(state[name]) for name in Places._fields)
        )
        self._free_C = np.array(state["free_C"])
        self.users, self.used = self.blocks.base_U.size, self.places.item_E.size

    def _move(self, user_R: Int64s, added_R: Int64s) -> None:
        """Give users a block in which what they have and what is added fits."""
        size_R = _sizes(self.lengths(user_R) + added_R)
        moves = _Moves(user_R, size_R, np.empty_like(size_R))
        used = _find(self.blocks, self.places.timestamp_ms_E, moves, self._free_C, self.used)
        self.places = Places(*(_with_room(each, self.used, used) for each in self.places))
        self.used = used
        _move(self.blocks, self.places, moves, self._free_C)


def _with_room(values_X: npt.NDArray[_Number], used: int, needed: int) -> npt.NDArray[_Number]:
    """An array of at least ``needed``, the first ``used`` as they were, the others 0."""
    if needed <= values_X.size:
        return values_X
    longer_X = np.zeros(max(needed, values_X.size + values_X.size // 2), values_X.dtype)
    longer_X[:used] = values_X[:used]
    return longer_X


def _sizes(needed_R: Int64s) -> Int64s:
    """The least block, as a power of two, that is three quarters full at most."""
    exponent_R = np.ceil(np.log2(needed_R + (needed_R + 2) // 3)).astype(np.int64)
    return np.asarray(exponent_R.clip(_SMALLEST))


@compiled()
def _find(blocks: Blocks, next_E: Whole, moves: _Moves, free_C: Int64s, used: int) -> int:
    """Choose for each user its own block, one given back, or a new one; gives how far all of them reach."""
    for row in range(moves.user_R.shape[0]):
        user, size = moves.user_R[row], moves.size_R[row]
        if blocks.capacity_U[user] == 1 << size:
            moves.base_R[row] = blocks.base_U[user]
        elif free_C[size] != _NONE:
            moves.base_R[row] = free_C[size]
            free_C[size] = next_E[free_C[size]]
        else:
            moves.base_R[row] = used
            used += 1 << size
    return used


@compiled()
def _move(blocks: Blocks, places: Places, moves: _Moves, free_C: Int64s) -> None:
    for row in range(moves.user_R.shape[0]):
        user, base = moves.user_R[row], moves.base_R[row]
        dropped = blocks.dropped_U[user]
        start, length = blocks.offset_U[user] + dropped, blocks.count_U[user] - dropped
        for step in range(length):  # upwards: what is slid down may overlap
            places.item_E[base + step] = places.item_E[start + step]
            places.second_of_day_E[base + step] = places.second_of_day_E[start + step]
            places.hour_E[base + step] = places.hour_E[start + step]
            places.timestamp_ms_E[base + step] = places.timestamp_ms_E[start + step]
            places.known_ms_E[base + step] = places.known_ms_E[start + step]
        if base != blocks.base_U[user]:
            _give_back(blocks, places.timestamp_ms_E, user, free_C)
        blocks.base_U[user], blocks.capacity_U[user] = base, 1 << moves.size_R[row]
        blocks.offset_U[user] = base - dropped


@compiled()
def _give_back(blocks: Blocks, next_E: Whole, user: int, free_C: Int64s) -> None:
    capacity, size = blocks.capacity_U[user], 0
    if capacity:
        while 1 << size < capacity:
            size += 1
        next_E[blocks.base_U[user]] = free_C[size]
        free_C[size] = blocks.base_U[user]


@compiled()
def _release(blocks: Blocks, next_E: Whole, user_R: Int64s, free_C: Int64s) -> None:
    for user in user_R:
        _give_back(blocks, next_E, user, free_C)
        blocks.base_U[user] = blocks.capacity_U[user] = 0
        blocks.offset_U[user] = blocks.dropped_U[user] = blocks.count_U[user] = 0


@compiled()
def _drop(blocks: Blocks, known_ms_E: Whole, user_R: Int64s, known_before_ms: int, kept: int) -> None:
    """Known moments ascend within a block: the oldest may go once ``kept`` more were known in time."""
    for user in user_R:
        offset, count, dropped = blocks.offset_U[user], blocks.count_U[user], blocks.dropped_U[user]
        while dropped + kept < count and known_ms_E[offset + dropped + kept] < known_before_ms:
            dropped += 1
        blocks.dropped_U[user] = dropped


@compiled()
def _replace(item_E: Whole, named_N: npt.NDArray[np.bool_], by: int) -> None:
    for place in range(item_E.shape[0]):
        item = item_E[place]
        if 0 <= item < named_N.shape[0] and named_N[item]:
            item_E[place] = by
