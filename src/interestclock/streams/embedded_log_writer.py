"""The one process that appends to an embedded log: many callers, one wait for the disk."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

from interestclock.errors import ConfigError, ResultError, system_errors_as
from interestclock.files import force
from interestclock.locks import lock
from interestclock.streams.append_queue import AppendQueue
from interestclock.streams.commit_mark import CommitMark, committed
from interestclock.streams.embedded_log_folder import (
    HEADER,
    PREFIX,
    check_folder,
    entry_bytes,
    make_folder,
)
from interestclock.streams.log_retention import LogRetention
from interestclock.streams.segments import Segments
from interestclock.timeofday import HOUR_MS, TimeSource

__all__ = ["EmbeddedLogWriter"]

_RETENTION_S = 60.0
_ENTRY_BYTES = len(entry_bytes(0, b"")) + 12  # beside the message, as it stands in the file
_log = logging.getLogger("interestclock.log")


class EmbeddedLogWriter:
    """Appends messages to the log in a folder; what was acknowledged is on the disk.

    Any number of threads and tasks hand messages over. One thread writes what has come meanwhile and waits
    for the disk once for all of it (a *group commit*), then acknowledges each caller. Nobody waits for a
    group to fill: a message alone takes one wait for the disk, one that comes during another's wait takes
    its own behind it.

    One process appends to a folder at a time. A caller's messages stand in the log in the order in which they
    were handed over; those of one call stand together, all of them or none.

    Where the disk is full or broken the callers of the group get the error; what was acknowledged before
    stays, nobody sees what was not, and the next group is tried again.

    Args:
        folder: of the log; made if needed.
        keep_hours: how long messages are kept, whoever has read them. Older ones go file by file, once every
            follower has passed them.
        most_waiting_bytes: of messages that were handed over and are not on the disk yet; more are refused.
        segment_bytes: a file that has reached this size is followed by another.
        clock: what tells when a message is appended; None: the one on the wall.

    Raises:
        ConfigError: a number is not positive.
        ResultError: another process appends to this log, the folder holds something else, the log is damaged
            or the disk is full.

    Example:
        >>> import tempfile
        >>> with EmbeddedLogWriter(Path(tempfile.mkdtemp()) / "plays") as writer:
        ...     writer.append([b'{"label_of": "e1"}', b'{"label_of": "e2"}']), writer.submit([b"{}"]).result()
        (1, 3)
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        keep_hours: float = 168.0,
        most_waiting_bytes: int = 1 << 24,
        segment_bytes: int = 1 << 26,
        clock: TimeSource | None = None,
    ) -> None:
        if not 0 <= keep_hours < math.inf:
            raise ConfigError(f"keep_hours is {keep_hours}; give a number of hours, for example 168 (a week)")
        if most_waiting_bytes <= 0:
            raise ConfigError(
                f"most_waiting_bytes is {most_waiting_bytes}; give a size, for example 16777216"
            )
        folder = Path(folder)
        self.folder, self._clock = folder, clock or TimeSource()
        self.name = f"log://{folder}"
        self._queue = AppendQueue(
            str(folder), most_bytes=most_waiting_bytes, overhead_bytes=_ENTRY_BYTES, waits_for="the disk"
        )
        check_folder(folder)
        with _writable(folder):
            make_folder(folder)
            self._lock = lock(
                folder / "lock",
                taken=f"{folder} is appended to by another process",
                remedy="stop it, or hand messages over to it: one process appends to a log",
            )
        try:
            with _writable(folder):
                self._mark = CommitMark(folder)
            self._segments = _opened(folder, segment_bytes, self._mark)
        except BaseException:
            self._lock.release()
            raise
        self._retention = LogRetention(self._segments, keep_ms=round(keep_hours * HOUR_MS))
        self._retain()
        self._marked = True  # whether the mark says all that is on the disk
        self._thread = threading.Thread(target=self._run, name="embedded-log", daemon=True)
        self._thread.start()

    @property
    def position(self) -> int:
        """The number of the last entry on the disk; 0 where there is none."""
        return self._segments.position

    @property
    def acknowledged(self) -> str:
        """What an acknowledgement is worth, in words."""
        return "on the disk of this machine"

    def append(self, messages: Sequence[bytes]) -> int:
        """Hand messages over and wait until they are on the disk; gives the offset of the first.

        Raises:
            QueueFullError, ResultError: as ``submit``, and what its future raises.
        """
        return self.submit(messages).result()

    def submit(self, messages: Sequence[bytes]) -> Future[int]:
        """Hand messages over; the future gives the offset of the first, once all are on the disk.

        In a coroutine, ``await asyncio.wrap_future(writer.submit(messages))``. A future that is cancelled in
        time takes its messages back.

        Raises:
            QueueFullError: too much is waiting already.
            ResultError: the writer was closed, or this is a fork of its process; (from the future) the disk
                is full or broken.
            ValueError: no message, or more bytes than may ever wait.
        """
        return self._queue.submit(messages)

    def close(self) -> None:
        """Write what was handed over, and let another process append."""
        if not self._queue.close():
            return
        self._thread.join()
        self._mark.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        while (group := self._queue.next_group(_RETENTION_S)) is not None:
            self._queue.write(group, self._commit)
            if not self._marked:
                self._mark_committed()
            if time.monotonic() - self._retained_s >= _RETENTION_S:
                self._retain()

    def _commit(self, messages: Sequence[bytes]) -> range:
        now_ms = self._clock.now_ms()
        first = self._segments.append([entry_bytes(now_ms, message) for message in messages])
        self._marked = False
        self._mark_committed()
        return range(first, first + len(messages))

    def _mark_committed(self) -> None:
        try:
            self._mark.write(self._segments.position)
            self._marked = True
        except OSError as error:  # it is on the disk all the same, and is told later
            _log.warning("%s: followers cannot be told of new entries yet (%s)", self.folder, error)

    def _retain(self) -> None:
        self._retained_s = time.monotonic()
        try:
            self._retention.apply(now_ms=self._clock.now_ms())
        except ResultError as error:
            _log.warning("%s", error)


def _opened(folder: Path, segment_bytes: int, mark: CommitMark) -> Segments:
    """The log, mended and all of it on the disk, and followers told so."""
    try:
        acknowledged = committed(folder)
    except ValueError:
        acknowledged = None  # new, or never written whole: the files say it
    segments = Segments(folder, prefix=PREFIX, segment_bytes=segment_bytes)
    if acknowledged is not None and segments.position < acknowledged:
        raise ResultError(
            f"{folder}: the log ends with entry {segments.position}, but {acknowledged} were acknowledged: "
            "files are missing; bring them back from a copy, or start anew in another folder"
        )
    if not segments.firsts:
        segments.new_segment(HEADER)
    segments.append([])
    with _writable(folder):
        mark.write(segments.position)
        mark.force()
        force(folder)
    return segments


def _writable(folder: Path) -> AbstractContextManager[None]:
    return system_errors_as(
        ResultError,
        f"{folder}: the log cannot be written",
        remedy="make room or see to the folder's permissions, then start again",
    )
