"""Requests become ranked lists: the service as a plain object, without HTTP."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from types import TracebackType
from typing import Self

import msgspec
import numpy as np

from interestclock.client import Rank, Ranked, WallClock
from interestclock.errors import RequestError
from interestclock.service.background import Background
from interestclock.service.config import ServiceConfig
from interestclock.service.exploration import Exploration
from interestclock.service.rank_requests import rank_request
from interestclock.service.ranked_items import ranked_items
from interestclock.service.reopened_store import ReopenedStore
from interestclock.service.scoring_thread import Scoring, ScoringThread
from interestclock.serving import RankRequest, Scored, Scorer
from interestclock.timeofday import TimeSource

__all__ = ["RankingService"]

_REQUEST_BYTES = 12  # 96 bits: no two requests of a service's life have the same


class RankingService:
    """Ranks candidates with scorers over one store, and follows their snapshots by itself.

    Use it as a context manager: within it, a thread looks for new snapshots and for a store that is back.

    Args:
        scorers: by name of the ranker, at least one; the first answers who names none.
        store: that they read.
        scoring: who scores; None is a ``ScoringThread`` of the scorers.
        served: is told of each answer, and says whether it will be in the served log; None: there is none.
        exploration: of requests, a share is shuffled; None: none is.
        config: limits. time: what time it is.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from interestclock.events import open_log
        >>> from interestclock.live import LiveConfig, LiveRun
        >>> from interestclock.service import ReopenedStore, SteadyScorer
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
        >>> scorer = SteadyScorer(store, folder / "run" / "snapshots")
        >>> with RankingService({"base": scorer}, store) as service:
        ...     answer = service.rank(Rank(user=1, candidates=[7, 8, 9], zone="Europe/Berlin", top=2))
        >>> answer.version, len(answer.items), answer.local_time.source
        ('00000001-full', 2, 'zone')
    """

    def __init__(
        self,
        scorers: Mapping[str, Scorer],
        store: ReopenedStore,
        *,
        scoring: Scoring | None = None,
        served: Callable[[Rank, Ranked], bool] | None = None,
        exploration: Exploration | None = None,
        config: ServiceConfig | None = None,
        time: TimeSource | None = None,
    ) -> None:
        self.scorers, self.store = dict(scorers), store
        self.config, self.time = config or ServiceConfig(), time or TimeSource()
        self._scoring = scoring or ScoringThread(self.scorers)
        self._exploration = exploration or Exploration()
        self._served, self._first = served, next(iter(self.scorers))
        self._background: Background | None = None
        self._looking = threading.Lock()

    def __enter__(self) -> Self:
        self._background = Background(self.look_around, seconds=self.config.refresh_seconds)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._background is not None:
            self._background.close()
            self._background = None
        self._scoring.close()
        self.store.close()

    @property
    def running(self) -> bool:
        """Whether it was entered, and not left."""
        return self._background is not None

    def look_around(self) -> None:
        """Have scorers use new snapshots, and open the store again if it is away."""
        with self._looking:
            self.store.reopen()
            for each in self.scorers.values():
                each.refresh()

    def rank(self, call: Rank) -> Ranked:
        """A request's answer.

        Raises:
            RequestError: it cannot be answered as it is put. LogError: ids are of another type than a log's.
            QueueFullError: too many wait already. TimeoutError: it was not scored in time.
        """
        return self.answer(call, self.submit(call).result(self.config.timeout_seconds))

    def submit(self, call: Rank) -> Future[Scored]:
        """The request's scores, later; ``answer`` makes an answer of them.

        Raises:
            RequestError, LogError, QueueFullError: as ``rank``.
        """
        return self._scoring.submit(self.request_of(call), ranker=call.ranker)

    def request_of(self, call: Rank) -> RankRequest:
        """A request as scorers have it, as of now; candidates of the catalogue are listed.

        Raises:
            RequestError: there are too many candidates, or none.
        """
        return rank_request(call, self.store, at_ms=self.time.now_ms(), most=self.config.candidates)

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
        local = scored.local
        request_id = secrets.token_urlsafe(_REQUEST_BYTES)
        order = self._exploration.order(request_id, candidates=len(scored.request.items), most=call.top)
        answer = Ranked(
            request_id=request_id,
            at_ms=scored.request.at_ms,
            ranker=call.ranker or self._first,
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
            without_store=self.store.away,
            explored=order.explored,
            items=ranked_items(scored, weights, order=order),
        )
        if self._served is None:
            return answer
        return msgspec.structs.replace(answer, logged=self._served(call, answer))
