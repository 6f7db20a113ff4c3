"""SIM's exact search unit: several heads of attention over the few behaviours that a search found."""

from __future__ import annotations

import math

from torch import Tensor, nn

from interestclock.errors import check_size
from interestclock.search import equal_projections, head_scores, pool_by_head
from interestclock.sequences.hours import GAP_BUCKETS, hour_bucket
from interestclock.sequences.sizes import HourSearchSizes

__all__ = ["TargetAttention"]

# Shapes: B candidates, K retrieved, I item vector, G gap embedding, C = I + G, Q heads, D latent of a head,
# Z = Q x D, O output.


class TargetAttention(nn.Module):
    r"""Attend with a candidate over found behaviours, each with an embedding of how long ago it was.

    .. math:: z_j = [e_j; e^{gap}_j], \qquad w^a = softmax((W_b^a z_j) \cdot (W_a^a e) / \sqrt{d}), \qquad
        head_a = \sum_j w^a_j z_j, \qquad v = mlp([head_1; \ldots; head_Q])

    Behaviours without any give a constant.

    Source: SIM (Pi et al., CIKM 2020), its exact search unit.
    Differs: scores are divided by the root of d; W_b starts equal to W_a and orthogonal for the item, and
    at zero for the gap, as in the Long-term Clock, so that attention does not start from noise; the gap is
    taken in buckets of hours that double.

    Args:
        item_dim: I. sizes: ``heads``, ``latent_dim``, ``gap_dim``, ``output_dim`` and ``gain`` count here.

    Raises:
        ValueError: ``item_dim`` is below 1.

    Example:
        >>> import torch
        >>> attention = TargetAttention(item_dim=6, sizes=HourSearchSizes(output_dim=5))
        >>> attention(torch.randn(2, 6), torch.randn(2, 9, 6), torch.randint(0, 99, (2, 9)),
        ...           torch.ones(2, 9, dtype=torch.bool)).shape
        torch.Size([2, 5])
    """

    def __init__(self, *, item_dim: int, sizes: HourSearchSizes) -> None:
        super().__init__()
        check_size("item_dim", item_dim)
        self.item_dim, self.sizes = item_dim, sizes
        width, pooled = sizes.heads * sizes.latent_dim, sizes.heads * (item_dim + sizes.gap_dim)
        self.query, self.key = equal_projections(item_dim, width, gain=sizes.gain, beside=sizes.gap_dim)
        self.gap = nn.Embedding(GAP_BUCKETS, sizes.gap_dim)
        self.mlp = nn.Sequential(nn.Linear(pooled, width), nn.ReLU(), nn.Linear(width, sizes.output_dim))
        self.output_dim = sizes.output_dim

    def forward(
        self, candidate_BI: Tensor, behaviour_BKI: Tensor, gap_hours_BK: Tensor, present_BK: Tensor
    ) -> Tensor:
        """Attend.

        Args:
            candidate_BI, behaviour_BKI: float32, item vectors. gap_hours_BK: int64, 0..16383.
            present_BK: bool, false on padding.

        Returns:
            float32 (B, O).
        """
        gap_BKG = self.gap(hour_bucket(gap_hours_BK))
        parts = (behaviour_BKI, gap_BKG)
        query_BZ = self.query(candidate_BI) / math.sqrt(self.sizes.latent_dim)
        relevance_BQK = head_scores(query_BZ, self.key.weight, parts, heads=self.sizes.heads)
        out_BO: Tensor = self.mlp(pool_by_head(relevance_BQK, present_BK, parts).flatten(1))
        return out_BO
