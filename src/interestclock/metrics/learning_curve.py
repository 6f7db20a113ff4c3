"""Prequential learning curve: the AUC of what was predicted before it was learned, window by window.

Axes: ``N`` exposures in stream order, ``W`` those of one window.
"""

from __future__ import annotations

import numpy as np

from interestclock.metrics.exposure_metrics import Array, auc

__all__ = ["LearningCurve", "learning_curve"]

Point = tuple[int, float]


def learning_curve(
    timestamp_ms_N: Array, label_N: Array, score_N: Array, *, windows: int = 60
) -> list[Point]:
    """AUC over consecutive windows of equal event count.

    Args:
        timestamp_ms_N: UTC milliseconds in stream order.
        label_N: 1, 0, or negative where the label is missing; such rows are left out.
        score_N: the prediction made before the row was learned.
        windows: how many; fewer where there are fewer rows.

    Returns:
        The middle timestamp and the AUC of each window; NaN where a window has one class only.

    Raises:
        ValueError: ``windows`` is below 1.

    Example:
        >>> label_N, score_N = np.array([0, 1, 0, 1]), np.array([0, 1, 1, 0])
        >>> learning_curve(np.array([0, 10, 20, 30]), label_N, score_N, windows=2)
        [(5, 1.0), (25, 0.0)]
    """
    if windows < 1:
        raise ValueError(f"windows is {windows}; ask for one or more, for example 60")
    known = np.flatnonzero(label_N >= 0)
    parts = np.array_split(known, min(windows, max(1, len(known))))
    return [_point(timestamp_ms_N[rows], label_N[rows], score_N[rows]) for rows in parts if len(rows)]


def _point(timestamp_ms_W: Array, label_W: Array, score_W: Array) -> Point:
    return (int(timestamp_ms_W[0]) + int(timestamp_ms_W[-1])) // 2, auc(label_W, score_W)


class LearningCurve:
    """The same curve while the stream runs: keeps one window of rows, whatever the length.

    Args:
        events_per_window: labelled rows of a window.

    Raises:
        ValueError: ``events_per_window`` is below 1.

    Example:
        >>> curve = LearningCurve(events_per_window=2)
        >>> curve.add(np.array([0, 10, 20]), np.array([0, 1, 0]), np.array([0.1, 0.2, 0.3]))
        >>> curve.points, curve.running_auc
        ([(5, 1.0)], 1.0)
    """

    def __init__(self, *, events_per_window: int) -> None:
        if events_per_window < 1:
            raise ValueError(f"events_per_window is {events_per_window}; give one or more, for example 1000")
        self.events_per_window = events_per_window
        self.points: list[Point] = []
        self._columns = [np.empty(0, dtype=dtype) for dtype in (np.int64, np.int8, np.float64)]

    @property
    def running_auc(self) -> float:
        """AUC of the last full window, before the first that of all rows; NaN where one class is missing."""
        if self.points:
            return self.points[-1][1]
        _, label_N, score_N = self._columns
        return auc(label_N, score_N)

    def add(self, timestamp_ms_N: Array, label_N: Array, score_N: Array) -> None:
        """Take the next rows of the stream; rows with a negative (missing) label are left out."""
        known = label_N >= 0
        added = (timestamp_ms_N[known], label_N[known], score_N[known])
        self._columns = [np.concatenate(pair) for pair in zip(self._columns, added, strict=True)]
        full = len(self._columns[0]) // self.events_per_window * self.events_per_window
        for start in range(0, full, self.events_per_window):
            self._emit([column[start : start + self.events_per_window] for column in self._columns])
        self._columns = [column[full:] for column in self._columns]

    def _emit(self, columns: list[Array]) -> None:
        timestamp_ms_W, label_W, score_W = columns
        self.points.append(_point(timestamp_ms_W, label_W, score_W))
