"""Scores as the items of an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from interestclock.client import Behaviour, RankedItem, Why
from interestclock.errors import RequestError
from interestclock.service.exploration import ExploredOrder
from interestclock.serving import Explanation, Scored

__all__ = ["ranked_items"]

# Shapes: C candidates.


def ranked_items(scored: Scored, weights: Mapping[str, float], *, order: ExploredOrder) -> list[RankedItem]:
    """Candidates by their rank, the best first, or as they were shuffled; ties as they were given.

    Args:
        weights: of tasks in the sum that is the score. order: which rank stands where.

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
    place_C = np.argsort(-score_C, kind="stable")
    best = place_C[order.ranks].tolist()
    propensities: Sequence[float | None] = order.propensities or [None] * len(best)
    return [
        RankedItem(
            item=scored.request.items[each],
            score=float(score_C[each]),
            probabilities={task: float(of_C[each]) for task, of_C in scored.probabilities.items()},
            propensity=propensity,
            why=_why(scored.explanations[each]) if scored.explanations else None,
        )
        for each, propensity in zip(best, propensities, strict=True)
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
