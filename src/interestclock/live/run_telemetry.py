"""What a run tells its telemetry: predictions, what came of them, counters, tables and snapshots."""

from __future__ import annotations

from interestclock.live.live_trainer import LiveTrainer
from interestclock.operations.telemetry import Telemetry
from interestclock.samples import Batch
from interestclock.snapshots import SnapshotManifest
from interestclock.training.trainer import PROBABILITY, PredictedBatch

__all__ = ["RunTelemetry"]


class RunTelemetry:
    """Translates what a trainer does into what telemetry keeps.

    Args:
        telemetry: None: nothing is told to anyone. trainer: whose counters and tables they are.
        main_label: the one whose quality is followed.
    """

    def __init__(self, telemetry: Telemetry | None, trainer: LiveTrainer, *, main_label: str) -> None:
        self._telemetry, self._trainer, self._main_label = telemetry, trainer, main_label

    def predicted(self, predicted: PredictedBatch) -> None:
        """A batch was predicted."""
        if self._telemetry is not None:
            self._telemetry.predicted(probability=predicted.probabilities)

    def learned(self, batch: Batch) -> None:
        """Its labels came, and it was learned."""
        if self._telemetry is not None:
            self._telemetry.learned(
                probability_B=batch.carried[PROBABILITY],
                label_B=batch.labels[self._main_label],
                second_of_day_B=batch.second_of_day_B,
                event_ms=self._trainer.learned_ms,
            )

    def snapshot(self, manifest: SnapshotManifest, *, seconds: float) -> None:
        """A snapshot was written, in so many seconds."""
        if self._telemetry is not None:
            self._telemetry.snapshot(
                kind=manifest.kind,
                seconds=seconds,
                bytes_written=manifest.bytes,
                rows=sum(each.touched for each in manifest.tables.values()),
            )

    def progress(self, *, wall_ms: int | None) -> None:
        """How far it is, and what its counters and tables are at.

        Args:
            wall_ms: when the last micro-batch came; None before the first.
        """
        if self._telemetry is None:
            return
        counters = self._trainer.buffer.counters
        self._telemetry.progress(events=counters.received, event_ms=self._trainer.event_ms, wall_ms=wall_ms)
        beside = {
            "disagreeing_duplicates": self._trainer.buffer.disagreeing,
            "items_without_attributes": self._trainer.features.values.without,
        }
        self._telemetry.counters(counters.counts() | beside)
        for kind, ledger in self._trainer.rows.ledgers.items():
            settings = ledger.statistics
            self._telemetry.table(
                kind,
                size=settings.size,
                admitted=settings.admitted,
                admissions=settings.admissions,
                expiries=settings.expiries,
                evictions=settings.evictions,
                refused=settings.refused,
            )
