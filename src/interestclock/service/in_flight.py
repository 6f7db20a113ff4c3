"""How many requests are worked at, and no more than that."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from interestclock.errors import QueueFullError

__all__ = ["InFlight"]


class InFlight:
    """Counts requests that are worked at; one more than may be is refused at once.

    Args:
        most: at a time. what: they are, in words.

    Example:
        >>> in_flight = InFlight(most=1, what="requests are ranked")
        >>> with in_flight.one():
        ...     in_flight.count
        1
        >>> in_flight.count
        0
    """

    def __init__(self, *, most: int, what: str) -> None:
        self._most, self._what = most, what
        self.count, self._guard = 0, threading.Lock()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Work at one more.

        Raises:
            QueueFullError: there are enough already.
        """
        with self._guard:
            if self.count >= self._most:
                raise QueueFullError(
                    f"{self.count} {self._what}, and no more may be; try again later, or run more processes"
                )
            self.count += 1
        try:
            yield
        finally:
            with self._guard:
                self.count -= 1
