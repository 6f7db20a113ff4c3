"""Many messages, one behind the other, into a log without waiting for each."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from typing import Any

from interestclock.errors import QueueFullError
from interestclock.streams.event_log import EventLog

__all__ = ["BulkAppend"]

_MOST_WAITING = 4_096  # messages


class BulkAppend:
    """Hands messages over in order, and waits where too many of them are not on the disk yet.

    Example:
        >>> import tempfile
        >>> from interestclock.streams import EmbeddedLogWriter
        >>> with EmbeddedLogWriter(tempfile.mkdtemp()) as writer:
        ...     appends = BulkAppend(writer)
        ...     for number in range(3):
        ...         appends.append(b"{}")
        ...     appends.finish()
        ...     writer.position
        3
    """

    def __init__(self, log: EventLog) -> None:
        self._log, self._waiting = log, deque[Future[Any]]()

    def append(self, message: bytes) -> None:
        """Hand a message over.

        Raises:
            ValueError: it is too long for a log. ResultError: the disk is full or broken.
        """
        while True:
            try:
                self._waiting.append(self._log.submit([message]))
            except QueueFullError:
                if not self._waiting:
                    raise
                self._waiting.popleft().result()
            else:
                break
        while len(self._waiting) > _MOST_WAITING:
            self._waiting.popleft().result()

    def finish(self) -> None:
        """All that was handed over is on the disk.

        Raises:
            ResultError: the disk is full or broken.
        """
        while self._waiting:
            self._waiting.popleft().result()
