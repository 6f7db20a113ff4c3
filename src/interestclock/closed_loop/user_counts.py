"""What users sent and what was acknowledged, how fast they were answered, counted by many threads."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from interestclock.operations.event_rate import EventRate

__all__ = ["UserCounts", "UserNumbers"]

_LATEST = 2_000  # answers, of which the percentiles are


@dataclass(frozen=True, kw_only=True)
class UserNumbers:
    """How users fared.

    Args:
        ranks: requests that were answered. unanswered: those that were not, of which nothing was shown.
        skipped: users who would have come while all callers were busy.
        exposures, labels: handed over. exposures_acknowledged, labels_acknowledged: of them, those that the
            service said the log has. refused: messages that it refused for good. repeats: calls made again.
        unseen: items that were ranked, and of which nothing is known. behind_seconds: the most that a visit
            began behind its time, of the loop's time.
        ranks_per_second: over about ten seconds. p50_ms, p99_ms: of the newest answers; NaN before the first.

    Example:
        >>> UserNumbers(exposures=4, exposures_acknowledged=4).ranks
        0
    """

    ranks: int = 0
    unanswered: int = 0
    skipped: int = 0
    exposures: int = 0
    exposures_acknowledged: int = 0
    labels: int = 0
    labels_acknowledged: int = 0
    refused: int = 0
    repeats: int = 0
    unseen: int = 0
    behind_seconds: float = 0.0
    ranks_per_second: float = math.nan
    p50_ms: float = math.nan
    p99_ms: float = math.nan


class UserCounts:
    """Adds up what callers report.

    Args:
        monotonic_s: a clock that no one sets.

    Example:
        >>> counts = UserCounts()
        >>> counts.add(exposures=4); counts.answered(0.002)
        >>> counts.numbers().exposures, counts.numbers().p50_ms
        (4, 2.0)
    """

    def __init__(self, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s, self._lock = monotonic_s, threading.Lock()
        self._numbers, self._rate = UserNumbers(), EventRate()
        self._seconds: deque[float] = deque(maxlen=_LATEST)

    def add(self, **counts: int) -> None:
        """Add to counts of ``UserNumbers`` by their names."""
        with self._lock:
            added = {name: getattr(self._numbers, name) + count for name, count in counts.items()}
            self._numbers = replace(self._numbers, **added)

    def answered(self, seconds: float) -> None:
        """A request was ranked, in so many seconds."""
        self.add(ranks=1)
        with self._lock:
            self._seconds.append(seconds)
            self._rate.note(self._now_s(), self._numbers.ranks)

    def began_behind(self, seconds: float) -> None:
        """A visit began so many seconds behind its time, of the loop's time."""
        with self._lock:
            if seconds > self._numbers.behind_seconds:
                self._numbers = replace(self._numbers, behind_seconds=seconds)

    def numbers(self) -> UserNumbers:
        """All of it, as it stands."""
        with self._lock:
            numbers, seconds = self._numbers, list(self._seconds)
            per_second = self._rate.of(self._now_s(), numbers.ranks)
        p50, p99 = np.percentile(seconds, (50, 99)).tolist() if seconds else (math.nan, math.nan)
        return replace(numbers, ranks_per_second=per_second, p50_ms=1e3 * p50, p99_ms=1e3 * p99)
