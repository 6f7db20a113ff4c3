"""Labels of exposures that were admitted, from then on until their batch was learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from interestclock.admission import OPEN, LabelEvents, OpenExposures
from interestclock.arrays import Arrays
from interestclock.samples import Batch

__all__ = ["SERIAL", "AwaitedLabels"]

# Shapes: N exposures admitted, B exposures of a batch, J labels.

SERIAL = "serial"  # what batches carry of each exposure, int64 (B,)


class AwaitedLabels:
    """Labels that come on their own, for ``PendingBatches``, whose batches carry serial numbers.

    Args:
        labels: names. missing: those that are missing, not 0, where they have not come within the wait.
        label_wait_ms: how long after its exposure a label may become known.
    """

    def __init__(self, labels: tuple[str, ...], *, missing: tuple[str, ...], label_wait_ms: int) -> None:
        self._names, self._wait_ms = labels, label_wait_ms
        self._open = OpenExposures(labels=len(labels))
        self._missing_J = np.array([OPEN if name in missing else 0 for name in labels], np.int8)

    def expect(self, timestamp_ms_N: npt.NDArray[np.int64]) -> None:
        """Exposures were admitted, whose labels may come from now on; their serial numbers go on by one."""
        self._open.append(timestamp_ms_N, timestamp_ms_N + self._wait_ms)

    def apply(self, labels: LabelEvents) -> None:
        """Note labels of exposures that were expected; those that nothing waits for are passed over."""
        self._open.set_labels(labels.select(np.flatnonzero(labels.serial_E >= self._open.first)))

    def settled_ms(self, batch: Batch) -> Tensor:
        """All labels known, or the wait over: final for what the watermark has passed, int64 (B,)."""
        return torch.from_numpy(self._open.resolved_ms(batch.carried[SERIAL].numpy()))

    def labelled(self, batch: Batch) -> Batch:
        """The batch with its labels; one that has some, such as choices beside candidates, as it is."""
        if batch.labels:
            return batch
        label_BJ = self._open.label_NJ(batch.carried[SERIAL].numpy())
        label_BJ = np.where(label_BJ == OPEN, self._missing_J, label_BJ)
        columns = zip(self._names, label_BJ.T.copy(), strict=True)
        return replace(batch, labels={name: torch.from_numpy(label_B) for name, label_B in columns})

    def close_before_ms(self, first_ms: int | None) -> None:
        """Forget labels up to the first exposure that was shown at a moment or later; None: all of them."""
        until_ms_N = self._open.until_ms()
        stays_N = np.zeros(0, np.bool_) if first_ms is None else until_ms_N >= first_ms + self._wait_ms
        gone = int(np.argmax(stays_N)) if stays_N.any() else until_ms_N.size
        self._open.close_before(self._open.stop - until_ms_N.size + gone)

    def state(self) -> Arrays:
        """For a checkpoint."""
        return self._open.state()

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self._open.restore(state)
