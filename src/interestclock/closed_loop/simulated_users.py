"""Users who come at their times, look at what is ranked best for them, and do what the truth says."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Protocol, Self

from interestclock.client import Rank, Ranked, ServiceError
from interestclock.closed_loop.delivery import Delivery, EventSink
from interestclock.closed_loop.labels_due import LabelsDue
from interestclock.closed_loop.user_counts import UserCounts
from interestclock.simulator import LiveRequest, World, day_of, draw_responses
from interestclock.timeofday import TimeSource

__all__ = ["RankingSink", "SimulatedUsers"]

_WAITING_PER_CALLER = 4
_LOOK_EVERY_S = 0.1
_LABELS = ("finish", "like", "skip", "dislike")


class RankingSink(EventSink, Protocol):
    """What users call: a ``Client``."""

    def rank(self, call: Rank, /) -> Ranked:
        """Have candidates ranked."""


class SimulatedUsers:
    """Calls a service as users would: rank, show the best, send exposures, and later the labels.

    An exposure says just its request, item and place. Where the service did not answer, it is sent again with
    all of itself: who is killed may lose the last answers. A label is sent when the clock shows that it is
    known, and only of what was done: an action that was not is no message. At most so many callers wait for
    answers; users who would have come meanwhile are skipped, and counted.

    Use it as a context manager.

    Args:
        service: what they call. world: whose truth they follow. clock: what time it is.
        shown: so many of the best are looked at. callers: threads.

    Example:
        >>> from interestclock.client import Client
        >>> from interestclock.simulator import SimulatorTruth, build_world, size_named
        >>> world = build_world(size=size_named("tiny"), truth=SimulatorTruth(), seed=1)
        >>> request = LiveRequest(day=0, number=0, timestamp_ms=0, user=1, zone="UTC", items=(7, 8))
        >>> with Client("http://127.0.0.1:1") as client:
        ...     with SimulatedUsers(client, world, clock=TimeSource(), shown=1, callers=2) as users:
        ...         users.come([request])
        ...         users.settle(seconds=60)
        ...     users.counts.numbers().unanswered
        True
        1
    """

    def __init__(
        self, service: RankingSink, world: World, *, clock: TimeSource, shown: int, callers: int
    ) -> None:
        self._service, self.world, self._clock, self._shown = service, world, clock, shown
        self.counts = UserCounts()
        self.version: str | None = None  # of the snapshot that answered last
        self.unanswered_because: str | None = None  # what was said to the last user who got no answer
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

    def come(self, requests: Iterable[LiveRequest], *, until_ms: int | None = None) -> None:
        """Let users come, each when the clock shows the time, until ``stop`` or the last one.

        Args:
            until_ms: none of this moment or later comes, UTC milliseconds.
        """
        for request in requests:
            if (until_ms is not None and request.timestamp_ms >= until_ms) or not self._wait_for(request):
                return
            with self._lock:
                if free := self._waiting < self._most_waiting:
                    self._waiting += 1
            if free:
                self._callers.submit(self._visit, request)
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

    def _wait_for(self, request: LiveRequest) -> bool:
        """Until the clock shows its time; False where no more users come."""
        while (ahead_ms := request.timestamp_ms - self._clock.now_ms()) > 0:
            if self._stopping.wait(min(ahead_ms / 1_000 / self._clock.factor, _LOOK_EVERY_S)):
                return False
        return not self._stopping.is_set()

    def _visit(self, request: LiveRequest) -> None:
        try:
            answer = self._ranked(request)
            if answer is not None:
                self._look(request, answer)
        finally:
            with self._lock:
                self._waiting -= 1

    def _ranked(self, request: LiveRequest) -> Ranked | None:
        # A store behind a stream has text for ids.
        call = Rank(
            user=str(request.user),
            candidates=[str(each) for each in request.items],
            zone=request.zone,
            top=self._shown,
        )
        began_s = time.perf_counter()
        try:
            answer = self._service.rank(call)
        except ServiceError as error:
            self.counts.add(unanswered=1)
            self.unanswered_because = str(error)
            return None
        self.counts.answered(time.perf_counter() - began_s)
        self.version = answer.version
        return answer

    def _look(self, request: LiveRequest, answer: Ranked) -> None:
        """The user sees what is best: exposures now, labels when they are known."""
        short = [
            {"request_id": answer.request_id, "item_id": each.item, "position": place}
            for place, each in enumerate(answer.items)
        ]
        who = {"user_id": str(request.user), "timestamp_ms": answer.at_ms, "zone": request.zone}
        whole = [each | who for each in short]
        self.counts.add(exposures=len(short))
        try:
            if not self._delivery.send(whole if answer.logged is False else short, again=whole):
                return
        except ServiceError:
            self.counts.add(refused=len(short))
            return
        self._labels.add(self._responses(request, answer))
        self.counts.add(exposures_acknowledged=len(short))

    def _responses(self, request: LiveRequest, answer: Ranked) -> list[dict[str, Any]]:
        done = draw_responses(
            self.world,
            request,
            day=day_of(answer.at_ms),
            second_of_day=answer.local_time.second_of_day,
            items=[int(each.item) for each in answer.items],
        )
        known_ms = answer.at_ms + self.world.truth.label_delay_seconds * 1_000
        return [
            {
                "label_of": f"{answer.request_id}/{each.item}",
                "label": label,
                "value": 1,
                "known_ms": known_ms,
            }
            for label in _LABELS
            for each, did in zip(answer.items, done[label], strict=True)
            if did
        ]
