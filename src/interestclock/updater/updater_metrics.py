"""A feature updater's numbers as a page for Prometheus."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from interestclock.admission.counters import NO_MESSAGES
from interestclock.updater.progress import UpdaterNumbers

__all__ = ["UpdaterMetrics"]

_BETWEEN_S = 0.2
_Kind = type[CounterMetricFamily] | type[GaugeMetricFamily]
_NO_OUTCOME = ("received", "learned", "waiting", *NO_MESSAGES)
# Metric, its kind, what it is of the numbers, what it says.
_METRICS: tuple[tuple[str, _Kind, Callable[[UpdaterNumbers], float], str], ...] = (
    ("events", CounterMetricFamily, lambda it: it.counts.get("received", 0), "Messages taken."),
    (
        "events_waiting",
        GaugeMetricFamily,
        lambda it: it.counts.get("waiting", 0),
        "Neither used nor set aside.",
    ),
    ("events_per_second", GaugeMetricFamily, lambda it: it.events_per_second, "Over about ten seconds."),
    (
        "event_timestamp_seconds",
        GaugeMetricFamily,
        lambda it: it.event_ms / 1_000 or math.nan,
        "Newest event.",
    ),
    ("store_entry", GaugeMetricFamily, lambda it: it.position, "The last admitted entry in the store."),
    ("store_lag_seconds", GaugeMetricFamily, lambda it: it.lag_seconds, "How far the store is behind."),
    (
        "published_entry",
        GaugeMetricFamily,
        lambda it: math.nan if it.published is None else it.published,
        "The last admitted entry that a broker has.",
    ),
)


class UpdaterMetrics(Collector):
    """What a feature updater last told of itself, for whoever asks from another thread.

    Metrics that a trainer has, too, have its names. What is not known is left out.

    Args:
        numbers: tells how far the updater is; called by ``note``, in the updater's own thread.
        monotonic_s: a clock.

    Example:
        >>> numbers = UpdaterNumbers(position=7, counts={"received": 3, "served": 1}, events_per_second=2.0,
        ...     event_ms=0, lag_seconds=float("nan"))
        >>> metrics = UpdaterMetrics(lambda: numbers)
        >>> metrics.note()
        >>> {each.name.removeprefix("interestclock_"): each.samples[0].value for each in metrics.collect()}
        {'events': 3.0, 'events_waiting': 0.0, 'events_per_second': 2.0, 'store_entry': 7.0,
        'events_by_outcome': 2}
    """

    def __init__(
        self, numbers: Callable[[], UpdaterNumbers], *, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask, self._now_s = numbers, monotonic_s
        self._numbers: UpdaterNumbers | None = None
        self._noted_s = -math.inf

    def note(self) -> None:
        """Keep the numbers as they are now, unless that was done a moment ago."""
        now_s = self._now_s()
        if now_s - self._noted_s >= _BETWEEN_S:
            self._noted_s, self._numbers = now_s, self._ask()

    def describe(self) -> Iterable[Metric]:
        """What ``collect`` will yield, for the registry."""
        return self.collect()

    def collect(self) -> Iterable[Metric]:
        """Every metric, as it was last noted."""
        if (numbers := self._numbers) is None:
            return
        for name, kind, of, help_text in _METRICS:
            family, value = kind(f"interestclock_{name}", help_text), float(of(numbers))
            if not math.isnan(value):
                family.add_metric([], value)
                yield family
        outcomes = CounterMetricFamily(
            "interestclock_events_by_outcome", "Messages by what became of them.", labels=["outcome"]
        )
        outcomes.add_metric(["exposures"], numbers.exposures)
        for outcome, count in numbers.counts.items():
            if outcome not in _NO_OUTCOME:
                outcomes.add_metric([outcome], count)
        yield outcomes
