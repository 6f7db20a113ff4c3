"""Counts of votes by user, bucket and value: compiled loops over blocks in one arena.

A user's counts lie in one block of cells; a cell is a bucket, a value, and one count for each term of Eq. 3.
A block that is full moves to one twice as large; blocks that were left are given out again. Votes lie in two
heaps: those that wait, by the moment after which they count, and those that count, by their exposure. So it
costs little however late labels come.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from interestclock.compiled import compiled
from interestclock.features.scoring import preference_score

__all__ = ["ACTIVE", "WAITING", "Arena", "Heap", "Ranking", "Sets", "advance", "forget", "take"]

# Shapes: C cells of all users, U numbers of users, P seats, G sizes of blocks, S value sets, E codes of all
# sets, Q votes, N new votes, X codes, M moments, A attributes, H buckets, K values kept, T terms.

Whole = npt.NDArray[np.integer]
_TERMS = 4
_SMALLEST = 4  # cells of the smallest block; a block of size class g has 4 * 2**g
_BRANCHES = 4  # of a heap: four keys next to each other cost as much to read as one
_NONE = -1
_CELLS, _SEATS, _FREE_SEAT, _ORPHANS = range(4)  # what the numbers of ``Arena.used`` are
_MOST_ORPHANS = 4  # one vote in so many may be of a user who is forgotten

_CAST = [("seat", np.int32), ("set", np.int32), ("ballot", np.int32)]  # ballot: bucket * T + term
WAITING = np.dtype([("key_ms", np.int64), ("timestamp_ms", np.int64), *_CAST])
ACTIVE = np.dtype([("key_ms", np.int64), *_CAST])

_score: Any = njit(nogil=True)(preference_score)  # the one formula, compiled


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


class Heap(NamedTuple):
    """Votes, the one with the least key first. ``held``: one number, how many; ``moved``: room for one."""

    vote_Q: npt.NDArray[np.void]
    held: Whole
    moved: npt.NDArray[np.void]


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


@compiled()
def take(arena: Arena, waiting: Heap, user_N: Whole, vote_N: Any) -> None:
    """Let votes wait; there must be room for them, and for a seat each."""
    for new in range(user_N.shape[0]):
        seat = _seat_of(arena, user_N[new])
        arena.votes_P[seat] += 1
        vote_N[new].seat = seat
        waiting.moved[0] = vote_N[new]
        _push(waiting)


@compiled()
def advance(
    arena: Arena, heaps: tuple[Heap, Heap], sets: Sets, ranking: Ranking, asked: tuple[Any, ...]
) -> tuple[int, int]:
    """Read clocks at ascending moments, after counting what became known and dropping what grew old.

    Args:
        arena, sets: what is known. heaps: votes that wait, and votes that count.
        ranking: of cells.
        asked: window in milliseconds; which moment is the next (one number, moved on); users and times of
            the M moments; where the values go, int32 (M, A, H, K), zeros.

    Returns:
        Zeros when all is read; else how many cells the arena, and how many votes the second heap, must grow
        by before the call is made again.
    """
    waiting, active = heaps
    window_ms, next_moment, user_M, time_ms_M, value_MAHK = asked
    for moment in range(next_moment[0], user_M.shape[0]):
        now_ms = time_ms_M[moment]
        while waiting.held[0] > 0 and waiting.vote_Q[0].key_ms < now_ms:
            vote = waiting.vote_Q[0]
            if arena.left_P[vote.seat] or vote.timestamp_ms < now_ms - window_ms:
                _let_go(arena, vote.seat)
            else:
                cells = _missing(arena, sets, vote.seat, vote.set)
                if cells > 0 or active.held[0] == active.vote_Q.shape[0]:
                    return max(cells, 0), 1
                _count(arena, sets, vote, 1)
                _activate(active, vote)
            _pop(waiting)
        while active.held[0] > 0 and active.vote_Q[0].key_ms < now_ms - window_ms:
            vote_too_old = active.vote_Q[0]
            if not arena.left_P[vote_too_old.seat]:
                _count(arena, sets, vote_too_old, -1)
            _let_go(arena, vote_too_old.seat)
            _pop(active)
        _rank(arena, ranking, user_M[moment], value_MAHK[moment])
        next_moment[0] = moment + 1
    return 0, 0


@compiled()
def forget(arena: Arena, heaps: tuple[Heap, Heap], user_X: Whole) -> None:
    """Counts of users go; their votes are passed over from now on, and swept out once they are many."""
    for user in user_X:
        seat = arena.seat_U[user]
        if seat != _NONE:
            arena.seat_U[user] = _NONE
            _free_block(arena, seat)
            arena.left_P[seat] = True
            arena.used[_ORPHANS] += arena.votes_P[seat]
            if arena.votes_P[seat] == 0:
                _free_seat(arena, seat)
    if arena.used[_ORPHANS] * _MOST_ORPHANS > heaps[0].held[0] + heaps[1].held[0]:
        _sweep(arena, heaps[0])
        _sweep(arena, heaps[1])


@compiled()
def _seat_of(arena: Arena, user: int) -> int:
    seat: int = arena.seat_U[user]
    if seat != _NONE:
        return seat
    seat = arena.used[_FREE_SEAT]
    if seat != _NONE:
        arena.used[_FREE_SEAT] = arena.start_P[seat]
    else:
        seat = arena.used[_SEATS]
        arena.used[_SEATS] += 1
    arena.seat_U[user] = seat
    return seat


@compiled()
def _let_go(arena: Arena, seat: int) -> None:
    """A vote cast from a seat is gone."""
    arena.votes_P[seat] -= 1
    if arena.left_P[seat]:
        arena.used[_ORPHANS] -= 1
        if arena.votes_P[seat] == 0:
            _free_seat(arena, seat)


@compiled()
def _free_seat(arena: Arena, seat: int) -> None:
    arena.left_P[seat] = False
    arena.start_P[seat] = arena.used[_FREE_SEAT]
    arena.used[_FREE_SEAT] = seat


@compiled()
def _sweep(arena: Arena, heap: Heap) -> None:
    """Votes from seats that are left go; the others are put in anew, never ahead of where they are read."""
    held = heap.held[0]
    heap.held[0] = 0
    for place in range(held):
        seat = heap.vote_Q[place].seat
        if arena.left_P[seat]:
            _let_go(arena, seat)
        else:
            heap.moved[0] = heap.vote_Q[place]
            _push(heap)


@compiled()
def _activate(active: Heap, vote: Any) -> None:
    moved = active.moved[0]
    moved.key_ms, moved.seat, moved.set, moved.ballot = vote.timestamp_ms, vote.seat, vote.set, vote.ballot
    _push(active)


@compiled()
def _push(heap: Heap) -> None:
    """Put in the vote in ``moved``: up from the end, as far as its key is less."""
    place = heap.held[0]
    heap.held[0] += 1
    while place > 0:
        above = (place - 1) // _BRANCHES
        if heap.vote_Q[above].key_ms <= heap.moved[0].key_ms:
            break
        heap.vote_Q[place] = heap.vote_Q[above]
        place = above
    heap.vote_Q[place] = heap.moved[0]


@compiled()
def _pop(heap: Heap) -> None:
    """Take out the first vote: the last one goes down from its place, as far as its key is greater."""
    heap.held[0] -= 1
    held, place = heap.held[0], 0
    heap.moved[0] = heap.vote_Q[held]
    while place * _BRANCHES + 1 < held:
        first = place * _BRANCHES + 1
        least = first
        for other in range(first + 1, min(first + _BRANCHES, held)):
            if heap.vote_Q[other].key_ms < heap.vote_Q[least].key_ms:
                least = other
        if heap.vote_Q[least].key_ms >= heap.moved[0].key_ms:
            break
        heap.vote_Q[place] = heap.vote_Q[least]
        place = least
    heap.vote_Q[place] = heap.moved[0]


@compiled()
def _missing(arena: Arena, sets: Sets, seat: int, value_set: int) -> int:
    """Cells that the arena lacks for the worst a vote can do: a new block, as large as it may become."""
    most = arena.length_P[seat] + sets.start_S[value_set + 1] - sets.start_S[value_set]
    size = _SMALLEST
    while size < most:
        size *= 2
    missing: int = arena.used[_CELLS] + 2 * size - arena.code_C.shape[0]
    return missing


@compiled()
def _count(arena: Arena, sets: Sets, vote: Any, change: int) -> None:
    """Count a vote for each value of its set, or take it back."""
    seat, bucket, term = vote.seat, vote.ballot // _TERMS, vote.ballot % _TERMS
    for place in range(sets.start_S[vote.set], sets.start_S[vote.set + 1]):
        cell = _find(arena, seat, bucket, sets.code_E[place])
        if cell == _NONE:
            cell = _new_cell(arena, seat)
            arena.code_C[cell], arena.bucket_C[cell] = sets.code_E[place], bucket
            for each in range(_TERMS):
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
    return _NONE


@compiled()
def _new_cell(arena: Arena, seat: int) -> int:
    """A cell at the end of a user's block, which moves if it is full."""
    length, size_class = arena.length_P[seat], arena.class_P[seat]
    if size_class == _NONE or length == _SMALLEST << size_class:
        start = _take_block(arena, size_class + 1)
        before = arena.start_P[seat]
        for place in range(length):
            arena.code_C[start + place] = arena.code_C[before + place]
            arena.bucket_C[start + place] = arena.bucket_C[before + place]
            for each in range(_TERMS):
                arena.count_CT[start + place, each] = arena.count_CT[before + place, each]
        if size_class != _NONE:
            _give_block(arena, before, size_class)
        arena.start_P[seat], arena.class_P[seat] = start, size_class + 1
    arena.length_P[seat] = length + 1
    cell: int = arena.start_P[seat] + length
    return cell


@compiled()
def _take_block(arena: Arena, size_class: int) -> int:
    start: int = arena.free_G[size_class]
    if start != _NONE:
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
    for each in range(_TERMS):
        if arena.count_CT[cell, each] != 0:
            return
    length = arena.length_P[seat] - 1
    last = arena.start_P[seat] + length
    arena.code_C[cell], arena.bucket_C[cell] = arena.code_C[last], arena.bucket_C[last]
    for each in range(_TERMS):
        arena.count_CT[cell, each] = arena.count_CT[last, each]
    arena.length_P[seat] = length
    if length == 0:
        _free_block(arena, seat)


@compiled()
def _free_block(arena: Arena, seat: int) -> None:
    """A user has no counts any more."""
    if arena.class_P[seat] != _NONE:
        _give_block(arena, arena.start_P[seat], arena.class_P[seat])
    arena.class_P[seat], arena.length_P[seat] = _NONE, 0


@compiled()
def _rank(arena: Arena, ranking: Ranking, user: int, value_AHK: Whole) -> None:
    """The best values of each bucket and attribute: greatest score first, of equal ones the smaller bytes."""
    attributes, kept = value_AHK.shape[0], value_AHK.shape[2]
    seat = arena.seat_U[user]
    if seat == _NONE:
        return
    ranking.score_HAK[:] = 0.0
    start = arena.start_P[seat]
    for cell in range(start, start + arena.length_P[seat]):
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


@compiled()
def _before(score: float, code: int, ranking: Ranking, place: tuple[int, int, int], value: int) -> bool:
    """Whether a value goes before the one at a place; an empty place has score 0."""
    there = ranking.score_HAK[place]
    if score != there:
        return bool(score > there)
    attributes = ranking.score_HAK.shape[1]
    return bool(ranking.order_X[code] < ranking.order_X[value * attributes + place[1]])
