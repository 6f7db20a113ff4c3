"""A broker that goes away and comes back: waited for, said once, given up at last."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from interestclock.errors import InterestClockError, LogError

__all__ = ["Outage"]

_log = logging.getLogger("interestclock.source")
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0


class Outage:
    """Between failures: pauses that grow, one warning when it begins, one word when it is over.

    Args:
        name: of the server. patience_s: how long it is waited for.
        raises, goes_on: what is raised when it lasted longer, and how to go on then.
        monotonic_s, sleep: a clock that no one sets, and how to wait.

    Raises:
        LogError: (from ``failed``; or what ``raises`` says) it lasted longer than the patience.

    Example:
        >>> outage = Outage("redis://nowhere", patience_s=600, sleep=lambda seconds: None)
        >>> outage.failed(OSError("refused"), wait_s=1.0); outage.over()
    """

    def __init__(
        self,
        name: str,
        *,
        patience_s: float,
        raises: type[InterestClockError] = LogError,
        goes_on: str = "go on with --resume",
        monotonic_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._name, self._patience_s = name, patience_s
        self._raises, self._goes_on = raises, goes_on
        self._monotonic_s, self._sleep = monotonic_s, sleep
        self._began_s: float | None = None
        self._pause_s = _FIRST_PAUSE_S

    def failed(self, error: Exception, *, wait_s: float) -> None:
        """Wait a little, at most so many seconds, before the next try."""
        now_s = self._monotonic_s()
        if self._began_s is None:
            self._began_s = now_s
            _log.warning("%s is away (%s); trying again for %.0f s", self._name, error, self._patience_s)
        if now_s - self._began_s > self._patience_s:
            raise self._raises(
                f"{self._name} is away for more than {self._patience_s:.0f} s ({error}); bring it back, then "
                f"{self._goes_on}: nothing is lost"
            ) from error
        self._sleep(min(self._pause_s, wait_s))
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

    def over(self) -> None:
        """It answered."""
        if self._began_s is not None:
            _log.info("%s is back after %.1f s", self._name, self._monotonic_s() - self._began_s)
        self._began_s, self._pause_s = None, _FIRST_PAUSE_S
