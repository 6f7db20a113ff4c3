"""Batches between being predicted and being learned, with the features they had."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from interestclock.arrays import Arrays, below, under
from interestclock.samples import Batch
from interestclock.timeofday import DAY_MS
from interestclock.training.config import TrainConfig
from interestclock.training.learner import Prediction

__all__ = ["Labels", "LabelsAlong", "PendingBatch", "PendingBatches"]

# Shapes: B exposures of a batch, X of a batch that is learned.

_BEFORE_ALL_MS, _AFTER_ALL_MS = -(1 << 62), torch.iinfo(torch.int64).max
PendingBatch = tuple[Batch, Prediction | None]  # what is learned, and what was said of it if that still holds


class Labels(Protocol):
    """Where the labels of pending batches come from."""

    def settled_ms(self, batch: Batch) -> Tensor:
        """From when on no label of an exposure changes any more, int64 (B,).

        What lies before the moment as of which a queue is asked must be final.
        """

    def labelled(self, batch: Batch) -> Batch:
        """The batch with its labels, once they are settled."""


class LabelsAlong:
    """Labels that came along with their exposures, though nobody knew them yet."""

    def settled_ms(self, batch: Batch) -> Tensor:
        """When the last of the labels became known, int64 (B,)."""
        return batch.known_ms_B

    def labelled(self, batch: Batch) -> Batch:
        """The batch."""
        return batch


class PendingBatches:
    """A queue of predicted batches, in one of two orders of learning.

    ``streaming``: a batch is learned once the labels of all its exposures are settled, in the order shown.
    ``daily-shuffled``: an exposure is learned at the first midnight (UTC) after its labels were settled;
    what one midnight brings is shuffled and cut into batches anew. When and how often the queue is asked
    changes nothing, as long as it is asked as of no moment after the next batch's first.

    Whether a prediction's graph is kept never changes what is learned, only what it costs: asking again
    gives the same numbers, as long as no row of a table was given or taken in between.

    Args:
        labels: of its batches. config: order, seed of the shuffling, size of shuffled batches.

    Example:
        >>> zero = torch.zeros(1, dtype=torch.int64)
        >>> batch = Batch(user_B=zero, item_B=zero + 7, request_B=zero, timestamp_ms_B=zero,
        ...     second_of_day_B=zero, day_of_week_B=zero, known_ms_B=zero + 5, known_behaviours_B=zero,
        ...     request_row_B=zero, first_M=zero, recent_MK=zero.unsqueeze(1), labels={})
        >>> for order in ("streaming", "daily-shuffled"):
        ...     pending = PendingBatches(LabelsAlong(), config=TrainConfig(order=order))
        ...     pending.add(batch, None)
        ...     [len(list(pending.due(before_ms))) for before_ms in (5, 6, DAY_MS)]
        [0, 1, 0]
        [0, 0, 1]
    """

    def __init__(self, labels: Labels, *, config: TrainConfig) -> None:
        self._labels, self._batch_size = labels, config.batch_size
        self._waiting: deque[Batch] = deque()
        self._prediction: Prediction | None = None  # of the first that waits
        self._shuffler: torch.Generator | None = None
        if config.order == "daily-shuffled":
            self._shuffler = torch.Generator().manual_seed(config.seed)
        self._midnight_ms = _BEFORE_ALL_MS  # up to which everything was shuffled and learned

    @property
    def first_ms(self) -> int | None:
        """The earliest exposure that waits, UTC milliseconds; None: none does."""
        return int(self._waiting[0].timestamp_ms_B[0]) if self._waiting else None

    def add(self, batch: Batch, prediction: Prediction | None) -> None:
        """Keep a predicted batch, with its features as of then.

        Args:
            batch: later than all before it. prediction: with its graph, if it may serve to learn from.
        """
        if not self._waiting and self._shuffler is None:  # else another is learned before it, and it is stale
            self._prediction = prediction
        self._waiting.append(batch)

    def drop_predictions(self) -> None:
        """Ask every batch again before it is learned."""
        self._prediction = None

    def erase(self, user_R: npt.NDArray[np.int64]) -> list[Batch]:
        """Exposures of users are not learned; gives them, as far as they waited.

        A batch that others have a part in is learned without them; one that is empty is none.

        Args:
            user_R: as batches number them.
        """
        erased, left = [], deque[Batch]()
        gone_R = torch.from_numpy(user_R)
        for batch in self._waiting:
            mine_B = torch.isin(batch.user_B, gone_R)
            if mine_B.any():
                erased.append(batch.select(mine_B.nonzero().squeeze(1)))
                batch = batch.select((~mine_B).nonzero().squeeze(1))  # noqa: PLW2901  what is left of it
            if len(batch):
                left.append(batch)
        self._waiting = left
        if erased:
            self.drop_predictions()
        return erased

    def due(self, before_ms: int | None) -> Iterator[PendingBatch]:
        """What is to be learned as of a moment, with its labels; all that waits where the stream ends (None).

        Args:
            before_ms: labels must have been settled strictly before, UTC milliseconds.
        """
        if self._shuffler is None:
            yield from self._in_order(_AFTER_ALL_MS if before_ms is None else before_ms)
        else:
            midnight_ms = _AFTER_ALL_MS if before_ms is None else before_ms // DAY_MS * DAY_MS
            yield from self._shuffled(midnight_ms, self._shuffler)

    def state(self) -> Arrays:
        """For a checkpoint, which graphs do not outlive."""
        if self._shuffler is not None and self._waiting:  # a day's batches would be arrays by the thousand
            self._waiting = deque([Batch.joined(self._waiting)])
        state: Arrays = {"numbers": np.array([len(self._waiting), self._midnight_ms])}
        if self._shuffler is not None:
            state["shuffler"] = self._shuffler.get_state().numpy()
        for place, batch in enumerate(self._waiting):
            state |= under(str(place), _batch_arrays(batch))
        return state

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        count, self._midnight_ms = state["numbers"].tolist()
        if self._shuffler is not None:
            self._shuffler.set_state(torch.from_numpy(np.array(state["shuffler"])))
        self._waiting = deque(_batch_of(below(str(place), state)) for place in range(count))
        self._prediction = None

    def _in_order(self, before_ms: int) -> Iterator[PendingBatch]:
        while self._waiting:
            if (
                before_ms < _AFTER_ALL_MS
                and int(self._labels.settled_ms(self._waiting[0]).max()) >= before_ms
            ):
                return
            batch, prediction = self._waiting.popleft(), self._prediction
            self._prediction = None
            yield self._labels.labelled(batch), prediction

    def _shuffled(self, midnight_ms: int, shuffler: torch.Generator) -> Iterator[PendingBatch]:
        if midnight_ms <= self._midnight_ms or not self._waiting:
            return
        self._midnight_ms = midnight_ms if midnight_ms < _AFTER_ALL_MS else self._midnight_ms
        collected = Batch.joined(self._waiting)
        settled_day_B = self._labels.settled_ms(collected) // DAY_MS
        last_day = (midnight_ms - 1) // DAY_MS
        self._waiting.clear()
        left = (settled_day_B > last_day).nonzero().squeeze(1)
        if left.numel():
            self._waiting.append(collected.select(left))
        for day in torch.unique(settled_day_B[settled_day_B <= last_day]).tolist():
            ripe = (settled_day_B == day).nonzero().squeeze(1)
            ripe = ripe[torch.randperm(ripe.numel(), generator=shuffler)]
            for index_X in torch.split(ripe, self._batch_size):
                yield self._labels.labelled(collected.select(index_X)), None


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
