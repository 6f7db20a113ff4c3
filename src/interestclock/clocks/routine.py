"""Routine Clock: the Long-term Clock, whose attention is told how much, how long ago, when and what."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from interestclock.clocks.clock_config import RankerSizes
from interestclock.clocks.clock_module import ClockInputs, ClockModule
from interestclock.clocks.item_match import match_features
from interestclock.clocks.long_term import LongTermClock, LongTermConfig, LongTermModule
from interestclock.clocks.routine_spans import RoutineSpans, times_apart
from interestclock.clocks.time_gap import TimeGap
from interestclock.clocks.time_passed import (
    HOLIDAY,
    PASSED_FEATURES,
    WEEK_FEATURES,
    passed_features,
    week_features,
)
from interestclock.search import (
    Retrieved,
    Spans,
    log_mass,
    masked_softmax,
    pool_by_head,
    project_heads,
)
from interestclock.search.checks import check_whole
from interestclock.search.padded import check_candidates, padded_spans
from interestclock.timeofday import DAY_SECONDS, day_of_date, local_day, local_second, local_weekday

__all__ = ["RoutineClock", "RoutineConfig", "RoutineSpans"]

# Shapes: B candidates, M requests (a user at a time), E behaviours of all users, L behaviours, K retrieved,
# N distinct items, I item vector, Q heads, Z = Q x D of all heads, C all that is known of a behaviour, F
# features, T times apart (gap in seconds of the day, minutes passed, weekday then, weekday now), P gaps that
# occur, X any, O output.


@dataclass(frozen=True, kw_only=True)
class RoutineConfig(LongTermConfig):
    """Sizes of the Routine Clock, and what it is told.

    Args:
        output_dim: O; half as wide as the Long-term Clock's.
        mass: whether it hands on how much of the past speaks for a candidate.
        recency: whether attention sees how long ago a behaviour was.
        week: whether it sees how the weekdays lie to one another.
        holidays: local dates as ``2012-07-04`` that count as holidays in ``week``, wherever a user is.
        time_of_day: whether search and attention see the gap in time of day.
        match: whether attention sees that a behaviour is of the candidate itself, or of an item with the same
            values of an attribute.
        features_in_values: whether what a head pools also holds how long ago a behaviour was, how its weekday
            lies to now's and what it matches, as far as recency, week and match are on.
        row_limit: whether, beside other parts, each row of its output is bounded (``limit_rms``); if not, all
            rows are by one factor (``limit_part``), so that a row's size still says how much of the past
            speaks for a candidate. The others: ``LongTermConfig``.

    Raises:
        ValueError: a size is below 1, ``gain`` or a refresh is not positive, or a holiday is no date, or
            given without ``week``.

    Example:
        >>> RoutineConfig(week=False).output_dim
        16
        >>> RoutineConfig(holidays=("2012-12-25", "2013-01-01")).holidays
        ('2012-12-25', '2013-01-01')
    """

    kind: ClassVar[str] = "routine"
    reads_preferences: ClassVar[bool] = False

    output_dim: int = 16
    mass: bool = True
    recency: bool = True
    week: bool = True
    holidays: tuple[str, ...] = ()
    time_of_day: bool = True
    match: bool = True
    features_in_values: bool = True
    row_limit: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_holidays(self.holidays, week=self.week)

    def build(self, sizes: RankerSizes) -> ClockModule:
        """The clock over a ranker's histories."""
        return _Module(RoutineClock(item_dim=sizes.item_dim, config=self, part_dim=sizes.dim))


class RoutineClock(LongTermClock):
    r"""Find the behaviours nearest to a candidate and to now, and say what and how much they amount to.

    .. math:: r_i^a = (q W_q^a) \cdot (b_i W_b^a) / \sqrt{d} + g^a(\delta_i) + u^a(h_i, w_i, s_i), \qquad
        m^a = \ln\Big(1 + \sum_i e^{r_i^a}\Big),

    .. math:: head_a = softmax(r^a)^\top [S^*; \delta; h; w; s] W_v^a, \qquad
        v = mlp([head_1; \ldots; head_Q; m^1; \ldots; m^Q])

    A softmax tells of what the past consists that speaks for a candidate, and not how much of it does: the
    mass m says that, 0 where nothing was found. u, a network like g, sees how long ago a behaviour was
    (:math:`h_i`, ``passed_features``), how its weekday lies to now's (:math:`w_i`, ``week_features``), and
    whether it is of the candidate itself, or of an item with the same values (:math:`s_i`,
    ``match_features``). What a head makes of the past holds the same three, as its weights alone would not
    say how long ago what it attends to was. The search is the Long-term Clock's, by item and time of day,
    and as fast.

    Source: Long-term Interest Clock, WWW 2025, Eq. (2) to (4), with mass, recency, week and match added.
    Differs: these four, and the last three in values, are not the paper's; each can be switched off, and so
    can the gap.

    Args:
        item_dim: I, width of an item's vector, as of ``LongTermClock``. config: sizes, and what it is told.
        part_dim: D, width of each of the embeddings that an item's vector is made of, side by side; None: it
            is one.

    Raises:
        ValueError: ``item_dim`` is below 1, or no multiple of ``part_dim``; or, when called, shapes do not go
            together.

    Example:
        >>> item = nn.Embedding(500, 16)
        >>> clock = RoutineClock(item_dim=16, config=RoutineConfig(behaviours=20))
        >>> at_ms = 1_700_000_000_000
        >>> clock(item(torch.tensor([7, 8, 9])),                               # candidates of two requests:
        ...     request_row_B=torch.tensor([0, 0, 1]),                         # 7 and 8 of one, 9 of another
        ...     moment_ms_M=torch.tensor([at_ms, at_ms + 60_000]),             # a minute apart,
        ...     offset_minutes_M=torch.tensor([60, -300]),                     # in Berlin and New York
        ...     item_vectors_NI=item.weight,
        ...     behaviour_ML=torch.randint(0, 500, (2, 60)),                   # the two users' histories
        ...     behaviour_ms_ML=at_ms - torch.randint(0, 10**9, (2, 60)),      # and their moments
        ...     behaviour_offset_minutes_ML=torch.full((2, 60), 60),
        ...     present_ML=torch.ones(2, 60, dtype=torch.bool)).shape
        torch.Size([3, 16])
    """

    config: RoutineConfig
    holiday_day_R: Tensor

    def __init__(self, *, item_dim: int, config: RoutineConfig, part_dim: int | None = None) -> None:
        super().__init__(item_dim=item_dim, config=config)
        self.part_dim = item_dim if part_dim is None else part_dim
        if self.part_dim < 1 or item_dim % self.part_dim:
            raise ValueError(f"item_dim is {item_dim}, no multiple of part_dim, which is {part_dim}")
        features = PASSED_FEATURES * config.recency + WEEK_FEATURES * config.week
        features += item_dim // self.part_dim * config.match
        self.passed = (
            TimeGap(heads=config.heads, hidden=config.gap_hidden, features=features) if features else None
        )
        if features and config.features_in_values:
            value_QCD = torch.empty(config.heads, self.value.shape[1] + features, config.latent_dim)
            self.value = nn.Parameter(nn.init.xavier_uniform_(value_QCD))
        if config.mass:
            width = config.heads * config.latent_dim
            self.mlp[0] = nn.Linear(width + config.heads, width)
        days = torch.tensor([*map(day_of_date, config.holidays)], dtype=torch.int64)
        self.register_buffer("holiday_day_R", days, persistent=False)  # told by the configuration

    def forward(  # type: ignore[override]  # moments in the place of times of day
        self,
        candidate_BI: Tensor,
        *,
        request_row_B: Tensor,
        moment_ms_M: Tensor,
        offset_minutes_M: Tensor,
        item_vectors_NI: Tensor,
        behaviour_ML: Tensor,
        behaviour_ms_ML: Tensor,
        behaviour_offset_minutes_ML: Tensor,
        present_ML: Tensor,
    ) -> Tensor:
        """Search, then attend.

        Args:
            candidate_BI: float32, the candidates' item vectors.
            request_row_B: int64, each candidate's request, a row of the M.
            moment_ms_M: int64, when each request is, UTC milliseconds.
            offset_minutes_M: integers, minutes to add to UTC for local time.
            item_vectors_NI: float32, distinct items of all histories; at least one unless L is 0.
            behaviour_ML: int64 row of each behaviour's item in them; on padding any row, as 0.
            behaviour_ms_ML, behaviour_offset_minutes_ML: when each happened, as the requests'.
            present_ML: bool, false on padding.

        Returns:
            float32 (B, O).

        Raises:
            ValueError: shapes do not go together, or an item or a request is out of range.
        """
        check_candidates(candidate_BI, request_row_B, item_dim=self.item_dim, requests=len(behaviour_ML))
        _check_offsets("offset_minutes_M", offset_minutes_M, moment_ms_M)
        _check_offsets("behaviour_offset_minutes_ML", behaviour_offset_minutes_ML, behaviour_ms_ML)
        offset_M, offset_ML = offset_minutes_M.to(torch.int64), behaviour_offset_minutes_ML.to(torch.int64)
        spans = padded_spans(
            behaviour_ML,
            present_ML=present_ML,
            times=("behaviour_ms_ML", local_second(behaviour_ms_ML, offset_ML)),
            now=("moment_ms_M", local_second(moment_ms_M, offset_M)),
            items=len(item_vectors_NI),
            period=DAY_SECONDS,
            gaps=DAY_SECONDS // 2 + 1,
        )
        timed = RoutineSpans(
            **_parts(spans),
            moment_ms_E=behaviour_ms_ML.flatten(),
            offset_minutes_E=offset_ML.flatten(),
            moment_ms_M=moment_ms_M,
            weekday_M=self.weekdays(moment_ms_M, local_weekday(moment_ms_M, offset_M)),
        )
        return self.search_and_attend(
            candidate_BI, request_row_B=request_row_B, spans=timed, item_vectors_NI=item_vectors_NI
        )

    def weekdays(self, moment_ms_X: Tensor, weekday_X: Tensor) -> Tensor:
        """Local weekdays of moments, int64, with ``HOLIDAY`` where it is one."""
        if not len(self.holiday_day_R):
            return weekday_X
        holiday_X = torch.isin(local_day(moment_ms_X, weekday_X), self.holiday_day_R)
        return weekday_X.masked_fill(holiday_X, HOLIDAY)

    def gap_scores(self, gap_P: Tensor, *, dtype: torch.dtype) -> Tensor | None:
        """g of all heads added up; a gap is in seconds of the day. None where the gap is switched off."""
        return super().gap_scores(gap_P, dtype=dtype) if self.config.time_of_day else None

    def apart(self, retrieved: Retrieved, spans: Spans, request_row_B: Tensor) -> Tensor:
        """Gap in seconds of the day, minutes passed, weekday then and weekday now, int64 (B, K, 4)."""
        if not isinstance(spans, RoutineSpans):
            raise ValueError("these spans have no moments and weekdays; make RoutineSpans")
        gap_BK = super().apart(retrieved, spans, request_row_B)
        apart_BKT = times_apart(gap_BK, retrieved.offset_BK, spans, request_row_B)
        if len(self.holiday_day_R) and spans.moment_ms_E.numel():
            then_ms_BK = spans.moment_ms_E[retrieved.offset_BK]
            apart_BKT[..., 2] = self.weekdays(then_ms_BK, apart_BKT[..., 2])
        return apart_BKT

    def attend(
        self, candidate_BI: Tensor, behaviour_BKI: Tensor, apart_BKT: Tensor, present_BK: Tensor
    ) -> Tensor:
        """Attention over what was found, and its mass.

        Args:
            candidate_BI, behaviour_BKI: float32, item vectors. apart_BKT: int64, what ``apart`` gives.
            present_BK: bool, false on padding.

        Returns:
            float32 (B, O).
        """
        relevance_BQK, parts_BKF = self._scored(candidate_BI, behaviour_BKI, apart_BKT)
        pooled_BQC = pool_by_head(relevance_BQK, present_BK, (behaviour_BKI, *parts_BKF))
        heads_BZ = project_heads(pooled_BQC, self.value)
        if self.config.mass:
            heads_BZ = torch.cat([heads_BZ, log_mass(relevance_BQK, present_BK)], dim=1)
        out_BO: Tensor = self.mlp(heads_BZ)
        return out_BO

    def weights(
        self, candidate_BI: Tensor, behaviour_BKI: Tensor, apart_BKT: Tensor, present_BK: Tensor
    ) -> Tensor:
        """How much each head attends to what was found, float32 (B, Q, K), as ``LongTermClock`` has it."""
        relevance_BQK, _ = self._scored(candidate_BI, behaviour_BKI, apart_BKT)
        return masked_softmax(relevance_BQK, present_BK.unsqueeze(1))

    def _scored(
        self, candidate_BI: Tensor, behaviour_BKI: Tensor, apart_BKT: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """Relevance by head, and what values hold beside items; a gap that is switched off is 0 for all."""
        gap_BK = apart_BKT[..., 0]
        gap_BK = gap_BK if self.config.time_of_day else gap_BK * 0
        feature_BKF, time_BKQ = self._of_gaps(gap_BK, dtype=candidate_BI.dtype)
        relevance_BQK = self._relevance(candidate_BI, behaviour_BKI, time_BKQ)
        if self.passed is None:
            return relevance_BQK, [feature_BKF]
        seen_BKF = self._seen(candidate_BI, behaviour_BKI, apart_BKT)
        passed_BKQ: Tensor = self.passed(seen_BKF)
        in_values = [feature_BKF, seen_BKF] if self.config.features_in_values else [feature_BKF]
        return relevance_BQK + passed_BKQ.transpose(1, 2), in_values

    def _seen(self, candidate_BI: Tensor, behaviour_BKI: Tensor, apart_BKT: Tensor) -> Tensor:
        """What u sees, as far as it is switched on, side by side."""
        _, passed_BK, then_BK, now_BK = apart_BKT.unbind(2)
        config, dtype = self.config, candidate_BI.dtype
        parts = [passed_features(passed_BK, dtype=dtype)] if config.recency else []
        parts += [week_features(then_BK, now_BK, dtype=dtype)] if config.week else []
        if config.match:
            parts += [match_features(candidate_BI, behaviour_BKI, part_dim=self.part_dim)]
        return torch.cat(parts, dim=2)


class _Module(LongTermModule):
    """The clock over each request's newest behaviours, with their moments and weekdays."""

    clock: RoutineClock

    def spans(self, inputs: ClockInputs) -> Spans:
        """With moments and weekdays."""
        histories, moment_ms_M = inputs.histories, inputs.batch.timestamp_ms_B[inputs.batch.first_M]
        if histories.utc_offset_minutes_E is None:
            raise ValueError("these histories have no utc_offset_minutes_E, which tells a weekday; give it")
        return RoutineSpans(
            **_parts(super().spans(inputs)),
            moment_ms_E=histories.timestamp_ms_E,
            offset_minutes_E=histories.utc_offset_minutes_E,
            moment_ms_M=moment_ms_M,
            weekday_M=self.clock.weekdays(moment_ms_M, inputs.day_of_week_M),
        )


def _parts(spans: Spans) -> dict[str, Any]:
    return {each.name: getattr(spans, each.name) for each in fields(Spans)}


def _check_holidays(holidays: tuple[str, ...], *, week: bool) -> None:
    if isinstance(holidays, str):
        raise ValueError(
            f'holidays is the text {holidays!r}; give a list of dates, for example ["2012-07-04"]'
        )
    for each in holidays:
        try:
            day_of_date(each)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"holidays has {each!r}, which is no date; give local dates, for example 2012-07-04"
            ) from error
    if holidays and not week:
        raise ValueError("holidays are given, and week, which sees them, is switched off; leave one out")


def _check_offsets(name: str, offset_X: Tensor, moment_X: Tensor) -> None:
    if offset_X.shape != moment_X.shape:
        raise ValueError(
            f"{name} has shape {tuple(offset_X.shape)}; give {tuple(moment_X.shape)}, one for each moment"
        )
    check_whole(name, offset_X)
