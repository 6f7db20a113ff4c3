"""Each user's records in a block of shared columns, ordered by when they became known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from interestclock.arrays import below, under, with_room
from interestclock.compiled import compiled

__all__ = ["KNOWN", "Blocks", "UserBlocks"]

# Shapes: U users by slot, E places of all blocks (or some), K records of a call, R users of a call, M users
# asked for, C block sizes.

Column = npt.NDArray[Any]
Int64s = npt.NDArray[np.int64]
KNOWN = "known_ms"  # the column that orders; in a block that nobody has, it names the next such block
_SMALLEST = 2  # a block has 2 ** 2 places or more
_SIZES = 48
_NONE = -1


class Blocks(NamedTuple):
    """Each user's block: where it begins and how many places it has; 0 places is none.

    ``count_U`` records were ever inserted; the first ``dropped_U`` of them are gone. The nth of all stands at
    ``offset_U + n``, counted from 0, so only a block that moves changes its offset.
    """

    base_U: Int64s
    capacity_U: Int64s
    offset_U: Int64s
    dropped_U: Int64s
    count_U: Int64s


class UserBlocks:
    """One block for each user that has records, a power of two in size.

    Records stand in the order of ``known_ms``, of equal ones by further columns. One that is inserted late
    goes where it belongs; as nothing is inserted that was known before what was read already (that would be
    late), a count of records that was read stays a valid pointer.

    Where a block is full, what is left in it is slid down to its beginning if that leaves a quarter free, and
    else moved to a block that does: n insertions in order cost O(n). Blocks given back are used again within
    their size, the last one first: what a call does depends on the calls before it alone.

    Args:
        columns: names and types; ``known_ms`` is int64.
        ties: columns that order records known at the same time, the most significant first.

    Example:
        >>> played = UserBlocks({"known_ms": np.dtype("int64"), "item": np.dtype("int32")}, ties=())
        >>> three = np.array([3, 3])
        >>> played.insert(three, {"known_ms": np.array([50, 20]), "item": np.array([7, 8])})
        >>> played.known_before(three, np.array([50, 51])).tolist()
        [1, 2]
        >>> start = played.blocks.offset_U[3]
        >>> played.columns["item"][start : start + 2].tolist()
        [8, 7]
    """

    def __init__(self, columns: Mapping[str, np.dtype[Any]], *, ties: tuple[str, ...]) -> None:
        self.users = 0
        self.used = 0
        long = np.zeros(0, np.int64)
        self.blocks = Blocks(long, long, long, long, long)
        self.columns: dict[str, Column] = {name: np.zeros(0, kind) for name, kind in columns.items()}
        self._order = (KNOWN, *ties)
        self._free_C = np.full(_SIZES, _NONE, np.int64)  # where the first free block of each size begins

    @property
    def bytes_used(self) -> int:
        """Of all arrays, with what they have to spare."""
        return sum(each.nbytes for each in (*self.blocks, *self.columns.values()))

    def lengths(self, user_R: Int64s) -> Int64s:
        """How many records each of these users has, without those dropped."""
        lengths_R: Int64s = self.blocks.count_U[user_R] - self.blocks.dropped_U[user_R]
        return lengths_R

    def admit(self, users: int) -> None:
        """Have an entry for each slot below ``users``; new ones have no records."""
        if users > self.users:
            self.blocks = Blocks(*(with_room(each, users, used=self.users) for each in self.blocks))
            self.users = users

    def insert(self, user_K: Int64s, values: Mapping[str, Column]) -> None:
        """Insert a record for each time that a user is named.

        Args:
            user_K: slots. values: (K,) for every column.
        """
        if not user_K.size:
            return
        order_K = np.lexsort((*(values[name] for name in reversed(self._order)), user_K))
        user_K = user_K[order_K]
        self.admit(int(user_K[-1]) + 1)
        place_K = self._claim(user_K)
        for name, column in self.columns.items():
            column[place_K] = values[name][order_K]
        self._restore_order(user_K)

    def move_up(self, user: int, column: str, value: int, known_ms: int) -> None:
        """The user's record with a value in a column was known earlier; it goes where it belongs.

        Raises:
            ValueError: there is none, or it was known no later.
        """
        first = self.blocks.offset_U[user] + self.blocks.dropped_U[user]
        stop = self.blocks.offset_U[user] + self.blocks.count_U[user]
        found = np.flatnonzero(self.columns[column][first:stop] == value)
        if not found.size or self.columns[KNOWN][first + found[-1]] <= known_ms:
            raise ValueError(f"user {user} has no record with {column} {value} known after {known_ms}")
        place = first + int(found[-1])
        self.columns[KNOWN][place] = known_ms
        target = place
        while target > first and self._key(place) < self._key(target - 1):
            target -= 1
        for each in self.columns.values():
            each[target : place + 1] = np.roll(each[target : place + 1], 1)

    def known_before(self, user_M: Int64s, at_ms_M: Int64s) -> Int64s:
        """How many records of each user were known strictly before a moment, those dropped included.

        Args:
            user_M: slots. at_ms_M: UTC milliseconds, in any order, none before what was dropped was known.
        """
        count_M = np.zeros(user_M.size, np.int64)
        _known_before(self.blocks, self.columns[KNOWN], (user_M, at_ms_M), count_M)
        return count_M

    def drop(self, user_R: Int64s, *, known_before_ms: int, kept: int) -> None:
        """Of what was known before a moment keep each user's newest ``kept``; what is known since stays."""
        _drop(self.blocks, self.columns[KNOWN], user_R, (known_before_ms, kept))

    def release(self, user_R: Int64s) -> None:
        """Give blocks back: these users have no records, and never had any."""
        _release(self.blocks, self.columns[KNOWN], user_R[user_R < self.users], self._free_C)

    def places(self, user_R: Int64s) -> Int64s:
        """Where the records of these users stand, one user after the other."""
        length_R = self.lengths(user_R)
        first_R = self.blocks.offset_U[user_R] + self.blocks.dropped_U[user_R]
        return np.arange(length_R.sum()) + np.repeat(first_R - np.cumsum(length_R) + length_R, length_R)

    def state(self) -> dict[str, Column]:
        """For a checkpoint: the blocks as they stand, sharing memory."""
        blocks = {name: each[: self.users] for name, each in self.blocks._asdict().items()}
        columns = {name: each[: self.used] for name, each in self.columns.items()}
        return {**blocks, **under("column", columns), "free_C": self._free_C}

    def restore(self, state: Mapping[str, Column]) -> None:
        """Take over what ``state`` gave."""
        self.blocks = Blocks(*(np.array(state[name]) for name in Blocks._fields))
        columns = below("column", state)
        self.columns = {name: np.array(columns[name]) for name in self.columns}
        self._free_C = np.array(state["free_C"])
        self.users, self.used = self.blocks.base_U.size, self.columns[KNOWN].size

    def _key(self, place: int) -> tuple[int, ...]:
        return tuple(int(self.columns[name][place]) for name in self._order)

    def _claim(self, user_K: Int64s) -> Int64s:
        """Where a record more for each time that a user is named goes, in blocks that have room for all.

        Args:
            user_K: slots, ascending.
        """
        place_K = np.empty_like(user_K)
        moves = Moves(*np.empty((len(Moves._fields), user_K.size), np.int64))
        room = Room(self.columns[KNOWN], self._free_C, self.used)
        count, self.used = _claim(self.blocks, room, moves, (user_K, place_K))
        if count:
            self._move(Moves(*(each[:count] for each in moves)))
        return place_K

    def _move(self, moves: Moves) -> None:
        """Take records to blocks in which there is room."""
        before = self.columns[KNOWN].size
        self.columns = {name: with_room(each, self.used, used=before) for name, each in self.columns.items()}
        for column in self.columns.values():
            _slide(column, moves)
        _settle(self.blocks, self.columns[KNOWN], moves, self._free_C)

    def _restore_order(self, user_K: Int64s) -> None:
        """Count what was put behind each user's records, and sort it into them where it belongs there."""
        key = tuple(self.columns[name] for name in self._order)
        first_K, stop_K = np.empty_like(user_K), np.empty_like(user_K)
        late = _append(self.blocks, key, user_K, (first_K, stop_K))
        if not late:
            return
        first_R, size_R = first_K[:late], stop_K[:late] - first_K[:late]
        place_E = np.arange(size_R.sum()) + np.repeat(first_R - np.cumsum(size_R) + size_R, size_R)
        of_user_E = np.repeat(np.arange(late), size_R)
        order_E = np.lexsort((*(each[place_E] for each in reversed(key)), of_user_E))
        for column in self.columns.values():
            column[place_E] = column[place_E[order_E]]


class Room(NamedTuple):
    """Where blocks may lie: the first of those given back, by size, and how far all blocks reach."""

    next_E: Int64s
    free_C: Int64s
    used: int


class Moves(NamedTuple):
    """Users whose records move, one a row: the block's size as a power of two, and where it begins.

    ``start_R``: where the user's oldest record stands now. ``length_R``: how many there are.
    """

    user_R: Int64s
    size_R: Int64s
    base_R: Int64s
    start_R: Int64s
    length_R: Int64s


@compiled()
def _claim(blocks: Blocks, room: Room, moves: Moves, claims: tuple[Int64s, Int64s]) -> tuple[int, int]:
    """Say where records go, and which users move for it; gives how many do, and how far all blocks reach."""
    user_K, place_K = claims
    moving, first, used = 0, 0, room.used
    while first < user_K.shape[0]:
        user, stop = user_K[first], _run_end(user_K, first)
        place = blocks.offset_U[user] + blocks.count_U[user]
        if place + stop - first > blocks.base_U[user] + blocks.capacity_U[user]:
            length = blocks.count_U[user] - blocks.dropped_U[user]
            size = _size(length + stop - first)
            base, used = _find(blocks, Room(room.next_E, room.free_C, used), user, size)
            moves.user_R[moving], moves.size_R[moving], moves.base_R[moving] = user, size, base
            moves.start_R[moving] = blocks.offset_U[user] + blocks.dropped_U[user]
            moves.length_R[moving] = length
            moving, place = moving + 1, base + length
        for each in range(first, stop):
            place_K[each] = place + each - first
        first = stop
    return moving, used


@compiled()
def _run_end(user_K: Int64s, first: int) -> int:
    stop = first + 1
    while stop < user_K.shape[0] and user_K[stop] == user_K[first]:
        stop += 1
    return stop


@compiled()
def _size(needed: int) -> int:
    """The least block, as a power of two, that is three quarters full at most."""
    size = _SMALLEST
    while 1 << size < needed + (needed + 2) // 3:
        size += 1
    return size


@compiled()
def _find(blocks: Blocks, room: Room, user: int, size: int) -> tuple[int, int]:
    """The user's own block, one given back, or a new one; gives how far all of them reach, too."""
    if blocks.capacity_U[user] == 1 << size:
        return blocks.base_U[user], room.used
    free = room.free_C[size]
    if free != _NONE:
        room.free_C[size] = room.next_E[free]
        return free, room.used
    return room.used, room.used + (1 << size)


@compiled()
def _slide(column_E: Column, moves: Moves) -> None:
    for row in range(moves.user_R.shape[0]):
        start, base = moves.start_R[row], moves.base_R[row]
        for step in range(moves.length_R[row]):  # upwards: what is slid down may overlap
            column_E[base + step] = column_E[start + step]


@compiled()
def _settle(blocks: Blocks, next_E: Int64s, moves: Moves, free_C: Int64s) -> None:
    """Note the blocks that records were moved to, and give back those they left."""
    for row in range(moves.user_R.shape[0]):
        user, base = moves.user_R[row], moves.base_R[row]
        if base != blocks.base_U[user]:
            _give_back(blocks, next_E, user, free_C)
        blocks.base_U[user], blocks.capacity_U[user] = base, 1 << moves.size_R[row]
        blocks.offset_U[user] = base - blocks.dropped_U[user]


@compiled()
def _give_back(blocks: Blocks, next_E: Int64s, user: int, free_C: Int64s) -> None:
    capacity, size = blocks.capacity_U[user], 0
    if capacity:
        while 1 << size < capacity:
            size += 1
        next_E[blocks.base_U[user]] = free_C[size]
        free_C[size] = blocks.base_U[user]


@compiled()
def _release(blocks: Blocks, next_E: Int64s, user_R: Int64s, free_C: Int64s) -> None:
    for user in user_R:
        _give_back(blocks, next_E, user, free_C)
        blocks.base_U[user] = blocks.capacity_U[user] = 0
        blocks.offset_U[user] = blocks.dropped_U[user] = blocks.count_U[user] = 0


@compiled()
def _drop(blocks: Blocks, known_ms_E: Int64s, user_R: Int64s, keep: tuple[int, int]) -> None:
    """Known moments ascend within a block: the oldest may go once ``kept`` more were known in time."""
    known_before_ms, kept = keep
    for user in user_R:
        offset, count, dropped = blocks.offset_U[user], blocks.count_U[user], blocks.dropped_U[user]
        while dropped + kept < count and known_ms_E[offset + dropped + kept] < known_before_ms:
            dropped += 1
        blocks.dropped_U[user] = dropped


@compiled()
def _append(blocks: Blocks, key: tuple[Int64s, ...], user_K: Int64s, spans: tuple[Int64s, Int64s]) -> int:
    """Count records that were put behind those of their users; gives how many users' are out of order.

    ``spans`` are filled with where that begins, of each such user, and where it ends.
    """
    first_K, stop_K = spans
    late, first = 0, 0
    while first < user_K.shape[0]:
        user, stop = user_K[first], _run_end(user_K, first)
        oldest = blocks.offset_U[user] + blocks.dropped_U[user]
        end = blocks.offset_U[user] + blocks.count_U[user]
        blocks.count_U[user] += stop - first
        belongs = end
        while belongs > oldest and _goes_before(key, end, belongs - 1):
            belongs -= 1
        if belongs < end:
            first_K[late], stop_K[late] = belongs, end + stop - first
            late += 1
        first = stop
    return late


@compiled()
def _goes_before(key: tuple[Int64s, ...], one: int, other: int) -> bool:
    for column_E in key:
        if column_E[one] != column_E[other]:
            return bool(column_E[one] < column_E[other])
    return False


@compiled()
def _known_before(
    blocks: Blocks, known_ms_E: Int64s, requested: tuple[Int64s, Int64s], count_M: Int64s
) -> None:
    user_M, at_ms_M = requested
    for row in range(user_M.shape[0]):
        user = user_M[row]
        if user >= blocks.count_U.shape[0]:
            continue
        offset, least, most = blocks.offset_U[user], blocks.dropped_U[user], blocks.count_U[user]
        while least < most:
            middle = (least + most) // 2
            if known_ms_E[offset + middle] < at_ms_M[row]:
                least = middle + 1
            else:
                most = middle
        count_M[row] = least
