"""Predict, record, wait for labels, learn: the step that comparing and training live have in common."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import pyarrow as pa
import torch
from torch import Tensor

from interestclock.ranking import Ranker
from interestclock.samples import Batch
from interestclock.training.learner import Learner
from interestclock.training.pending import PendingBatches

__all__ = ["PROBABILITY", "PredictedBatch", "Recorder", "Trainer"]

# Shapes: B exposures of a batch.

PROBABILITY = "probability"  # what batches may carry once they were asked: of one task, float32 (B,)


@dataclass(frozen=True, kw_only=True)
class PredictedBatch:
    """What was said of a batch.

    Args:
        batch: as it was asked. rows: its exposures as they were shown, where whoever feeds has them.
        probabilities: by task, float32 (B,). frozen: of the frozen copy, once there is one.
    """

    batch: Batch
    rows: pa.Table | None
    probabilities: Mapping[str, Tensor]
    frozen: Mapping[str, Tensor] | None


class Recorder(Protocol):
    """Is told of each batch when it was predicted, and again when it was learned."""

    def predicted(self, predicted: PredictedBatch) -> None:
        """Before anything is learned of it."""

    def learned(self, batch: Batch) -> None:
        """It has its labels now, and what was said of the carried task as ``carried[PROBABILITY]``."""


class Trainer:
    """Predicts batches in the order in which they come, and learns each once its labels are settled.

    Args:
        learner: of the ranker. pending: empty; says when a batch is learned, and in which order.
        recorder: is told of every batch. carried: the task whose predictions batches carry; None: of none.
        freeze_ms: from then on a copy that no longer learns is asked too; None: never.
        before_predict: is called with each batch before it is predicted, and again before it is learned.
        keep_graphs: learn from the forward pass that predicted, where nothing was learned in between.
    """

    def __init__(
        self,
        learner: Learner,
        *,
        pending: PendingBatches,
        recorder: Recorder,
        carried: str | None = None,
        freeze_ms: int | None = None,
        keep_graphs: bool = True,
        before_predict: Callable[[Batch], None] = lambda _: None,
    ) -> None:
        self.learner, self.pending, self._recorder = learner, pending, recorder
        self._carried, self._freeze_ms, self._keep_graphs = carried, freeze_ms, keep_graphs
        self._before_predict = before_predict
        self._frozen: Ranker | None = None

    def step(self, batch: Batch, rows: pa.Table | None = None) -> None:
        """Learn what is due before a batch, then predict it, and keep it until its labels are settled.

        Args:
            batch: later than all before it. rows: of its exposures, for the recorder.
        """
        self.learn(int(batch.timestamp_ms_B[0]))
        self._before_predict(batch)
        on_device = batch.to(self.learner.device)
        prediction = self.learner.predict(on_device)
        probabilities = prediction.probabilities()
        frozen = self._predict_frozen(on_device)
        self._recorder.predicted(
            PredictedBatch(batch=batch, rows=rows, probabilities=probabilities, frozen=frozen)
        )
        if self._carried is not None:
            batch = replace(batch, carried=batch.carried | {PROBABILITY: probabilities[self._carried]})
        self.pending.add(batch, prediction if self._keep_graphs else None)

    def learn(self, before_ms: int | None) -> None:
        """Learn what is due as of a moment, as ``PendingBatches.due`` has it; None: the stream is over."""
        for batch, prediction in self.pending.due(before_ms):
            self._before_predict(batch)
            self.learner.learn(batch.to(self.learner.device), prediction)
            self._recorder.learned(batch)

    def grow(self, sizes: Mapping[str, int], item_values: Mapping[str, Tensor]) -> None:
        """Give ids that are new rows, in the frozen copy, too; as ``Ranker.grow`` does."""
        for ranker in (self.learner.ranker, self._frozen):
            if ranker is not None:
                ranker.grow(sizes, item_values)

    @torch.no_grad()
    def _predict_frozen(self, batch: Batch) -> dict[str, Tensor] | None:
        if self._freeze_ms is None or int(batch.timestamp_ms_B[-1]) < self._freeze_ms:
            return None
        if self._frozen is None:
            self._frozen = copy.deepcopy(self.learner.ranker).requires_grad_(False)
        logits = self._frozen(batch, self.learner.histories())
        return {task: torch.sigmoid(logit_B).cpu() for task, logit_B in logits.items()}
