"""One pass over a stream: predict, record, then learn."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Protocol

import torch
from torch import Tensor

from interestclock.histories import Histories
from interestclock.ranking import Ranker
from interestclock.samples import Batch, SampleChunk
from interestclock.training.config import TrainConfig
from interestclock.training.learner import Learner
from interestclock.training.waiting import DailyShuffle, InOrder

__all__ = ["Recorder", "StreamTrainer"]


class Recorder(Protocol):
    """Takes each batch's predictions the moment they are made, before anything is learned from it."""

    def record(
        self, batch: Batch, probabilities: Mapping[str, Tensor], frozen: Mapping[str, Tensor] | None
    ) -> None:
        """Probabilities per task, of the learning ranker and, once there is one, of its frozen copy."""


class StreamTrainer:
    """Trains a ranker on a stream of prepared samples, in arrival order, one pass.

    A batch is predicted at its exposure; it waits, with the features it had then, until its labels
    are known; then it is learned. From ``freeze_ms`` on a copy that no longer learns is asked too.

    Args:
        ranker: trained in place. histories: of all users. item_values: attribute values by item.
        config: batches, order, device. freeze_ms: UTC milliseconds; None for no frozen copy.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from interestclock.events import open_log
        >>> from interestclock.events.simulator import SimulatorSize, write_simulated_log
        >>> from interestclock.ranking import FeatureNames, RankerConfig
        >>> from interestclock.samples import BatchMaker, PrepareConfig, prepare_samples
        >>> class Counter:
        ...     rows = 0
        ...     def record(self, batch, probabilities, frozen):
        ...         self.rows += len(probabilities["finish"])
        >>> folder, counter = Path(tempfile.mkdtemp()), Counter()
        >>> size = SimulatorSize(users=5, items=200, days=3, exposures_per_day=40)
        >>> exposures = write_simulated_log(folder / "log", size=size)
        >>> samples = prepare_samples(open_log(folder / "log"), folder / "samples", config=PrepareConfig())
        >>> state = samples.state()
        >>> ranker = Ranker(names=FeatureNames.of(samples.schema), config=RankerConfig(), seed=0)
        >>> trainer = StreamTrainer(ranker, histories=state.histories(),
        ...     item_values=samples.item_attributes(state), config=TrainConfig())
        >>> trainer.run(samples.chunks(BatchMaker(recent=10, clocks=False), state), counter)
        >>> counter.rows == exposures
        True
    """

    def __init__(
        self,
        ranker: Ranker,
        *,
        histories: Histories,
        item_values: Mapping[str, Tensor],
        config: TrainConfig,
        freeze_ms: int | None = None,
    ) -> None:
        self.config = config
        self._device = torch.device(config.device)
        self._histories = histories.to(self._device)
        self._item_values = item_values
        self._learner = Learner(ranker.to(self._device), self._histories, learning_rate=config.learning_rate)
        self._freeze_ms = freeze_ms
        self._frozen: Ranker | None = None
        self._waiting: InOrder | DailyShuffle = (
            InOrder()
            if config.order == "streaming"
            else DailyShuffle(batch_size=config.batch_size, seed=config.seed)
        )

    def run(self, chunks: Iterable[SampleChunk], recorder: Recorder) -> None:
        """Predict, record and learn everything, in order."""
        for chunk in chunks:
            self._grow(chunk.sizes)
            for batch in chunk.batches(self.config.batch_size):
                self._take(batch, recorder)
        for batch, prediction in self._waiting.rest():
            self._learner.learn(batch.to(self._device), prediction)

    def _grow(self, sizes: Mapping[str, int]) -> None:
        self._learner.ranker.grow(sizes, self._item_values)
        if self._frozen is not None:
            self._frozen.grow(sizes, self._item_values)

    def _take(self, batch: Batch, recorder: Recorder) -> None:
        now_ms = int(batch.timestamp_ms_B[0])
        for lesson, prediction in self._waiting.due(now_ms):
            self._learner.learn(lesson.to(self._device), prediction)
        on_device = batch.to(self._device)
        prediction = self._learner.predict(on_device)
        recorder.record(batch, prediction.probabilities(), self._ask_frozen(on_device))
        self._waiting.add(batch, prediction)

    @torch.no_grad()
    def _ask_frozen(self, batch: Batch) -> dict[str, Tensor] | None:
        if self._freeze_ms is None or int(batch.timestamp_ms_B[-1]) < self._freeze_ms:
            return None
        if self._frozen is None:
            self._frozen = copy.deepcopy(self._learner.ranker).requires_grad_(False)
        logits = self._frozen(batch, self._histories)
        return {task: torch.sigmoid(logit_B).cpu() for task, logit_B in logits.items()}
