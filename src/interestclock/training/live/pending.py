"""Batches between being predicted and being learned, with the features they had, and their labels."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from interestclock.arrays import Arrays, below, under
from interestclock.samples import Batch
from interestclock.streams import OPEN, LabelEvents, OpenExposures
from interestclock.training.learner import Prediction

__all__ = ["PendingBatch", "PendingBatches"]

# Shapes: B exposures of a batch, K labels.


@dataclass(frozen=True, kw_only=True)
class PendingBatch:
    """A predicted batch.

    Args:
        batch: without labels, until it is due. serial_B: of its exposures.
        probability_B: of the main task, as predicted.
        chosen_B: bool, which rows are choices, where candidates stand beside them; None elsewhere.
        prediction: with its graph, if it will serve to learn from; else the batch is asked again.
    """

    batch: Batch
    serial_B: npt.NDArray[np.int64]
    probability_B: Tensor
    chosen_B: npt.NDArray[np.bool_] | None
    prediction: Prediction | None

    @property
    def exposures(self) -> int:
        """How many exposures: of a choice and its candidates one."""
        return len(self.batch) if self.chosen_B is None else int(self.chosen_B.sum())


class PendingBatches:
    """A queue: a batch is learned once the labels of all its exposures are settled, in the order shown.

    Whether a prediction's graph is kept never changes what is learned, only what it costs: asking again
    gives the same numbers, as long as no row of a table was given or taken in between.

    Args:
        labels: names. missing: those that are missing, not 0, where they have not come within the wait.
        label_wait_ms: how long after its exposure a label may become known.
    """

    def __init__(self, labels: tuple[str, ...], *, missing: tuple[str, ...], label_wait_ms: int) -> None:
        self._names, self._wait_ms = labels, label_wait_ms
        self._waiting: deque[PendingBatch] = deque()
        self._labels = OpenExposures(labels=len(labels))
        self._missing_K = np.array([OPEN if name in missing else 0 for name in labels], np.int8)

    def __len__(self) -> int:
        return sum(each.exposures for each in self._waiting)

    @property
    def first_ms(self) -> int | None:
        """The earliest exposure that waits, UTC milliseconds."""
        return int(self._waiting[0].batch.timestamp_ms_B[0]) if self._waiting else None

    def expect(self, timestamp_ms_N: npt.NDArray[np.int64]) -> None:
        """Exposures were admitted, whose labels may come from now on; their serial numbers go on by one."""
        self._labels.append(timestamp_ms_N, timestamp_ms_N + self._wait_ms)

    def apply_labels(self, labels: LabelEvents) -> None:
        """Note labels, each of an exposure that is expected."""
        self._labels.set_labels(labels)

    def add(self, pending: PendingBatch) -> None:
        """Keep a predicted batch."""
        alone = not self._waiting  # before any other is learned: else its forward pass will not serve
        self._waiting.append(pending if alone else replace(pending, prediction=None))

    def drop_predictions(self) -> None:
        """Ask every batch again before it is learned."""
        self._waiting = deque(replace(each, prediction=None) for each in self._waiting)

    def due(self, before_ms: int | None) -> Iterator[PendingBatch]:
        """Batches whose labels were all settled strictly before a moment, with them; None for all."""
        while self._waiting:
            first = self._waiting[0]
            settled_ms = int(self._labels.resolved_ms(first.serial_B).max())
            if before_ms is not None and settled_ms >= before_ms:
                return
            self._waiting.popleft()
            yield replace(first, batch=replace(first.batch, labels=self._labels_of(first)))

    def close(self, *, first_serial: int | None) -> None:
        """Forget labels that nothing waits for.

        Args:
            first_serial: of exposures that are admitted and not predicted yet; None: there are none.
        """
        lowest = [int(each.serial_B.min()) for each in self._waiting]
        lowest += [] if first_serial is None else [first_serial]
        self._labels.close_before(min(lowest, default=self._labels.stop))

    def state(self) -> Arrays:
        """For a checkpoint, which the graphs do not outlive."""
        state: Arrays = {"count": np.array(len(self._waiting))} | under("labels", self._labels.state())
        for place, pending in enumerate(self._waiting):
            state |= under(f"{place}/batch", _batch_arrays(pending.batch))
            state |= {
                f"{place}/serial": pending.serial_B,
                f"{place}/probability": pending.probability_B.numpy(),
            }
            if pending.chosen_B is not None:
                state[f"{place}/chosen"] = pending.chosen_B
        return state

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self._labels.restore(below("labels", state))
        self._waiting = deque(
            PendingBatch(
                batch=_batch_of(below(f"{place}/batch", state)),
                serial_B=np.array(state[f"{place}/serial"]),
                probability_B=torch.from_numpy(np.array(state[f"{place}/probability"])),
                chosen_B=np.array(state[f"{place}/chosen"]) if f"{place}/chosen" in state else None,
                prediction=None,
            )
            for place in range(int(state["count"]))
        )

    def _labels_of(self, pending: PendingBatch) -> dict[str, Tensor]:
        if pending.chosen_B is not None:
            return {self._names[0]: torch.from_numpy(pending.chosen_B.astype(np.int8))}
        label_BK = self._labels.label_NK(pending.serial_B)
        label_BK = np.where(label_BK == OPEN, self._missing_K, label_BK)
        return {name: torch.from_numpy(label_BK[:, place].copy()) for place, name in enumerate(self._names)}


def _batch_arrays(batch: Batch) -> Arrays:
    state: Arrays = {}
    for each in fields(Batch):
        value = getattr(batch, each.name)
        if isinstance(value, Tensor):
            state[each.name] = value.numpy()
        else:
            state |= under(each.name, {name: tensor.numpy() for name, tensor in value.items()})
    return state


def _batch_of(state: Mapping[str, npt.NDArray[Any]]) -> Batch:
    values: dict[str, Any] = {}
    for each in fields(Batch):
        if each.name in state:
            values[each.name] = torch.from_numpy(np.array(state[each.name]))
        else:
            parts = below(each.name, state)
            values[each.name] = {name: torch.from_numpy(np.array(part)) for name, part in parts.items()}
    return Batch(**values)
