"""Counts of votes by user, bucket and value: compiled loops over blocks of cells in one arena.

A user's counts lie in one block of cells; a cell is a bucket, a value, and one count for each term of Eq. 3.
A block that is full moves to one twice as large; blocks that were left are given out again.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from interestclock.compiled import compiled
from interestclock.features.value_sets import Sets

__all__ = [
    "NONE",
    "ORPHANS",
    "TERMS",
    "Arena",
    "count",
    "free_block",
    "free_seat",
    "let_go",
    "missing_cells",
    "seat_of",
]

# Shapes: C cells of all users, U numbers of users, P seats, G sizes of blocks, S value sets, E codes of all
# sets, T terms.

Whole = npt.NDArray[np.integer]
TERMS = 4
NONE = -1
_SMALLEST = 4  # cells of the smallest block; a block of size class g has 4 * 2**g
_CELLS, _SEATS, _FREE_SEAT, ORPHANS = range(4)  # what the numbers of ``Arena.used`` are


class Arena(NamedTuple):
    """Cells of all users, who have seats.

    A user who is forgotten leaves the seat at once. It is given to another only when the last vote cast from
    it is gone, so that nobody has to search for those votes.

    ``seat_U``: -1 is none. ``votes_P``: how many wait or count. ``left_P``: whether the user is forgotten.
    ``used``: how many cells and how many seats were ever given out, the first free seat (its start names the
    next), and how many votes were cast from seats that are left.
    """

    code_C: Whole
    bucket_C: Whole
    count_CT: Whole
    seat_U: Whole
    start_P: Whole
    length_P: Whole
    class_P: Whole
    votes_P: Whole
    left_P: npt.NDArray[np.bool_]
    free_G: Whole
    used: Whole


@compiled()
def seat_of(arena: Arena, user: int) -> int:
    """A user's seat; who has none gets one."""
    seat: int = arena.seat_U[user]
    if seat != NONE:
        return seat
    seat = arena.used[_FREE_SEAT]
    if seat != NONE:
        arena.used[_FREE_SEAT] = arena.start_P[seat]
    else:
        seat = arena.used[_SEATS]
        arena.used[_SEATS] += 1
    arena.seat_U[user] = seat
    return seat


@compiled()
def let_go(arena: Arena, seat: int) -> None:
    """A vote cast from a seat is gone."""
    arena.votes_P[seat] -= 1
    if arena.left_P[seat]:
        arena.used[ORPHANS] -= 1
        if arena.votes_P[seat] == 0:
            free_seat(arena, seat)


@compiled()
def free_seat(arena: Arena, seat: int) -> None:
    """A seat that nobody has, and from which no vote is left, may be given out again."""
    arena.left_P[seat] = False
    arena.start_P[seat] = arena.used[_FREE_SEAT]
    arena.used[_FREE_SEAT] = seat


@compiled()
def missing_cells(arena: Arena, sets: Sets, seat: int, value_set: int) -> int:
    """Cells that the arena lacks for the worst a vote can do: a new block, as large as it may become."""
    most = arena.length_P[seat] + sets.start_S[value_set + 1] - sets.start_S[value_set]
    size = _SMALLEST
    while size < most:
        size *= 2
    missing: int = arena.used[_CELLS] + 2 * size - arena.code_C.shape[0]
    return missing


@compiled()
def count(arena: Arena, sets: Sets, vote: Any, change: int) -> None:
    """Count a vote for each value of its set, or take it back."""
    seat, bucket, term = vote.seat, vote.ballot // TERMS, vote.ballot % TERMS
    for place in range(sets.start_S[vote.set], sets.start_S[vote.set + 1]):
        cell = _find(arena, seat, bucket, sets.code_E[place])
        if cell == NONE:
            cell = _new_cell(arena, seat)
            arena.code_C[cell], arena.bucket_C[cell] = sets.code_E[place], bucket
            for each in range(TERMS):
                arena.count_CT[cell, each] = 0
        arena.count_CT[cell, term] += change
        if change < 0:
            _drop_if_empty(arena, seat, cell)


@compiled()
def _find(arena: Arena, seat: int, bucket: int, code: int) -> int:
    start = arena.start_P[seat]
    for cell in range(start, start + arena.length_P[seat]):
        if arena.code_C[cell] == code and arena.bucket_C[cell] == bucket:
            return cell
    return NONE


@compiled()
def _new_cell(arena: Arena, seat: int) -> int:
    """A cell at the end of a user's block, which moves if it is full."""
    length, size_class = arena.length_P[seat], arena.class_P[seat]
    if size_class == NONE or length == _SMALLEST << size_class:
        start = _take_block(arena, size_class + 1)
        before = arena.start_P[seat]
        for place in range(length):
            arena.code_C[start + place] = arena.code_C[before + place]
            arena.bucket_C[start + place] = arena.bucket_C[before + place]
            for each in range(TERMS):
                arena.count_CT[start + place, each] = arena.count_CT[before + place, each]
        if size_class != NONE:
            _give_block(arena, before, size_class)
        arena.start_P[seat], arena.class_P[seat] = start, size_class + 1
    arena.length_P[seat] = length + 1
    cell: int = arena.start_P[seat] + length
    return cell


@compiled()
def _take_block(arena: Arena, size_class: int) -> int:
    start: int = arena.free_G[size_class]
    if start != NONE:
        arena.free_G[size_class] = arena.code_C[start]  # a free block's first code names the next free one
        return start
    start = arena.used[_CELLS]
    arena.used[_CELLS] += _SMALLEST << size_class
    return start


@compiled()
def _give_block(arena: Arena, start: int, size_class: int) -> None:
    arena.code_C[start] = arena.free_G[size_class]
    arena.free_G[size_class] = start


@compiled()
def _drop_if_empty(arena: Arena, seat: int, cell: int) -> None:
    """A cell without any count goes: the user's last one takes its place."""
    for each in range(TERMS):
        if arena.count_CT[cell, each] != 0:
            return
    length = arena.length_P[seat] - 1
    last = arena.start_P[seat] + length
    arena.code_C[cell], arena.bucket_C[cell] = arena.code_C[last], arena.bucket_C[last]
    for each in range(TERMS):
        arena.count_CT[cell, each] = arena.count_CT[last, each]
    arena.length_P[seat] = length
    if length == 0:
        free_block(arena, seat)


@compiled()
def free_block(arena: Arena, seat: int) -> None:
    """A user has no counts any more."""
    if arena.class_P[seat] != NONE:
        _give_block(arena, arena.start_P[seat], arena.class_P[seat])
    arena.class_P[seat], arena.length_P[seat] = NONE, 0
