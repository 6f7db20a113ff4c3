"""SIM's exact search unit: several heads of attention over the few behaviours that a search found."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from interestclock.clocks.checks import check_size
from interestclock.sequences.hours import GAP_BUCKETS, hour_bucket
from interestclock.sequences.sizes import SearchSizes

__all__ = ["TargetAttention", "masked_softmax", "start_equal"]

# Shapes: B candidates, K found, I item vector, G gap embedding, J = I + G, A heads, D latent of a head,
# E = A x D, O output.


class TargetAttention(nn.Module):
    r"""Attend with a candidate over found behaviours, each with an embedding of how long ago it was.

    .. math:: z_j = [e_j; e^{gap}_j], \qquad w^a = softmax((W_b^a z_j) \cdot (W_a^a e) / \sqrt{d}), \qquad
        head_a = \sum_j w^a_j z_j, \qquad v = mlp([head_1; \ldots; head_A])

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
        >>> attention = TargetAttention(item_dim=6, sizes=SearchSizes(output_dim=5))
        >>> attention(torch.randn(2, 6), torch.randn(2, 9, 6), torch.randint(0, 99, (2, 9)),
        ...           torch.ones(2, 9, dtype=torch.bool)).shape
        torch.Size([2, 5])
    """

    def __init__(self, *, item_dim: int, sizes: SearchSizes) -> None:
        super().__init__()
        check_size("item_dim", item_dim)
        self.item_dim, self.sizes = item_dim, sizes
        width, pooled = sizes.heads * sizes.latent_dim, sizes.heads * (item_dim + sizes.gap_dim)
        self.query = nn.Linear(item_dim, width, bias=False)
        self.key = nn.Linear(item_dim + sizes.gap_dim, width, bias=False)
        start_equal(self.query, self.key, gain=sizes.gain)
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
        relevance_BAK = self._relevance(candidate_BI, behaviour_BKI, gap_BKG)
        weight_BAK = masked_softmax(relevance_BAK, present_BK.unsqueeze(1))
        # Pooled apart and joined after: joined before, a copy of all that was found would be made.
        pooled_BAJ = torch.cat([weight_BAK @ behaviour_BKI, weight_BAK @ gap_BKG], dim=2)
        out_BO: Tensor = self.mlp(pooled_BAJ.flatten(1))
        return out_BO

    def _relevance(self, candidate_BI: Tensor, behaviour_BKI: Tensor, gap_BKG: Tensor) -> Tensor:
        """Scores by head. W_b is applied to the candidate's side: K behaviours share one candidate."""
        heads, latent = self.sizes.heads, self.sizes.latent_dim
        query_BAD = self.query(candidate_BI).reshape(-1, heads, latent) / math.sqrt(latent)
        key_ADJ = self.key.weight.reshape(heads, latent, -1)
        towards_BAJ = torch.einsum("bad,adj->baj", query_BAD, key_ADJ)
        towards_BAI, towards_BAG = torch.split(towards_BAJ, [self.item_dim, self.sizes.gap_dim], dim=2)
        return towards_BAI @ behaviour_BKI.transpose(1, 2) + towards_BAG @ gap_BKG.transpose(1, 2)


@torch.no_grad()
def start_equal(query: nn.Linear, key: nn.Linear, *, gain: float) -> None:
    """Let both projections start as one orthogonal matrix; inputs that only ``key`` has start at zero.

    Args:
        query, key: of equal outputs; ``key`` has as many inputs or more. gain: of the orthogonal matrix.

    Example:
        >>> query, key = nn.Linear(2, 4, bias=False), nn.Linear(3, 4, bias=False)
        >>> start_equal(query, key, gain=1.0)
        >>> torch.equal(query.weight, key.weight[:, :2]), key.weight[:, 2].tolist()
        (True, [0.0, 0.0, 0.0, 0.0])
    """
    nn.init.orthogonal_(query.weight, gain=gain)
    key.weight.zero_()
    key.weight[:, : query.in_features] = query.weight


def masked_softmax(score_BAK: Tensor, present_B1K: Tensor) -> Tensor:
    """Softmax over what is present; all zeros where nothing is.

    Example:
        >>> masked_softmax(torch.zeros(1, 1, 3), torch.tensor([[[True, False, True]]])).tolist()
        [[[0.5, 0.0, 0.5]]]
    """
    masked_BAK = score_BAK.masked_fill(~present_B1K, torch.finfo(score_BAK.dtype).min)
    return torch.softmax(masked_BAK, dim=2) * present_B1K
