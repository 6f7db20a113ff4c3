"""What a run keeps on disk to be taken up where it stopped: what was admitted, checkpoints, dead letters."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from interestclock.admission import Admission, ErasureLedger, EventBuffer
from interestclock.arrays import Arrays
from interestclock.errors import ResultError, system_errors_as
from interestclock.events.dead_letters import DeadLetterFile
from interestclock.live.checkpoint_writer import CheckpointWriter
from interestclock.live.checkpoints import CheckpointManifest, Checkpoints
from interestclock.operations.telemetry import Telemetry
from interestclock.streams import Source

__all__ = ["DurableFiles", "writable"]


class DurableFiles:
    """The files of one who admits a source and makes a state of it, a trainer's or another's.

    ::

        folder/admitted/           what was taken and what became of it, before anything is made of it
        folder/checkpoints/        the whole state, now and then
        folder/dead-letters.jsonl  messages that could not be read, with the reason
        folder/erasures.jsonl      who was erased, by hash, under the key in erasures.key

    Args:
        folder: nobody else has it. source: of events. buffer: admits them.
        fingerprint: of source and settings; checkpoints of another are refused.
        checkpoints_kept: the newest so many stay. resumes: how one goes on, for errors.
        telemetry: is told of checkpoints; None keeps none of it.
        followed: others read what is admitted.

    Raises:
        ResultError: the folder cannot be written, or what was admitted is damaged.
    """

    def __init__(
        self,
        folder: Path,
        source: Source,
        *,
        buffer: EventBuffer,
        fingerprint: str,
        checkpoints_kept: int,
        resumes: str,
        telemetry: Telemetry | None = None,
        followed: bool = False,
    ) -> None:
        self._fingerprint = fingerprint
        with ExitStack() as opened:  # closed the other way round, each whatever becomes of the others
            with writable(folder, resumes):
                self.checkpoints = Checkpoints(folder / "checkpoints", kept=checkpoints_kept)
                ledger = ErasureLedger(folder, hashes=buffer.erased.hashes)
                self.admission = Admission(
                    source, folder / "admitted", buffer=buffer, ledger=ledger, followed=followed
                )
                opened.callback(self.admission.close)
                self.dead_letters = DeadLetterFile(
                    folder / "dead-letters.jsonl", remedy=f"make room, then {resumes}"
                )
                opened.callback(self.dead_letters.close)
            self.checkpoint_writer = CheckpointWriter(self.checkpoints, telemetry=telemetry)
            opened.callback(self.checkpoint_writer.close)
            self._opened = opened.pop_all()

    def newest(self) -> tuple[CheckpointManifest, Arrays] | None:
        """The newest checkpoint that is whole, and its state; None where there is none."""
        return self.checkpoints.newest(fingerprint=self._fingerprint)

    def truncate(self, manifest: CheckpointManifest | None) -> None:
        """What is made again goes: dead letters to what they were at a checkpoint; None: to nothing."""
        self.dead_letters.truncate(0 if manifest is None else manifest.dead_letter_bytes)

    def checkpoint(
        self,
        state: Arrays,
        *,
        number: int,
        event_ms: int,
        since_s: float,
        prediction_list_bytes: int = 0,
    ) -> None:
        """Write a checkpoint beside what goes on; ``written`` was called before.

        Args:
            state: nobody changes it any more. number: of the checkpoint. event_ms: how far it is.
            since_s: when work stopped for it, by ``time.perf_counter``.
            prediction_list_bytes: of a trainer's predictions.
        """
        manifest = CheckpointManifest(
            number=number,
            fingerprint=self._fingerprint,
            admitted_position=self.admission.position,
            offsets=dict(self.admission.offsets),
            event_ms=event_ms,
            dead_letter_bytes=self.dead_letters.force(),
            prediction_list_bytes=prediction_list_bytes,
        )
        self.admission.new_segment()
        self.checkpoint_writer.write(state, manifest, since_s=since_s)

    def written(self) -> None:
        """Wait for the checkpoint under way; then what was admitted before the oldest is needed no more."""
        if self.checkpoint_writer.wait() and (oldest := self.checkpoints.oldest()) is not None:
            self.admission.drop_before(oldest.admitted_position)

    def close(self) -> None:
        """Finish the checkpoint under way, whatever becomes of it; nothing more is written."""
        self._opened.close()


def writable(folder: Path, resumes: str) -> AbstractContextManager[None]:
    """Say what to do where a run's files cannot be written, and how it goes on then."""
    remedy = f"make room or mend the disk, then {resumes}"
    return system_errors_as(ResultError, f"{folder} cannot be written", remedy=remedy)
