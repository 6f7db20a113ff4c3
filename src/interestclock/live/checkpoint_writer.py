"""Checkpoints written beside the training, which waits only for the one before."""

from __future__ import annotations

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor

from interestclock.arrays import Arrays
from interestclock.live.checkpoints import CheckpointManifest, Checkpoints
from interestclock.operations.telemetry import Telemetry

__all__ = ["CheckpointWriter"]

_log = logging.getLogger("interestclock.train")


class CheckpointWriter:
    """Writes checkpoints one after the other, in a thread of its own.

    Args:
        checkpoints: where they go. telemetry: is told of each; None keeps none of it.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import numpy as np
        >>> checkpoints = Checkpoints(Path(tempfile.mkdtemp()), kept=2)
        >>> writer = CheckpointWriter(checkpoints)
        >>> manifest = CheckpointManifest(number=1, fingerprint="f", admitted_position=3, offsets={"0": "17"},
        ...     event_ms=5, dead_letter_bytes=0, prediction_list_bytes=0)
        >>> writer.write({"weights": np.ones(3)}, manifest, since_s=time.perf_counter())
        >>> writer.wait(), checkpoints.numbers(), writer.wait()
        (True, [1], False)
        >>> writer.close()
    """

    def __init__(self, checkpoints: Checkpoints, *, telemetry: Telemetry | None = None) -> None:
        self._checkpoints, self._telemetry = checkpoints, telemetry
        self.stall_seconds = 0.0  # that training stood still, for all of them
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoint")
        self._writing: Future[None] | None = None

    def write(self, state: Arrays, manifest: CheckpointManifest, *, since_s: float) -> None:
        """Begin to write; the one before is whole.

        Args:
            state: nobody changes it any more. manifest: of it.
            since_s: when training stopped for it, by ``time.perf_counter``.
        """
        self.stall_seconds += time.perf_counter() - since_s
        self._writing = self._thread.submit(self._write, state, manifest, since_s)

    def wait(self) -> bool:
        """Until the one under way is whole; whether there was one.

        Raises:
            ResultError: it could not be written.
        """
        if self._writing is None:
            return False
        self._writing.result()
        self._writing = None
        return True

    def close(self) -> None:
        """Finish the one under way, whatever becomes of it."""
        self._thread.shutdown(wait=True)

    def _write(self, state: Arrays, manifest: CheckpointManifest, since_s: float) -> None:
        whole = self._checkpoints.write(state, manifest)
        _log.info("checkpoint %d", whole.number, extra={"event_ms": whole.event_ms, "bytes": whole.bytes})
        if self._telemetry is not None:
            self._telemetry.checkpoint(
                seconds=time.perf_counter() - since_s,
                stall_seconds=self.stall_seconds,
                bytes_written=whole.bytes,
            )
