"""Work beside answering that may fail: it is done again, and why it failed last is kept to be shown."""

from __future__ import annotations

import logging
from collections.abc import Callable

from interestclock.errors import InterestClockError

__all__ = ["KeptFailure"]


class KeptFailure:
    """Does something that may fail in any way, and keeps why it failed the last time.

    Each reason is logged once, with its trace where it is none of the project's own errors.

    Args:
        what: is logged before the reason. log: where.

    Example:
        >>> logging.getLogger("quiet").disabled = True
        >>> reading = KeptFailure("it cannot be read", log=logging.getLogger("quiet"))
        >>> reading.attempt(lambda: 1 / 0), reading.reason
        (False, 'ZeroDivisionError: division by zero')
        >>> reading.attempt(lambda: True), reading.reason
        (True, None)
    """

    def __init__(self, what: str, *, log: logging.Logger) -> None:
        self._what, self._log = what, log
        self.reason: str | None = None

    def attempt(self, work: Callable[[], bool]) -> bool:
        """What the work gives; False where it failed."""
        try:
            done = work()
        except Exception as error:  # whoever else follows has to go on
            own = isinstance(error, InterestClockError)
            reason = str(error) if own else f"{type(error).__name__}: {error}"
            if reason != self.reason:
                self._log.warning("%s: %s", self._what, reason, exc_info=not own)
            self.reason = reason
            return False
        self.reason = None
        return done
