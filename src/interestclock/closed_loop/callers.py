"""Users as threads that call a service: each visit at its time, and labels when they are known."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Protocol, Self

from interestclock.client import Rank, Ranked, ServiceError
from interestclock.closed_loop.delivery import Delivery, EventSink
from interestclock.closed_loop.labels_due import LabelsDue
from interestclock.closed_loop.loop_users import Seen, Visit
from interestclock.closed_loop.user_counts import UserCounts
from interestclock.timeofday import AFTER_ALL_MS, TimeSource

__all__ = ["Callers", "RankingSink"]

_WAITING_PER_CALLER = 4
_LOOK_EVERY_S = 0.1


class RankingSink(EventSink, Protocol):
    """What users call: a ``Client``."""

    def rank(self, call: Rank, /) -> Ranked:
        """Have candidates ranked."""


class Callers:
    """Calls a service as users would: rank, send what is seen as exposures, and later the labels.

    An exposure says as little as it can. Where the service did not answer, it is sent again with
    all of itself: who is killed may lose the last answers. A label is sent when the clock shows that it is
    known. At most so many callers wait for answers; who would come meanwhile is skipped, and counted, or
    waits, where users are patient.

    Use it as a context manager.

    Args:
        service: what they call. clock: what time it is. callers: threads. patient: whether users wait.

    Example:
        >>> from interestclock.client import Client
        >>> from interestclock.closed_loop import SimulatedVisit
        >>> from interestclock.simulator import LiveRequest, SimulatorTruth, build_world, size_named
        >>> world = build_world(size=size_named("tiny"), truth=SimulatorTruth(), seed=1)
        >>> request = LiveRequest(day=0, number=0, timestamp_ms=0, user=1, zone="UTC", items=(7, 8))
        >>> with Client("http://127.0.0.1:1") as client:
        ...     with Callers(client, clock=TimeSource(), callers=2) as users:
        ...         users.come([SimulatedVisit(world, request, shown=1)])
        ...         users.settle(seconds=60)
        ...     users.counts.numbers().unanswered
        True
        1
    """

    def __init__(
        self, service: RankingSink, *, clock: TimeSource, callers: int, patient: bool = False
    ) -> None:
        self._service, self._clock, self._patient = service, clock, patient
        self.counts = UserCounts()
        self.version: str | None = None  # of the snapshot that answered last
        self.unanswered_because: str | None = None  # what was said to the last user who got no answer
        self.reached_ms = AFTER_ALL_MS  # all visits before that moment came
        self._stopping, self._give_up = threading.Event(), threading.Event()
        self._delivery = Delivery(service, give_up=self._give_up, repeated=lambda: self.counts.add(repeats=1))
        self._labels = LabelsDue(self._delivery, clock=clock, counts=self.counts)
        self._most_waiting, self._waiting, self._lock = _WAITING_PER_CALLER * callers, 0, threading.Lock()
        self._callers = ThreadPoolExecutor(callers, thread_name_prefix="user")

    def __enter__(self) -> Self:
        self._labels.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._give_up.set()
        self._callers.shutdown(cancel_futures=True)
        self._labels.close()

    def come(self, visits: Iterable[Visit], *, until_ms: int | None = None) -> None:
        """Let users come, each when the clock shows the time, until ``stop`` or the last one.

        Args:
            until_ms: none of this moment or later comes, UTC milliseconds.
        """
        for visit in visits:
            if (until_ms is not None and visit.timestamp_ms >= until_ms) or not self._may_come(visit):
                self.reached_ms = visit.timestamp_ms
                return
            with self._lock:
                if free := self._waiting < self._most_waiting:
                    self._waiting += 1
            if free:
                self._callers.submit(self._visit, visit)
            else:
                self.counts.add(skipped=1)

    def stop(self) -> None:
        """Let no more users come."""
        self._stopping.set()

    @property
    def unsettled(self) -> int:
        """Users who are being answered, and labels that are not acknowledged."""
        with self._lock:
            waiting = self._waiting
        return waiting + self._labels.waiting

    def settle(self, *, seconds: float) -> bool:
        """Wait until all that was done is acknowledged; whether it is."""
        until_s = time.monotonic() + seconds
        while self.unsettled and time.monotonic() < until_s:
            time.sleep(_LOOK_EVERY_S)
        return not self.unsettled

    def _may_come(self, visit: Visit) -> bool:
        """Wait until the clock shows its time and, if users are patient, a place is free; False at a stop."""
        while (ahead_ms := visit.timestamp_ms - self._clock.now_ms()) > 0:
            if self._stopping.wait(min(ahead_ms / 1_000 / self._clock.factor, _LOOK_EVERY_S)):
                return False
        while self._patient and self._full() and not self._stopping.wait(_LOOK_EVERY_S / 10):
            pass
        self.counts.began_behind((self._clock.now_ms() - visit.timestamp_ms) / 1_000)
        return not self._stopping.is_set()

    def _full(self) -> bool:
        with self._lock:
            return self._waiting >= self._most_waiting

    def _visit(self, visit: Visit) -> None:
        try:
            seen = visit.sees(self._ranked(visit))
            if seen is not None:
                self._look(seen)
        finally:
            with self._lock:
                self._waiting -= 1

    def _ranked(self, visit: Visit) -> Ranked | None:
        began_s = time.perf_counter()
        try:
            answer = self._service.rank(visit.asks())
        except ServiceError as error:
            self.counts.add(unanswered=1)
            self.unanswered_because = str(error)
            return None
        self.counts.answered(time.perf_counter() - began_s)
        self.version = answer.version
        return answer

    def _look(self, seen: Seen) -> None:
        """Exposures now, labels when they are known."""
        count = len(seen.exposures)
        self.counts.add(exposures=count, unseen=seen.unseen)
        try:
            if not self._delivery.send(seen.exposures, again=seen.whole):
                return
        except ServiceError:
            self.counts.add(refused=count)
            return
        self._labels.add(seen.labels)
        self.counts.add(exposures_acknowledged=count)
