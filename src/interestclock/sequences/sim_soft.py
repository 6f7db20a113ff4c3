"""SIM with soft search: the behaviours most like the candidate by inner product, and attention over them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from interestclock.clocks import ClockSlot, RankerSizes
from interestclock.search import Found, ItemKeys, Stretches, found_gaps, search_batch, seen_in
from interestclock.sequences.padded import check_candidates, padded_stretches
from interestclock.sequences.sizes import SearchSizes
from interestclock.sequences.slots import SearchSlot
from interestclock.sequences.target_attention import TargetAttention, start_equal

__all__ = ["SimSoft", "SimSoftConfig"]

# Shapes: B candidates, M moments (a user at a time), L behaviours, K found, N distinct items, U of them
# that occur, I item vector, E projection, O attention's output.


@dataclass(frozen=True, kw_only=True)
class SimSoftConfig(SearchSizes):
    """Sizes of SIM with soft search; the search's projections are as wide as all heads together.

    Example:
        >>> SimSoftConfig(behaviours=50).longest
        10000
    """

    kind: ClassVar[str] = "sim-soft"
    reads_preferences: ClassVar[bool] = False

    def build(self, sizes: RankerSizes) -> ClockSlot:
        """SimSoft over a ranker's histories."""
        return SearchSlot(SimSoft(item_dim=sizes.item_dim, config=self))


class SimSoft(nn.Module):
    r"""Find the behaviours nearest to a candidate, whenever they were, and attend over them.

    .. math:: r_i = (W_b b_i) \cdot (W_a q) / \sqrt{E}, \qquad S^* = \text{top } K \text{ by } r, \qquad
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
        >>> item = nn.Embedding(500, 16)
        >>> sim = SimSoft(item_dim=16, config=SimSoftConfig(behaviours=20))
        >>> sim(item(torch.tensor([7, 8, 9])),                             # candidates of two requests
        ...     now_hour_M=torch.tensor([480_000, 480_007]),               # 7 hours apart:
        ...     moment_of_B=torch.tensor([0, 0, 1]),                       # 7 and 8 of one, 9 of another
        ...     item_vectors_NI=item.weight,
        ...     behaviour_ML=torch.randint(0, 500, (2, 60)),               # the two users' histories
        ...     behaviour_hour_ML=torch.randint(479_000, 480_000, (2, 60)),
        ...     present_ML=torch.ones(2, 60, dtype=torch.bool)).shape
        torch.Size([3, 48])
    """

    def __init__(self, *, item_dim: int, config: SimSoftConfig) -> None:
        super().__init__()
        self.config, self.item_dim = config, item_dim
        self.attention = TargetAttention(item_dim=item_dim, sizes=config)
        width = config.heads * config.latent_dim
        self.query = nn.Linear(item_dim, width, bias=False)
        self.key = nn.Linear(item_dim, width, bias=False)
        start_equal(self.query, self.key, gain=config.gain)
        self.output_dim = config.output_dim + item_dim

    def forward(
        self,
        candidate_BI: Tensor,
        *,
        now_hour_M: Tensor,
        moment_of_B: Tensor,
        item_vectors_NI: Tensor,
        behaviour_ML: Tensor,
        behaviour_hour_ML: Tensor,
        present_ML: Tensor,
    ) -> Tensor:
        """Search, then attend.

        Args:
            candidate_BI: float32, the candidates' item vectors.
            now_hour_M: int64, each moment in whole hours since 1970.
            moment_of_B: int64, each candidate's moment, a row of the M.
            item_vectors_NI: float32, distinct items of all histories; at least one unless L is 0.
            behaviour_ML: int64 row of each behaviour's item in them; on padding any row, as 0.
            behaviour_hour_ML: int64, when each happened, as ``now_hour_M``.
            present_ML: bool, false on padding.

        Returns:
            float32 (B, O + I).

        Raises:
            ValueError: shapes do not go together.
        """
        check_candidates(candidate_BI, moment_of_B, item_dim=self.item_dim)
        stretches = padded_stretches(
            behaviour_ML, behaviour_hour_ML=behaviour_hour_ML, present_ML=present_ML, now_hour_M=now_hour_M
        )
        found = self.search(
            candidate_BI,
            moment_of_B=moment_of_B,
            stretches=stretches,
            items=len(item_vectors_NI),
            vectors=lambda item_U: item_vectors_NI[item_U],
        )
        row_BK = behaviour_ML.flatten()[found.place_BK]
        gap_BK = found_gaps(found, stretches, moment_of_B)
        return self.attend(candidate_BI, item_vectors_NI[row_BK], gap_BK, found.present_BK)

    @torch.no_grad()
    def search(
        self,
        candidate_BI: Tensor,
        *,
        moment_of_B: Tensor,
        stretches: Stretches,
        items: int,
        vectors: Callable[[Tensor], Tensor],
    ) -> Found:
        """The K behaviours of greatest inner product; no gradient flows.

        Args:
            candidate_BI, moment_of_B: as ``forward``'s. stretches: the behaviours.
            items: one more than the largest item number. vectors: of item numbers, int64 (U,) -> (U, I).
        """
        seen = seen_in(stretches, items=items)
        return search_batch(
            self.query(candidate_BI) @ self.key.weight,  # what projects a behaviour, applied to the candidate
            moment_of_B=moment_of_B,
            keys=ItemKeys(key_UE=vectors(seen.item_U), row_N=seen.row_N),
            time_score_G=candidate_BI.new_zeros(stretches.gaps),
            stretches=stretches,
            most=self.config.behaviours,
        )

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
