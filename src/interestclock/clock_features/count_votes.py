"""Votes become counts and counts become clocks, as of a moment: compiled loops that change nothing."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from interestclock.clock_features.scoring import preference_score
from interestclock.clock_features.value_sets import Sets
from interestclock.compiled import compiled
from interestclock.histories.block_room import Blocks

__all__ = ["Ranking", "ReadRequests", "Scratch", "VoteTable", "count_users", "read_clocks"]

# Shapes: E places of all votes, C cells of a hash table, M users at a time, A attributes, H buckets,
# K values kept, T terms, X codes, G sets of values, F counts, all in one row: to find one by two numbers
# takes much longer.

Whole = npt.NDArray[np.integer]
_TERM_BITS = 2  # a division takes longer
_TERMS = 1 << _TERM_BITS
_FREE = -1
_CODE_BITS = 32  # of a key, below the bucket
_CODE_MASK = (1 << _CODE_BITS) - 1
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


class ReadRequests(NamedTuple):
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

    A key is a bucket above ``_CODE_BITS`` bits of code. The T counts of a cell lie one after the other in
    ``count_F``. ``taken_C`` lists the cells that are not empty, first to last.
    """

    key_C: npt.NDArray[np.int64]
    count_F: npt.NDArray[np.int32]
    taken_C: npt.NDArray[np.int32]


@compiled()
def read_clocks(
    votes: VoteTable,
    ranking: Ranking,
    requests: ReadRequests,
    scratch: Scratch,
    value_MAHK: npt.NDArray[np.int32],
) -> None:
    """Fill in the best values of each user as of each moment; zeros are there already."""
    for row in range(requests.user_M.shape[0]):
        first, stop = _counting(votes, requests, row)
        taken = _count(votes, first, stop, requests.at_ms_M[row] - requests.window_ms, scratch)
        ranking.score_HAK[:] = 0.0
        _rank(ranking, scratch, taken, value_MAHK[row])


@compiled()
def count_users(votes: VoteTable, requests: ReadRequests, counts_HXT: npt.NDArray[np.int64]) -> None:
    """Add up users' votes by bucket, code and term."""
    counts_F, codes = counts_HXT.reshape(-1), counts_HXT.shape[1]
    start_G, code_E = votes.sets.start_G, votes.sets.code_E
    set_E, ballot_E, timestamp_ms_E = votes.set_E, votes.ballot_E, votes.timestamp_ms_E
    for row in range(requests.user_M.shape[0]):
        first, stop = _counting(votes, requests, row)
        from_ms = requests.at_ms_M[row] - requests.window_ms
        for place in range(first, stop):
            if timestamp_ms_E[place] >= from_ms:
                bucket, term, mine = (
                    ballot_E[place] >> _TERM_BITS,
                    ballot_E[place] & (_TERMS - 1),
                    set_E[place],
                )
                of_bucket = np.int64(bucket) * codes * _TERMS + term
                for each in range(start_G[mine], start_G[mine + 1]):
                    counts_F[of_bucket + code_E[each] * _TERMS] += 1


@compiled()
def _counting(votes: VoteTable, requests: ReadRequests, row: int) -> tuple[int, int]:
    """Places of a user's votes known before the moment, but for those known before the window."""
    user, blocks = requests.user_M[row], votes.blocks
    if user >= blocks.count_U.shape[0]:
        return 0, 0
    first = blocks.offset_U[user] + blocks.dropped_U[user]
    stop = blocks.offset_U[user] + blocks.count_U[user]
    at_ms = requests.at_ms_M[row]
    return (
        _first_not_before(votes.known_ms_E, first, stop, at_ms - requests.window_ms),
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
    key_C, count_F, taken_C, mask = (
        scratch.key_C,
        scratch.count_F,
        scratch.taken_C,
        scratch.key_C.shape[0] - 1,
    )
    start_G, code_E = votes.sets.start_G, votes.sets.code_E
    set_E, ballot_E, timestamp_ms_E = votes.set_E, votes.ballot_E, votes.timestamp_ms_E
    taken = 0
    for place in range(first, stop):
        if timestamp_ms_E[place] < from_ms:
            continue
        bucket, term, mine = ballot_E[place] >> _TERM_BITS, ballot_E[place] & (_TERMS - 1), set_E[place]
        for each in range(start_G[mine], start_G[mine + 1]):
            key = (np.int64(bucket) << _CODE_BITS) | code_E[each]
            cell = (key * _MIXES >> _MIXED_BITS) & mask
            while key_C[cell] != key:
                if key_C[cell] == _FREE:
                    key_C[cell] = key
                    taken_C[taken] = cell
                    taken += 1
                else:
                    cell = (cell + 1) & mask
            count_F[cell * _TERMS + term] += 1
    return taken


@compiled()
def _rank(ranking: Ranking, scratch: Scratch, taken: int, value_AHK: Whole) -> None:
    """Put values among the best of their bucket and attribute: greatest score first, then smaller bytes.

    Leaves the table of counts empty.
    """
    attributes, kept = value_AHK.shape[0], value_AHK.shape[2]
    score_HAK, order_X, attribute_X = ranking.score_HAK, ranking.order_X, ranking.attribute_X
    count_F, key_C = scratch.count_F, scratch.key_C
    for each in range(taken):
        cell = scratch.taken_C[each]
        count, key = cell * _TERMS, key_C[cell]
        like, finish = float(count_F[count]), float(count_F[count + 1])
        score = _score(like, finish, float(count_F[count + 2]), float(count_F[count + 3]), ranking)
        key_C[cell] = _FREE
        for term in range(_TERMS):
            count_F[count + term] = 0
        bucket, code = key >> _CODE_BITS, key & _CODE_MASK
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
