"""One pass over prepared samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from interestclock.histories import Histories
from interestclock.ranking import Ranker
from interestclock.samples import Batch, SampleChunk
from interestclock.training.config import TrainConfig
from interestclock.training.learner import Learner
from interestclock.training.pending import LabelsAlong, PendingBatches
from interestclock.training.trainer import Recorder, Trainer

__all__ = ["SampleTrainer"]


class SampleTrainer:
    """Feeds prepared samples, whose labels came along, to a ``Trainer``, in the order of the stream.

    Args:
        ranker: trained in place. histories: of all users. item_values: attribute values by item.
        config: batches, order, device. freeze_ms: UTC milliseconds; None for no frozen copy.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from interestclock.events import open_log
        >>> from interestclock.simulator import SimulatorSize, write_simulated_log
        >>> from interestclock.ranking import FeatureNames, RankerConfig
        >>> from interestclock.samples import BatchMaker, PrepareConfig, prepare_samples
        >>> class Counter:
        ...     rows = learned_rows = 0
        ...     def predicted(self, predicted):
        ...         self.rows += len(predicted.batch)
        ...     def learned(self, batch):
        ...         self.learned_rows += len(batch)
        >>> folder, counter = Path(tempfile.mkdtemp()), Counter()
        >>> size = SimulatorSize(users=5, items=200, days=3, exposures_per_day=40)
        >>> exposures = write_simulated_log(folder / "log", size=size)
        >>> samples = prepare_samples(open_log(folder / "log"), folder / "samples", config=PrepareConfig())
        >>> state = samples.state()
        >>> ranker = Ranker(names=FeatureNames.of(samples.schema), config=RankerConfig(), seed=0)
        >>> trainer = SampleTrainer(ranker, histories=state.histories(),
        ...     item_values=samples.item_attributes(state), config=TrainConfig())
        >>> trainer.run(samples.chunks(BatchMaker(recent=10, clocks=False), state), counter)
        >>> counter.rows == counter.learned_rows == exposures
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
        device = torch.device(config.device)
        on_device = histories.to(device)
        self._learner = Learner(ranker.to(device), lambda: on_device, learning_rate=config.learning_rate)
        self._item_values, self._freeze_ms = item_values, freeze_ms

    @torch.no_grad()
    def ask(self, batch: Batch) -> dict[str, Tensor]:
        """Logits by task, float32 (B,), with what has been learned so far; nothing is recorded or learned."""
        logits = self._learner.predict(batch.to(self._learner.device)).logits
        return {task: logit_B.cpu() for task, logit_B in logits.items()}

    def run(self, chunks: Iterable[SampleChunk], recorder: Recorder) -> None:
        """Predict, record and learn everything, in order."""
        pending = PendingBatches(LabelsAlong(), config=self.config)
        trainer = Trainer(self._learner, pending=pending, recorder=recorder, freeze_ms=self._freeze_ms)
        for chunk in chunks:
            trainer.grow(chunk.sizes, self._item_values)
            for batch in chunk.batches(self.config.batch_size):
                trainer.step(batch)
        trainer.learn(None)
