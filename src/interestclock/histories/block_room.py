"""Where each user's block lies in shared columns, which blocks are free, and how records get into others."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from interestclock.compiled import compiled

__all__ = [
    "NO_BLOCK",
    "Blocks",
    "Column",
    "Int64s",
    "Moves",
    "Room",
    "claim",
    "release",
    "run_end",
    "settle",
    "size_for",
    "slide",
]

# Shapes: U users by slot, E places of all blocks, N records of a call, R users of a call, C block sizes.

Column = npt.NDArray[Any]
Int64s = npt.NDArray[np.int64]
NO_BLOCK = -1
_SMALLEST = 2  # a block has 2 ** 2 places or more


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
def claim(blocks: Blocks, room: Room, moves: Moves, claims: tuple[Int64s, Int64s]) -> tuple[int, int]:
    """Say where records go, and which users move for it; gives how many do, and how far all blocks reach."""
    user_N, place_N = claims
    moving, first, used = 0, 0, room.used
    while first < user_N.shape[0]:
        user, stop = user_N[first], run_end(user_N, first)
        place = blocks.offset_U[user] + blocks.count_U[user]
        if place + stop - first > blocks.base_U[user] + blocks.capacity_U[user]:
            length = blocks.count_U[user] - blocks.dropped_U[user]
            size = size_for(length + stop - first)
            base, used = _find(blocks, Room(room.next_E, room.free_C, used), user, size)
            moves.user_R[moving], moves.size_R[moving], moves.base_R[moving] = user, size, base
            moves.start_R[moving] = blocks.offset_U[user] + blocks.dropped_U[user]
            moves.length_R[moving] = length
            moving, place = moving + 1, base + length
        for each in range(first, stop):
            place_N[each] = place + each - first
        first = stop
    return moving, used


@compiled()
def run_end(user_N: Int64s, first: int) -> int:
    """Where the records of the user named at ``first`` end, of users named in ascending order."""
    stop = first + 1
    while stop < user_N.shape[0] and user_N[stop] == user_N[first]:
        stop += 1
    return stop


@compiled()
def size_for(needed: int) -> int:
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
    if free != NO_BLOCK:
        room.free_C[size] = room.next_E[free]
        return free, room.used
    return room.used, room.used + (1 << size)


@compiled()
def slide(column_E: Column, moves: Moves) -> None:
    """Take a column's values of users that move to where their blocks are now."""
    for row in range(moves.user_R.shape[0]):
        start, base = moves.start_R[row], moves.base_R[row]
        for step in range(moves.length_R[row]):  # upwards: what is slid down may overlap
            column_E[base + step] = column_E[start + step]


@compiled()
def settle(blocks: Blocks, next_E: Int64s, moves: Moves, free_C: Int64s) -> None:
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
def release(blocks: Blocks, next_E: Int64s, user_R: Int64s, free_C: Int64s) -> None:
    """Give these users' blocks back; they have none, and never had a record."""
    for user in user_R:
        _give_back(blocks, next_E, user, free_C)
        blocks.base_U[user] = blocks.capacity_U[user] = 0
        blocks.offset_U[user] = blocks.dropped_U[user] = blocks.count_U[user] = 0
