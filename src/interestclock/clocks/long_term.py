"""Long-term Interest Clock: search ten thousand behaviours by item and time of day, attend over the best."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from interestclock.clocks.clock_config import RankerSizes
from interestclock.clocks.clock_module import ClockInputs, ClockModule
from interestclock.clocks.gap_table import GapTables, features_of_seconds
from interestclock.clocks.search_module import SearchModule, newest_spans
from interestclock.clocks.time_gap import GAP_FEATURES, TimeGap
from interestclock.errors import check_size
from interestclock.search import (
    CachedKeys,
    ItemKeys,
    ItemSearch,
    RefreshPolicy,
    SearchSizes,
    Spans,
    equal_projections,
    head_scores,
    masked_softmax,
    pool_by_head,
    project_heads,
)
from interestclock.search.padded import check_candidates, padded_spans
from interestclock.timeofday import DAY_SECONDS

if TYPE_CHECKING:  # a clock is of use in anyone's ranker, without what reads logs
    from interestclock.embeddings import ItemVectors

__all__ = ["LongTermClock", "LongTermConfig", "LongTermModule"]

# Shapes: B candidates, M requests (a user at a time), L behaviours, K retrieved, N distinct items,
# I item vector, Q heads, D latent of a head, Z = Q x D, F gap features, C = I + F,
# G gaps, P of them that occur, R items asked for, O output.

_GAPS = DAY_SECONDS // 2 + 1


@dataclass(frozen=True, kw_only=True)
class LongTermConfig(SearchSizes):
    """Sizes of the Long-term Interest Clock.

    Args:
        gap_hidden: units of g's hidden layer, per head. The others: ``SearchSizes``.
        refresh_batches, refresh_minutes: how old the projections may be that a ranker searches among, as
            in ``RefreshPolicy``, which says what counts as a batch; neither is always fresh. Attention is
            fresh in any case.

    Raises:
        ValueError: a size is below 1, or ``gain`` or a refresh is not positive.

    Example:
        >>> LongTermConfig(behaviours=50).heads
        4
    """

    kind: ClassVar[str] = "longterm"
    reads_preferences: ClassVar[bool] = False

    gap_hidden: int = 8
    refresh_batches: int | None = None
    refresh_minutes: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_size("gap_hidden", self.gap_hidden)
        _ = self.refresh

    def build(self, sizes: RankerSizes) -> ClockModule:
        """The clock over a ranker's histories."""
        return LongTermModule(LongTermClock(item_dim=sizes.item_dim, config=self))

    @property
    def refresh(self) -> RefreshPolicy | None:
        """When projections are made anew; None is for every batch."""
        if self.refresh_batches is None and self.refresh_minutes is None:
            return None
        return RefreshPolicy(batches=self.refresh_batches, minutes=self.refresh_minutes)


class LongTermClock(ItemSearch):
    r"""Find the behaviours nearest to a candidate and to now, and say what they amount to.

    .. math:: r_i^a = (q W_q^a) \cdot (b_i W_b^a) / \sqrt{d} + g^a(\delta_i), \qquad
        head_a = softmax(r^a)^\top [S^*; \delta] W_v^a, \qquad
        v_{cur} = mlp([head_1; \ldots; head_4])

    Clock-GSU keeps the K behaviours of highest :math:`\sum_a r_i^a`; Clock-ESU attends over them
    with the same parameters. :math:`\delta_i` is the circular gap in time of day, so behaviours of
    other days at this time are near. A history with nothing in it gives a constant.

    Source: Long-term Interest Clock, WWW 2025, Eq. (2) to (4).
    Differs: W_b starts equal to W_q, with orthogonal rows (orthogonal columns where the heads
    together are wider than an item), so that the same item scores high from the first event on; a
    search that starts from noise never recovers in one pass.

    Args:
        item_dim: I, width of an item's vector (its id and features, concatenated). Give embeddings a
            standard deviation of about 0.1: at the start a head scores the same item
            gain² · std² · √D, which should be a few units (4 with the default sizes).
        config: sizes.

    Raises:
        ValueError: ``item_dim`` is below 1; or, when called, shapes do not go together.

    Example:
        >>> class MyRanker(nn.Module):
        ...     def __init__(self, items: int) -> None:
        ...         super().__init__()
        ...         self.item = nn.Embedding(items, 16)
        ...         nn.init.normal_(self.item.weight, std=0.1)
        ...         self.clock = LongTermClock(item_dim=16, config=LongTermConfig(behaviours=20))
        ...         self.out = nn.Linear(16 + self.clock.output_dim, 1)
        ...     def forward(self, item_B, **history):
        ...         candidate_BI = self.item(item_B)
        ...         interest_BO = self.clock(candidate_BI, item_vectors_NI=self.item.weight, **history)
        ...         return self.out(torch.cat([candidate_BI, interest_BO], dim=1))
        >>> MyRanker(items=500)(
        ...     torch.tensor([7, 8, 9]),                                   # candidates of two requests:
        ...     request_row_B=torch.tensor([0, 0, 1]),                       # 7 and 8 of one, 9 of another
        ...     second_of_day_M=torch.tensor([8 * 3600, 23 * 3600]),       # asked at 8:00 and 23:00
        ...     behaviour_ML=torch.randint(0, 500, (2, 60)),               # the two users' histories
        ...     behaviour_second_ML=torch.randint(0, 86_400, (2, 60)),     # and their local times
        ...     present_ML=torch.ones(2, 60, dtype=torch.bool)).shape
        torch.Size([3, 1])
    """

    def __init__(self, *, item_dim: int, config: LongTermConfig) -> None:
        check_size("item_dim", item_dim)
        super().__init__(item_dim=item_dim, behaviours=config.behaviours, scale=math.sqrt(config.latent_dim))
        self.config = config
        width = config.heads * config.latent_dim
        self.query, self.key = equal_projections(item_dim, width, gain=config.gain)
        self.gap = TimeGap(heads=config.heads, hidden=config.gap_hidden)
        self.value = nn.Parameter(torch.empty(config.heads, item_dim + GAP_FEATURES, config.latent_dim))
        nn.init.xavier_uniform_(self.value)
        self.mlp = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, config.output_dim))
        self.output_dim = config.output_dim
        self._tables = GapTables()

    def forward(
        self,
        candidate_BI: Tensor,
        *,
        second_of_day_M: Tensor,
        request_row_B: Tensor,
        item_vectors_NI: Tensor,
        behaviour_ML: Tensor,
        behaviour_second_ML: Tensor,
        present_ML: Tensor,
    ) -> Tensor:
        """Search, then attend.

        Args:
            candidate_BI: float32, the candidates' item vectors.
            second_of_day_M: int64 local second of each request, 0..86399.
            request_row_B: int64, each candidate's request, a row of the M.
            item_vectors_NI: float32, distinct items of all histories; at least one unless L is 0.
            behaviour_ML: int64 row of each behaviour's item in them; on padding any row, as 0.
            behaviour_second_ML: int64 local second of day of each behaviour, 0..86399.
            present_ML: bool, false on padding.

        Returns:
            float32 (B, O).

        Raises:
            ValueError: shapes do not go together, or a time, an item or a request is out of range.
        """
        check_candidates(candidate_BI, request_row_B, item_dim=self.item_dim, requests=len(behaviour_ML))
        spans = padded_spans(
            behaviour_ML,
            present_ML=present_ML,
            times=("behaviour_second_ML", behaviour_second_ML),
            now=("second_of_day_M", second_of_day_M),
            items=len(item_vectors_NI),
            period=DAY_SECONDS,
            gaps=_GAPS,
        )
        return self.search_and_attend(
            candidate_BI, request_row_B=request_row_B, spans=spans, item_vectors_NI=item_vectors_NI
        )

    def gap_scores(self, gap_P: Tensor, *, dtype: torch.dtype) -> Tensor | None:
        """g of all heads added up; a gap is in seconds of the day."""
        if not self.training:
            return self._tables.of(self.gap).summed_G[gap_P].to(dtype)
        return self.gap.summed(features_of_seconds(gap_P, dtype=dtype))

    def attend(
        self, candidate_BI: Tensor, behaviour_BKI: Tensor, gap_seconds_BK: Tensor, present_BK: Tensor
    ) -> Tensor:
        """Clock-ESU: attention over what was found (Eq. 3 and 4).

        Args:
            candidate_BI: float32. behaviour_BKI: float32, the found behaviours' item vectors.
            gap_seconds_BK: int64, 0..43200. present_BK: bool, false on padding.

        Returns:
            float32 (B, O).
        """
        feature_BKF, time_BKQ = self._of_gaps(gap_seconds_BK, dtype=candidate_BI.dtype)
        relevance_BQK = self._relevance(candidate_BI, behaviour_BKI, time_BKQ)
        pooled_BQC = pool_by_head(relevance_BQK, present_BK, (behaviour_BKI, feature_BKF))
        out_BO: Tensor = self.mlp(project_heads(pooled_BQC, self.value))
        return out_BO

    def weights(
        self, candidate_BI: Tensor, behaviour_BKI: Tensor, gap_seconds_BK: Tensor, present_BK: Tensor
    ) -> Tensor:
        """How much each head attends to what was found, as ``attend`` does.

        Args:
            the same as of ``attend``.

        Returns:
            float32 (B, Q, K); those of a head add up to 1, or to 0 where nothing was found.
        """
        _, time_BKQ = self._of_gaps(gap_seconds_BK, dtype=candidate_BI.dtype)
        relevance_BQK = self._relevance(candidate_BI, behaviour_BKI, time_BKQ)
        return masked_softmax(relevance_BQK, present_BK.unsqueeze(1))

    def _of_gaps(self, gap_seconds_BK: Tensor, *, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Features of gaps, and g of each head; looked up where a server asks, which learns nothing."""
        if not self.training and not torch.is_grad_enabled():
            table = self._tables.of(self.gap)
            feature_BKF = functional.embedding(gap_seconds_BK, table.feature_GF).to(dtype)
            return feature_BKF, functional.embedding(gap_seconds_BK, table.score_GQ).to(dtype)
        feature_BKF = features_of_seconds(gap_seconds_BK, dtype=dtype)
        return feature_BKF, self.gap(feature_BKF)

    def _relevance(self, candidate_BI: Tensor, behaviour_BKI: Tensor, time_BKQ: Tensor) -> Tensor:
        """Eq. 2 per head."""
        query_BZ = self.query(candidate_BI)
        item_BQK = head_scores(query_BZ, self.key.weight, (behaviour_BKI,), heads=self.config.heads)
        return item_BQK / self.scale + time_BKQ.transpose(1, 2)


class LongTermModule(SearchModule):
    """The clock over each request's newest behaviours, and the projections that it keeps."""

    def __init__(self, clock: LongTermClock) -> None:
        super().__init__()
        refresh = clock.config.refresh
        self.clock, self.output_dim = clock, clock.output_dim
        self._cached = CachedKeys(refresh) if refresh is not None else None

    @property
    def model(self) -> LongTermClock:
        """The clock."""
        return self.clock

    @property
    def ages(self) -> bool:
        """Where projections may be old."""
        return self._cached is not None

    def spans(self, inputs: ClockInputs) -> Spans:
        """As many as its configuration says, their times in seconds of the day."""
        return newest_spans(
            inputs,
            most=self.clock.config.longest,
            time_E=inputs.histories.second_of_day_E,
            now_M=inputs.second_of_day_M,
            period=DAY_SECONDS,
            gaps=_GAPS,
        )

    def keys(self, inputs: ClockInputs) -> ItemKeys | None:
        """Projections of an earlier request, where the configuration allows them to be old."""
        if self._cached is None or not len(inputs.batch):
            return None
        return self._cached.keys(
            items=len(inputs.items.row_NF),
            now_ms=int(inputs.batch.timestamp_ms_B[-1]),
            make=lambda item_R: self.clock.key(inputs.items(item_R)),
        )

    def renew(self, item_R: Tensor, items: ItemVectors) -> None:
        """Project items anew that a number stands for now."""
        if self._cached is not None:
            self._cached.renew(item_R, make=lambda item_R: self.clock.key(items(item_R)))

    def cached(self) -> dict[str, Tensor]:
        """Projections that are kept."""
        return {} if self._cached is None else self._cached.state()

    def restore_cached(self, cached: Mapping[str, Tensor]) -> None:
        """Take over what ``cached`` gave."""
        if self._cached is not None:
            self._cached.restore(cached)
