"""Batches between being predicted and being learned, with the features they had."""

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
from interestclock.samples.live import OpenExposures
from interestclock.training.learner import Prediction

__all__ = ["Lesson", "Lessons"]

# Shapes: B exposures of a batch.


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """A predicted batch.

    Args:
        batch: without labels. serial_B: of its exposures. probability_B: of the main task, as predicted.
        prediction: with its graph, if it will serve to learn from; else the batch is asked again.
    """

    batch: Batch
    serial_B: npt.NDArray[np.int64]
    probability_B: Tensor
    prediction: Prediction | None


class Lessons:
    """A queue: a batch is learned once the labels of all its exposures are settled, in the order shown.

    Whether a prediction's graph is kept never changes what is learned, only what it costs: asking again
    gives the same numbers, as long as no row of a table was given or taken in between.
    """

    def __init__(self) -> None:
        self._waiting: deque[Lesson] = deque()

    def __len__(self) -> int:
        return sum(len(lesson.batch) for lesson in self._waiting)

    @property
    def first_serial(self) -> int | None:
        """The lowest serial number that waits."""
        return min((int(lesson.serial_B.min()) for lesson in self._waiting), default=None)

    @property
    def first_ms(self) -> int | None:
        """The earliest exposure that waits, UTC milliseconds."""
        return int(self._waiting[0].batch.timestamp_ms_B[0]) if self._waiting else None

    def add(self, lesson: Lesson) -> None:
        """Keep a predicted batch."""
        alone = not self._waiting  # before any other is learned: else its forward pass will not serve
        self._waiting.append(lesson if alone else replace(lesson, prediction=None))

    def drop_predictions(self) -> None:
        """Ask every batch again before it is learned."""
        self._waiting = deque(replace(lesson, prediction=None) for lesson in self._waiting)

    def forget_items(self, item_R: npt.NDArray[np.integer]) -> None:
        """Items left their table: in what waiting batches saw last they are nobody's, whoever comes next."""
        gone = torch.from_numpy(item_R.astype(np.int64))
        self._waiting = deque(replace(lesson, batch=_without(lesson.batch, gone)) for lesson in self._waiting)

    def due(self, now_ms: int | None, exposures: OpenExposures) -> Iterator[Lesson]:
        """Batches whose labels were all settled strictly before a moment; all of them for None."""
        while self._waiting:
            settled_ms = int(exposures.resolved_ms(self._waiting[0].serial_B).max())
            if now_ms is not None and settled_ms >= now_ms:
                return
            yield self._waiting.popleft()

    def state(self) -> Arrays:
        """For a checkpoint, which the graphs do not outlive."""
        state: Arrays = {"count": np.array(len(self._waiting))}
        for place, lesson in enumerate(self._waiting):
            state |= under(f"{place}/batch", _batch_arrays(lesson.batch))
            state |= {
                f"{place}/serial": lesson.serial_B,
                f"{place}/probability": lesson.probability_B.numpy(),
            }
        return state

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self._waiting = deque(
            Lesson(
                batch=_batch_of(below(f"{place}/batch", state)),
                serial_B=np.array(state[f"{place}/serial"]),
                probability_B=torch.from_numpy(np.array(state[f"{place}/probability"])),
                prediction=None,
            )
            for place in range(int(state["count"]))
        )


def _without(batch: Batch, gone: Tensor) -> Batch:
    recent_MN = batch.recent_MN
    return replace(batch, recent_MN=recent_MN.masked_fill(torch.isin(recent_MN, gone), 0))


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
