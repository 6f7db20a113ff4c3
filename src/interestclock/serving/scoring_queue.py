"""Requests of many threads, scored by one: what waits together is scored together, where that pays."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from interestclock.errors import ConfigError, QueueFullError, ResultError, own_error
from interestclock.serving.rank_request import RankRequest
from interestclock.serving.rankers import Rankers
from interestclock.serving.scored import Scored
from interestclock.serving.scorer import Scorer

__all__ = ["ScoringQueue"]


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    request: RankRequest
    scorer: Scorer
    future: Future[Scored] = field(default_factory=Future)

    @property
    def candidates(self) -> int:
        return len(self.request.items)


class ScoringQueue:
    """A bounded queue of requests before one thread that scores.

    Requests of one ranker that wait are scored as one batch, up to ``batch_candidates`` of them: that spares
    what a call costs anyhow, most of the time of ten candidates and a tenth of that of five hundred, which
    are scored alone. Nobody waits for a batch to fill. Of each ranker requests are scored in the order in
    which they came. One that cannot be answered fails alone.

    What waits is counted in candidates, which is what takes time. More than may wait is refused at once, so
    that who is answered is answered soon.

    Args:
        rankers: that score. batch_candidates: scored together, at most, but for one request that has more.
        waiting_candidates: that wait, at most, but for one request that has more; with those being scored.

    Raises:
        ConfigError: a bound is below 1.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from interestclock.events import open_log
        >>> from interestclock.live import LiveConfig, LiveRun
        >>> from interestclock.simulator import SimulatorSize, write_simulated_log
        >>> from interestclock.streams import ReplaySource
        >>> folder = Path(tempfile.mkdtemp())
        >>> size = SimulatorSize(users=5, items=200, days=2, exposures_per_day=40)
        >>> _ = write_simulated_log(folder / "log", size=size)
        >>> with LiveRun(ReplaySource(open_log(folder / "log")), folder / "run", config=LiveConfig()) as run:
        ...     run.run()
        ...     rankers = Rankers(run.trainer.features, {"clock": folder / "run" / "snapshots"})
        ...     with ScoringQueue(rankers) as queue:
        ...         request = RankRequest(user=1, items=[7, 8], at_ms=1_800_000_000_000, zone="Asia/Tokyo")
        ...         scored = queue.submit(request).result()
        >>> scored.ranker, len(scored.best({"finish": 1.0}))
        ('clock', 2)
    """

    def __init__(
        self,
        rankers: Rankers,
        *,
        batch_candidates: int = 400,
        waiting_candidates: int = 10_000,
    ) -> None:
        for name, bound in (
            ("batch_candidates", batch_candidates),
            ("waiting_candidates", waiting_candidates),
        ):
            if bound < 1:
                raise ConfigError(f"{name} is {bound}; give 1 or more candidates")
        self._rankers = rankers
        self._batch_candidates, self._waiting_candidates = batch_candidates, waiting_candidates
        self._waiting: deque[_Waiting] = deque()
        self._candidates = 0  # that wait or are being scored
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="scoring", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def waiting_candidates(self) -> int:
        """Candidates that wait or are being scored now."""
        return self._candidates

    def submit(self, request: RankRequest, *, ranker: str | None = None) -> Future[Scored]:
        """Have a request scored; a future that is cancelled before that is passed over.

        In a coroutine, ``await asyncio.wrap_future(queue.submit(request))``.

        Args:
            ranker: its name; None is the first.

        Raises:
            QueueFullError: too many candidates wait already.
            RequestError: there is no such ranker; (from the future) as ``Scorer.score``.
            ResultError: the queue was closed; (from the future) the store is away.
        """
        waiting = _Waiting(request=request, scorer=self._rankers.scorer(ranker))
        with self._changed:
            if self._closing:
                raise ResultError("the queue was closed, and nothing is scored any more; open another")
            if self._candidates and self._candidates + waiting.candidates > self._waiting_candidates:
                raise QueueFullError(
                    f"{self._candidates:,} candidates wait to be scored, and at most "
                    f"{self._waiting_candidates:,} may; try again later, or run more processes"
                )
            self._candidates += waiting.candidates
            self._waiting.append(waiting)
            self._changed.notify()
        return waiting.future

    def close(self) -> None:
        """Score what waits, and refuse whatever comes from now on."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while batch := self._next_batch():
            alive = [each for each in batch if each.future.set_running_or_notify_cancel()]
            if alive:
                _score(alive)
            with self._changed:
                self._candidates -= sum(each.candidates for each in batch)

    def _next_batch(self) -> list[_Waiting]:
        """The first that waits, and others of its ranker as far as they go into a batch; none at the end."""
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            batch: list[_Waiting] = []
            others: list[_Waiting] = []
            candidates = 0
            while self._waiting and (not batch or candidates < self._batch_candidates):
                waiting = self._waiting.popleft()
                if batch and waiting.scorer is not batch[0].scorer:
                    others.append(waiting)
                elif batch and candidates + waiting.candidates > self._batch_candidates:
                    self._waiting.appendleft(waiting)
                    break
                else:
                    batch.append(waiting)
                    candidates += waiting.candidates
            self._waiting.extendleft(reversed(others))
            return batch


def _score(batch: Sequence[_Waiting]) -> None:
    """Answer all of a batch, each with its scores or with what is wrong with it."""
    try:
        scored = batch[0].scorer.score([each.request for each in batch])
    except BaseException as error:  # whoever waits has to know
        if len(batch) > 1 and isinstance(error, Exception) and not isinstance(error, ResultError):
            for each in batch:
                _score([each])
            return
        for each in batch:
            each.future.set_exception(own_error(error))
        return
    for each, one in zip(batch, scored, strict=True):
        each.future.set_result(one)
