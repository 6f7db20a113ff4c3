"""Counts of votes by user, bucket and value: compiled loops over blocks in one arena.

A user's counts lie in one block of cells; a cell is a bucket, a value, and one count for each term of Eq. 3.
A block that is full moves to one twice as large; blocks that were left are given out again.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from interestclock.features.scoring import preference_score

__all__ = ["Arena", "Queue", "Ranking", "Sets", "advance", "free_block"]

# Shapes: C cells of all users, U users, G sizes of blocks, S value sets, E codes of all sets, Q votes,
# X codes, M moments, A attributes, H buckets, K values kept, T terms.

Whole = npt.NDArray[np.integer]
_TERMS = 4
_SMALLEST = 4  # cells of the smallest block; a block of size class g has 4 * 2**g
_NONE = -1

_score: Any = njit(nogil=True)(preference_score)  # the one formula, compiled


class Arena(NamedTuple):
    """Cells of all users. ``used``: one number, how many cells were ever given out."""

    code_C: Whole
    bucket_C: Whole
    count_CT: Whole
    start_U: Whole
    length_U: Whole
    class_U: Whole
    free_G: Whole
    used: Whole


class Queue(NamedTuple):
    """Votes in some order. ``span``: where the first stands, and behind the last."""

    at_ms_Q: Whole
    timestamp_ms_Q: Whole
    user_Q: Whole
    set_Q: Whole
    bucket_Q: Whole
    term_Q: Whole
    span: Whole


class Sets(NamedTuple):
    """Codes of the values that come together in an item; a code is value * A + attribute."""

    start_S: Whole
    code_E: Whole


class Ranking(NamedTuple):
    """How cells are ranked: Eq. 3's weights, each code's place in bytewise order, room for a user's best."""

    like: float
    finish: float
    skip: float
    dislike: float
    order_X: Whole
    score_HAK: npt.NDArray[np.float64]


@njit(nogil=True, cache=True)
def advance(
    arena: Arena, queues: tuple[Queue, Queue], sets: Sets, ranking: Ranking, asked: tuple[Any, ...]
) -> int:
    """Read clocks at ascending moments, after counting what became known and dropping what grew old.

    Args:
        arena, sets: what is known. queues: votes that wait, sorted by the moment after which they count,
            and votes that count, sorted by exposure, with room for all that wait.
        ranking: of cells.
        asked: window in milliseconds; which moment is the next (one number, moved on); users and times of
            the M moments; where the values go, int32 (M, A, H, K), zeros.

    Returns:
        0 when all is read; else how many cells the arena must grow by before the call is made again.
    """
    waiting, active = queues
    window_ms, next_moment, user_M, time_ms_M, value_MAHK = asked
    for moment in range(next_moment[0], user_M.shape[0]):
        now_ms = time_ms_M[moment]
        while waiting.span[0] < waiting.span[1] and waiting.at_ms_Q[waiting.span[0]] < now_ms:
            vote = waiting.span[0]
            if waiting.timestamp_ms_Q[vote] >= now_ms - window_ms:
                missing = _missing(arena, sets, waiting.user_Q[vote], waiting.set_Q[vote])
                if missing > 0:
                    return missing
                _count(arena, sets, waiting, vote, 1)
                _push(active, waiting, vote)
            waiting.span[0] += 1
        while active.span[0] < active.span[1] and active.timestamp_ms_Q[active.span[0]] < now_ms - window_ms:
            _count(arena, sets, active, active.span[0], -1)
            active.span[0] += 1
        _rank(arena, ranking, user_M[moment], value_MAHK[moment])
        next_moment[0] = moment + 1
    return 0


@njit(nogil=True, cache=True)
def _missing(arena: Arena, sets: Sets, user: int, value_set: int) -> int:
    """Cells that the arena lacks for the worst a vote can do: a new block, as large as it may become."""
    most = arena.length_U[user] + sets.start_S[value_set + 1] - sets.start_S[value_set]
    size = _SMALLEST
    while size < most:
        size *= 2
    missing: int = arena.used[0] + 2 * size - arena.code_C.shape[0]
    return missing


@njit(nogil=True, cache=True)
def _count(arena: Arena, sets: Sets, votes: Queue, vote: int, change: int) -> None:
    """Count a vote for each value of its set, or take it back."""
    user, bucket, term = votes.user_Q[vote], votes.bucket_Q[vote], votes.term_Q[vote]
    value_set = votes.set_Q[vote]
    for place in range(sets.start_S[value_set], sets.start_S[value_set + 1]):
        cell = _find(arena, user, bucket, sets.code_E[place])
        if cell == _NONE:
            cell = _new_cell(arena, user)
            arena.code_C[cell], arena.bucket_C[cell] = sets.code_E[place], bucket
            for each in range(_TERMS):
                arena.count_CT[cell, each] = 0
        arena.count_CT[cell, term] += change
        if change < 0:
            _drop_if_empty(arena, user, cell)


@njit(nogil=True, cache=True)
def _find(arena: Arena, user: int, bucket: int, code: int) -> int:
    start = arena.start_U[user]
    for cell in range(start, start + arena.length_U[user]):
        if arena.code_C[cell] == code and arena.bucket_C[cell] == bucket:
            return cell
    return _NONE


@njit(nogil=True, cache=True)
def _new_cell(arena: Arena, user: int) -> int:
    """A cell at the end of a user's block, which moves if it is full."""
    length, size_class = arena.length_U[user], arena.class_U[user]
    if size_class == _NONE or length == _SMALLEST << size_class:
        start = _take_block(arena, size_class + 1)
        before = arena.start_U[user]
        for place in range(length):
            arena.code_C[start + place] = arena.code_C[before + place]
            arena.bucket_C[start + place] = arena.bucket_C[before + place]
            for each in range(_TERMS):
                arena.count_CT[start + place, each] = arena.count_CT[before + place, each]
        if size_class != _NONE:
            _give_block(arena, before, size_class)
        arena.start_U[user], arena.class_U[user] = start, size_class + 1
    arena.length_U[user] = length + 1
    cell: int = arena.start_U[user] + length
    return cell


@njit(nogil=True, cache=True)
def _take_block(arena: Arena, size_class: int) -> int:
    start: int = arena.free_G[size_class]
    if start != _NONE:
        arena.free_G[size_class] = arena.code_C[start]  # a free block's first code names the next free one
        return start
    start = arena.used[0]
    arena.used[0] += _SMALLEST << size_class
    return start


@njit(nogil=True, cache=True)
def _give_block(arena: Arena, start: int, size_class: int) -> None:
    arena.code_C[start] = arena.free_G[size_class]
    arena.free_G[size_class] = start


@njit(nogil=True, cache=True)
def _drop_if_empty(arena: Arena, user: int, cell: int) -> None:
    """A cell without any count goes: the user's last one takes its place."""
    for each in range(_TERMS):
        if arena.count_CT[cell, each] != 0:
            return
    length = arena.length_U[user] - 1
    last = arena.start_U[user] + length
    arena.code_C[cell], arena.bucket_C[cell] = arena.code_C[last], arena.bucket_C[last]
    for each in range(_TERMS):
        arena.count_CT[cell, each] = arena.count_CT[last, each]
    arena.length_U[user] = length
    if length == 0:
        free_block(arena, user)


@njit(nogil=True, cache=True)
def free_block(arena: Arena, user: int) -> None:
    """A user has no counts any more."""
    if arena.class_U[user] != _NONE:
        _give_block(arena, arena.start_U[user], arena.class_U[user])
    arena.class_U[user], arena.length_U[user] = _NONE, 0


@njit(nogil=True, cache=True)
def _push(active: Queue, votes: Queue, vote: int) -> None:
    """Put a vote where its exposure's time belongs: near the end, as far as labels are late."""
    place = active.span[1]
    timestamp_ms = votes.timestamp_ms_Q[vote]
    while place > active.span[0] and active.timestamp_ms_Q[place - 1] > timestamp_ms:
        active.timestamp_ms_Q[place] = active.timestamp_ms_Q[place - 1]
        active.user_Q[place] = active.user_Q[place - 1]
        active.set_Q[place] = active.set_Q[place - 1]
        active.bucket_Q[place] = active.bucket_Q[place - 1]
        active.term_Q[place] = active.term_Q[place - 1]
        place -= 1
    active.timestamp_ms_Q[place] = timestamp_ms
    active.user_Q[place], active.set_Q[place] = votes.user_Q[vote], votes.set_Q[vote]
    active.bucket_Q[place], active.term_Q[place] = votes.bucket_Q[vote], votes.term_Q[vote]
    active.span[1] += 1


@njit(nogil=True, cache=True)
def _rank(arena: Arena, ranking: Ranking, user: int, value_AHK: Whole) -> None:
    """The best values of each bucket and attribute: greatest score first, of equal ones the smaller bytes."""
    attributes, kept = value_AHK.shape[0], value_AHK.shape[2]
    ranking.score_HAK[:] = 0.0
    start = arena.start_U[user]
    for cell in range(start, start + arena.length_U[user]):
        count_T = arena.count_CT[cell]
        score = _score(float(count_T[0]), float(count_T[1]), float(count_T[2]), float(count_T[3]), ranking)
        if not score > 0:
            continue
        code, bucket = arena.code_C[cell], arena.bucket_C[cell]
        attribute = code % attributes
        place = kept
        while place > 0 and _before(
            score, code, ranking, (bucket, attribute, place - 1), value_AHK[attribute, bucket, place - 1]
        ):
            place -= 1
        for later in range(kept - 1, place, -1):
            ranking.score_HAK[bucket, attribute, later] = ranking.score_HAK[bucket, attribute, later - 1]
            value_AHK[attribute, bucket, later] = value_AHK[attribute, bucket, later - 1]
        if place < kept:
            ranking.score_HAK[bucket, attribute, place] = score
            value_AHK[attribute, bucket, place] = code // attributes


@njit(nogil=True, cache=True)
def _before(score: float, code: int, ranking: Ranking, place: tuple[int, int, int], value: int) -> bool:
    """Whether a value goes before the one at a place; an empty place has score 0."""
    there = ranking.score_HAK[place]
    if score != there:
        return bool(score > there)
    attributes = ranking.score_HAK.shape[1]
    return bool(ranking.order_X[code] < ranking.order_X[value * attributes + place[1]])
