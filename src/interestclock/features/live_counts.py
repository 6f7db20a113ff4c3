"""Votes become counts and counts become clocks: compiled loops over the arena and the heaps."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from interestclock.compiled import compiled
from interestclock.features.count_arena import (
    NONE,
    ORPHANS,
    Arena,
    count,
    free_block,
    free_seat,
    let_go,
    missing_cells,
    seat_of,
)
from interestclock.features.scoring import preference_score
from interestclock.features.value_sets import Sets
from interestclock.features.vote_heaps import Heap, activate, pop, push

__all__ = ["Ranking", "advance", "forget", "take"]

# Shapes: N new votes, X codes, M moments, A attributes, H buckets, K values kept.

Whole = npt.NDArray[np.integer]
_MOST_ORPHANS = 4  # one vote in so many may be of a user who is forgotten

_score: Any = njit(nogil=True)(preference_score)  # the one formula, compiled


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
        seat = seat_of(arena, user_N[new])
        arena.votes_P[seat] += 1
        vote_N[new].seat = seat
        waiting.moved[0] = vote_N[new]
        push(waiting)


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
                let_go(arena, vote.seat)
            else:
                cells = missing_cells(arena, sets, vote.seat, vote.set)
                if cells > 0 or active.held[0] == active.vote_Q.shape[0]:
                    return max(cells, 0), 1
                count(arena, sets, vote, 1)
                activate(active, vote)
            pop(waiting)
        while active.held[0] > 0 and active.vote_Q[0].key_ms < now_ms - window_ms:
            vote_too_old = active.vote_Q[0]
            if not arena.left_P[vote_too_old.seat]:
                count(arena, sets, vote_too_old, -1)
            let_go(arena, vote_too_old.seat)
            pop(active)
        _rank(arena, ranking, user_M[moment], value_MAHK[moment])
        next_moment[0] = moment + 1
    return 0, 0


@compiled()
def forget(arena: Arena, heaps: tuple[Heap, Heap], user_X: Whole) -> None:
    """Counts of users go; their votes are passed over from now on, and swept out once they are many."""
    for user in user_X:
        seat = arena.seat_U[user]
        if seat != NONE:
            arena.seat_U[user] = NONE
            free_block(arena, seat)
            arena.left_P[seat] = True
            arena.used[ORPHANS] += arena.votes_P[seat]
            if arena.votes_P[seat] == 0:
                free_seat(arena, seat)
    if arena.used[ORPHANS] * _MOST_ORPHANS > heaps[0].held[0] + heaps[1].held[0]:
        _sweep(arena, heaps[0])
        _sweep(arena, heaps[1])


@compiled()
def _sweep(arena: Arena, heap: Heap) -> None:
    """Votes from seats that are left go; the others are put in anew, never ahead of where they are read."""
    held = heap.held[0]
    heap.held[0] = 0
    for place in range(held):
        seat = heap.vote_Q[place].seat
        if arena.left_P[seat]:
            let_go(arena, seat)
        else:
            heap.moved[0] = heap.vote_Q[place]
            push(heap)


@compiled()
def _rank(arena: Arena, ranking: Ranking, user: int, value_AHK: Whole) -> None:
    """The best values of each bucket and attribute: greatest score first, of equal ones the smaller bytes."""
    attributes, kept = value_AHK.shape[0], value_AHK.shape[2]
    seat = arena.seat_U[user]
    if seat == NONE:
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
