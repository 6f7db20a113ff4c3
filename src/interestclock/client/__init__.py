"""A typed client of the ranking service, and what goes over the wire."""

from interestclock.client.client import Client, ServiceError
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
from interestclock.client.state_messages import Model, Quality, RankerModel, Status, StoreStatus
from interestclock.client.user_messages import PastBehaviour, UserClock, UserHistory

__all__ = [
    "PROBLEM_TYPE",
    "Behaviour",
    "Candidate",
    "Catalogue",
    "Client",
    "Erased",
    "Fault",
    "ItemChange",
    "Logged",
    "Model",
    "PastBehaviour",
    "Problem",
    "Quality",
    "Rank",
    "Ranked",
    "RankedItem",
    "RankerModel",
    "Ready",
    "ServiceError",
    "Status",
    "StoreStatus",
    "UserClock",
    "UserHistory",
    "WallClock",
    "Why",
]
