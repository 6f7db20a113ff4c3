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

__all__ = [
    "CODE_BITS",
    "CODE_MASK",
    "FREE",
    "TERMS",
    "Counted",
    "Ranking",
    "ReadRequests",
    "Scratch",
    "VoteTable",
    "count_users",
    "count_votes",
    "counting",
    "insert",
    "place_of",
    "read_clocks",
]

# Shapes: E places of all votes, C cells of a hash table, M users at a time, A attributes, H buckets,
# K values kept, T terms, X codes, G sets of values, F counts, all in one row: to find one by two numbers
# takes much longer.

Whole = npt.NDArray[np.integer]
_TERM_BITS = 2  # a division takes longer
TERMS = 1 << _TERM_BITS
"""Labels that Eq. 3 counts."""
FREE = -1
"""The key of a cell that is free."""
CODE_BITS = 32
"""Of a key, below the bucket."""
CODE_MASK = (1 << CODE_BITS) - 1
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


class Counted(NamedTuple):
    """Places of votes, first to last, that count where their exposure is not before a moment."""

    first: int
    stop: int
    from_ms: int


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

    A key is a bucket above ``CODE_BITS`` bits of code. The T counts of a cell lie one after the other in
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
        counted = counting(votes, requests.user_M[row], requests.at_ms_M[row], requests.window_ms)
        taken = count_votes(votes, counted, scratch, scratch.count_F, 0)
        ranking.score_HAK[:] = 0.0
        _rank(ranking, scratch, taken, value_MAHK[row])


@compiled()
def count_users(votes: VoteTable, requests: ReadRequests, counts_HXT: npt.NDArray[np.int64]) -> None:
    """Add up users' votes by bucket, code and term."""
    counts_F, codes = counts_HXT.reshape(-1), counts_HXT.shape[1]
    start_G, code_E = votes.sets.start_G, votes.sets.code_E
    set_E, ballot_E, timestamp_ms_E = votes.set_E, votes.ballot_E, votes.timestamp_ms_E
    for row in range(requests.user_M.shape[0]):
        counted = counting(votes, requests.user_M[row], requests.at_ms_M[row], requests.window_ms)
        for place in range(counted.first, counted.stop):
            if timestamp_ms_E[place] >= counted.from_ms:
                bucket, term, mine = (
                    ballot_E[place] >> _TERM_BITS,
                    ballot_E[place] & (TERMS - 1),
                    set_E[place],
                )
                of_bucket = np.int64(bucket) * codes * TERMS + term
                for each in range(start_G[mine], start_G[mine + 1]):
                    counts_F[of_bucket + code_E[each] * TERMS] += 1


@compiled()
def counting(votes: VoteTable, user: int, at_ms: int, window_ms: int) -> Counted:
    """Places of a user's votes known before a moment, but for those known before the window."""
    blocks, from_ms = votes.blocks, at_ms - window_ms
    if user >= blocks.count_U.shape[0]:
        return Counted(0, 0, from_ms)
    first = blocks.offset_U[user] + blocks.dropped_U[user]
    stop = blocks.offset_U[user] + blocks.count_U[user]
    return Counted(
        _first_not_before(votes.known_ms_E, first, stop, from_ms),
        _first_not_before(votes.known_ms_E, first, stop, at_ms),
        from_ms,
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
def count_votes(
    votes: VoteTable, counted: Counted, scratch: Scratch, count_F: npt.NDArray[np.int32], taken: int
) -> int:
    """Count votes for each value of their sets.

    Args:
        count_F: what is counted up, in the cells of the table. taken: cells that were before.

    Returns:
        The cells taken.
    """
    key_C, taken_C = scratch.key_C, scratch.taken_C
    start_G, code_E = votes.sets.start_G, votes.sets.code_E
    set_E, ballot_E, timestamp_ms_E = votes.set_E, votes.ballot_E, votes.timestamp_ms_E
    for place in range(counted.first, counted.stop):
        if timestamp_ms_E[place] < counted.from_ms:
            continue
        bucket, term, mine = ballot_E[place] >> _TERM_BITS, ballot_E[place] & (TERMS - 1), set_E[place]
        for each in range(start_G[mine], start_G[mine + 1]):
            key = (np.int64(bucket) << CODE_BITS) | code_E[each]
            cell = place_of(key_C, key)
            if key_C[cell] == FREE:
                key_C[cell] = key
                taken_C[taken] = cell
                taken += 1
            count_F[cell * TERMS + term] += 1
    return taken


@compiled()
def place_of(key_C: npt.NDArray[np.int64], key: int) -> int:
    """The cell of a key, or the free one that it would have."""
    mask: int = key_C.shape[0] - 1
    cell: int = (key * _MIXES >> _MIXED_BITS) & mask
    while key_C[cell] != key and key_C[cell] != FREE:
        cell = (cell + 1) & mask
    return cell


@compiled()
def _rank(ranking: Ranking, scratch: Scratch, taken: int, value_AHK: Whole) -> None:
    """Put values among the best of their bucket and attribute. Leaves the table of counts empty."""
    count_F, key_C = scratch.count_F, scratch.key_C
    for each in range(taken):
        cell = scratch.taken_C[each]
        count, key = cell * TERMS, key_C[cell]
        like, finish = float(count_F[count]), float(count_F[count + 1])
        score = _score(like, finish, float(count_F[count + 2]), float(count_F[count + 3]), ranking)
        key_C[cell] = FREE
        for term in range(TERMS):
            count_F[count + term] = 0
        insert(ranking, value_AHK, key >> CODE_BITS, key & CODE_MASK, score)


@compiled()
def insert(ranking: Ranking, value_AHK: Whole, bucket: int, code: int, score: float) -> None:
    """Put a value among the best of its bucket and attribute: greatest score first, then smaller bytes."""
    attributes, kept = value_AHK.shape[0], value_AHK.shape[2]
    score_HAK, order_X = ranking.score_HAK, ranking.order_X
    attribute, place = ranking.attribute_X[code], kept
    if not score > 0 or score < score_HAK[bucket, attribute, kept - 1]:
        return
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
