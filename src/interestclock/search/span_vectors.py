"""Serving: each request's behaviours read once, in their order, for the search and the attention alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import torch
from torch import Tensor

from interestclock.search.request import search_request
from interestclock.search.retrieved import Retrieved
from interestclock.search.spans import Spans

__all__ = ["SpanVectors", "search_spans"]

# Shapes: B candidates, M requests (a user at a time), E behaviours of all users, L behaviours of all spans,
# K kept, I item vector, C candidates of one request.


@dataclass(frozen=True, kw_only=True)
class SpanVectors:
    """What the spans of a batch hold, one span behind the other.

    Where few requests are asked for many candidates, this costs less than to look for distinct items among
    all there are: nothing here depends on how many items or users are known.

    Args:
        vector_LI: items' vectors; of one that is gone any. gone_L: bool. gap_L: int64, to the span's request.
        first_M: where each request's begin, with the end behind it. start_M: where they stand in the E.

    Example:
        >>> spans = Spans(
        ...     item_E=torch.tensor([1, 0, -1]), time_E=torch.tensor([60, 120, 180]),
        ...     start_M=torch.tensor([0, 1]), stop_M=torch.tensor([2, 3]), now_M=torch.tensor([0, 180]))
        >>> laid_out = SpanVectors.of(spans, torch.tensor([[3.0], [5.0]]).__getitem__)
        >>> laid_out.vector_LI[:, 0].tolist(), laid_out.gap_L.tolist(), laid_out.first_M
        ([5.0, 3.0, 3.0, 3.0], [60, 120, 60, 0], [0, 2, 4])
    """

    vector_LI: Tensor
    gone_L: Tensor
    gap_L: Tensor
    first_M: list[int]
    start_M: list[int]

    @classmethod
    def of(cls, spans: Spans, vectors: Callable[[Tensor], Tensor]) -> Self:
        """Of item numbers ``vectors`` gives vectors, int64 (L,) -> (L, I)."""
        start_M, stop_M = spans.start_M.tolist(), spans.stop_M.tolist()
        slices = [slice(*each) for each in zip(start_M, stop_M, strict=True)]
        item_L = _joined([spans.item_E[each] for each in slices], spans.item_E).to(torch.int64)
        gaps = [
            spans.gap(spans.time_E[each].to(torch.int64), now)
            for each, now in zip(slices, spans.now_M.tolist(), strict=True)
        ]
        first_M = [0]
        for start, stop in zip(start_M, stop_M, strict=True):
            first_M.append(first_M[-1] + stop - start)
        return cls(
            vector_LI=vectors(item_L.clamp(min=0)),
            gone_L=item_L < 0,
            gap_L=_joined(gaps, spans.start_M),
            first_M=first_M,
            start_M=start_M,
        )


def search_spans(
    query_BI: Tensor, counts: list[int], laid_out: SpanVectors, *, time_score_L: Tensor, top_k: int
) -> Retrieved:
    """The ``top_k`` behaviours of highest score for each candidate, among its own request's.

    As ``search_batch`` finds them, each request by itself.

    Args:
        query_BI: candidates' projections, each request's together and in their order. counts: how many are of
            each request. time_score_L: what a behaviour's time adds.

    Example:
        >>> spans = Spans(
        ...     item_E=torch.tensor([1, 0, 1]), time_E=torch.tensor([60, 43_200, 0]),
        ...     start_M=torch.tensor([1]), stop_M=torch.tensor([3]), now_M=torch.tensor([0]))
        >>> laid_out = SpanVectors.of(spans, torch.tensor([[0.5], [2.0]]).__getitem__)
        >>> retrieved = search_spans(
        ...     torch.tensor([[1.0]]), [1], laid_out, time_score_L=torch.zeros(2), top_k=5)
        >>> retrieved.offset_BK.tolist(), retrieved.score_BK.tolist(), retrieved.place_BK.tolist()
        ([[2, 1]], [[2.0, 0.5]], [[1, 0]])
    """
    time_score_L = time_score_L.masked_fill(laid_out.gone_L, -torch.inf)
    first_M, parts, candidate = laid_out.first_M, [], 0
    k = min(top_k, max((stop - start for start, stop in pairwise(first_M)), default=0))
    for request, count in enumerate(counts):
        span = slice(first_M[request], first_M[request + 1])
        query_CI = query_BI[candidate : candidate + count]
        found = search_request(query_CI, laid_out.vector_LI[span], time_score_L[span], top_k=top_k)
        parts.append(_placed(found, laid_out, request, k))
        candidate += count
    if len(parts) == 1:
        offset_BK, score_BK, present_BK, place_BK = parts[0]
    else:
        offset_BK, score_BK, present_BK, place_BK = (torch.cat(each) for each in zip(*parts, strict=True))
    return Retrieved(
        offset_BK=offset_BK,
        score_BK=score_BK,
        present_BK=present_BK,
        vector_LI=laid_out.vector_LI,
        gap_L=laid_out.gap_L,
        place_BK=place_BK,
    )


def _placed(found: Retrieved, laid_out: SpanVectors, request: int, k: int) -> tuple[Tensor, ...]:
    """Offsets into all behaviours, scores, which are there, and places among what is laid out; K wide."""
    missing = k - found.offset_BK.shape[1]
    within_CK, present_CK = found.offset_BK, found.present_BK
    score_CK = found.score_BK
    if missing:
        within_CK = torch.nn.functional.pad(within_CK, (0, missing))
        score_CK = torch.nn.functional.pad(score_CK, (0, missing), value=-torch.inf)
        present_CK = torch.nn.functional.pad(present_CK, (0, missing))
    offset_CK = within_CK + laid_out.start_M[request]
    place_CK = within_CK + laid_out.first_M[request]
    if not bool(present_CK.all()):  # padding is at 0 in both
        offset_CK = offset_CK.masked_fill(~present_CK, 0)
        place_CK = place_CK.masked_fill(~present_CK, 0)
    return offset_CK, score_CK, present_CK, place_CK


def _joined(parts: list[Tensor], like: Tensor) -> Tensor:
    if len(parts) == 1:
        return parts[0]
    return torch.cat(parts) if parts else like[:0]
