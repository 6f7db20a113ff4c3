"""Two-stage search, shared by clocks and their peers: exact top K over long histories, then attention."""

from interestclock.search.attention import (
    equal_projections,
    head_scores,
    masked_softmax,
    pool_by_head,
    project_heads,
)
from interestclock.search.batch import ItemKeys, search_batch
from interestclock.search.found import Found, hit_rate
from interestclock.search.projections import ProjectionCache
from interestclock.search.refresh import KeptKeys, RefreshPolicy
from interestclock.search.request import search_request
from interestclock.search.stretches import Seen, Stretches, found_gaps, seen_in
from interestclock.search.two_stage import ItemSearch, TwoStage

__all__ = [
    "Found",
    "ItemKeys",
    "ItemSearch",
    "KeptKeys",
    "ProjectionCache",
    "RefreshPolicy",
    "Seen",
    "Stretches",
    "TwoStage",
    "equal_projections",
    "found_gaps",
    "head_scores",
    "hit_rate",
    "masked_softmax",
    "pool_by_head",
    "project_heads",
    "search_batch",
    "search_request",
    "seen_in",
]
