"""Eq. 3: how counts of labels become one preference score, in one place for every engine."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from interestclock.errors import ConfigError, check_numbers

__all__ = ["Eq3Weights", "preference_score", "with_population"]


@dataclass(frozen=True, kw_only=True)
class Eq3Weights:
    """What one like, finish, skip and dislike weigh in Eq. 3 (its α, β, γ, ω).

    Source: Zhu et al., Interest Clock, SIGIR 2024, Eq. (3). The paper gives no values; these are ours.

    Args:
        like: α, added per like. finish: β, added per finish.
        skip: γ, taken off per skip. dislike: ω, taken off per dislike.

    Raises:
        ConfigError: a weight is negative, infinite or not a number.

    Example:
        >>> Eq3Weights(skip=0.5)
        Eq3Weights(like=2.0, finish=1.0, skip=0.5, dislike=2.0)
    """

    like: float = 2.0
    finish: float = 1.0
    skip: float = 1.0
    dislike: float = 2.0

    def __post_init__(self) -> None:
        check_numbers(self)
        for role in fields(self):
            weight = getattr(self, role.name)
            if weight < 0:
                raise ConfigError(f"the Eq. 3 weight of {role.name} is {weight}; give 0 or more")
            object.__setattr__(self, role.name, float(weight))


def preference_score(like: Any, finish: Any, skip: Any, dislike: Any, weights: Eq3Weights) -> Any:
    r"""Score a user's preference for one value in one bucket from counts of labels.

    .. math:: s = \alpha\, n_{like} + \beta\, n_{finish} - \gamma\, n_{skip} - \omega\, n_{dislike}

    Source: Zhu et al., Interest Clock, SIGIR 2024, Eq. (3).
    Differs: the order of the operations is fixed, so that a database and Python agree to the bit.

    Args:
        like: number of likes. finish: of finishes. skip: of skips. dislike: of dislikes. Each a float,
            a float64 array, or a column of an engine, such as Ibis's (integers up to 2**53 are exact).
        weights: α, β, γ and ω.

    Example:
        >>> preference_score(1.0, 3.0, 2.0, 0.0, Eq3Weights())
        3.0
    """
    score = weights.like * like + weights.finish * finish
    return score - weights.skip * skip - weights.dislike * dislike


def with_population(own: Any, others: Any, others_votes: Any, population_votes: Any) -> Any:
    r"""Score a user's preference by own counts and those of everyone else, as if these were κ votes more.

    .. math:: s' = s(n) + \kappa\, \frac{s(E - n_0)}{\sum_{v, l} (E - n_0)}

    with n the user's own counts, E everyone's as of the last midnight (UTC), and :math:`n_0` the user's own
    as of the same midnight, so that nothing counts twice; the sum goes over values and labels of the bucket.
    Eq. 3 is linear, so this is the score of :math:`n + \kappa p`, with p the others' share of each value and
    label. Where others have no votes, the score is the user's own.

    Source: none of the papers; decision 0068.

    Args:
        own: Eq. 3 of the user's own counts. others: Eq. 3 of the counts of all others for the value, in the
            same bucket. others_votes: how many votes of all values others have in it, above 0.
        population_votes: κ, in votes.

    Example:
        >>> with_population(1.0, 6.0, 12.0, 4.0)
        3.0
    """
    return own + population_votes * (others / others_votes)
