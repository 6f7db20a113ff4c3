"""A source, a trainer and a folder: admit, learn, checkpoint; go on where it stopped."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from interestclock.admission import KEY, Admitted, AdmittedEntry, UserHashes
from interestclock.arrays import Arrays, below, under
from interestclock.errors import ResultError
from interestclock.live.admitted_as_there import check_admitted_as_there
from interestclock.live.beginning import check_beginning
from interestclock.live.checkpoints import CheckpointManifest, CheckpointReader
from interestclock.live.config import LiveConfig
from interestclock.live.folder_config import settings_of
from interestclock.live.kept_state import KeptState
from interestclock.live.live_trainer import LiveTrainer
from interestclock.live.run_files import RunFiles
from interestclock.live.run_telemetry import RunTelemetry
from interestclock.live.schedule import Schedule
from interestclock.live.snapshot_quality import SnapshotQuality
from interestclock.live.source_loop import loop_over
from interestclock.live.trained_requests import TRAINED_REQUESTS, TrainedRequests
from interestclock.live.trainer_folder import TrainerFolder
from interestclock.operations.alarms import Alarms
from interestclock.operations.telemetry import Telemetry
from interestclock.relay import AdmittedSource
from interestclock.samples import Batch
from interestclock.streams import LiveSource
from interestclock.timeofday import AFTER_ALL_MS, HOUR_MS, MINUTE_MS
from interestclock.training.trainer import PredictedBatch

__all__ = ["LiveRun"]

_STARTING = (
    "starting on the state of checkpoint %d of %s; %d exposures that its trainer had predicted, and whose "
    "labels it awaited, are left to it"
)
_log = logging.getLogger("interestclock.train")


class LiveRun:
    """A live trainer in a folder of its own.

    ::

        folder/config.json      what it is set to
        folder/admitted/        what was taken and what became of it, written down before it is learned
        folder/checkpoints/     the whole state, every so many minutes of the stream
        folder/predictions/     what was predicted, a file between two checkpoints
        folder/snapshots/       what a server reads
        folder/requests/        features of a sample of requests, where ``sample_requests`` says so
        folder/dead-letters.jsonl  messages that could not be read, with the reason
        folder/lock             held while a trainer runs

    Whatever kills it, another one with ``resume`` goes on: it takes the newest checkpoint that is whole, cuts
    the files back to it, learns what was admitted since then again, and ends bit for bit where the one that
    was never killed ends. A broker is not asked again for what was admitted, and need not keep it.

    Args:
        source: of events; it is closed on leaving, and at once if the run cannot begin. Of what another
            process admitted, entries get the numbers that they have there.
        folder: must be empty unless ``resume``. config: of the trainer.
        resume: go on where the folder's trainer stopped; an empty folder starts anew.
        state_from: the folder of another trainer of the same source, which admits and remembers as this one
            does: start with fresh weights on the state of its newest checkpoint, and on what it admitted
            since. It is only read, may go on running, and is needed no more once this one has a checkpoint,
            the first of which is written before anything is learned.
        telemetry: is told how things go; None keeps none of it.

    Raises:
        ResultError: the folder is not empty and ``resume`` is not set, is of another source or
            configuration, or another trainer runs in it; or ``state_from`` holds nothing to start on.

    Example:
        >>> import tempfile
        >>> from interestclock.events import open_log
        >>> from interestclock.ranking import RankerConfig
        >>> from interestclock.simulator import SimulatorSize, write_simulated_log
        >>> from interestclock.streams import ReplaySource
        >>> folder = Path(tempfile.mkdtemp())
        >>> size = SimulatorSize(users=5, items=200, days=2, exposures_per_day=40)
        >>> exposures = write_simulated_log(folder / "log", size=size)
        >>> source = ReplaySource(open_log(folder / "log"))
        >>> small = LiveConfig(ranker=RankerConfig(dim=4, hidden=(8,)))
        >>> with LiveRun(source, folder / "run", config=small) as run:
        ...     run.run()
        >>> run.trainer.buffer.counters.learned == exposures
        True
    """

    def __init__(
        self,
        source: LiveSource | AdmittedSource,
        folder: str | Path,
        *,
        config: LiveConfig,
        resume: bool = False,
        state_from: str | Path | None = None,
        telemetry: Telemetry | None = None,
    ) -> None:
        self.source, self.folder, self.config = source, Path(folder), config
        self._state_from = None if state_from is None else Path(state_from)
        self.stopping = self.under_way = False
        self._left_there = 0  # exposures that the trainer predicted on whose state this one starts
        self._number = 0
        self._polled_ms: int | None = None  # of the last micro-batch
        self._alarms = Alarms()
        self._checkpoint_due = Schedule(every_ms=round(config.checkpoint_minutes * MINUTE_MS))
        self._snapshot_due = Schedule(every_ms=round(config.snapshot_minutes * MINUTE_MS))
        self._full_due = Schedule(every_ms=round(config.full_snapshot_hours * HOUR_MS))
        with ExitStack() as opened:  # closed the other way round: here if anything fails, else on leaving
            opened.callback(source.close)
            self._open(resume=resume, telemetry=telemetry, opened=opened)
            self._opened = opened.pop_all()

    def _open(self, *, resume: bool, telemetry: Telemetry | None, opened: ExitStack) -> None:
        """The trainer, then its folder and what is written in it; each is closed with ``opened``."""
        source, config, before = self.source, self.config, self._state_from
        check_admitted_as_there(source, config.admission)
        settings = settings_of(source, config.learned_from())
        TrainerFolder.check(self.folder, settings, resume=resume, state_from=before)  # before it is read
        self.trainer = LiveTrainer(
            source.schema,
            items=source.items(),
            config=config,
            recorder=self,
            hashes=UserHashes(self.folder / KEY),
        )
        self._kept = self._start_on(settings)
        claimed = TrainerFolder(self.folder, settings, resume=resume, state_from=before)
        opened.callback(claimed.release)
        self._files = RunFiles(
            self.folder,
            source,
            self.trainer,
            fingerprint=claimed.fingerprint,
            checkpoints_kept=config.checkpoints_kept,
            kept=self._kept,
            telemetry=telemetry,
        )
        opened.callback(self._files.close)
        self.checkpoint_writer = self._files.checkpoint_writer
        self._requests = TrainedRequests(self.folder / TRAINED_REQUESTS, config)
        opened.callback(self._requests.close)
        self._quality = SnapshotQuality(source.schema.main_label)
        self._reports = RunTelemetry(telemetry, self.trainer, main_label=source.schema.main_label)
        self.loop = loop_over(
            source,
            self._files.admission,
            buffer=self.trainer.buffer,
            poll_messages=config.poll_messages,
            idle_s=config.idle_seconds,
            step=self._step,
        )

    def __enter__(self) -> LiveRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def run(self, report: Callable[[], None] = lambda: None) -> None:
        """Take up what was admitted, then what comes, until the source ends or ``stopping`` is set.

        Ends with a checkpoint in either case.

        Args:
            report: called after every micro-batch and while none comes, for a status line.
        """
        self._resume()
        self.under_way = True
        while not self.stopping:
            if not self.loop.turn():
                self.trainer.finish()
                self._snapshot()
                break
            report()
        self._checkpoint()
        self._files.written()
        self.loop.acknowledge()
        self._alarms.look(self.trainer.buffer.counters.counts(), ended=True)
        self._reports.progress(wall_ms=self._polled_ms)
        report()

    def predicted(self, predicted: PredictedBatch) -> None:
        """Keep a batch's predictions; the trainer calls it."""
        self._files.predictions.add(predicted.rows, predicted.probabilities)
        self._requests.predicted(predicted, self.trainer.features)
        self._reports.predicted(predicted)

    def learned(self, batch: Batch) -> None:
        """Judge what came of a batch, and tell telemetry; the trainer calls it."""
        self._quality.learned(batch)
        self._reports.learned(batch)

    def _start_on(self, settings: Mapping[str, Any]) -> KeptState | None:
        """Before the folder is taken, so that what is refused leaves none behind."""
        if self._state_from is None or CheckpointReader(self.folder / "checkpoints").numbers():
            return None
        kept = KeptState.read(self._state_from, settings)
        self._left_there = self.trainer.start_on(kept.state)
        if self.trainer.buffer.watermark_ms == AFTER_ALL_MS:
            raise ResultError(
                f"--state-from {self._state_from}: its trainer learned its log to the end, and nothing comes "
                "behind it; learn the history again without --state-from"
            )
        return replace(kept, state={})  # it may be large

    def _resume(self) -> None:
        """Go on from the newest checkpoint: files back to it, then what was admitted since then.

        What is cut back is made again from what was admitted, so all of that is read first.
        """
        found = self._files.newest()
        manifest = None
        if found is not None:
            manifest, state = found
            self._restore(manifest, state)
            _log.info("going on from checkpoint %d", manifest.number, extra={"event_ms": manifest.event_ms})
            if self._state_from is not None:
                _log.info("%s is not looked at: there is a checkpoint already", self._state_from)
        elif self._kept is None:
            first, entries = self._files.admission.entries
            check_beginning(self.folder, first=first, entries=entries)
            if entries:
                _log.info("no checkpoint yet: beginning with the first of %d entries admitted", entries)
        if self._kept is None:  # what is copied begins behind the other's checkpoint, and nothing is cut back
            self._files.admission.check_readable()
        self._files.truncate(manifest)
        if self._kept is not None:
            self._begin_behind(self._kept)
        self.loop.resume()

    def _begin_behind(self, kept: KeptState) -> None:
        """With a checkpoint, so that from here on the other's folder is not needed."""
        manifest = kept.manifest
        _log.info(
            _STARTING, manifest.number, kept.folder, self._left_there, extra={"event_ms": manifest.event_ms}
        )
        self._files.admission.restore(position=manifest.admitted_position, offsets=manifest.offsets)
        self._checkpoint()
        self._files.written()

    def _restore(self, manifest: CheckpointManifest, state: Arrays) -> None:
        self.trainer.restore({name: each for name, each in state.items() if not name.startswith("run/")})
        for schedule, due_ms in zip(self._schedules(), state["run/due_ms"].tolist(), strict=True):
            schedule.due_ms = due_ms
        self._quality.restore(below("run/recent", state))
        self._number = manifest.number
        self._files.admission.restore(position=manifest.admitted_position, offsets=manifest.offsets)

    def _step(self, entry: AdmittedEntry, admitted: Sequence[Admitted]) -> None:
        """Learn from what is written down; then see what is due, and tell."""
        self._files.dead_letters.write(entry.dead)
        self._alarms.note(letter.reason for letter in entry.dead)
        self._polled_ms = entry.polled_ms
        for each in admitted:
            self.trainer.ingest(each)
        now_ms = self.trainer.event_ms
        if entry.awaited == () and now_ms:  # where the stream is quiet, or the log would grow all night
            now_ms = max(now_ms, self.trainer.buffer.watermark_ms)
        self._alarms.look(self.trainer.buffer.counters.counts())
        if self._snapshot_due.passed(now_ms):
            self._snapshot()
        if self._checkpoint_due.passed(now_ms):
            self._checkpoint()
        self._reports.progress(wall_ms=self._polled_ms)

    def _checkpoint(self) -> None:
        """Copy the state; write it beside the training, which waits only if the one before is not done."""
        started_s = time.perf_counter()
        self._files.written()
        state = {name: np.array(each, order="C") for name, each in self.trainer.state().items()}
        state |= under("run/recent", self._quality.state())
        state["run/due_ms"] = np.array([schedule.due_ms for schedule in self._schedules()], np.int64)
        self._number += 1
        self._files.checkpoint(
            state,
            number=self._number,
            event_ms=self.trainer.event_ms,
            prediction_list_bytes=self._files.predictions.close_part(self._number),
            since_s=started_s,
        )

    def _snapshot(self) -> None:
        """Whole if it is time, or a delta would not do; else what changed since the last."""
        started_s = time.perf_counter()
        whole = self._full_due.passed(self.trainer.event_ms)
        manifest = self._files.snapshots.write(whole=whole, quality=self._quality.about())
        self._reports.snapshot(manifest, seconds=time.perf_counter() - started_s)

    def _schedules(self) -> tuple[Schedule, ...]:
        return self._checkpoint_due, self._snapshot_due, self._full_due
