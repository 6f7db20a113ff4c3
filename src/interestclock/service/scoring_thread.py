"""Scoring in a thread of its own, so that whoever waits for it does something else."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from interestclock.errors import RequestError
from interestclock.serving import RankRequest, Scored, Scorer

__all__ = ["Scoring", "ScoringThread"]


class Scoring(Protocol):
    """Whoever scores requests, later."""

    def submit(self, request: RankRequest, *, ranker: str | None = None) -> Future[Scored]:
        """What will come of a request; ``ranker`` names one of several, None is the first."""

    def close(self) -> None:
        """Nothing is scored any more; what waits is cancelled."""


class ScoringThread:
    """Requests are scored one after the other, as they come.

    Args:
        scorers: by name of the ranker, at least one.

    Example: see ``RankingService``.
    """

    def __init__(self, scorers: Mapping[str, Scorer]) -> None:
        self._scorers = dict(scorers)
        self._first = next(iter(self._scorers))
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="scoring")

    def submit(self, request: RankRequest, *, ranker: str | None = None) -> Future[Scored]:
        """What will come of a request.

        Raises:
            RequestError: there is no such ranker.
        """
        scorer = self._scorers.get(self._first if ranker is None else ranker)
        if scorer is None:
            raise RequestError(f"no ranker '{ranker}'; there are {', '.join(self._scorers)}")
        return self._thread.submit(lambda: scorer.score([request])[0])

    def close(self) -> None:
        """Nothing is scored any more."""
        self._thread.shutdown(cancel_futures=True)
