"""Scores as the items of an answer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from interestclock.client import Behaviour, RankedItem, Why
from interestclock.errors import RequestError
from interestclock.serving import Explanation, Scored

__all__ = ["ranked_items"]

# Shapes: C candidates.


def ranked_items(scored: Scored, weights: Mapping[str, float], *, top: int) -> list[RankedItem]:
    """The best candidates, the best first; ties as they were given.

    Args:
        weights: of tasks in the sum that is the score. top: so many, at most.

    Raises:
        RequestError: a weight is of no task.
    """
    if strange := weights.keys() - scored.probabilities.keys():
        has = ", ".join(scored.probabilities)
        raise RequestError(f"no task '{min(strange)}'; this ranker predicts {has}")
    score_C = sum(
        (weight * scored.probabilities[task].astype(np.float64) for task, weight in weights.items()),
        np.zeros(len(scored.request.items)),
    )
    best = np.argsort(-score_C, kind="stable")[:top].tolist()
    return [
        RankedItem(
            item=scored.request.items[each],
            score=float(score_C[each]),
            probabilities={task: float(of_C[each]) for task, of_C in scored.probabilities.items()},
            why=_why(scored.explanations[each]) if scored.explanations else None,
        )
        for each in best
    ]


def _why(explanation: Explanation) -> Why:
    behaviours = {
        clock: [
            Behaviour(
                item=each.item,
                timestamp_ms=each.timestamp_ms,
                second_of_day=each.second_of_day,
                gap_seconds=each.gap_seconds,
                weight=each.weight,
            )
            for each in some
        ]
        for clock, some in explanation.behaviours.items()
    }
    profile = {name: list(values) for name, values in explanation.profile.items()}
    return Why(behaviours=behaviours, profile=profile)
