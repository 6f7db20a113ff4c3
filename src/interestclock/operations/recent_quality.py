"""How well the newest exposures were predicted, in all and in the current hour of the day."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from interestclock.metrics.exposure_metrics import Array, auc, calibration

__all__ = ["Quality", "RecentExposures", "quality_of"]

# Shapes: B exposures of a batch, N exposures that are kept, oldest first.

_NEWEST = 100  # exposures that say which local hour it is
_HOUR_SECONDS = 3_600


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


class RecentExposures:
    """The newest exposures that were learned with a label, in place.

    Args:
        most: of them are kept.

    Example:
        >>> recent = RecentExposures(2)
        >>> recent.add(np.array([0.2, 0.9, 0.4]), np.array([0, -1, 1]), np.array([60, 60, 3_700]))
        >>> recent.end, recent.columns()[2].tolist()
        (2, [60, 3700])
    """

    def __init__(self, most: int) -> None:
        self.end = 0  # exposures that ever came
        self._most = most
        self._kept: list[Array] = [np.empty(most, dtype) for dtype in (np.float32, np.int8, np.int32)]

    def add(self, probability_B: Array, label_B: Array, second_of_day_B: Array) -> None:
        """A batch, (B,) each; a label of -1 is missing, and such exposures are left out."""
        known_B = label_B >= 0
        added = int(known_B.sum())
        self.end += added
        place = np.arange(self.end - min(added, self._most), self.end) % self._most
        for kept, column in zip(self._kept, (probability_B, label_B, second_of_day_B), strict=True):
            kept[place] = column[known_B][-self._most :]

    def columns(self) -> list[Array]:
        """Probabilities, labels, local seconds of day, (N,) each."""
        place = np.arange(max(0, self.end - self._most), self.end) % self._most
        return [kept[place] for kept in self._kept]


def quality_of(probability_N: Array, label_N: Array, second_of_day_N: Array) -> Quality:
    """How well labels, 0 or 1, were predicted; at least one exposure, (N,) each.

    Example:
        >>> probability, label = np.array([0.1, 0.4, 0.4, 0.8]), np.array([0, 1, 0, 1])
        >>> quality = quality_of(probability, label, second_of_day_N=np.array([0, 0, 3_600, 3_600]))
        >>> quality.auc, quality.hour, quality.hour_auc
        (0.875, 1, 1.0)
    """
    hour_N = second_of_day_N // _HOUR_SECONDS
    newest = hour_N[-_NEWEST:]
    counts = np.bincount(newest)
    hour = int(newest[counts[newest] == counts.max()][-1])  # of two as frequent, the later seen
    order = np.argsort(probability_N)  # sorted once for both, AUC takes a fraction of the time
    probability_N, label_N, now_N = probability_N[order], label_N[order], hour_N[order] == hour
    label_R, probability_R = label_N[now_N], probability_N[now_N]
    return Quality(
        exposures=len(label_N),
        auc=auc(label_N, probability_N),
        calibration=calibration(label_N, probability_N),
        hour=hour,
        hour_exposures=len(label_R),
        hour_auc=auc(label_R, probability_R),
        hour_calibration=calibration(label_R, probability_R),
    )
