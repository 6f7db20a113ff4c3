"""Search, then attend: what every model of long histories here does, with the parts that differ left open."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from interestclock.search.batch import ItemKeys, search_batch
from interestclock.search.retrieved import Retrieved, retrieved_vectors
from interestclock.search.span_vectors import SpanVectors, search_spans
from interestclock.search.spans import Spans, retrieved_gaps, seen_in

__all__ = ["ItemSearch", "TwoStage"]

# Shapes: B candidates, M requests (a user at a time), E behaviours of all users, K retrieved, N distinct
# items, U of them that occur, G gaps, P of them that occur, I item vector, Z projection, L behaviours laid
# out, O output.


class TwoStage(nn.Module):
    """A model that finds K behaviours for each candidate and attends over them; abstract.

    A subclass says how it attends, and finds by a method ``search`` of its own: ``ItemSearch`` has one.

    Args:
        item_dim: I, width of an item's vector.

    Example:
        >>> class Mean(TwoStage):
        ...     def attend(self, candidate_BI, behaviour_BKI, gap_BK, present_BK):
        ...         return (behaviour_BKI * present_BK.unsqueeze(2)).sum(1) / present_BK.sum(1, keepdim=True)
        >>> spans = Spans(
        ...     item_E=torch.tensor([1, 0, 1]), time_E=torch.tensor([60, 120, 180]),
        ...     start_M=torch.tensor([0]), stop_M=torch.tensor([3]), now_M=torch.tensor([0]))
        >>> retrieved = Retrieved(offset_BK=torch.tensor([[2, 1]]), score_BK=torch.zeros(1, 2),
        ...     present_BK=torch.ones(1, 2, dtype=torch.bool))
        >>> Mean(item_dim=1).attend_retrieved(
        ...     torch.zeros(1, 1), retrieved, request_row_B=torch.tensor([0]), spans=spans,
        ...     items=2, vectors=torch.tensor([[3.0], [5.0]]).__getitem__).tolist()
        [[4.0]]
    """

    def __init__(self, *, item_dim: int) -> None:
        super().__init__()
        self.item_dim = item_dim

    def attend(
        self, candidate_BI: Tensor, behaviour_BKI: Tensor, gap_BK: Tensor, present_BK: Tensor
    ) -> Tensor:
        """What the model hands on of what was found; ``interestclock.search.attention`` has the parts.

        Args:
            candidate_BI, behaviour_BKI: item vectors. gap_BK: int64, what ``apart`` gives.
            present_BK: bool, false on padding.

        Returns:
            float32 (B, O).
        """
        raise NotImplementedError

    def apart(self, retrieved: Retrieved, spans: Spans, request_row_B: Tensor) -> Tensor:
        """How far in time what was found is from its request, for ``attend``: gaps in the spans' unit.

        Args:
            retrieved: in the spans. request_row_B: each candidate's request.

        Returns:
            int64 (B, K); on padding anything. A subclass may say more, with a last dimension.
        """
        if retrieved.gap_L is not None and retrieved.place_BK is not None:
            return retrieved.gap_L[retrieved.place_BK]
        return retrieved_gaps(retrieved, spans, request_row_B)

    def attend_retrieved(
        self,
        candidate_BI: Tensor,
        retrieved: Retrieved,
        *,
        request_row_B: Tensor,
        spans: Spans,
        items: int,
        vectors: Callable[[Tensor], Tensor],
    ) -> Tensor:
        """Attend over what was found; gradients flow to its items' vectors, each of them read once.

        Args:
            candidate_BI, request_row_B: the candidates and their requests. retrieved: in the spans.
            items: one more than the largest item number. vectors: of item numbers, int64 (U,) -> (U, I).

        Returns:
            float32 (B, O).
        """
        behaviour_BKI = vectors_of(retrieved, spans, items=items, vectors=vectors)
        gap_BK = self.apart(retrieved, spans, request_row_B)
        return self.attend(candidate_BI, behaviour_BKI, gap_BK, retrieved.present_BK)


def vectors_of(
    retrieved: Retrieved, spans: Spans, *, items: int, vectors: Callable[[Tensor], Tensor]
) -> Tensor:
    """Item vectors of what was found, (B, K, I): those that the search laid out, else each read once.

    Args:
        items: one more than the largest item number. vectors: of item numbers, int64 (U,) -> (U, I).
    """
    if retrieved.vector_LI is not None and retrieved.place_BK is not None:
        return functional.embedding(retrieved.place_BK, retrieved.vector_LI)
    return retrieved_vectors(retrieved, spans.item_E, items=items, vectors=vectors)


class ItemSearch(TwoStage):
    r"""A model whose search scores an item's projection and a gap; abstract.

    .. math:: r_i = (q W_q) \cdot (b_i W_b) / c + g(\delta_i)

    A subclass has the key (linear layers ``query`` and ``key`` without bias), says what the gap adds
    (``gap_scores``), and how it attends (``attend``), with these very parameters or others.

    Source: the search units of SIM (CIKM 2020), TWIN (KDD 2023) and the Long-term Interest Clock (WWW 2025).

    Args:
        item_dim: I. behaviours: K, how many the search hands to attention.
        scale: c, the root of a head's width, or 1.

    Example:
        >>> class Newest(ItemSearch):
        ...     def __init__(self):
        ...         super().__init__(item_dim=2, behaviours=1, scale=1.0)
        ...         self.query, self.key = (nn.Linear(2, 4, bias=False) for _ in range(2))
        ...         nn.init.zeros_(self.key.weight)
        ...     def gap_scores(self, gap_P, *, dtype):
        ...         return -gap_P.to(dtype)
        >>> spans = Spans(
        ...     item_E=torch.tensor([1, 0, 1]), time_E=torch.tensor([60, 10, 180]),
        ...     start_M=torch.tensor([0]), stop_M=torch.tensor([3]), now_M=torch.tensor([0]))
        >>> retrieved = Newest().search(
        ...     torch.ones(1, 2), request_row_B=torch.tensor([0]), spans=spans, items=2,
        ...     vectors=lambda item_U: torch.ones(len(item_U), 2))
        >>> retrieved.offset_BK.tolist(), retrieved.score_BK.tolist()
        ([[1]], [[-10.0]])
    """

    query: nn.Linear
    key: nn.Linear

    def __init__(self, *, item_dim: int, behaviours: int, scale: float) -> None:
        super().__init__(item_dim=item_dim)
        self.behaviours, self.scale = behaviours, scale

    def gap_scores(self, gap_P: Tensor, *, dtype: torch.dtype) -> Tensor | None:  # noqa: ARG002
        """What a gap adds to a score, all heads together; nothing, unless a subclass says otherwise.

        Args:
            gap_P: int64, in the spans' unit. dtype: of the scores.

        Returns:
            (P,), or None if the search sees no time.
        """
        return None

    @torch.no_grad()
    def search(
        self,
        candidate_BI: Tensor,
        *,
        request_row_B: Tensor,
        spans: Spans,
        items: int,
        vectors: Callable[[Tensor], Tensor],
        cached: ItemKeys | None = None,
    ) -> Retrieved:
        r"""The K behaviours of highest score, all heads together; no gradient flows.

        The search runs among the items' own vectors: what projects a behaviour is applied to the query
        instead, once per candidate rather than once per item, since :math:`(q W_q) \cdot (b W_b) = (q W_q
        W_b^\top) \cdot b`. Each distinct item of the batch is read once, and each distinct gap scored once;
        of a model that is served (``eval``), each request's behaviours are read in their order.

        Args:
            candidate_BI: float32, the candidates' item vectors.
            request_row_B: int64, each candidate's request, a row of the M.
            spans: the behaviours, their times in the unit that ``gap_scores`` reads.
            items: one more than the largest item number. vectors: of item numbers, int64 (U,) -> (U, I).
            cached: older projections to search among instead, of all items, made by ``key``.
        """
        if cached is None and spans.start_M.numel() and self._serves(candidate_BI, request_row_B):
            return self._search_spans(candidate_BI, request_row_B, spans, vectors)
        seen = seen_in(spans, items=items)
        score_P = self.gap_scores(seen.gap_P, dtype=candidate_BI.dtype)
        query_BZ = self.query(candidate_BI) / self.scale
        if cached is None:
            query_BZ = query_BZ @ self.key.weight
            cached = ItemKeys(key_UZ=vectors(seen.item_U), row_N=seen.row_N)
        return search_batch(
            query_BZ,
            request_row_B=request_row_B,
            keys=cached,
            time_score_G=_by_gap(score_P, seen.gap_P, zero_G=candidate_BI.new_zeros(spans.gaps)),
            spans=spans,
            top_k=self.behaviours,
        )

    def _serves(self, candidate_BI: Tensor, request_row_B: Tensor) -> bool:
        """Whether it is a server that asks: on the CPU in float32, each request's candidates together."""
        return (
            not self.training
            and candidate_BI.device.type == "cpu"
            and candidate_BI.dtype == torch.float32
            and bool((request_row_B[1:] >= request_row_B[:-1]).all())
        )

    def _search_spans(
        self,
        candidate_BI: Tensor,
        request_row_B: Tensor,
        spans: Spans,
        vectors: Callable[[Tensor], Tensor],
    ) -> Retrieved:
        laid_out = SpanVectors.of(spans, vectors)
        time_score_L = self.gap_scores(laid_out.gap_L, dtype=candidate_BI.dtype)
        if time_score_L is None:
            time_score_L = candidate_BI.new_zeros(len(laid_out.gap_L))
        return search_spans(
            (self.query(candidate_BI) / self.scale) @ self.key.weight,
            torch.bincount(request_row_B, minlength=len(spans.start_M)).tolist(),
            laid_out,
            time_score_L=time_score_L,
            top_k=self.behaviours,
        )

    def search_and_attend(
        self, candidate_BI: Tensor, *, request_row_B: Tensor, spans: Spans, item_vectors_NI: Tensor
    ) -> Tensor:
        """Both stages, all items' vectors at hand by the spans' item numbers, float32 (B, O)."""
        items, vectors = len(item_vectors_NI), item_vectors_NI.__getitem__
        retrieved = self.search(
            candidate_BI, request_row_B=request_row_B, spans=spans, items=items, vectors=vectors
        )
        return self.attend_retrieved(
            candidate_BI, retrieved, request_row_B=request_row_B, spans=spans, items=items, vectors=vectors
        )


def _by_gap(score_P: Tensor | None, gap_P: Tensor, *, zero_G: Tensor) -> Tensor:
    """What each gap adds, 0 where it was not asked for; gaps are distinct and ascend, so as many are all."""
    if score_P is None:
        return zero_G
    return score_P if len(score_P) == len(zero_G) else zero_G.index_copy(0, gap_P, score_P)
