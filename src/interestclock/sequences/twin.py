"""TWIN: one attention for search and for what was found, by item and by how long ago; no time of day."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from interestclock.clocks import ClockSlot, RankerSizes
from interestclock.clocks.checks import check_size
from interestclock.search import Found, ItemKeys, Stretches, found_gaps, search_batch, seen_in
from interestclock.sequences.hours import GAP_BUCKETS, hour_bucket
from interestclock.sequences.padded import check_candidates, padded_stretches
from interestclock.sequences.sizes import SearchSizes
from interestclock.sequences.slots import SearchSlot
from interestclock.sequences.target_attention import masked_softmax, start_equal

__all__ = ["Twin", "TwinConfig"]

# Shapes: B candidates, M moments (a user at a time), L behaviours, K found, N distinct items, U of them
# that occur, I item vector, A heads, D latent of a head, E = A x D, G gap embedding, O output.


@dataclass(frozen=True, kw_only=True)
class TwinConfig(SearchSizes):
    """Sizes of TWIN.

    Example:
        >>> TwinConfig(behaviours=50).heads
        4
    """

    kind: ClassVar[str] = "twin"
    reads_preferences: ClassVar[bool] = False

    def build(self, sizes: RankerSizes) -> ClockSlot:
        """TWIN over a ranker's histories."""
        return SearchSlot(Twin(item_dim=sizes.item_dim, config=self))


class Twin(nn.Module):
    r"""Find the behaviours nearest to a candidate, in what they are and in time passed, and attend over them.

    .. math:: r_i^a = (q W_q^a) \cdot (b_i W_b^a) / \sqrt{d} + e(\Delta_i) \cdot \beta^a, \qquad
        head_a = softmax(r^a)^\top [S^*; e(\Delta)] W_v^a, \qquad v = mlp([head_1; \ldots; head_A])

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
        ...     moment_of_B=torch.tensor([0, 0, 1]),                       # 7 and 8 of one, 9 of another
        ...     item_vectors_NI=item.weight,
        ...     behaviour_ML=torch.randint(0, 500, (2, 60)),               # the two users' histories
        ...     behaviour_hour_ML=torch.randint(479_000, 480_000, (2, 60)),
        ...     present_ML=torch.ones(2, 60, dtype=torch.bool)).shape
        torch.Size([3, 32])
    """

    def __init__(self, *, item_dim: int, config: TwinConfig) -> None:
        super().__init__()
        check_size("item_dim", item_dim)
        self.config, self.item_dim = config, item_dim
        width = config.heads * config.latent_dim
        self.query = nn.Linear(item_dim, width, bias=False)
        self.key = nn.Linear(item_dim, width, bias=False)
        start_equal(self.query, self.key, gain=config.gain)
        self.gap = nn.Embedding(GAP_BUCKETS, config.gap_dim)
        self.beta = nn.Linear(config.gap_dim, config.heads, bias=False)
        nn.init.zeros_(self.beta.weight)
        self.value = nn.Parameter(torch.empty(config.heads, item_dim + config.gap_dim, config.latent_dim))
        nn.init.xavier_uniform_(self.value)
        self.mlp = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, config.output_dim))
        self.output_dim = config.output_dim

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
            float32 (B, O).

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
        """All heads together pick the K behaviours; no gradient flows.

        Args:
            candidate_BI, moment_of_B: as ``forward``'s.
            stretches: the behaviours, their times in whole hours since 1970.
            items: one more than the largest item number. vectors: of item numbers, int64 (U,) -> (U, I).
        """
        seen = seen_in(stretches, items=items)
        bucket_score = self.beta(self.gap.weight).sum(1)
        query_BE = self.query(candidate_BI) / math.sqrt(self.config.latent_dim)
        return search_batch(
            query_BE @ self.key.weight,  # what projects a behaviour, applied to the candidate
            moment_of_B=moment_of_B,
            keys=ItemKeys(key_UE=vectors(seen.item_U), row_N=seen.row_N),
            time_score_G=bucket_score[hour_bucket(torch.arange(stretches.gaps, device=bucket_score.device))],
            stretches=stretches,
            most=self.config.behaviours,
        )

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
        relevance_BAK = self._relevance(candidate_BI, behaviour_BKI, gap_BKG)
        weight_BAK = masked_softmax(relevance_BAK, present_BK.unsqueeze(1))
        # Pooled apart and joined after: joined before, a copy of all that was found would be made.
        pooled_BAJ = torch.cat([weight_BAK @ behaviour_BKI, weight_BAK @ gap_BKG], dim=2)
        heads_BAD = torch.einsum("baj,ajd->bad", pooled_BAJ, self.value)
        out_BO: Tensor = self.mlp(heads_BAD.flatten(1))
        return out_BO

    def _relevance(self, candidate_BI: Tensor, behaviour_BKI: Tensor, gap_BKG: Tensor) -> Tensor:
        """Scores by head. W_b is applied to the candidate's side: K behaviours share one candidate."""
        heads, latent = self.config.heads, self.config.latent_dim
        query_BAD = self.query(candidate_BI).reshape(-1, heads, latent) / math.sqrt(latent)
        key_ADI = self.key.weight.reshape(heads, latent, self.item_dim)
        towards_BAI = torch.einsum("bad,adi->bai", query_BAD, key_ADI)
        time_BKA: Tensor = self.beta(gap_BKG)
        return towards_BAI @ behaviour_BKI.transpose(1, 2) + time_BKA.transpose(1, 2)
