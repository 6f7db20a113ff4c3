"""How many events a second there are, lately."""

from __future__ import annotations

import math
from collections import deque

__all__ = ["EventRate"]

_RATE_S, _MARK_S = 10.0, 0.5


class EventRate:
    """Events per second since about ten seconds ago.

    Example:
        >>> rate = EventRate()
        >>> rate.note(5.0, 100)
        >>> rate.of(5.1, 120), rate.of(7.0, 300)
        (nan, 100.0)
    """

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()

    def note(self, now_s: float, events: int) -> None:
        """So many had come, in all, by a time in seconds of a clock that no one sets."""
        if not self._marks or now_s - self._marks[-1][0] >= _MARK_S:
            self._marks.append((now_s, events))
        while len(self._marks) > 1 and self._marks[1][0] <= now_s - _RATE_S:
            self._marks.popleft()

    def of(self, now_s: float, events: int) -> float:
        """The rate by now; NaN in the first half of a second."""
        if not self._marks:
            return math.nan
        self.note(now_s, events)  # a stream that stands still is seen to
        first_s, first = self._marks[0]
        return (events - first) / (now_s - first_s) if now_s - first_s >= _MARK_S else math.nan
