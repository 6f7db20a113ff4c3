"""Long-term Interest Clock: search ten thousand behaviours by item and time of day, attend over the best."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from interestclock.clocks.time_gap import GAP_FEATURES, TimeGap, gap_features
from interestclock.search import Found, search_histories
from interestclock.timeofday import circular_gap_seconds

__all__ = ["LongTermClock", "LongTermConfig"]

# Shapes: B candidates, M moments (a user at a time), L behaviours, K found, N distinct items,
# I item vector, A heads, D latent of a head, E = A x D, F gap features.


@dataclass(frozen=True, kw_only=True)
class LongTermConfig:
    """Sizes of the Long-term Interest Clock.

    Args:
        behaviours: K, how many the search hands to attention. longest: L, how far back it looks.
        heads: A. latent_dim: D, of each head. gap_hidden: units of g's hidden layer.
        output_dim: width of the clock's embedding.
        gain: of the orthogonal start that W_q and W_b share.

    Raises:
        ValueError: a size is below 1.

    Example:
        >>> LongTermConfig(behaviours=50).heads
        4
    """

    behaviours: int = 100
    longest: int = 10_000
    heads: int = 4
    latent_dim: int = 16
    gap_hidden: int = 8
    output_dim: int = 32
    gain: float = 2.0

    def __post_init__(self) -> None:
        for name in ("behaviours", "longest", "heads", "latent_dim", "gap_hidden", "output_dim"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; give 1 or more")


class LongTermClock(nn.Module):
    r"""Find the behaviours nearest to a candidate and to now, and say what they amount to.

    .. math:: r_i^a = (q W_q^a) \cdot (b_i W_b^a) / \sqrt{d} + g^a(\delta_i), \qquad
        head_a = softmax(r^a)^\top [S^*; \delta] W_v^a, \qquad
        v_{cur} = mlp([head_1; \ldots; head_4])

    Clock-GSU keeps the K behaviours of highest :math:`\sum_a r_i^a`; Clock-ESU attends over them
    with the same parameters. :math:`\delta_i` is the circular gap in time of day, so behaviours of
    other days at this time are near. A history with nothing in it gives a constant.

    Source: Long-term Interest Clock, WWW 2025, Eq. (2) to (4).
    Differs: W_b starts equal to W_q, with orthogonal rows, so that the same item scores high from
    the first event on; a search that starts from noise never recovers in one pass.

    Args:
        item_dim: I, width of an item's vector (its id and features, concatenated).
        config: sizes.

    Example:
        >>> clock = LongTermClock(item_dim=6, config=LongTermConfig(behaviours=2))
        >>> out_BO = clock(
        ...     torch.randn(3, 6),                                     # three candidates of one user
        ...     second_of_day_M=torch.tensor([8 * 3600]), moment_of_B=torch.zeros(3, dtype=torch.int64),
        ...     item_vectors_NI=torch.randn(5, 6),                     # five distinct items
        ...     behaviour_ML=torch.tensor([[0, 3, 3, 4]]),             # the history, as rows of them
        ...     behaviour_second_ML=torch.tensor([[100, 200, 300, 400]]),
        ...     present_ML=torch.ones(1, 4, dtype=torch.bool))
        >>> out_BO.shape[1] == clock.output_dim
        True
    """

    def __init__(self, *, item_dim: int, config: LongTermConfig) -> None:
        super().__init__()
        self.config = config
        width = config.heads * config.latent_dim
        self.query = nn.Linear(item_dim, width, bias=False)
        self.key = nn.Linear(item_dim, width, bias=False)
        nn.init.orthogonal_(self.query.weight, gain=config.gain)
        with torch.no_grad():
            self.key.weight.copy_(self.query.weight)
        self.gap = TimeGap(heads=config.heads, hidden=config.gap_hidden)
        self.value = nn.Parameter(torch.empty(config.heads, item_dim + GAP_FEATURES, config.latent_dim))
        nn.init.xavier_uniform_(self.value)
        self.mlp = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, config.output_dim))
        self.output_dim = config.output_dim

    def forward(
        self,
        candidate_BI: Tensor,
        *,
        second_of_day_M: Tensor,
        moment_of_B: Tensor,
        item_vectors_NI: Tensor,
        behaviour_ML: Tensor,
        behaviour_second_ML: Tensor,
        present_ML: Tensor,
    ) -> Tensor:
        """Search, then attend.

        Args:
            candidate_BI: the candidates' item vectors, float.
            second_of_day_M: int64 local second of each moment. moment_of_B: each candidate's moment.
            item_vectors_NI: float, distinct items of all histories.
            behaviour_ML: int64 row of each behaviour's item in them. behaviour_second_ML: int64
                local second of day. present_ML: bool, false on padding.

        Returns:
            float (B, output_dim).
        """
        gap_ML = circular_gap_seconds(behaviour_second_ML, second_of_day_M.unsqueeze(1))
        found = self.search(
            candidate_BI,
            gap_ML,
            moment_of_B=moment_of_B,
            item_vectors_NI=item_vectors_NI,
            behaviour_ML=behaviour_ML,
            present_ML=present_ML,
        )
        row_BK = behaviour_ML[moment_of_B].gather(1, found.position_BK)
        gap_BK = gap_ML[moment_of_B].gather(1, found.position_BK)
        return self.attend(candidate_BI, item_vectors_NI[row_BK], gap_BK, found.present_BK)

    @torch.no_grad()
    def search(
        self,
        candidate_BI: Tensor,
        gap_ML: Tensor,
        *,
        moment_of_B: Tensor,
        item_vectors_NI: Tensor,
        behaviour_ML: Tensor,
        present_ML: Tensor,
    ) -> Found:
        """Clock-GSU: all heads together pick the K behaviours; no gradient flows (Eq. 2)."""
        return search_histories(
            query_BE=self.query(candidate_BI) / self.config.latent_dim**0.5,
            key_NE=self.key(item_vectors_NI),
            item_ML=behaviour_ML,
            time_score_ML=self.gap(gap_features(gap_ML)).sum(-1),
            present_ML=present_ML,
            moment_of_B=moment_of_B,
            most=self.config.behaviours,
        )

    def attend(
        self, candidate_BI: Tensor, behaviour_BKI: Tensor, gap_seconds_BK: Tensor, present_BK: Tensor
    ) -> Tensor:
        """Clock-ESU: attention over what was found (Eq. 3 and 4)."""
        feature_BKF = gap_features(gap_seconds_BK)
        relevance_BAK = self._relevance(candidate_BI, behaviour_BKI, feature_BKF)
        weight_BAK = _masked_softmax(relevance_BAK, present_BK.unsqueeze(1))
        seen_BKJ = torch.cat([behaviour_BKI, feature_BKF], dim=2)
        pooled_BAJ = weight_BAK @ seen_BKJ
        heads_BAD = torch.einsum("baj,ajd->bad", pooled_BAJ, self.value)
        out_BO: Tensor = self.mlp(heads_BAD.flatten(1))
        return out_BO

    def _relevance(self, candidate_BI: Tensor, behaviour_BKI: Tensor, feature_BKF: Tensor) -> Tensor:
        """Eq. 2 per head. W_b is applied to the query's side: K behaviours share one candidate."""
        heads, latent = self.config.heads, self.config.latent_dim
        query_BAD = self.query(candidate_BI).unflatten(1, (heads, latent))
        key_ADI = self.key.weight.unflatten(0, (heads, latent))
        towards_BAI = torch.einsum("bad,adi->bai", query_BAD, key_ADI)
        item_BAK = towards_BAI @ behaviour_BKI.transpose(1, 2) / latent**0.5
        return item_BAK + self.gap(feature_BKF).transpose(1, 2)


def _masked_softmax(score_BAK: Tensor, present_B1K: Tensor) -> Tensor:
    """Softmax over what is present; all zeros where nothing is."""
    masked_BAK = score_BAK.masked_fill(~present_B1K, torch.finfo(score_BAK.dtype).min)
    return torch.softmax(masked_BAK, dim=2) * present_B1K
