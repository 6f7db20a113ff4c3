"""What each clock is fed inside the ranker, so that the clocks themselves know nothing of batches."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor
from torch.nn import functional

from interestclock.clocks import (
    AdaptiveClock,
    GaussianClock,
    LongTermClock,
    LongTermConfig,
    NaiveClock,
    TimeEncoding,
)
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
from interestclock.ranking.sequence_slots import build_sequence_slot
from interestclock.ranking.slot import ClockSlot, SlotInputs, found_vectors
from interestclock.search import ItemKeys, KeptKeys, Stretches, found_gaps
from interestclock.sequences import DinConfig, SimHardConfig, SimSoftConfig, TwinConfig

__all__ = ["build_slot"]

# Shapes: B exposures, M moments, D output, I item vector, K found.


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
        self._kept = KeptKeys(config.refresh) if config.refresh is not None else None

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
            kept=self._keys(inputs),
        )
        vectors_BKI = found_vectors(inputs.items, found, histories.item_E)
        gap_BK = found_gaps(found, stretches, batch.moment_of_B)
        return self.clock.attend(inputs.candidate_BI, vectors_BKI, gap_BK, found.present_BK)

    def _keys(self, inputs: SlotInputs) -> ItemKeys | None:
        """Projections of an earlier moment, where the configuration allows them to be old."""
        if self._kept is None or not len(inputs.batch):
            return None
        return self._kept.keys(
            items=len(inputs.items.row_NF),
            now_ms=int(inputs.batch.timestamp_ms_B[-1]),
            make=lambda item_R: self.clock.key(inputs.items(item_R)),
        )

    def renew(self, item_R: Tensor, items: ItemVectors) -> None:
        if self._kept is not None:
            self._kept.renew(item_R, make=lambda item_S: self.clock.key(items(item_S)))

    def kept(self) -> dict[str, Tensor]:
        return {} if self._kept is None else self._kept.state()

    def restore_kept(self, kept: Mapping[str, Tensor]) -> None:
        if self._kept is not None:
            self._kept.restore(kept)


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
        case DinConfig() | SimHardConfig() | SimSoftConfig() | TwinConfig():
            return build_sequence_slot(clock, names=names, item_dim=item_dim)
