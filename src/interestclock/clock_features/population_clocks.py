"""Clocks that everyone else's votes fill up: compiled loops that change nothing."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from interestclock.clock_features.count_votes import (
    CODE_BITS,
    CODE_MASK,
    FREE,
    TERMS,
    Ranking,
    ReadRequests,
    Scratch,
    VoteTable,
    count_votes,
    counting,
    insert,
    place_of,
)
from interestclock.clock_features.everyone import Everyone
from interestclock.clock_features.scoring import preference_score, with_population
from interestclock.compiled import compiled

__all__ = ["Others", "read_filled_clocks"]

# Shapes: M users at a time, A attributes, H buckets, K values kept, C cells of a table, F counts, all in one
# row, T terms, X codes, P pairs, E codes of all pairs.

_score: Any = njit(nogil=True)(preference_score)  # the formulas, compiled
_filled: Any = njit(nogil=True)(with_population)


class Others(NamedTuple):
    """Everyone as of a midnight, what their votes come to, and room for what of it is a user's own.

    ``scratch``: of the user's own counts. ``before_F``: those as of the midnight, in the same cells, zero
    between reads. ``votes_HA``: votes of all others.
    """

    midnight_ms: int
    votes: float
    everyone: Everyone
    scratch: Scratch
    before_F: npt.NDArray[np.int32]
    votes_HA: npt.NDArray[np.int64]


@compiled()
def read_filled_clocks(
    votes: VoteTable,
    ranking: Ranking,
    requests: ReadRequests,
    others: Others,
    value_MAHK: npt.NDArray[np.int32],
) -> None:
    """Fill in the best values of each user as of each moment; zeros are there already."""
    scratch = others.scratch
    for row in range(requests.user_M.shape[0]):
        user = requests.user_M[row]
        now = counting(votes, user, requests.at_ms_M[row], requests.window_ms)
        taken = count_votes(votes, now, scratch, scratch.count_F, 0)
        before = counting(votes, user, others.midnight_ms, requests.window_ms)
        taken = count_votes(votes, before, scratch, others.before_F, taken)
        ranking.score_HAK[:] = 0.0
        _without_own(ranking, taken, others)
        _rank_own(ranking, taken, others, value_MAHK[row])
        _rank_others(ranking, others, value_MAHK[row])
        _clear(taken, others)


@compiled()
def _without_own(ranking: Ranking, taken: int, others: Others) -> None:
    """How many votes of each bucket and attribute are those of others."""
    scratch = others.scratch
    others.votes_HA[:] = others.everyone.votes_HA
    for each in range(taken):
        cell = scratch.taken_C[each]
        key = scratch.key_C[cell]
        bucket, attribute = key >> CODE_BITS, ranking.attribute_X[key & CODE_MASK]
        for term in range(TERMS):
            others.votes_HA[bucket, attribute] -= others.before_F[cell * TERMS + term]


@compiled()
def _rank_own(ranking: Ranking, taken: int, others: Others, value_AHK: npt.NDArray[np.int32]) -> None:
    """Rank the values that the user has votes of, now or as of the midnight."""
    scratch = others.scratch
    count_F, before_F, counts_HXT = scratch.count_F, others.before_F, others.everyone.counts_HXT
    for each in range(taken):
        cell = scratch.taken_C[each]
        first, key = cell * TERMS, scratch.key_C[cell]
        bucket, code = key >> CODE_BITS, key & CODE_MASK
        score = _score(
            float(count_F[first]),
            float(count_F[first + 1]),
            float(count_F[first + 2]),
            float(count_F[first + 3]),
            ranking,
        )
        of_others = others.votes_HA[bucket, ranking.attribute_X[code]]
        if of_others > 0 and code < counts_HXT.shape[1]:
            count_T = counts_HXT[bucket, code]
            theirs = _score(
                float(count_T[0] - before_F[first]),
                float(count_T[1] - before_F[first + 1]),
                float(count_T[2] - before_F[first + 2]),
                float(count_T[3] - before_F[first + 3]),
                ranking,
            )
            score = _filled(score, theirs, float(of_others), others.votes)
        insert(ranking, value_AHK, bucket, code, score)


@compiled()
def _rank_others(ranking: Ranking, others: Others, value_AHK: npt.NDArray[np.int32]) -> None:
    """Rank the values that only others have votes of: best first, until none comes among a user's best."""
    everyone, key_C = others.everyone, others.scratch.key_C
    attributes, kept = value_AHK.shape[0], value_AHK.shape[2]
    for pair in range(everyone.start_P.shape[0] - 1):
        bucket, attribute = pair // attributes, pair % attributes
        of_others, put = others.votes_HA[bucket, attribute], 0
        if of_others <= 0:
            continue
        for each in range(everyone.start_P[pair], everyone.start_P[pair + 1]):
            code = everyone.code_E[each]
            key = (np.int64(bucket) << CODE_BITS) | code
            if key_C[place_of(key_C, key)] != FREE:
                continue
            score = _filled(0.0, everyone.score_E[each], float(of_others), others.votes)
            if put == kept or score < ranking.score_HAK[bucket, attribute, kept - 1]:
                break
            insert(ranking, value_AHK, bucket, code, score)
            put += 1


@compiled()
def _clear(taken: int, others: Others) -> None:
    """Leave the table of counts empty."""
    scratch = others.scratch
    for each in range(taken):
        cell = scratch.taken_C[each]
        scratch.key_C[cell] = FREE
        for term in range(TERMS):
            scratch.count_F[cell * TERMS + term] = 0
            others.before_F[cell * TERMS + term] = 0
