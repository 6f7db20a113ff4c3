"""Numbers of the served log, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from interestclock.service.event_service import EventService

__all__ = ["EventMetrics"]


class EventMetrics(Collector):
    """What became of answers on their way to the log, as it is when Prometheus asks.

    Args:
        events: whose; give it to ``create_app``.

    Example:
        >>> import tempfile
        >>> from interestclock.streams import open_event_log
        >>> with EventService(open_event_log(f"log://{tempfile.mkdtemp()}")) as events:
        ...     [family.name for family in EventMetrics(events).collect()]
        ['interestclock_served_messages', 'interestclock_served_held', 'interestclock_served_log_away']
    """

    def __init__(self, events: EventService) -> None:
        self._events = events

    def describe(self) -> Iterable[Metric]:
        """What ``collect`` will yield, for the registry."""
        return self.collect()

    def collect(self) -> Iterable[Metric]:
        """Every metric, as it stands."""
        served = self._events.served_log
        counts = served.counts()
        messages = CounterMetricFamily(
            "interestclock_served_messages",
            "Answers that the served log has, or will never have.",
            labels=("outcome",),
        )
        messages.add_metric(("appended",), counts.appended)
        messages.add_metric(("lost",), counts.lost)
        yield messages
        yield GaugeMetricFamily(
            "interestclock_served_held", "Answers that wait for a log that is away.", value=counts.held
        )
        yield GaugeMetricFamily(
            "interestclock_served_log_away", "1 while the log has no answers.", value=served.away is not None
        )
