"""Votes become counts and counts become clocks, as of a moment: compiled loops that change nothing."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from interestclock.compiled import compiled
from interestclock.features.scoring import preference_score
from interestclock.features.value_sets import Sets
from interestclock.histories.blocks import Blocks

__all__ = ["Asked", "Ranking", "Scratch", "VoteTable", "count_everyone", "read_clocks"]

# Shapes: E places of all votes, C cells of a hash table, M users at a time, A attributes, H buckets,
# K values kept, T terms, X codes.

Whole = npt.NDArray[np.integer]
_TERMS = 4
_FREE = -1
_MIXES = 0x9E3779B1  # 2**32 over the golden ratio: neighbouring keys land far apart

_score: Any = njit(nogil=True)(preference_score)  # the one formula, compiled


class VoteTable(NamedTuple):
    """All users' votes in blocks; a ballot is bucket * T + term, a set the values of the item."""

    blocks: Blocks
    sets: Sets
    known_ms_E: npt.NDArray[np.int64]
    timestamp_ms_E: npt.NDArray[np.int64]
    set_E: npt.NDArray[np.int32]
    ballot_E: npt.NDArray[np.int32]


class Asked(NamedTuple):
    """Users at moments, and how far back votes count."""

    window_ms: int
    user_M: npt.NDArray[np.int64]
    at_ms_M: npt.NDArray[np.int64]


class Ranking(NamedTuple):
    """How cells are ranked: Eq. 3's weights, each code's place in bytewise order, room for a user's best."""

    like: float
    finish: float
    skip: float
    dislike: float
    order_X: Whole
    score_HAK: npt.NDArray[np.float64]


class Scratch(NamedTuple):
    """A hash table of one user's counts by (bucket, code), empty between reads; a power of two in size."""

    key_C: npt.NDArray[np.int64]
    count_CT: npt.NDArray[np.int32]
    taken_C: npt.NDArray[np.int32]


@compiled()
def read_clocks(
    votes: VoteTable, ranking: Ranking, asked: Asked, scratch: Scratch, value_MAHK: npt.NDArray[np.int32]
) -> None:
    """Fill in the best values of each user as of each moment; zeros are there already."""
    codes = ranking.order_X.shape[0]
    for row in range(asked.user_M.shape[0]):
        first, stop = _counting(votes, asked, row)
        taken = 0
        for place in range(first, stop):
            if votes.timestamp_ms_E[place] >= asked.at_ms_M[row] - asked.window_ms:
                taken = _count(votes, place, codes, scratch, taken)
        ranking.score_HAK[:] = 0.0
        for each in range(taken):
            cell = scratch.taken_C[each]
            _rank(ranking, scratch.key_C[cell], scratch.count_CT[cell], value_MAHK[row])
            scratch.key_C[cell] = _FREE
            scratch.count_CT[cell, :] = 0


@compiled()
def count_everyone(votes: VoteTable, asked: Asked, counts_HXT: npt.NDArray[np.int64]) -> None:
    """Add up all users' votes by bucket, code and term."""
    for row in range(asked.user_M.shape[0]):
        first, stop = _counting(votes, asked, row)
        for place in range(first, stop):
            if votes.timestamp_ms_E[place] >= asked.at_ms_M[row] - asked.window_ms:
                bucket, term = votes.ballot_E[place] // _TERMS, votes.ballot_E[place] % _TERMS
                mine, sets = votes.set_E[place], votes.sets
                for each in range(sets.start_S[mine], sets.start_S[mine + 1]):
                    counts_HXT[bucket, sets.code_E[each], term] += 1


@compiled()
def _counting(votes: VoteTable, asked: Asked, row: int) -> tuple[int, int]:
    """Places of a user's votes known before the moment, but for those known before the window."""
    user, blocks = asked.user_M[row], votes.blocks
    if user >= blocks.count_U.shape[0]:
        return 0, 0
    first = blocks.offset_U[user] + blocks.dropped_U[user]
    stop = blocks.offset_U[user] + blocks.count_U[user]
    at_ms = asked.at_ms_M[row]
    return (
        _first_not_before(votes.known_ms_E, first, stop, at_ms - asked.window_ms),
        _first_not_before(votes.known_ms_E, first, stop, at_ms),
    )


@compiled()
def _first_not_before(known_ms_E: npt.NDArray[np.int64], first: int, stop: int, at_ms: int) -> int:
    while first < stop:
        middle = (first + stop) // 2
        if known_ms_E[middle] < at_ms:
            first = middle + 1
        else:
            stop = middle
    return first


@compiled()
def _count(votes: VoteTable, place: int, codes: int, scratch: Scratch, taken: int) -> int:
    """Count a vote for each value of its set; gives how many cells are taken."""
    bucket, term = votes.ballot_E[place] // _TERMS, votes.ballot_E[place] % _TERMS
    mine, sets = votes.set_E[place], votes.sets
    mask = scratch.key_C.shape[0] - 1
    for each in range(sets.start_S[mine], sets.start_S[mine + 1]):
        key = bucket * codes + sets.code_E[each]
        cell = (key * _MIXES) & mask
        while scratch.key_C[cell] != key:
            if scratch.key_C[cell] == _FREE:
                scratch.key_C[cell] = key
                scratch.taken_C[taken] = cell
                taken += 1
            else:
                cell = (cell + 1) & mask
        scratch.count_CT[cell, term] += 1
    return taken


@compiled()
def _rank(ranking: Ranking, key: int, count_T: Whole, value_AHK: Whole) -> None:
    """Put a value among the best of its bucket and attribute: greatest score first, then smaller bytes."""
    score = _score(float(count_T[0]), float(count_T[1]), float(count_T[2]), float(count_T[3]), ranking)
    if not score > 0:
        return
    attributes, kept = value_AHK.shape[0], value_AHK.shape[2]
    codes = ranking.order_X.shape[0]
    bucket, code = key // codes, key % codes
    attribute = code % attributes
    score_K, value_K = ranking.score_HAK[bucket, attribute], value_AHK[attribute, bucket]
    place = kept
    while place > 0 and _before(
        ranking, score, code, score_K[place - 1], value_K[place - 1] * attributes + attribute
    ):
        place -= 1
    for later in range(kept - 1, place, -1):
        score_K[later], value_K[later] = score_K[later - 1], value_K[later - 1]
    if place < kept:
        score_K[place], value_K[place] = score, code // attributes


@compiled()
def _before(ranking: Ranking, score: float, code: int, there: float, other: int) -> bool:
    """Whether a value goes before another one; an empty place has score 0."""
    if score != there:
        return bool(score > there)
    return bool(ranking.order_X[code] < ranking.order_X[other])
