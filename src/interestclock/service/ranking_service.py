"""Requests become ranked lists: the service as a plain object, without HTTP."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import msgspec
import numpy as np

from interestclock.client import Rank, Ranked, WallClock
from interestclock.errors import RequestError, ResultError
from interestclock.service.config import ServiceConfig
from interestclock.service.exploration import Exploration
from interestclock.service.in_flight import InFlight
from interestclock.service.rank_requests import rank_request
from interestclock.service.ranked_items import ranked_items
from interestclock.service.reopened_store import ReopenedStore
from interestclock.service.scored_again import scored_again
from interestclock.serving import Following, Rankers, RankRequest, Scored, ScoringQueue
from interestclock.serving.background import Background
from interestclock.serving.warm_up import warm_up
from interestclock.timeofday import TimeSource

__all__ = ["RankingService"]

_log = logging.getLogger("interestclock.service")
_REQUEST_BYTES = 12  # 96 bits: no two requests of a service's life have the same


class RankingService:
    """Ranks candidates with rankers over one store, and follows their snapshots by itself.

    Use it as a context manager: within it, a thread looks for new snapshots and for a store that is back. It
    is warm once it is entered: loops are compiled.

    Args:
        rankers: the first answers who names none. store: that they read.
        queue: before their scorers; None is one of its own. It is closed with the service.
        served: is told of each answer, and says whether it will be in the served log; None: there is none.
        exploration: of requests, a share is shuffled; None: none is.
        config: limits. time: what time it is.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from interestclock.events import open_log
        >>> from interestclock.live import LiveConfig, LiveRun
        >>> from interestclock.service import ReopenedStore
        >>> from interestclock.simulator import SimulatorSize, write_simulated_log
        >>> from interestclock.store import open_store
        >>> from interestclock.streams import ReplaySource
        >>> from interestclock.updater import FeatureUpdater, UpdaterConfig
        >>> folder = Path(tempfile.mkdtemp())
        >>> size = SimulatorSize(users=5, items=200, days=2, exposures_per_day=40)
        >>> _ = write_simulated_log(folder / "log", size=size)
        >>> log = lambda: ReplaySource(open_log(folder / "log"))
        >>> with FeatureUpdater(log(), folder / "store", config=UpdaterConfig()) as updater:
        ...     updater.run()
        >>> with LiveRun(log(), folder / "run", config=LiveConfig()) as run:
        ...     run.run()
        >>> store = ReopenedStore(lambda: open_store(folder / "store"))
        >>> rankers = Rankers(store, {"base": folder / "run" / "snapshots"})
        >>> with RankingService(rankers, store) as service:
        ...     answer = service.rank(Rank(user=1, candidates=[7, 8, 9], zone="Europe/Berlin", top=2))
        >>> answer.version, len(answer.items), answer.local_time.source
        ('00000001-full', 2, 'zone')
    """

    def __init__(
        self,
        rankers: Rankers,
        store: ReopenedStore,
        *,
        queue: ScoringQueue | None = None,
        served: Callable[[Rank, Ranked], bool] | None = None,
        exploration: Exploration | None = None,
        config: ServiceConfig | None = None,
        time: TimeSource | None = None,
    ) -> None:
        self.rankers, self.store = rankers, store
        self.config, self.time = config or ServiceConfig(), time or TimeSource()
        self.queue = queue or ScoringQueue(rankers)
        self.in_flight = InFlight(most=self.config.in_flight, what="requests are ranked")
        self._served, self._exploration = served, exploration or Exploration()
        self._beside: ExitStack | None = None

    def __enter__(self) -> Self:
        seconds = self.config.refresh_seconds
        warm_up(self.rankers, at_ms=self.time.now_ms())
        with ExitStack() as stack:
            stack.callback(self.store.close)
            stack.enter_context(self.queue)
            stack.enter_context(Following(self.rankers, every_seconds=seconds))
            looking = Background(
                self.store.reopen,
                seconds=seconds,
                log=_log,
                failing="what is done beside answering failed; it is tried again",
            )
            stack.callback(looking.close)
            self._beside = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._beside is not None:
            self._beside.close()
            self._beside = None

    @property
    def running(self) -> bool:
        """Whether it was entered, and not left."""
        return self._beside is not None

    def rank(self, call: Rank) -> Ranked:
        """A request's answer.

        Raises:
            RequestError: it cannot be answered as it is put. LogError: ids are of another type than a log's.
            QueueFullError: too many wait already. TimeoutError: it was not scored in time.
        """
        future = self.submit(call)
        try:
            return self.answer(call, future.result(self.config.timeout_seconds))
        except TimeoutError:
            future.cancel()  # nobody waits for it any more
            raise

    def submit(self, call: Rank) -> Future[Scored]:
        """The request's scores, later; ``answer`` makes an answer of them.

        Raises:
            RequestError, LogError, QueueFullError: as ``rank``.
        """
        request = self.request_of(call)
        return scored_again(
            lambda: self.queue.submit(request, ranker=call.ranker),
            worth=lambda error: isinstance(error, ResultError) and self.store.away is not None,
        )

    def request_of(self, call: Rank) -> RankRequest:
        """A request as scorers have it, as of now; candidates of the catalogue are listed.

        Raises:
            RequestError: there are too many candidates, or none.
            ResultError: they are to be listed, and the store is away.
        """
        if call.catalogue is not None and self.store.away is not None:
            raise ResultError(f"the store is away, and no items can be listed: {self.store.away}")
        return rank_request(
            call,
            self.store,
            at_ms=self.time.now_ms(),
            most=self.config.candidates,
            request_id=secrets.token_urlsafe(_REQUEST_BYTES),
        )

    def answer(self, call: Rank, scored: Scored) -> Ranked:
        """What is answered, and written to the served log.

        Raises:
            RequestError: a weight is of no task, or a score is no number.
        """
        weights = dict(call.weights) or {next(iter(scored.probabilities)): 1.0}
        if not all(np.isfinite(each).all() for each in scored.probabilities.values()):
            raise RequestError(
                "a score is no number: a context is too large for float32; give it in other units"
            )
        local, request_id = scored.local, scored.request.request_id
        assert request_id is not None  # request_of gave it
        order = self._exploration.order(request_id, candidates=len(scored.request.items), most=call.top)
        answer = Ranked(
            request_id=request_id,
            at_ms=scored.request.at_ms,
            ranker=scored.ranker,
            version=scored.version,
            arm=call.arm,
            local_time=WallClock(
                second_of_day=local.second_of_day,
                day_of_week=local.day_of_week,
                utc_offset_minutes=local.utc_offset_minutes,
                source=local.source,
                moved=call.local_time is not None,
            ),
            weights=weights,
            known_behaviours=scored.known_behaviours,
            admitted_offset=None if scored.position is None else str(scored.position),
            without_store=self.store.was_away if scored.position is None else None,
            explored=order.explored,
            items=ranked_items(scored, weights, order=order),
        )
        if self._served is None:
            return answer
        return msgspec.structs.replace(answer, logged=self._served(call, answer))
