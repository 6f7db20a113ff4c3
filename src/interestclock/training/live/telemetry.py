"""What the operator of a live trainer sees: the numbers, and a page of them for Prometheus."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from wsgiref.simple_server import WSGIServer

import numpy as np
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from torch import Tensor

from interestclock.errors import ConfigError
from interestclock.evaluation.metrics import Array, auc, calibration

__all__ = ["MetricsServer", "Quality", "StatusNumbers", "Telemetry", "serve_metrics"]

# Shapes: B exposures of a batch, N exposures of the window, oldest first.

WINDOW_EXPOSURES = 100_000
_NEWEST = 100  # exposures that say which local hour it is
_RATE_S, _MARK_S = 10.0, 0.5
_REST, _REST_S = 50, 1.0  # quality is kept for so many times what it took, and for so long at most
_HOUR_SECONDS = 3_600
_NO_OUTCOME = ("received", "waiting")  # the whole, and what has none yet


@dataclass(frozen=True, kw_only=True)
class Quality:
    """How well the main task was predicted, each exposure before it was learned.

    The window is the newest 100,000 exposures that were learned with a label since this process began:
    minutes of a busy stream, weeks of a quiet one.

    Args:
        exposures: how many are in the window.
        auc: over the window; NaN until it holds both a 1 and a 0.
        calibration: mean prediction over mean label of the window; above 1 promises too much; NaN without
            a 1.
        hour: local hour of day, 0..23, of most of the newest 100 in the window; None while it is empty.
        hour_exposures, hour_auc, hour_calibration: the same over those of the window shown in that local
            hour of the day, whichever the day.
    """

    exposures: int = 0
    auc: float = math.nan
    calibration: float = math.nan
    hour: int | None = None
    hour_exposures: int = 0
    hour_auc: float = math.nan
    hour_calibration: float = math.nan


@dataclass(frozen=True, kw_only=True)
class StatusNumbers(Quality):
    """What a status line and a log say.

    Args:
        events: messages taken since the stream began. events_per_second: over about the last ten seconds;
            NaN in the first half of a second.
        event_ms: newest event time, UTC milliseconds; 0 before the first exposure is predicted.
        lag_seconds: how far that stood behind the wall clock when it was last told; NaN before the first.
        behind_seconds: how far the newest exposure learned stands behind the newest predicted, in event time;
            NaN before either. About the wait for labels.
        table_rows: by feature, ids that have an embedding of their own.
        waiting: exposures and labels taken, and neither used nor set aside. late, duplicates, orphan_labels,
            dead_letters: totals of what was set aside; late is exposures and labels.
    """

    events: int
    events_per_second: float
    event_ms: int
    lag_seconds: float
    behind_seconds: float
    table_rows: Mapping[str, int]
    waiting: int
    late: int
    duplicates: int
    orphan_labels: int
    dead_letters: int


class Telemetry:
    """Numbers a live trainer tells, for whoever asks, from any thread; it learns nothing from them.

    Telling costs microseconds. AUC and calibration are computed when asked for, then kept for fifty times as
    long as that took, a second at most.

    Args:
        tasks: all that are predicted. main_task: the one whose quality is followed.
        registry: where Prometheus finds the numbers; None makes one. A registry holds one telemetry.
        window_exposures: the newest so many learned exposures are judged.
        monotonic_s: a clock.

    Raises:
        ConfigError: the main task is none of the tasks, or the window is empty.

    Example:
        >>> import torch
        >>> telemetry = Telemetry(tasks=("finish",), main_task="finish")
        >>> telemetry.learned(probability_B=torch.tensor([0.2, 0.6]),
        ...     label_B=torch.tensor([0, 1], dtype=torch.int8), event_ms=60_000,
        ...     second_of_day_B=torch.tensor([3_600, 3_700], dtype=torch.int32))
        >>> telemetry.progress(events=2, event_ms=90_000, wall_ms=95_000)
        >>> numbers = telemetry.line()
        >>> numbers.auc, round(numbers.calibration, 3), numbers.hour, numbers.lag_seconds
        (1.0, 0.8, 1, 5.0)
    """

    def __init__(
        self,
        *,
        tasks: tuple[str, ...],
        main_task: str,
        registry: CollectorRegistry | None = None,
        window_exposures: int = WINDOW_EXPOSURES,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        if main_task not in tasks:
            raise ConfigError(f"main task '{main_task}' is none of the tasks; they are {', '.join(tasks)}")
        if window_exposures < 1:
            raise ConfigError(f"window_exposures is {window_exposures}; give one or more, for example 100000")
        self.main_task = main_task
        self.registry = CollectorRegistry() if registry is None else registry
        self._now_s = monotonic_s
        self._lock = threading.Lock()
        self._window, self._rate = _Window(window_exposures), _Rate()
        self._quality, self._judged_end, self._rest_until_s = Quality(), 0, -math.inf
        self._events, self._event_ms, self._learned_ms, self._lag_s = 0, 0, 0, math.nan
        self.counts: dict[str, int] = {}
        self.tables: dict[str, dict[str, int]] = {}
        self.said = dict.fromkeys(tasks, (0, 0.0))
        self.checkpoints, self.checkpoint_stall_s = _Files(), 0.0
        self.snapshots: dict[str, _Files] = {}
        self.registry.register(_Scrape(self))

    def predicted(self, *, probability: Mapping[str, Tensor]) -> None:
        """A batch as it was shown: each task's probability, float32 (B,)."""
        for task, probability_B in probability.items():
            exposures, total = self.said[task]
            summed = float(probability_B.detach().numpy().sum(dtype=np.float64))
            self.said[task] = (exposures + len(probability_B), total + summed)

    def learned(
        self, *, probability_B: Tensor, label_B: Tensor, second_of_day_B: Tensor, event_ms: int
    ) -> None:
        """A batch whose labels are settled, of the main task.

        Args:
            probability_B: float32 (B,), as predicted when it was shown.
            label_B: int8 (B,), 1, 0 or -1 where missing; such exposures are not judged.
            second_of_day_B: int32 (B,), local. event_ms: of its last exposure, UTC milliseconds.
        """
        columns = probability_B.detach().numpy(), label_B.numpy(), second_of_day_B.numpy()
        with self._lock:
            self._window.add(*columns)
            self._learned_ms = event_ms

    def progress(self, *, events: int, event_ms: int, wall_ms: int) -> None:
        """Messages taken since the stream began; newest event time (0: none yet) and wall time, UTC ms."""
        with self._lock:
            self._events, self._event_ms = events, event_ms
            self._lag_s = (wall_ms - event_ms) / 1_000 if event_ms else math.nan
            self._rate.note(self._now_s(), events)

    def accounts(self, counts: Mapping[str, int]) -> None:
        """What became of the messages, in all, by outcome; one that is not named is 0."""
        self.counts = dict(counts)

    def table(
        self,
        feature: str,
        *,
        size: int,
        admitted: int,
        admissions: int,
        expiries: int,
        evictions: int,
        refused: int,
    ) -> None:
        """A table of ids.

        Args:
            feature: whose. size: ids it knows. admitted: of them, those with an embedding of their own.
            admissions, expiries, evictions: ids, in all, that got one, left unused, left to make room.
            refused: sightings, in all, of new ids that found no room.
        """
        told = {"size": size, "admitted": admitted, "admissions": admissions, "expiries": expiries}
        self.tables = self.tables | {feature: told | {"evictions": evictions, "refused": refused}}

    def checkpoint(self, *, seconds: float, stall_seconds: float, bytes_written: int) -> None:
        """A checkpoint is on disk.

        Args:
            seconds: from its beginning. stall_seconds: that learning stood still for checkpoints, in all so
                far. bytes_written: its size.
        """
        self.checkpoints = self.checkpoints.plus(seconds=seconds, size=bytes_written, rows=0)
        self.checkpoint_stall_s = stall_seconds

    def snapshot(self, *, kind: str, seconds: float, bytes_written: int, rows: int) -> None:
        """A snapshot is on disk: its kind (full or delta), how long it took, its size and rows."""
        before = self.snapshots.get(kind, _Files())
        self.snapshots = self.snapshots | {kind: before.plus(seconds=seconds, size=bytes_written, rows=rows)}

    def line(self) -> StatusNumbers:
        """The numbers as they stand; cheap enough to be asked for after every batch."""
        quality, counts = self._judge(), self.counts
        with self._lock:
            behind_ms = self._event_ms - self._learned_ms if self._event_ms and self._learned_ms else math.nan
            return StatusNumbers(
                **vars(quality),
                events=self._events,
                events_per_second=self._rate.of(self._now_s(), self._events),
                event_ms=self._event_ms,
                lag_seconds=self._lag_s,
                behind_seconds=behind_ms / 1_000,
                table_rows={feature: told["admitted"] for feature, told in self.tables.items()},
                waiting=counts.get("waiting", 0),
                late=counts.get("late_exposures", 0) + counts.get("late_labels", 0),
                duplicates=counts.get("duplicates", 0),
                orphan_labels=counts.get("orphan_labels", 0),
                dead_letters=counts.get("dead_letters", 0),
            )

    def _judge(self) -> Quality:
        """The window's quality: as last computed while nothing came or the rest is not over, else anew."""
        started_s = self._now_s()
        with self._lock:
            if self._window.end == self._judged_end or started_s < self._rest_until_s:
                return self._quality
            end, columns = self._window.end, self._window.columns()
        quality = _quality(*columns)
        with self._lock:
            self._quality, self._judged_end = quality, end
            self._rest_until_s = started_s + min(_REST * (self._now_s() - started_s), _REST_S)
        return quality


class _Window:
    """The newest labelled exposures, in place."""

    def __init__(self, exposures: int) -> None:
        self.end = 0  # exposures that ever came
        self._exposures = exposures
        self._kept: list[Array] = [np.empty(exposures, dtype) for dtype in (np.float32, np.int8, np.int32)]

    def add(self, probability_B: Array, label_B: Array, second_of_day_B: Array) -> None:
        known_B = label_B >= 0
        came = int(known_B.sum())
        self.end += came
        place = np.arange(self.end - min(came, self._exposures), self.end) % self._exposures
        for kept, column in zip(self._kept, (probability_B, label_B, second_of_day_B), strict=True):
            kept[place] = column[known_B][-self._exposures :]

    def columns(self) -> list[Array]:
        place = np.arange(max(0, self.end - self._exposures), self.end) % self._exposures
        return [kept[place] for kept in self._kept]


def _quality(probability_N: Array, label_N: Array, second_of_day_N: Array) -> Quality:
    hour_N = second_of_day_N // _HOUR_SECONDS
    newest = hour_N[-_NEWEST:]
    counts = np.bincount(newest)
    hour = int(newest[counts[newest] == counts.max()][-1])  # of two as frequent, the later seen
    order = np.argsort(probability_N)  # sorted once for both, AUC takes a fraction of the time
    probability_N, label_N, now_N = probability_N[order], label_N[order], hour_N[order] == hour
    label_H, probability_H = label_N[now_N], probability_N[now_N]
    return Quality(
        exposures=len(label_N),
        auc=auc(label_N, probability_N),
        calibration=calibration(label_N, probability_N),
        hour=hour,
        hour_exposures=len(label_H),
        hour_auc=auc(label_H, probability_H),
        hour_calibration=calibration(label_H, probability_H),
    )


class _Rate:
    """Events per second since about ten seconds ago."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()

    def note(self, now_s: float, events: int) -> None:
        if not self._marks or now_s - self._marks[-1][0] >= _MARK_S:
            self._marks.append((now_s, events))
        while len(self._marks) > 1 and self._marks[1][0] <= now_s - _RATE_S:
            self._marks.popleft()

    def of(self, now_s: float, events: int) -> float:
        if not self._marks:
            return math.nan
        self.note(now_s, events)  # a stream that stands still is seen to
        first_s, first = self._marks[0]
        return (events - first) / (now_s - first_s) if now_s - first_s >= _MARK_S else math.nan


@dataclass(frozen=True, kw_only=True)
class _Files:
    """How many there were, how long they took together, and the last one's size and rows."""

    count: int = 0
    seconds: float = 0.0
    size: float = math.nan
    rows: float = math.nan

    def plus(self, *, seconds: float, size: int, rows: int) -> _Files:
        return _Files(count=self.count + 1, seconds=self.seconds + seconds, size=size, rows=rows)


_WINDOW = "of the newest learned exposures of the main task, as predicted before they were learned."
_HOUR = "of those of the window shown in the current local hour of the day."
# Metric, its number, its label "window" if it has one, what it says.
_GAUGES = (
    ("events_per_second", "events_per_second", "", "Messages taken per second, over about ten seconds."),
    ("event_time_lag_seconds", "lag_seconds", "", "Wall time less newest event time, at the last arrival."),
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


class _Scrape(Collector):
    """Reads a telemetry when Prometheus asks. What is not known yet is left out."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def describe(self) -> Iterable[Metric]:
        return self.collect()

    def collect(self) -> Iterable[Metric]:
        numbers = self._telemetry.line()
        for name, field, window, said in _GAUGES:
            label = "window" if window else ""
            yield _family(GaugeMetricFamily, name, said, {window: getattr(numbers, field)}, label)
        yield from _of_times(numbers)
        yield from _of_messages(self._telemetry, numbers)
        for name, kind, field, said in _TABLES:
            values = {feature: told[field] for feature, told in self._telemetry.tables.items()}
            yield _family(kind, name, said, values, "feature")
        yield from _of_files(self._telemetry)


def _of_times(numbers: StatusNumbers) -> Iterable[Metric]:
    newest_s = numbers.event_ms / 1_000 if numbers.event_ms else math.nan
    said = "Newest event time, in seconds since 1970."
    yield _family(GaugeMetricFamily, "event_timestamp_seconds", said, {"": newest_s})
    hour = math.nan if numbers.hour is None else numbers.hour
    said = "Local hour of the day of the newest learned exposures."
    yield _family(GaugeMetricFamily, "current_hour", said, {"": hour})


def _of_messages(telemetry: Telemetry, numbers: StatusNumbers) -> Iterable[Metric]:
    said = "Messages taken since the stream began; a checkpoint that is taken up sets it back."
    yield _family(CounterMetricFamily, "events", said, {"": numbers.events})
    outcomes = {name: count for name, count in telemetry.counts.items() if name not in _NO_OUTCOME}
    said = "Messages by what became of them."
    yield _family(CounterMetricFamily, "events_by_outcome", said, outcomes, "outcome")
    said = "Exposures and labels taken, and neither used nor set aside yet."
    yield _family(GaugeMetricFamily, "events_waiting", said, {"": numbers.waiting})
    said = "Probabilities as predicted, by task."
    yield _summary("predicted_probability", said, telemetry.said, "task")


def _of_files(telemetry: Telemetry) -> Iterable[Metric]:
    for name, label, files in (
        ("checkpoint", "", {"": telemetry.checkpoints}),
        ("snapshot", "kind", telemetry.snapshots),
    ):
        took = {kind: (each.count, each.seconds) for kind, each in files.items()}
        yield _summary(f"{name}_seconds", f"How long each {name} took.", took, label)
        size = {kind: each.size for kind, each in files.items()}
        yield _family(GaugeMetricFamily, f"{name}_bytes", f"Size of the last {name}.", size, label)
    rows = {kind: each.rows for kind, each in telemetry.snapshots.items()}
    yield _family(GaugeMetricFamily, "snapshot_rows", "Rows of the last snapshot.", rows, "kind")
    said = "Time that learning stood still for checkpoints."
    yield _family(CounterMetricFamily, "checkpoint_stall_seconds", said, {"": telemetry.checkpoint_stall_s})


def _family(
    kind: type[GaugeMetricFamily] | type[CounterMetricFamily],
    name: str,
    said: str,
    values: Mapping[str, float],
    label: str = "",
) -> Metric:
    family = kind(f"interestclock_{name}", said, labels=[label] if label else [])
    for which, value in values.items():
        if not math.isnan(value):
            family.add_metric([which] if label else [], value)
    return family


def _summary(name: str, said: str, values: Mapping[str, tuple[int, float]], label: str) -> Metric:
    """Of each: how many, and their sum."""
    family = SummaryMetricFamily(f"interestclock_{name}", said, labels=[label] if label else [])
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


def serve_metrics(telemetry: Telemetry, *, port: int, addr: str = "127.0.0.1") -> MetricsServer:
    """Serve the numbers for Prometheus at ``http://ADDR:PORT/metrics``, in a thread of their own.

    Args:
        telemetry: whose. port: 0 takes any that is free; the server says which.
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
    try:
        server, thread = start_http_server(port, addr=addr, registry=telemetry.registry)
    except OSError as error:
        raise ConfigError(
            f"metrics cannot be served at {addr}:{port} ({error.strerror or error}); give another port, or 0 "
            "for any that is free"
        ) from error
    return MetricsServer(server, thread)
