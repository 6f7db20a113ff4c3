"""Every so many minutes of the stream's own time."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Schedule"]


@dataclass(kw_only=True)
class Schedule:
    """Due whenever event time has passed a multiple of a span; the clock on the wall has no part in it.

    Args:
        every_ms: the span, milliseconds. due_ms: the next time, UTC milliseconds; 0 before the first event.

    Example:
        >>> hourly = Schedule(every_ms=3_600_000)
        >>> [hourly.passed(minute * 60_000) for minute in (601, 630, 660, 661, 800)]
        [False, False, True, False, True]
    """

    every_ms: int
    due_ms: int = 0

    def passed(self, now_ms: int) -> bool:
        """Whether it is time; if so, the next time is the first multiple after now."""
        if now_ms < self.due_ms or now_ms == 0:
            return False
        first = self.due_ms == 0
        self.due_ms = (now_ms // self.every_ms + 1) * self.every_ms
        return not first
