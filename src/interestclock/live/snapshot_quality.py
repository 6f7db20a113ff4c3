"""How well the trainer predicted of late, for whoever decides whether a snapshot is served."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from interestclock.arrays import Arrays
from interestclock.operations.recent_quality import RecentExposures, quality_of
from interestclock.operations.telemetry import WINDOW_EXPOSURES
from interestclock.samples import Batch
from interestclock.training.trainer import PROBABILITY

__all__ = ["SnapshotQuality"]

_COLUMNS = ("probability", "label", "second_of_day")


class SnapshotQuality:
    """AUC and calibration over the newest exposures that were learned with a label; part of a checkpoint.

    Args:
        main_label: the one whose quality is told.

    Example:
        >>> SnapshotQuality("finish").about()
        {'label': 'finish', 'judged': 0, 'auc': None, 'calibration': None}
    """

    def __init__(self, main_label: str) -> None:
        self._label = main_label
        self._recent = RecentExposures(WINDOW_EXPOSURES)

    def learned(self, batch: Batch) -> None:
        """A batch whose labels are settled, each exposure with what was predicted when it was shown."""
        probability_B = batch.carried[PROBABILITY].detach().numpy()
        self._recent.add(probability_B, batch.labels[self._label].numpy(), batch.second_of_day_B.numpy())

    def about(self) -> dict[str, Any]:
        """For a snapshot's manifest: how many were judged, AUC and calibration; None where there is none."""
        columns = self._recent.columns()
        found = quality_of(*columns) if columns[0].size else None
        numbers = (None, None) if found is None else (found.auc, found.calibration)
        auc, calibration = (None if each is None or math.isnan(each) else each for each in numbers)
        return {"label": self._label, "judged": columns[0].size, "auc": auc, "calibration": calibration}

    def state(self) -> Arrays:
        """For a checkpoint."""
        return dict(zip(_COLUMNS, self._recent.columns(), strict=True))

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave; a checkpoint that has nothing of it begins anew."""
        self._recent = RecentExposures(WINDOW_EXPOSURES)
        if state:
            probability_N, label_N, second_N = (np.asarray(state[name]) for name in _COLUMNS)
            self._recent.add(probability_N, label_N, second_N)
