"""Labels wait until users have made up their minds, in simulated time, and are sent together then."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from interestclock.client import ServiceError
from interestclock.closed_loop.delivery import Delivery
from interestclock.closed_loop.user_counts import UserCounts
from interestclock.timeofday import TimeSource

__all__ = ["LabelsDue"]

_MOST_AT_ONCE, _LONGEST_SLEEP_S = 500, 0.1


class LabelsDue:
    """A thread that sends each label once the clock shows when it is known.

    Args:
        delivery: sends them. clock: what time it is. counts: what was sent and acknowledged.

    Example:
        >>> from interestclock.client import Client
        >>> ended = threading.Event()
        >>> with Client("http://127.0.0.1:1") as client:
        ...     labels = LabelsDue(Delivery(client, give_up=ended), clock=TimeSource(), counts=UserCounts())
        ...     labels.waiting
        0
    """

    def __init__(self, delivery: Delivery, *, clock: TimeSource, counts: UserCounts) -> None:
        self._delivery, self._clock, self._counts = delivery, clock, counts
        self._heap: list[tuple[int, int, Mapping[str, Any]]] = []
        self._numbers, self._changed = itertools.count(), threading.Condition()
        self._ending = self._sending = False
        self._thread = threading.Thread(target=self._send_all, name="labels", daemon=True)

    @property
    def waiting(self) -> int:
        """Labels that are not acknowledged yet."""
        with self._changed:
            return len(self._heap) + self._sending

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def add(self, labels: Sequence[Mapping[str, Any]]) -> None:
        """Send these when the clock shows their ``known_ms``."""
        with self._changed:
            for each in labels:
                heapq.heappush(self._heap, (each["known_ms"], next(self._numbers), each))
            self._changed.notify_all()

    def close(self) -> None:
        """Send no more; what waits stays unsent."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join()

    def _send_all(self) -> None:
        while (batch := self._next_due()) is not None:
            self._counts.add(labels=len(batch))
            try:
                if self._delivery.send(batch):
                    self._counts.add(labels_acknowledged=len(batch))
            except ServiceError:
                self._counts.add(refused=len(batch))
            with self._changed:
                self._sending = False

    def _next_due(self) -> list[Mapping[str, Any]] | None:
        """Those that are known by now; None at the end."""
        with self._changed:
            while not self._ending:
                now_ms = self._clock.now_ms()
                batch: list[Mapping[str, Any]] = []
                while self._heap and self._heap[0][0] <= now_ms and len(batch) < _MOST_AT_ONCE:
                    batch.append(heapq.heappop(self._heap)[2])
                if batch:
                    self._sending = True
                    return batch
                self._changed.wait(self._sleep_s(now_ms))
        return None

    def _sleep_s(self, now_ms: int) -> float:
        if not self._heap:
            return _LONGEST_SLEEP_S
        return min((self._heap[0][0] - now_ms) / 1_000 / self._clock.factor, _LONGEST_SLEEP_S)
