"""A small stream, and a trainer small enough to run in a moment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch
from in_memory import HOUR_MS, REQUESTS, requests_log
from small_live import LIVE
from torch import Tensor

from interestclock.live import LiveTrainer
from interestclock.samples import Batch
from interestclock.training import PredictedBatch


class Notes:
    """Keeps what a trainer says of its batches."""

    def __init__(self) -> None:
        self.event_ids: list[str] = []
        self.said: dict[str, list[Tensor]] = {}
        self.labels: list[Tensor] = []

    def predicted(self, predicted: PredictedBatch) -> None:
        self.event_ids += predicted.rows["event_id"].to_pylist()
        for task, probability_B in predicted.probabilities.items():
            self.said.setdefault(task, []).append(probability_B)

    def learned(self, batch: Batch) -> None:
        self.labels.append(batch.labels["finish"])

    def of(self, task: str) -> np.ndarray:
        return torch.cat(self.said[task]).numpy()


@pytest.fixture(scope="session")
def events() -> pa.Table:
    """Four days, 150 requests of three, each label known up to an hour later, none missing."""
    table = requests_log(21, requests=150, delay_ms=HOUR_MS)
    place = table.column_names.index("label.finish")
    return table.set_column(place, "label.finish", table["label.finish"].fill_null(0))


@pytest.fixture
def make_trainer():
    """A fresh trainer, with what it notes."""

    def make(**changes: object) -> tuple[LiveTrainer, Notes]:
        notes = Notes()
        config = replace(LIVE, **changes)
        return LiveTrainer(REQUESTS, items=None, config=config, recorder=notes), notes

    return make
