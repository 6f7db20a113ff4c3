"""A live trainer's numbers as a page for Prometheus."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Mapping
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from interestclock.admission.counters import NO_MESSAGES
from interestclock.errors import ConfigError
from interestclock.operations.telemetry import StatusNumbers, Telemetry

__all__ = ["MetricsServer", "TelemetryCollector", "serve_metrics"]

_BESIDE = {
    "item_changes": "Items that became something else, by messages.",
    "items_without_attributes": "Items that came without attributes, of the items file or a message.",
    "disagreeing_duplicates": "Of the duplicates, exposures that gave labels which the first has not.",
}
_NO_OUTCOME = ("received", "waiting", *NO_MESSAGES, *_BESIDE)
_WINDOW = "of the newest learned exposures of the main task, as predicted before they were learned."
_HOUR = "of those of the window shown in the current local hour of the day."
# Metric, its number, its label "window" if it has one, what it says.
_GAUGES = (
    ("events_per_second", "events_per_second", "", "Messages taken per second, over about ten seconds."),
    ("event_time_lag_seconds", "lag_seconds", "", "Wall time less newest event time, when last polled."),
    ("learning_behind_seconds", "behind_seconds", "", "Event time of the last predicted less last learned."),
    ("auc", "auc", "recent", f"AUC {_WINDOW}"),
    ("calibration", "calibration", "recent", f"Mean prediction over mean label {_WINDOW}"),
    ("judged_exposures", "exposures", "recent", f"Count {_WINDOW}"),
    ("auc_current_hour", "hour_auc", "", f"AUC {_HOUR}"),
    ("calibration_current_hour", "hour_calibration", "", f"Mean prediction over mean label {_HOUR}"),
    ("judged_exposures_current_hour", "hour_exposures", "", f"Count {_HOUR}"),
)
# Metric, kind, what the table told, what it says.
_TABLES = (
    ("table_ids", GaugeMetricFamily, "size", "Ids a table knows."),
    ("table_rows", GaugeMetricFamily, "admitted", "Ids that have an embedding of their own."),
    ("table_admissions", CounterMetricFamily, "admissions", "Ids that got an embedding of their own."),
    ("table_expiries", CounterMetricFamily, "expiries", "Ids that left unused."),
    ("table_evictions", CounterMetricFamily, "evictions", "Ids that left to make room."),
    ("table_refused", CounterMetricFamily, "refused", "Sightings of new ids that found no room."),
)


class TelemetryCollector(Collector):
    """Reads a telemetry when Prometheus asks. What is not known yet is left out.

    Args:
        telemetry: whose; register the collector where Prometheus looks.

    Example:
        >>> collector = TelemetryCollector(Telemetry(tasks=("finish",), main_task="finish"))
        >>> next(family.name for family in collector.collect() if family.name.endswith("waiting"))
        'interestclock_events_waiting'
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def describe(self) -> Iterable[Metric]:
        """What ``collect`` will yield, for the registry."""
        return self.collect()

    def collect(self) -> Iterable[Metric]:
        """Every metric, as it stands."""
        numbers = self._telemetry.line()
        for name, field, window, help_text in _GAUGES:
            label = "window" if window else ""
            yield _family(GaugeMetricFamily, name, help_text, {window: getattr(numbers, field)}, label)
        yield from _of_times(numbers)
        yield from _of_messages(self._telemetry, numbers)
        for name, kind, field, help_text in _TABLES:
            values = {feature: reported[field] for feature, reported in self._telemetry.tables.items()}
            yield _family(kind, name, help_text, values, "feature")
        yield from _of_files(self._telemetry)


def _of_times(numbers: StatusNumbers) -> Iterable[Metric]:
    newest_s = numbers.event_ms / 1_000 if numbers.event_ms else math.nan
    help_text = "Newest event time, in seconds since 1970."
    yield _family(GaugeMetricFamily, "event_timestamp_seconds", help_text, {"": newest_s})
    hour = math.nan if numbers.hour is None else numbers.hour
    help_text = "Local hour of the day of the newest learned exposures."
    yield _family(GaugeMetricFamily, "current_hour", help_text, {"": hour})


def _of_messages(telemetry: Telemetry, numbers: StatusNumbers) -> Iterable[Metric]:
    help_text = "Messages taken since the stream began; a checkpoint that is taken up sets it back."
    yield _family(CounterMetricFamily, "events", help_text, {"": numbers.events})
    outcomes = {name: count for name, count in telemetry.counts.items() if name not in _NO_OUTCOME}
    help_text = "Messages by what became of them."
    yield _family(CounterMetricFamily, "events_by_outcome", help_text, outcomes, "outcome")
    ahead_s = telemetry.counts.get("known_ahead_most_ms", 0) / 1_000
    help_text = "By how much a producer's clock ran ahead of the arrival of what was known, at most."
    yield _family(GaugeMetricFamily, "known_ahead_seconds", help_text, {"": ahead_s})
    help_text = "Times at which something was known that lay ahead of its arrival, and count as that."
    yield _family(CounterMetricFamily, "known_ahead", help_text, {"": telemetry.counts.get("known_ahead", 0)})
    for name, help_text in _BESIDE.items():
        yield _family(CounterMetricFamily, name, help_text, {"": telemetry.counts.get(name, 0)})
    help_text = "Exposures and labels taken, and neither used nor set aside yet."
    yield _family(GaugeMetricFamily, "events_waiting", help_text, {"": numbers.waiting})
    help_text = "Probabilities as predicted, by task."
    yield _summary("predicted_probability", help_text, telemetry.given_labels, "task")


def _of_files(telemetry: Telemetry) -> Iterable[Metric]:
    for name, label, files in (
        ("checkpoint", "", {"": telemetry.checkpoints}),
        ("snapshot", "kind", telemetry.snapshots),
    ):
        elapsed = {kind: (each.count, each.seconds) for kind, each in files.items()}
        yield _summary(f"{name}_seconds", f"How long each {name} took.", elapsed, label)
        size = {kind: each.size for kind, each in files.items()}
        yield _family(GaugeMetricFamily, f"{name}_bytes", f"Size of the last {name}.", size, label)
    rows = {kind: each.rows for kind, each in telemetry.snapshots.items()}
    yield _family(GaugeMetricFamily, "snapshot_rows", "Rows of the last snapshot.", rows, "kind")
    help_text = "Time that learning stood still for checkpoints."
    yield _family(
        CounterMetricFamily, "checkpoint_stall_seconds", help_text, {"": telemetry.checkpoint_stall_s}
    )


def _family(
    kind: type[GaugeMetricFamily] | type[CounterMetricFamily],
    name: str,
    help_text: str,
    values: Mapping[str, float],
    label: str = "",
) -> Metric:
    family = kind(f"interestclock_{name}", help_text, labels=[label] if label else [])
    for which, value in values.items():
        if not math.isnan(value):
            family.add_metric([which] if label else [], value)
    return family


def _summary(name: str, help_text: str, values: Mapping[str, tuple[int, float]], label: str) -> Metric:
    """Of each: how many, and their sum."""
    family = SummaryMetricFamily(f"interestclock_{name}", help_text, labels=[label] if label else [])
    for which, (count, total) in values.items():
        family.add_metric([which] if label else [], count, total)
    return family


class MetricsServer:
    """Serves a telemetry until it is called.

    Args:
        server, thread: that serve.
    """

    def __init__(self, server: WSGIServer, thread: threading.Thread) -> None:
        self._server, self._thread = server, thread
        self.port: int = server.server_port

    def __call__(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def serve_metrics(telemetry: Telemetry | Collector, *, port: int, addr: str = "127.0.0.1") -> MetricsServer:
    """Serve the numbers for Prometheus at ``http://ADDR:PORT/metrics``, in a thread of their own.

    Args:
        telemetry: whose, or what collects others'. port: 0 takes any that is free; the server says which.
        addr: of this machine, to listen at; 0.0.0.0 lets other machines read too.

    Returns:
        Call it to stop.

    Raises:
        ConfigError: the port is out of range or taken, or the address is not this machine's.

    Example:
        >>> from urllib.request import urlopen
        >>> stop = serve_metrics(Telemetry(tasks=("finish",), main_task="finish"), port=0)
        >>> "interestclock_events_total 0.0" in urlopen(f"http://127.0.0.1:{stop.port}/metrics").read().decode()
        True
        >>> stop()
    """
    if not 0 <= port <= 65_535:
        raise ConfigError(f"port {port} cannot be; give one in 1..65535, or 0 for any that is free")
    registry = CollectorRegistry()
    registry.register(TelemetryCollector(telemetry) if isinstance(telemetry, Telemetry) else telemetry)
    try:
        server, thread = start_http_server(port, addr=addr, registry=registry)
    except OSError as error:
        raise ConfigError(
            f"metrics cannot be served at {addr}:{port} ({error.strerror or error}); give another port, or 0 "
            "for any that is free"
        ) from error
    return MetricsServer(server, thread)
