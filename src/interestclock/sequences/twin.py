"""TWIN: one attention for search and for what was found, by item and by how long ago; no time of day."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from interestclock.clocks import ClockModule, RankerSizes
from interestclock.errors import check_size
from interestclock.search import equal_projections, head_scores, pool_by_head, project_heads
from interestclock.sequences.by_hour import HourModule, HourSearch
from interestclock.sequences.hours import GAP_BUCKETS, hour_bucket
from interestclock.sequences.sizes import HourSearchSizes

__all__ = ["Twin", "TwinConfig"]

# Shapes: B candidates, K retrieved, P gaps that occur, I item vector, Q heads, D latent of a head, Z = Q x D,
# G gap embedding, C = I + G, O output.


@dataclass(frozen=True, kw_only=True)
class TwinConfig(HourSearchSizes):
    """Sizes of TWIN.

    Example:
        >>> TwinConfig(behaviours=50).heads
        4
    """

    kind: ClassVar[str] = "twin"
    reads_preferences: ClassVar[bool] = False

    def build(self, sizes: RankerSizes) -> ClockModule:
        """TWIN over a ranker's histories."""
        return HourModule(Twin(item_dim=sizes.item_dim, config=self))


class Twin(HourSearch):
    r"""Find the behaviours nearest to a candidate, in what they are and in time passed, and attend over them.

    .. math:: r_i^a = (q W_q^a) \cdot (b_i W_b^a) / \sqrt{d} + e(\Delta_i) \cdot \beta^a, \qquad
        head_a = softmax(r^a)^\top [S^*; e(\Delta)] W_v^a, \qquad v = mlp([head_1; \ldots; head_Q])

    The search keeps the K behaviours of highest :math:`\sum_a r_i^a` with the very parameters of the
    attention. :math:`\Delta_i` is the time since the behaviour, e an embedding of its bucket
    (``hour_bucket``). It is ``LongTermClock`` with time passed in the place of the time of day: what the
    one does better than the other is the time of day. Nothing found gives a constant.

    Source: TWIN (Chang et al., KDD 2023), its target attention, with the gap as the one cross feature.
    Differs: the start of the projections is ``LongTermClock``'s and beta starts at zero; the output layer
    is a two-layer network; the paper's other cross features (plays, likes of the same video) are no input.

    Args:
        item_dim: I, width of an item's vector; give embeddings a standard deviation of about 0.1.
        config: sizes.

    Raises:
        ValueError: ``item_dim`` is below 1; or, when called, shapes do not go together.

    Example:
        >>> item = nn.Embedding(500, 16)
        >>> twin = Twin(item_dim=16, config=TwinConfig(behaviours=20))
        >>> twin(item(torch.tensor([7, 8, 9])),                            # candidates of two requests
        ...     now_hour_M=torch.tensor([480_000, 480_007]),               # 7 hours apart:
        ...     request_row_B=torch.tensor([0, 0, 1]),                       # 7 and 8 of one, 9 of another
        ...     item_vectors_NI=item.weight,
        ...     behaviour_ML=torch.randint(0, 500, (2, 60)),               # the two users' histories
        ...     behaviour_hour_ML=torch.randint(479_000, 480_000, (2, 60)),
        ...     present_ML=torch.ones(2, 60, dtype=torch.bool)).shape
        torch.Size([3, 32])
    """

    def __init__(self, *, item_dim: int, config: TwinConfig) -> None:
        check_size("item_dim", item_dim)
        super().__init__(item_dim=item_dim, config=config, scale=math.sqrt(config.latent_dim))
        width = config.heads * config.latent_dim
        self.query, self.key = equal_projections(item_dim, width, gain=config.gain)
        self.gap = nn.Embedding(GAP_BUCKETS, config.gap_dim)
        self.beta = nn.Linear(config.gap_dim, config.heads, bias=False)
        nn.init.zeros_(self.beta.weight)
        self.value = nn.Parameter(torch.empty(config.heads, item_dim + config.gap_dim, config.latent_dim))
        nn.init.xavier_uniform_(self.value)
        self.mlp = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, config.output_dim))
        self.output_dim = config.output_dim

    def gap_scores(self, gap_P: Tensor, *, dtype: torch.dtype) -> Tensor:
        """Beta of all heads added up, once for each bucket; a gap is in hours."""
        bucket_score: Tensor = self.beta(self.gap.weight).sum(1).to(dtype)
        return bucket_score[hour_bucket(gap_P)]

    def attend(
        self, candidate_BI: Tensor, behaviour_BKI: Tensor, gap_hours_BK: Tensor, present_BK: Tensor
    ) -> Tensor:
        """Attention over what was found.

        Args:
            candidate_BI, behaviour_BKI: float32, item vectors. gap_hours_BK: int64, 0..16383.
            present_BK: bool, false on padding.

        Returns:
            float32 (B, O).
        """
        gap_BKG = self.gap(hour_bucket(gap_hours_BK))
        query_BZ = self.query(candidate_BI) / self.scale
        item_BQK = head_scores(query_BZ, self.key.weight, (behaviour_BKI,), heads=self.config.heads)
        relevance_BQK = item_BQK + self.beta(gap_BKG).transpose(1, 2)
        pooled_BQC = pool_by_head(relevance_BQK, present_BK, (behaviour_BKI, gap_BKG))
        out_BO: Tensor = self.mlp(project_heads(pooled_BQC, self.value))
        return out_BO
