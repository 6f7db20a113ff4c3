"""What each clock is fed inside the ranker, so that the clocks themselves know nothing of batches."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from interestclock.clocks import (
    AdaptiveClock,
    GaussianClock,
    LongTermClock,
    LongTermConfig,
    NaiveClock,
    TimeEncoding,
)
from interestclock.histories import Histories
from interestclock.ranking.config import (
    AdaptiveConfig,
    ClockConfig,
    FeatureNames,
    GaussianConfig,
    NaiveConfig,
    RankerConfig,
    TimeEncodingConfig,
)
from interestclock.ranking.item_vectors import ItemVectors
from interestclock.samples import Batch
from interestclock.search import Found, Stretches, found_gaps

__all__ = ["ClockSlot", "SlotInputs", "build_slot"]

# Shapes: B exposures, M moments, H buckets, C all clock attributes' embeddings side by side,
# I item vector, L behaviours, K found, N distinct items of all histories, S of what was found.


@dataclass(frozen=True, kw_only=True)
class SlotInputs:
    """All a clock may look at in a batch.

    Args:
        batch: the exposures. candidate_BI: their items' vectors, float32.
        interests_MHC: Eq. 3's preferences, embedded, by moment and bucket, float32; None if no clock asks.
        histories: long histories. items: turns behaviours' items into vectors.

    Example: see ``ClockSlot``.
    """

    batch: Batch
    candidate_BI: Tensor
    interests_MHC: Tensor | None
    histories: Histories
    items: ItemVectors

    @property
    def second_of_day_M(self) -> Tensor:  # noqa: N802 - shapes stand in names
        """Local second of each moment, int64, 0..86399."""
        return self.batch.second_of_day_B[self.batch.first_M]

    @property
    def interests(self) -> Tensor:
        """``interests_MHC`` for a clock that needs it."""
        if self.interests_MHC is None:
            raise ValueError("no interests in this batch; RankerConfig.needs_clocks must name this clock")
        return self.interests_MHC


class ClockSlot(nn.Module):
    """A clock in its place in the ranker: takes ``SlotInputs``, gives float32 (B, ``output_dim``).

    Example:
        >>> class MinuteSlot(ClockSlot):
        ...     output_dim = 1
        ...     def forward(self, inputs: SlotInputs) -> Tensor:
        ...         return (inputs.batch.second_of_day_B // 60 % 60).float().unsqueeze(1)
        >>> MinuteSlot().output_dim
        1
    """

    output_dim: int

    def forward(self, inputs: SlotInputs) -> Tensor:
        """One embedding for each exposure, float32 (B, ``output_dim``)."""
        raise NotImplementedError


class _TimeEncodingSlot(ClockSlot):
    def __init__(self, config: RankerConfig) -> None:
        super().__init__()
        self.clock = TimeEncoding(dim=config.dim, std=config.std, sparse=True)
        self.output_dim = self.clock.output_dim

    def forward(self, inputs: SlotInputs) -> Tensor:
        day_of_week_M = inputs.batch.day_of_week_B[inputs.batch.first_M]
        out_MD = self.clock(second_of_day_B=inputs.second_of_day_M, day_of_week_B=day_of_week_M)
        return functional.embedding(inputs.batch.moment_of_B, out_MD)


class _HourlySlot(ClockSlot):
    def __init__(self, clock: NaiveClock | GaussianClock) -> None:
        super().__init__()
        self.clock = clock
        self.output_dim = clock.output_dim

    def forward(self, inputs: SlotInputs) -> Tensor:
        out_MD = self.clock(inputs.interests, second_of_day_B=inputs.second_of_day_M)
        return functional.embedding(inputs.batch.moment_of_B, out_MD)


class _AdaptiveSlot(ClockSlot):
    def __init__(self, clock: AdaptiveClock) -> None:
        super().__init__()
        self.clock = clock
        self.output_dim = clock.output_dim

    def forward(self, inputs: SlotInputs) -> Tensor:
        return functional.embedding(inputs.batch.moment_of_B, self.clock(inputs.interests))


class _LongTermSlot(ClockSlot):
    def __init__(self, config: LongTermConfig, item_dim: int) -> None:
        super().__init__()
        self.clock = LongTermClock(item_dim=item_dim, config=config)
        self.longest = config.longest
        self.output_dim = self.clock.output_dim

    def forward(self, inputs: SlotInputs) -> Tensor:
        batch, histories = inputs.batch, inputs.histories
        start_M, stop_M = batch.newest(histories, most=self.longest)
        stretches = Stretches(
            item_T=histories.item_E,
            time_T=histories.second_of_day_E,
            start_M=start_M,
            stop_M=stop_M,
            now_M=inputs.second_of_day_M,
        )
        found = self.clock.search(
            inputs.candidate_BI,
            moment_of_B=batch.moment_of_B,
            stretches=stretches,
            items=len(inputs.items.row_NF),
            vectors=inputs.items,
        )
        vectors_BKI = _vectors(inputs.items, found, histories.item_E)
        gap_BK = found_gaps(found, stretches, batch.moment_of_B)
        return self.clock.attend(inputs.candidate_BI, vectors_BKI, gap_BK, found.present_BK)


def _vectors(items: ItemVectors, found: Found, item_E: Tensor) -> Tensor:
    """Vectors of found behaviours, float32 (B, K, I), each distinct item embedded once.

    Only these carry a gradient: rows that the search passed over stay untouched.
    """
    if item_E.numel():
        item_BK = item_E[found.place_BK].masked_fill(~found.present_BK, 0).to(torch.int64)
    else:
        item_BK = found.place_BK
    chosen_S, place_BK = _distinct(item_BK, len(items.row_NF))
    return functional.embedding(place_BK, items(chosen_S))


def _distinct(number_X: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Distinct numbers below ``size``, ascending, and each one's place among them; no sorting."""
    seen = torch.zeros(size, dtype=torch.bool, device=number_X.device)
    seen[number_X.flatten()] = True
    place = seen.cumsum(0) - 1
    return seen.nonzero().squeeze(1), place[number_X]


def build_slot(clock: ClockConfig, *, names: FeatureNames, config: RankerConfig, item_dim: int) -> ClockSlot:
    """The slot of a configured clock: the one place where a new clock is given its inputs.

    Args:
        clock: its configuration. names, config: the ranker's. item_dim: I, width of an item's vector.

    Example:
        >>> names = FeatureNames(tasks=("finish",), attributes=("genre",), clock_attributes=("genre",))
        >>> build_slot(GaussianConfig(), names=names, config=RankerConfig(dim=16), item_dim=32).output_dim
        16
    """
    interests_dim = config.dim * len(names.clock_attributes)
    match clock:
        case TimeEncodingConfig():
            return _TimeEncodingSlot(config)
        case NaiveConfig():
            return _HourlySlot(NaiveClock(dim=interests_dim))
        case AdaptiveConfig():
            return _AdaptiveSlot(AdaptiveClock(buckets=names.buckets_per_day, dim=interests_dim))
        case GaussianConfig():
            return _HourlySlot(
                GaussianClock(
                    dim=interests_dim,
                    sigma_hours=clock.sigma_hours,
                    mu_hours=clock.mu_hours,
                    bucket_centre_hours=clock.bucket_centre_hours,
                )
            )
        case LongTermConfig():
            return _LongTermSlot(clock, item_dim)
