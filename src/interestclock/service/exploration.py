"""A share of requests whose best items are shuffled; how likely each item stands where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from interestclock.errors import ConfigError, check_numbers

__all__ = ["Exploration", "ExploredOrder"]


@dataclass(frozen=True, kw_only=True)
class ExploredOrder:
    """An order of items by their ranks.

    Args:
        ranks: the rank of the item at each place, 0 is the best. explored: whether it was shuffled.
        propensities: of each place, the probability with which the item there stands there; None where
            nothing is ever explored.
    """

    ranks: list[int]
    explored: bool
    propensities: list[float] | None


@dataclass(frozen=True, kw_only=True)
class Exploration:
    r"""Shuffles the best items of a share of requests.

    .. math:: P(\text{rank } r \text{ at place } p) = (1 - s)\,[r = p] + s / n \quad (r, p < n)

    where *s* is the share and *n* the items that are shuffled; behind them each item stands at its rank. The
    probability is that over all requests with this ranking, explored or not, which is what an unbiased
    estimate from logged exposures divides by.

    Args:
        share: of requests, 0 to 1; 0 explores nothing. top: so many of the best are shuffled, or all
            candidates, where there are fewer.
        seed: of the shuffles: with a request's id it decides on its order.

    Raises:
        ConfigError: the share is none, or there is nothing to shuffle.

    Example:
        >>> exploration = Exploration(share=0.2, top=4)
        >>> order = exploration.order("r1", candidates=10, most=5)
        >>> order.ranks, order.explored, [round(each, 2) for each in order.propensities]
        ([0, 1, 2, 3, 4], False, [0.85, 0.85, 0.85, 0.85, 1.0])
        >>> order = exploration.order("r7", candidates=10, most=5)
        >>> order.ranks, order.explored, [round(each, 2) for each in order.propensities]
        ([2, 3, 1, 0, 4], True, [0.05, 0.05, 0.05, 0.05, 1.0])
    """

    share: float = 0.0
    top: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        check_numbers(self)
        if not 0 <= self.share <= 1:
            raise ConfigError(f"share is {self.share}; give a share of requests in 0..1, for example 0.01")
        if self.top < 2:
            raise ConfigError(f"top is {self.top}; give 2 or more items to shuffle, for example 10")

    def order(self, request_id: str, *, candidates: int, most: int) -> ExploredOrder:
        """Where each item stands.

        Args:
            candidates: that were ranked. most: places there are.
        """
        places = min(candidates, most)
        if not self.share:
            return ExploredOrder(ranks=list(range(places)), explored=False, propensities=None)
        shuffled = min(self.top, candidates)
        draw = Random(f"{self.seed} {request_id}")  # by all of the text, the same in every process
        explored, first = draw.random() < self.share, list(range(shuffled))
        if explored:
            draw.shuffle(first)
        ranks = [*first, *range(shuffled, candidates)][:places]
        there, anywhere = 1 - self.share, self.share / shuffled
        propensities = [
            1.0 if place >= shuffled else min(1.0, anywhere + there * (rank == place))
            for place, rank in enumerate(ranks)
        ]
        return ExploredOrder(ranks=ranks, explored=explored, propensities=propensities)
