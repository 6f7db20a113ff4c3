"""What a service does beside answering: it looks for a store that is back."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

__all__ = ["Background"]

_log = logging.getLogger("interestclock.service")


class Background:
    """A thread that does something again and again, until it is closed.

    Args:
        work: what. seconds: between two times.

    Example:
        >>> done = threading.Event()
        >>> background = Background(done.set, seconds=0.001)
        >>> done.wait(10)
        True
        >>> background.close()
    """

    def __init__(self, work: Callable[[], object], *, seconds: float) -> None:
        self._work, self._seconds = work, seconds
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
                _log.exception("what is done beside answering failed; it is tried again")
