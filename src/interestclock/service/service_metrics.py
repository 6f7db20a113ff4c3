"""The service's own numbers, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from interestclock.client import Ranked
from interestclock.service.event_service import EventService
from interestclock.service.ranking_service import RankingService

__all__ = ["Measured", "ServiceMetrics"]

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_CANDIDATES = (10, 20, 50, 100, 200, 500, 1_000)
_NO_ROUTE = "none"


class ServiceMetrics:
    """What is counted, in a registry of its own.

    Args:
        service: whose state is shown beside it. events: likewise, where there is a log.
    """

    def __init__(self, service: RankingService, events: EventService | None = None) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "interestclock_http_request_seconds",
            "From a request's arrival to the end of its answer, by route and status.",
            ("route", "status"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._candidates = Histogram(
            "interestclock_ranked_candidates",
            "Candidates of requests that were ranked.",
            buckets=_CANDIDATES,
            registry=self.registry,
        )
        self._ranked = Counter(
            "interestclock_ranked",
            "Requests that were ranked, by ranker and by whether the store was read.",
            ("ranker", "store"),
            registry=self.registry,
        )
        self.registry.register(_OfService(service))
        if events is not None:
            self.registry.register(_OfServedLog(events))

    def ranked(self, answer: Ranked, *, candidates: int) -> None:
        """A request was ranked."""
        self._candidates.observe(candidates)
        self._ranked.labels(answer.ranker, "away" if answer.without_store else "read").inc()

    def answered(self, *, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._seconds.labels(route, str(status)).observe(seconds)


class _OfService(Collector):
    """What stands as it is now."""

    def __init__(self, service: RankingService) -> None:
        self._service = service

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        service, scorers = self._service, self._service.rankers
        yield _gauge("http_in_flight", "Requests that are ranked now.", service.in_flight.count)
        yield _gauge(
            "waiting_candidates", "Candidates that wait to be scored.", service.queue.waiting_candidates
        )
        yield _gauge("store_away", "1 while the store cannot be read.", service.store.away is not None)
        step = GaugeMetricFamily(
            "interestclock_served_step",
            "Step of the learner of the snapshot that answers.",
            labels=("ranker", "version"),
        )
        learned = GaugeMetricFamily(
            "interestclock_served_learned_timestamp_seconds",
            "Event time up to which that snapshot learned, in seconds since 1970.",
            labels=("ranker",),
        )
        refused = GaugeMetricFamily(
            "interestclock_snapshot_refused",
            "1 while the newest snapshot does not answer.",
            labels=("ranker",),
        )
        for name in scorers.names:
            scorer = scorers.scorer(name)
            manifest = scorer.manifest
            step.add_metric((name, manifest.name), manifest.step)
            learned.add_metric((name,), manifest.watermark_ms / 1_000)
            refused.add_metric((name,), scorer.refused is not None)
        yield from (step, learned, refused)


class _OfServedLog(Collector):
    """What became of answers on their way to the log."""

    def __init__(self, events: EventService) -> None:
        self._log = events.served_log

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        counts = self._log.counts()
        answers = CounterMetricFamily(
            "interestclock_served_log_answers", "Answers by what became of them.", labels=("outcome",)
        )
        answers.add_metric(("appended",), counts.appended)
        answers.add_metric(("lost",), counts.lost)
        yield answers
        yield _gauge("served_log_held", "Answers that wait for a log that is away.", counts.held)
        yield _gauge("served_log_away", "1 while answers are not logged.", self._log.away is not None)


class Measured:
    """An ASGI middleware that measures how long each answer took.

    Args:
        app: whose answers. metrics: that are told.
    """

    def __init__(self, app: ASGIApp, *, metrics: ServiceMetrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s, status = time.monotonic(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", _NO_ROUTE)
            self._metrics.answered(route=route, status=status, seconds=time.monotonic() - began_s)


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"interestclock_{name}", help_text, value=float(value))
