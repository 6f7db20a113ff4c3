"""Two-stage search, shared by clocks and their baselines: exact top K over long histories, then attention."""

from interestclock.distinct import distinct
from interestclock.search.attention import (
    equal_projections,
    head_scores,
    log_mass,
    masked_softmax,
    pool_by_head,
    project_heads,
)
from interestclock.search.batch import ItemKeys, search_batch
from interestclock.search.padded import padded_spans
from interestclock.search.projections import ProjectionCache
from interestclock.search.refresh import CachedKeys, RefreshPolicy
from interestclock.search.request import search_request
from interestclock.search.retrieved import Retrieved, hit_rate, retrieved_vectors
from interestclock.search.sizes import SearchSizes
from interestclock.search.spans import Seen, Spans, retrieved_gaps, seen_in
from interestclock.search.two_stage import ItemSearch, TwoStage

__all__ = [
    "CachedKeys",
    "ItemKeys",
    "ItemSearch",
    "ProjectionCache",
    "RefreshPolicy",
    "Retrieved",
    "SearchSizes",
    "Seen",
    "Spans",
    "TwoStage",
    "distinct",
    "equal_projections",
    "head_scores",
    "hit_rate",
    "log_mass",
    "masked_softmax",
    "padded_spans",
    "pool_by_head",
    "project_heads",
    "retrieved_gaps",
    "retrieved_vectors",
    "search_batch",
    "search_request",
    "seen_in",
]
