"""A thread beside those that answer, which looks for something again and again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

__all__ = ["Background"]


class Background:
    """A thread that does something again and again, until it is closed.

    Args:
        work: what. seconds: between two times. log, failing: where and what is logged, with the error, when
            it fails; it is tried again.

    Example:
        >>> done = threading.Event()
        >>> background = Background(done.set, seconds=0.001, log=logging.getLogger(), failing="not done")
        >>> done.wait(10)
        True
        >>> background.close()
    """

    def __init__(
        self, work: Callable[[], object], *, seconds: float, log: logging.Logger, failing: str
    ) -> None:
        self._work, self._seconds, self._log, self._failing = work, seconds, log, failing
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="background", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Come to an end, and wait for it."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.wait(self._seconds):
            try:
                self._work()
            except Exception:  # the next time it may go well, and whoever serves has to go on
                self._log.exception(self._failing)
