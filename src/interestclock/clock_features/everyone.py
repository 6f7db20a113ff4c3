"""What everyone prefers as of a midnight, laid out so that one user's clock is filled up from it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from interestclock.clock_features.scoring import Eq3Weights, preference_score
from interestclock.clock_features.value_codes import ValueCodes
from interestclock.timeofday import BEFORE_ALL_MS

__all__ = ["Everyone", "Midnights", "Population", "last_midnights"]

# Shapes: H buckets, A attributes, X codes, T terms, P pairs of a bucket and an attribute, E codes of all
# pairs, M users at a time.

_KEPT = 4  # midnights that are laid out: requests of a batch are of a few days


class Everyone(NamedTuple):
    """Counts of all users, for compiled loops.

    ``counts_HXT`` of Eq. 3; ``votes_HA`` all of them by bucket and attribute. ``code_E`` and ``score_E`` are
    the values that score above 0, best first, of each pair ``bucket * A + attribute`` from ``start_P`` on.
    """

    counts_HXT: npt.NDArray[np.int64]
    votes_HA: npt.NDArray[np.int64]
    start_P: npt.NDArray[np.int64]
    code_E: npt.NDArray[np.int32]
    score_E: npt.NDArray[np.float64]

    @classmethod
    def of(cls, counts_HXT: npt.NDArray[np.int64], codes: ValueCodes, weights: Eq3Weights) -> Everyone:
        """Lay counts out; ties stand in the bytewise order of names, as in a user's own clock."""
        buckets, count, terms = counts_HXT.shape
        attributes = len(codes.attributes)
        like, finish, skip, dislike = np.moveaxis(counts_HXT.astype(np.float64), 2, 0)
        score_HX = preference_score(like, finish, skip, dislike, weights)
        bucket_E, code_E = np.nonzero(score_HX > 0)
        pair_E, score_E = bucket_E * attributes + code_E % attributes, score_HX[bucket_E, code_E]
        best_E = np.lexsort((codes.order_X[code_E], -score_E, pair_E))
        votes_HA = counts_HXT.reshape(buckets, count // attributes, attributes, terms).sum(axis=(1, 3))
        return cls(
            counts_HXT=np.ascontiguousarray(counts_HXT),
            votes_HA=np.ascontiguousarray(votes_HA),
            start_P=np.searchsorted(pair_E[best_E], np.arange(buckets * attributes + 1)),
            code_E=code_E[best_E].astype(np.int32),
            score_E=score_E[best_E],
        )


class Midnights:
    """Everyone's counts by midnight, laid out when first asked for; the last few are kept.

    What everyone's counts are as of a midnight never changes, so views of one state may share it.

    Args:
        weights: of Eq. 3.

    Example:
        >>> import pyarrow as pa
        >>> codes, midnights = ValueCodes(("mood",)), Midnights(Eq3Weights())
        >>> codes.name("mood", pa.array(["calm", "sad"]))
        >>> counts_HXT = np.array([[[0, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0]]])
        >>> everyone = midnights.of(0, codes, lambda midnight_ms: counts_HXT)
        >>> everyone.code_E.tolist(), everyone.score_E.tolist(), everyone.votes_HA.tolist()
        ([2, 1], [2.0, 1.0], [[2]])
    """

    def __init__(self, weights: Eq3Weights) -> None:
        self._weights = weights
        self._laid_out: dict[int, Everyone] = {}

    def of(
        self, midnight_ms: int, codes: ValueCodes, counts_of: Callable[[int], npt.NDArray[np.int64]]
    ) -> Everyone:
        """Everyone's counts as of one.

        Args:
            codes: of the values. counts_of: gives int64 (H, X, T) as of a midnight, where it is not kept.
        """
        found = self._laid_out.get(midnight_ms)
        if found is None:
            found = Everyone.of(counts_of(midnight_ms), codes, self._weights)
            self._laid_out = dict([*self._laid_out.items(), (midnight_ms, found)][-_KEPT:])
        return found

    def forget(self) -> None:
        """Counts may have become others."""
        self._laid_out = {}


@dataclass(frozen=True, kw_only=True)
class Population:
    """What fills up clocks of users who have few votes of their own.

    Args:
        votes: κ, how many votes everyone else's come to, in each bucket and attribute.
        midnight_ms_M: int64 (M,), as of which midnight each request reads them; ``BEFORE_ALL_MS``: none.
        everyone: by midnight.

    Example:
        >>> Population(votes=3.0, midnight_ms_M=np.array([BEFORE_ALL_MS]), everyone={}).votes
        3.0
    """

    votes: float
    midnight_ms_M: npt.NDArray[np.int64]
    everyone: Mapping[int, Everyone]


def last_midnights(midnights: Sequence[int], at_ms_M: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """The last of some midnights at or before each moment, int64 (M,); ``BEFORE_ALL_MS`` where there is none.

    Example:
        >>> last_midnights([86_400_000, 172_800_000], np.array([5, 86_400_000, 200_000_000])).tolist()[1:]
        [86400000, 172800000]
    """
    known = [BEFORE_ALL_MS, *sorted(midnights)]
    return np.array([known[bisect_right(known, at_ms) - 1] for at_ms in at_ms_M.tolist()], np.int64)
