"""Exact top-K over long histories, shared by clocks and their peers: for a request, and for a batch."""

from interestclock.search.batch import ItemKeys, search_batch
from interestclock.search.found import Found, hit_rate
from interestclock.search.projections import ProjectionCache
from interestclock.search.refresh import KeptKeys, RefreshPolicy
from interestclock.search.request import search_request
from interestclock.search.stretches import Seen, Stretches, found_gaps, seen_in

__all__ = [
    "Found",
    "ItemKeys",
    "KeptKeys",
    "ProjectionCache",
    "RefreshPolicy",
    "Seen",
    "Stretches",
    "found_gaps",
    "hit_rate",
    "search_batch",
    "search_request",
    "seen_in",
]
