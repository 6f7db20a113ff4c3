"""The files in a trainer's folder, opened to be written to."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from interestclock.admission import copy_erasures
from interestclock.live.beginning import check_beginning
from interestclock.live.checkpoints import CheckpointManifest
from interestclock.live.durable_files import DurableFiles, writable
from interestclock.live.kept_state import KeptState
from interestclock.live.live_trainer import LiveTrainer
from interestclock.live.prediction_parts import PredictionParts
from interestclock.live.trainer_snapshots import TrainerSnapshots
from interestclock.operations.telemetry import Telemetry
from interestclock.streams import Source

__all__ = ["RunFiles"]


class RunFiles(DurableFiles):
    """What a live trainer writes: ``DurableFiles``, predictions and snapshots.

    Args:
        folder: this trainer alone has it. source: of events. trainer: whose they are.
        fingerprint: of source and configuration. checkpoints_kept: the newest so many stay.
        kept: what of another trainer's folder is begun on; what that one admitted is copied.
        telemetry: is told of checkpoints; None keeps none of it.

    ``close`` lets go of what is open.

    Raises:
        ResultError: the folder cannot be written; nothing is left open then.
    """

    def __init__(
        self,
        folder: Path,
        source: Source,
        trainer: LiveTrainer,
        *,
        fingerprint: str,
        checkpoints_kept: int,
        kept: KeptState | None = None,
        telemetry: Telemetry | None = None,
    ) -> None:
        schema, resumes = source.schema, "go on with --resume"
        if kept is not None:
            with writable(folder, resumes):
                check_beginning(folder, first=1, entries=0)  # or what is there would be of another beginning
                copy_erasures(kept.folder, folder)
                kept.copy_admitted(folder / "admitted")
        super().__init__(
            folder,
            source,
            buffer=trainer.buffer,
            fingerprint=fingerprint,
            checkpoints_kept=checkpoints_kept,
            resumes=resumes,
            telemetry=telemetry,
        )
        with ExitStack() as opened:
            opened.callback(self.close)
            with writable(folder, resumes):
                self.predictions = PredictionParts(
                    folder / "predictions", schema.labels, candidates=schema.positive_only
                )
                self.snapshots = TrainerSnapshots(folder / "snapshots", trainer)
            opened.pop_all()

    def truncate(self, manifest: CheckpointManifest | None) -> None:
        """Predictions, too."""
        super().truncate(manifest)
        if manifest is None:
            self.predictions.truncate(0, 0)
        else:
            self.predictions.truncate(manifest.number, manifest.prediction_list_bytes)
