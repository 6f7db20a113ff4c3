"""What the Long-term Interest Clock is fed inside the ranker, and the projections it keeps there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from torch import Tensor

from interestclock.clocks.clock_module import ClockInputs, ClockModule
from interestclock.search import CachedKeys, ItemKeys, Spans

if TYPE_CHECKING:
    from interestclock.clocks.long_term import LongTermClock
    from interestclock.embeddings import ItemVectors

__all__ = ["LongTermModule"]

# Shapes: B exposures, M requests, D output, I item vector, K retrieved.


class LongTermModule(ClockModule):
    """The Long-term Interest Clock over each request's newest behaviours.

    Args:
        clock: with its configuration, which says how far back it looks and how old projections may be.
    """

    def __init__(self, clock: LongTermClock) -> None:
        super().__init__()
        config = clock.config
        self.clock, self.longest, self.output_dim = clock, config.longest, clock.output_dim
        self._cached = CachedKeys(config.refresh) if config.refresh is not None else None

    @property
    def ages(self) -> bool:
        """Projections that are kept do."""
        return self._cached is not None

    def forward(self, inputs: ClockInputs) -> Tensor:
        """Search, then attend."""
        batch, histories = inputs.batch, inputs.histories
        start_M, stop_M = batch.newest(histories, most=self.longest)
        spans = Spans(
            item_E=histories.item_E,
            time_E=histories.second_of_day_E,
            start_M=start_M,
            stop_M=stop_M,
            now_M=inputs.second_of_day_M,
        )
        retrieved = self.clock.search(
            inputs.candidate_BI,
            request_row_B=batch.request_row_B,
            spans=spans,
            items=len(inputs.items.row_NF),
            vectors=inputs.items,
            cached=self._keys(inputs),
        )
        return self.clock.attend_retrieved(
            inputs.candidate_BI,
            retrieved,
            request_row_B=batch.request_row_B,
            spans=spans,
            items=len(inputs.items.row_NF),
            vectors=inputs.items,
        )

    def _keys(self, inputs: ClockInputs) -> ItemKeys | None:
        """Projections of an earlier request, where the configuration allows them to be old."""
        if self._cached is None or not len(inputs.batch):
            return None
        return self._cached.keys(
            items=len(inputs.items.row_NF),
            now_ms=int(inputs.batch.timestamp_ms_B[-1]),
            make=lambda item_R: self.clock.key(inputs.items(item_R)),
        )

    def renew(self, item_R: Tensor, items: ItemVectors) -> None:
        """Project what other items' numbers stand for now."""
        if self._cached is not None:
            self._cached.renew(item_R, make=lambda item_R: self.clock.key(items(item_R)))

    def cached(self) -> dict[str, Tensor]:
        """The projections."""
        return {} if self._cached is None else self._cached.state()

    def restore_cached(self, cached: Mapping[str, Tensor]) -> None:
        """Take over what ``cached`` gave."""
        if self._cached is not None:
            self._cached.restore(cached)
