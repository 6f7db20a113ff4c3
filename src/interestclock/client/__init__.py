"""A typed client of the ranking service, and what goes over the wire."""

from interestclock.client.event_messages import Erased, Fault, ItemChange, Logged
from interestclock.client.problem import PROBLEM_TYPE, Problem, Ready
from interestclock.client.rank_messages import (
    Behaviour,
    Candidate,
    Catalogue,
    Rank,
    Ranked,
    RankedItem,
    WallClock,
    Why,
)

__all__ = [
    "PROBLEM_TYPE",
    "Behaviour",
    "Candidate",
    "Catalogue",
    "Erased",
    "Fault",
    "ItemChange",
    "Logged",
    "Problem",
    "Rank",
    "Ranked",
    "RankedItem",
    "Ready",
    "WallClock",
    "Why",
]
