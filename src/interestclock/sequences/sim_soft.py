"""SIM with soft search: the behaviours most like the candidate by inner product, and attention over them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from interestclock.clocks import ClockModule, RankerSizes
from interestclock.search import equal_projections
from interestclock.sequences.by_hour import HourModule, HourSearch
from interestclock.sequences.sizes import HourSearchSizes
from interestclock.sequences.target_attention import TargetAttention

__all__ = ["SimSoft", "SimSoftConfig"]

# Shapes: B candidates, K retrieved, I item vector, Z projection, O attention's output.


@dataclass(frozen=True, kw_only=True)
class SimSoftConfig(HourSearchSizes):
    """Sizes of SIM with soft search; the search's projections are as wide as all heads together.

    Example:
        >>> SimSoftConfig(behaviours=50).longest
        10000
    """

    kind: ClassVar[str] = "sim-soft"
    reads_preferences: ClassVar[bool] = False

    def build(self, sizes: RankerSizes) -> ClockModule:
        """SimSoft over a ranker's histories."""
        return HourModule(SimSoft(item_dim=sizes.item_dim, config=self))


class SimSoft(HourSearch):
    r"""Find the behaviours nearest to a candidate, whenever they were, and attend over them.

    .. math:: r_i = (W_b b_i) \cdot (W_a q) / \sqrt{Z}, \qquad S^* = \text{top } K \text{ by } r, \qquad
        v = [attention(q, S^*); \frac{1}{K} \sum_{i \in S^*} r_i b_i]

    The search has parameters of its own and sees no time. Nothing found gives a constant.

    Source: SIM (Pi et al., CIKM 2020), its general search unit with soft search; then ``TargetAttention``.
    Differs: the paper trains the search by a loss of its own on the sum of all r_i b_i; here the mean over
    what was found joins the output, so that the ranker's loss trains it. The search is exact where the
    paper's is approximate. W_b starts equal to W_a and orthogonal: one pass cannot recover from noise.

    Args:
        item_dim: I, width of an item's vector; give embeddings a standard deviation of about 0.1.
        config: sizes.

    Raises:
        ValueError: ``item_dim`` is below 1; or, when called, shapes do not go together.

    Example:
        >>> from torch import nn
        >>> item = nn.Embedding(500, 16)
        >>> sim = SimSoft(item_dim=16, config=SimSoftConfig(behaviours=20))
        >>> sim(item(torch.tensor([7, 8, 9])),                             # candidates of two requests
        ...     now_hour_M=torch.tensor([480_000, 480_007]),               # 7 hours apart:
        ...     request_row_B=torch.tensor([0, 0, 1]),                       # 7 and 8 of one, 9 of another
        ...     item_vectors_NI=item.weight,
        ...     behaviour_ML=torch.randint(0, 500, (2, 60)),               # the two users' histories
        ...     behaviour_hour_ML=torch.randint(479_000, 480_000, (2, 60)),
        ...     present_ML=torch.ones(2, 60, dtype=torch.bool)).shape
        torch.Size([3, 48])
    """

    def __init__(self, *, item_dim: int, config: SimSoftConfig) -> None:
        super().__init__(item_dim=item_dim, config=config, scale=1.0)
        self.attention = TargetAttention(item_dim=item_dim, sizes=config)
        width = config.heads * config.latent_dim
        self.query, self.key = equal_projections(item_dim, width, gain=config.gain)
        self.output_dim = config.output_dim + item_dim

    def attend(
        self, candidate_BI: Tensor, behaviour_BKI: Tensor, gap_hours_BK: Tensor, present_BK: Tensor
    ) -> Tensor:
        """Attention over what was found, and the search's own sum of it.

        Args:
            candidate_BI, behaviour_BKI: float32, item vectors. gap_hours_BK: int64, 0..16383.
            present_BK: bool, false on padding.

        Returns:
            float32 (B, O + I).
        """
        attended_BO = self.attention(candidate_BI, behaviour_BKI, gap_hours_BK, present_BK)
        towards_BI = self.query(candidate_BI) @ self.key.weight / math.sqrt(self.query.out_features)
        relevance_BK = (behaviour_BKI @ towards_BI.unsqueeze(2)).squeeze(2) * present_BK
        share_BK = relevance_BK / present_BK.sum(1, keepdim=True).clamp(min=1)
        summed_BI = (share_BK.unsqueeze(1) @ behaviour_BKI).squeeze(1)
        return torch.cat([attended_BO, summed_BI], dim=1)
