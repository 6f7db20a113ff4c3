"""A ranker with its optimisers: asked before it is taught."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from interestclock.arrays import below, under
from interestclock.embeddings import RowAdam
from interestclock.errors import ResultError
from interestclock.histories import Histories
from interestclock.ranking import Ranker, multi_task_loss
from interestclock.samples import Batch

__all__ = ["Learner", "Prediction"]

# Shapes: B exposures, P parts of a ranker.


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What a ranker said of a batch, and after how many steps of learning it said so.

    Args:
        square_P: how large what its parts said was, as of ``Ranker.learned``.
    """

    logits: dict[str, Tensor]
    step: int
    square_P: Tensor | None = None

    def probabilities(self) -> dict[str, Tensor]:
        """Each task's probability, float32 (B,), on the CPU."""
        return {task: torch.sigmoid(logit_B.detach()).cpu() for task, logit_B in self.logits.items()}


class Learner:
    """Predicts a batch and, when its labels are known, learns it.

    A prediction keeps its graph: where nothing was learned between asking and teaching, the
    forward pass that predicted is the one that learns, bit for bit, and is not run twice.

    Args:
        ranker: trained in place. histories: gives what its batches point into, as it stands.
        learning_rate: of Adam.

    Example:
        >>> from interestclock.ranking import FeatureNames, RankerConfig
        >>> ranker = Ranker(names=FeatureNames(tasks=("finish",)), config=RankerConfig(), seed=0)
        >>> ranker.grow({"user": 1, "item": 2}, {})
        >>> none, zeros = torch.zeros(0, dtype=torch.int64), torch.zeros(2, dtype=torch.int64)
        >>> histories = Histories(
        ...     offset_U=zeros, item_E=none, second_of_day_E=none, timestamp_ms_E=none)
        >>> batch = Batch(user_B=zeros + 1, item_B=torch.tensor([1, 2]), request_B=zeros,
        ...     timestamp_ms_B=zeros, second_of_day_B=zeros, day_of_week_B=zeros, known_ms_B=zeros,
        ...     known_behaviours_B=zeros, request_row_B=zeros, first_M=zeros[:1],
        ...     recent_MK=zeros.reshape(1, 2), labels={"finish": torch.tensor([1, 0])})
        >>> learner = Learner(ranker, lambda: histories, learning_rate=0.01)
        >>> loss = learner.learn(batch, learner.predict(batch))
        >>> learner.learn(batch) < loss
        True
    """

    def __init__(self, ranker: Ranker, histories: Callable[[], Histories], *, learning_rate: float) -> None:
        self.ranker, self.histories = ranker, histories
        self.step = 0
        self.device = next(ranker.parameters()).device
        on_cpu_or_cuda = self.device.type in ("cpu", "cuda")
        self._dense = torch.optim.Adam(ranker.dense_parameters(), lr=learning_rate, fused=on_cpu_or_cuda)
        self._rows = RowAdam(ranker.sparse_parameters(), lr=learning_rate)

    def predict(self, batch: Batch) -> Prediction:
        """Ask, with what has been learned so far."""
        logits = self.ranker(batch, self.histories())
        return Prediction(logits=logits, step=self.step, square_P=self.ranker.batch_square_P)

    def learn(self, batch: Batch, prediction: Prediction | None = None) -> float:
        """Teach the batch's labels; returns the loss.

        Raises:
            ResultError: the loss is no finite number any more.
        """
        if prediction is None or prediction.step != self.step:
            prediction = self.predict(batch)
        logits = prediction.logits
        loss = multi_task_loss(logits, batch.labels)
        self._dense.zero_grad()
        self._rows.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._dense.step()
        self._rows.step()
        self.ranker.learned(prediction.square_P)
        self.step += 1
        return _finite(float(loss.detach()), self.step)

    def forget_rows(self, parameter: nn.Parameter, row_R: Tensor) -> None:
        """Rows of a table stand for something else now: what the optimiser knew of them goes."""
        self._rows.forget(parameter, row_R)

    def state(self) -> dict[str, Tensor]:
        """The optimisers' state and the step, for a checkpoint; sharing memory with them."""
        state = {"step": torch.tensor(self.step)}
        for place, moments in self._dense.state_dict()["state"].items():
            state |= under(f"dense/{place}", moments)
        for place, parameter in enumerate(self.ranker.sparse_parameters()):
            step, mean, square = self._rows.moments(parameter)
            used = self.ranker.table.used if parameter is self.ranker.table.weight else len(parameter)
            moments = {"step": torch.tensor(step), "exp_avg": mean[:used], "exp_avg_sq": square[:used]}
            state |= under(f"rows/{place}", moments)
        return state

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take over what ``state`` gave; the ranker has its weights already."""
        self.step = int(state["step"])
        dense = self._dense.state_dict()
        for name, each in below("dense", state).items():
            of, moment = name.split("/")
            dense["state"].setdefault(int(of), {})[moment] = each.clone()
        self._dense.load_state_dict(dense)
        for place, parameter in enumerate(self.ranker.sparse_parameters()):
            moments = below(f"rows/{place}", state)
            mean, square = moments["exp_avg"].clone(), moments["exp_avg_sq"].clone()
            self._rows.restore_moments(parameter, int(moments["step"]), mean, square)


def _finite(loss: float, step: int) -> float:
    if not math.isfinite(loss):
        raise ResultError(f"the loss is {loss} at step {step}: training diverged; lower the learning rate")
    return loss
