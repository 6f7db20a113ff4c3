"""What the operator of a live trainer sees, in numbers."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from interestclock.errors import ConfigError
from interestclock.operations.event_rate import EventRate
from interestclock.operations.recent_quality import Quality, RecentExposures, quality_of

__all__ = ["StatusNumbers", "Telemetry"]

# Shapes: B exposures of a batch.

WINDOW_EXPOSURES = 100_000
_LATE = ("late_exposures", "late_labels", "given_labels_late", "late_after_idle")
_REST, _REST_S = 50, 1.0  # quality is kept for so many times what it took, and for so long at most


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
            dead_letters: totals of what was set aside; late is exposures and labels, those that came along
            included; ahead is too far ahead of the clock.
    """

    events: int
    events_per_second: float
    event_ms: int
    lag_seconds: float
    behind_seconds: float
    table_rows: Mapping[str, int]
    waiting: int
    late: int
    ahead: int
    duplicates: int
    orphan_labels: int
    dead_letters: int


class Telemetry:
    """Numbers a live trainer tells, for whoever asks, from any thread; it learns nothing from them.

    Telling costs microseconds. AUC and calibration are computed when asked for, then kept for fifty times as
    long as that took, a second at most.

    Args:
        tasks: all that are predicted. main_task: the one whose quality is followed.
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
        window_exposures: int = WINDOW_EXPOSURES,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        if main_task not in tasks:
            raise ConfigError(f"main task '{main_task}' is none of the tasks; they are {', '.join(tasks)}")
        if window_exposures < 1:
            raise ConfigError(f"window_exposures is {window_exposures}; give one or more, for example 100000")
        self.main_task = main_task
        self._now_s = monotonic_s
        self._lock = threading.Lock()
        self._window, self._rate = RecentExposures(window_exposures), EventRate()
        self._quality, self._judged_end, self._rest_until_s = Quality(), 0, -math.inf
        self._events, self._event_ms, self._learned_ms, self._lag_s = 0, 0, 0, math.nan
        self.counts: dict[str, int] = {}
        self.tables: dict[str, dict[str, int]] = {}
        self.given_labels = dict.fromkeys(tasks, (0, 0.0))
        self.checkpoints, self.checkpoint_stall_s = _Files(), 0.0
        self.snapshots: dict[str, _Files] = {}

    def predicted(self, *, probability: Mapping[str, Tensor]) -> None:
        """A batch as it was shown: each task's probability, float32 (B,)."""
        for task, probability_B in probability.items():
            exposures, total = self.given_labels[task]
            summed = float(probability_B.detach().numpy().sum(dtype=np.float64))
            self.given_labels[task] = (exposures + len(probability_B), total + summed)

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

    def progress(self, *, events: int, event_ms: int, wall_ms: int | None) -> None:
        """Messages taken since the stream began, and how far it is.

        Args:
            events: so many. event_ms: newest event time, UTC milliseconds; 0: none yet.
            wall_ms: when it was taken, UTC milliseconds; None of a replay, whose lag says nothing.
        """
        with self._lock:
            self._events, self._event_ms = events, event_ms
            self._lag_s = (wall_ms - event_ms) / 1_000 if event_ms and wall_ms is not None else math.nan
            self._rate.note(self._now_s(), events)

    def counters(self, counts: Mapping[str, int]) -> None:
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
        totals = {"size": size, "admitted": admitted, "admissions": admissions, "expiries": expiries}
        self.tables = self.tables | {feature: totals | {"evictions": evictions, "refused": refused}}

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
                table_rows={feature: totals["admitted"] for feature, totals in self.tables.items()},
                waiting=counts.get("waiting", 0),
                late=sum(counts.get(name, 0) for name in _LATE),
                ahead=counts.get("ahead", 0),
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
        quality = quality_of(*columns)
        with self._lock:
            self._quality, self._judged_end = quality, end
            self._rest_until_s = started_s + min(_REST * (self._now_s() - started_s), _REST_S)
        return quality


@dataclass(frozen=True, kw_only=True)
class _Files:
    """How many there were, how long they took together, and the last one's size and rows."""

    count: int = 0
    seconds: float = 0.0
    size: float = math.nan
    rows: float = math.nan

    def plus(self, *, seconds: float, size: int, rows: int) -> _Files:
        return _Files(count=self.count + 1, seconds=self.seconds + seconds, size=size, rows=rows)
