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
_CODE_BITS = 32  # of a key, below the bucket
_MIXES, _MIXED_BITS = 0x1E3779B97F4A7C15, 29  # a key times this has its bits all over the upper half

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
    """How cells are ranked: Eq. 3's weights, each code's place in bytewise order, room for a user's best.

    ``attribute_X``, ``value_X``: what each code stands for, looked up since a division takes longer.
    """

    like: float
    finish: float
    skip: float
    dislike: float
    order_X: Whole
    attribute_X: Whole
    value_X: Whole
    score_HAK: npt.NDArray[np.float64]


class Scratch(NamedTuple):
    """A hash table of one user's counts by (bucket, code), empty between reads; a power of two in size.

    ``taken_C`` lists the cells that are not empty, first to last.
    """

    key_C: npt.NDArray[np.int64]
    bucket_C: npt.NDArray[np.int32]
    code_C: npt.NDArray[np.int32]
    count_CT: npt.NDArray[np.int32]
    taken_C: npt.NDArray[np.int32]


@compiled()
def read_clocks(
    votes: VoteTable, ranking: Ranking, asked: Asked, scratch: Scratch, value_MAHK: npt.NDArray[np.int32]
) -> None:
    """Fill in the best values of each user as of each moment; zeros are there already."""
    for row in range(asked.user_M.shape[0]):
        first, stop = _counting(votes, asked, row)
        taken = _count(votes, first, stop, asked.at_ms_M[row] - asked.window_ms, scratch)
        ranking.score_HAK[:] = 0.0
        _rank(ranking, scratch, taken, value_MAHK[row])


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
def _count(votes: VoteTable, first: int, stop: int, from_ms: int, scratch: Scratch) -> int:
    """Count votes of exposures from a moment on, for each value of their sets; gives the cells taken."""
    key_C, bucket_C, code_C, taken_C = scratch.key_C, scratch.bucket_C, scratch.code_C, scratch.taken_C
    count_CT, mask = scratch.count_CT, scratch.key_C.shape[0] - 1
    start_S, code_E = votes.sets.start_S, votes.sets.code_E
    set_E, ballot_E, timestamp_ms_E = votes.set_E, votes.ballot_E, votes.timestamp_ms_E
    taken = 0
    for place in range(first, stop):
        if timestamp_ms_E[place] < from_ms:
            continue
        bucket, term = ballot_E[place] // _TERMS, ballot_E[place] % _TERMS
        for each in range(start_S[set_E[place]], start_S[set_E[place] + 1]):
            key = (np.int64(bucket) << _CODE_BITS) | code_E[each]
            cell = (key * _MIXES >> _MIXED_BITS) & mask
            while key_C[cell] != key:
                if key_C[cell] == _FREE:
                    key_C[cell], bucket_C[cell], code_C[cell] = key, bucket, code_E[each]
                    taken_C[taken] = cell
                    taken += 1
                else:
                    cell = (cell + 1) & mask
            count_CT[cell, term] += 1
    return taken


@compiled()
def _rank(ranking: Ranking, scratch: Scratch, taken: int, value_AHK: Whole) -> None:
    """Put values among the best of their bucket and attribute: greatest score first, then smaller bytes.

    Leaves the table of counts empty.
    """
    attributes, kept = value_AHK.shape[0], value_AHK.shape[2]
    score_HAK, order_X, attribute_X = ranking.score_HAK, ranking.order_X, ranking.attribute_X
    count_CT, key_C = scratch.count_CT, scratch.key_C
    for each in range(taken):
        cell = scratch.taken_C[each]
        like, finish = float(count_CT[cell, 0]), float(count_CT[cell, 1])
        score = _score(like, finish, float(count_CT[cell, 2]), float(count_CT[cell, 3]), ranking)
        key_C[cell] = _FREE
        for term in range(_TERMS):
            count_CT[cell, term] = 0
        bucket, code = scratch.bucket_C[cell], scratch.code_C[cell]
        attribute, place = attribute_X[code], kept
        if not score > 0 or score < score_HAK[bucket, attribute, kept - 1]:
            continue
        while place > 0:
            there, value = score_HAK[bucket, attribute, place - 1], value_AHK[attribute, bucket, place - 1]
            if score < there or (score == there and order_X[code] > order_X[value * attributes + attribute]):
                break
            place -= 1
            if place + 1 < kept:
                score_HAK[bucket, attribute, place + 1] = there
                value_AHK[attribute, bucket, place + 1] = value
        if place < kept:
            score_HAK[bucket, attribute, place] = score
            value_AHK[attribute, bucket, place] = ranking.value_X[code]
