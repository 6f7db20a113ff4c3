"""What the Long-term Interest Clock is fed inside the ranker, and the projections it keeps there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from torch import Tensor

from interestclock.clocks.slot import ClockSlot, SlotInputs, found_vectors
from interestclock.search import ItemKeys, KeptKeys, Stretches, found_gaps

if TYPE_CHECKING:
    from interestclock.clocks.long_term import LongTermClock
    from interestclock.embeddings import ItemVectors

__all__ = ["LongTermSlot"]

# Shapes: B exposures, M moments, D output, I item vector, K found.


class LongTermSlot(ClockSlot):
    """The Long-term Interest Clock over each moment's newest behaviours.

    Args:
        clock: with its configuration, which says how far back it looks and how old projections may be.
    """

    def __init__(self, clock: LongTermClock) -> None:
        super().__init__()
        config = clock.config
        self.clock, self.longest, self.output_dim = clock, config.longest, clock.output_dim
        self._kept = KeptKeys(config.refresh) if config.refresh is not None else None

    @property
    def ages(self) -> bool:
        """Projections that are kept do."""
        return self._kept is not None

    def forward(self, inputs: SlotInputs) -> Tensor:
        """Search, then attend."""
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
        """Project what other items' numbers stand for now."""
        if self._kept is not None:
            self._kept.renew(item_R, make=lambda item_S: self.clock.key(items(item_S)))

    def kept(self) -> dict[str, Tensor]:
        """The projections."""
        return {} if self._kept is None else self._kept.state()

    def restore_kept(self, kept: Mapping[str, Tensor]) -> None:
        """Take over what ``kept`` gave."""
        if self._kept is not None:
            self._kept.restore(kept)
