"""The files in a trainer's folder, opened to be written to."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from interestclock.admission import Admission
from interestclock.errors import ResultError, system_errors_as
from interestclock.events.dead_letters import DeadLetterFile
from interestclock.live.beginning import check_beginning
from interestclock.live.checkpoints import CheckpointManifest, Checkpoints
from interestclock.live.kept_state import KeptState
from interestclock.live.live_trainer import LiveTrainer
from interestclock.live.prediction_parts import PredictionParts
from interestclock.live.trainer_snapshots import TrainerSnapshots
from interestclock.streams import LiveSource

__all__ = ["RunFiles"]


class RunFiles:
    """What a live trainer writes: what was admitted, checkpoints, predictions, dead letters, snapshots.

    Args:
        folder: this trainer alone has it. source: of events. trainer: whose they are.
        checkpoints_kept: the newest so many stay.
        kept: what of another trainer's folder is begun on; what that one admitted is copied.

    ``close`` lets go of what is open.

    Raises:
        ResultError: the folder cannot be written; nothing is left open then.
    """

    def __init__(
        self,
        folder: Path,
        source: LiveSource,
        trainer: LiveTrainer,
        *,
        checkpoints_kept: int,
        kept: KeptState | None = None,
    ) -> None:
        schema = source.schema
        with ExitStack() as opened, _writable(folder):
            if kept is not None:
                check_beginning(folder, first=1, entries=0)  # or what is there would be of another beginning
                kept.copy_admitted(folder / "admitted")
            self.checkpoints = Checkpoints(folder / "checkpoints", kept=checkpoints_kept)
            self.admission = Admission(source, folder / "admitted", buffer=trainer.buffer)
            self.predictions = PredictionParts(
                folder / "predictions", schema.labels, candidates=schema.positive_only
            )
            self.dead_letters = DeadLetterFile(
                folder / "dead-letters.jsonl", remedy="make room, then go on with --resume"
            )
            opened.callback(self.dead_letters.close)
            self.snapshots = TrainerSnapshots(folder / "snapshots", trainer)
            opened.pop_all()

    def close(self) -> None:
        """No more is written."""
        self.dead_letters.close()

    def truncate(self, manifest: CheckpointManifest | None) -> None:
        """Predictions and dead letters to what they were at a checkpoint; None: to nothing."""
        if manifest is None:
            self.predictions.truncate(0, 0)
            self.dead_letters.truncate(0)
        else:
            self.predictions.truncate(manifest.number, manifest.prediction_list_bytes)
            self.dead_letters.truncate(manifest.dead_letter_bytes)


def _writable(folder: Path) -> AbstractContextManager[None]:
    remedy = "make room or mend the disk, then go on with --resume"
    return system_errors_as(ResultError, f"{folder} cannot be written", remedy=remedy)
