"""Samples between being predicted and being learned."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import torch

from interestclock.samples import Batch
from interestclock.timeofday import DAY_MS
from interestclock.training.learner import Prediction

__all__ = ["DailyShuffle", "InOrder", "Lesson"]

Lesson = tuple[Batch, Prediction | None]


class InOrder:
    """Streaming: a batch is learned as soon as all its labels are known, in the order it was shown.

    Example:
        >>> InOrder().due(now_ms=0) is not None
        True
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, Batch, Prediction | None]] = deque()

    def add(self, batch: Batch, prediction: Prediction) -> None:
        """Keep a predicted batch, with its features as of then."""
        first = not self._waiting  # before any other something is learned: its forward pass will not serve
        self._waiting.append((int(batch.known_ms_B.max()), batch, prediction if first else None))

    def due(self, now_ms: int) -> Iterator[Lesson]:
        """Batches whose labels were all known strictly before a moment."""
        while self._waiting and self._waiting[0][0] < now_ms:
            _, batch, prediction = self._waiting.popleft()
            yield batch, prediction

    def rest(self) -> Iterator[Lesson]:
        """What still waits when the stream ends."""
        while self._waiting:
            _, batch, prediction = self._waiting.popleft()
            yield batch, prediction


class DailyShuffle:
    """Daily training: a UTC day is collected, shuffled and learned once it is over.

    Samples whose labels are not known by then are learned with the next day.

    Args:
        batch_size: of the shuffled batches. seed: of the shuffling.
    """

    def __init__(self, *, batch_size: int, seed: int) -> None:
        self._batch_size = batch_size
        self._generator = torch.Generator().manual_seed(seed)
        self._waiting: list[Batch] = []
        self._day: int | None = None

    def add(self, batch: Batch, prediction: Prediction) -> None:  # noqa: ARG002  one contract for both orders
        """Keep a predicted batch, with its features as of then."""
        self._waiting.append(batch)

    def due(self, now_ms: int) -> Iterator[Lesson]:
        """The days before the one that holds ``now_ms``, when that has just begun."""
        day = now_ms // DAY_MS
        if self._day is None or day == self._day:
            self._day = day
            return
        self._day = day
        if self._waiting:
            yield from self._shuffled(known_before_ms=day * DAY_MS)

    def rest(self) -> Iterator[Lesson]:
        """What still waits when the stream ends."""
        if self._waiting:
            yield from self._shuffled(known_before_ms=None)

    def _shuffled(self, *, known_before_ms: int | None) -> Iterator[Lesson]:
        collected = Batch.joined(self._waiting)
        ripe_B = torch.ones(len(collected), dtype=torch.bool)
        if known_before_ms is not None:
            ripe_B = collected.known_ms_B < known_before_ms
        left = (~ripe_B).nonzero().squeeze(1)
        self._waiting = [collected.take(left)] if left.numel() else []
        ripe = ripe_B.nonzero().squeeze(1)
        ripe = ripe[torch.randperm(ripe.numel(), generator=self._generator)]
        for index_X in torch.split(ripe, self._batch_size):
            if index_X.numel():
                yield collected.take(index_X), None
