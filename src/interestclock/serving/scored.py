"""What came of a request: probabilities of its candidates, and the best of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from interestclock.errors import RequestError
from interestclock.serving.explain import Explanation
from interestclock.serving.local_clock import LocalTime
from interestclock.serving.rank_request import Id, RankRequest

__all__ = ["Scored"]

# Shapes: C candidates.


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Probabilities of a request's candidates.

    Args:
        request: what was asked. ranker: name of the ranker. version: name of the snapshot that answered.
        probabilities: float32 (C,) by task, in the order of the request's items.
        local: the clock on the user's wall, and what told it.
        known_behaviours: how many behaviours of the user were known.
        position: in what was admitted, up to which the user's features go; None of a state in memory.
        explanations: one for each candidate, where the request wants them.
    """

    request: RankRequest
    ranker: str
    version: str
    probabilities: Mapping[str, npt.NDArray[np.float32]]
    local: LocalTime
    known_behaviours: int
    position: int | None = None
    explanations: Sequence[Explanation] = ()

    def best(self, weights: Mapping[str, float], *, most: int | None = None) -> list[tuple[Id, float]]:
        """Candidates by a weighted sum of their probabilities, the best first; ties as they were asked for.

        Args:
            weights: by task. most: so many of them; None is all.

        Raises:
            RequestError: a weight is of no task.
        """
        if strange := weights.keys() - self.probabilities.keys():
            has = ", ".join(self.probabilities)
            raise RequestError(f"no task '{min(strange)}'; this ranker predicts {has}")
        score_C = sum(
            (weight * self.probabilities[task].astype(np.float64) for task, weight in weights.items()),
            np.zeros(len(self.request.items)),
        )
        order = np.argsort(-score_C, kind="stable")[:most]
        return [(self.request.items[each], float(score_C[each])) for each in order.tolist()]
