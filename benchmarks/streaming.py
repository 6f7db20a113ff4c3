"""Our side: the streaming base ranker, predicting each batch before it learns it."""

from __future__ import annotations

import time

import numpy as np
import torch
from five_features import Samples
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from interestclock.histories import Histories
from interestclock.ranking import FeatureNames, Ranker, RankerConfig
from interestclock.samples import Batch, SampleChunk
from interestclock.training import PredictedBatch, SampleTrainer, TrainConfig

CONTEXT = ("category", "root", "weekday")


class Recorded:
    """Keeps every prediction, as a study does."""

    def __init__(self) -> None:
        self.probabilities: list[Tensor] = []

    def predicted(self, predicted: PredictedBatch) -> None:
        self.probabilities.append(predicted.probabilities["visit"])

    def learned(self, batch: Batch) -> None:
        pass


def ours(samples: Samples, batch_size: int) -> float:
    """Samples per second of one pass of ``SampleTrainer.run``, batching included, model building excluded."""
    trainer, chunk = prepare(samples, batch_size)
    started = time.perf_counter()
    trainer.run([chunk], Recorded())
    return len(samples) / (time.perf_counter() - started)


def share_outside_pytorch(samples: Samples, batch_size: int) -> float:
    """Share of a pass spent outside any PyTorch operator, as PyTorch's profiler counts it.

    The profiler slows operators and Python alike: take it as a share, not as seconds. A part of the samples
    will do, since it keeps every event.
    """
    trainer, chunk = prepare(samples.first(20_480), batch_size)
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        started = time.perf_counter()
        trainer.run([chunk], Recorded())
        seconds = time.perf_counter() - started
    inside_us = sum(
        event.self_cpu_time_total
        for event in profiled.key_averages()
        if not event.key.startswith("Optimizer.")
    )
    return 1 - inside_us / 1e6 / seconds


def prepare(samples: Samples, batch_size: int) -> tuple[SampleTrainer, SampleChunk]:
    """A fresh ranker of the size that the other side has, and the samples as one chunk."""
    ranker = Ranker(
        names=FeatureNames(tasks=("visit",), categorical=CONTEXT),
        config=RankerConfig(dim=16, cross_layers=2, hidden=(128, 64), recent=1),
        seed=0,
    )
    trainer = SampleTrainer(
        ranker,
        histories=no_histories(users=samples.vocabulary["user"]),
        item_values={},
        config=TrainConfig(batch_size=batch_size, learning_rate=2e-3, threads=1),
    )
    return trainer, as_chunk(samples)


def no_histories(*, users: int) -> Histories:
    nothing = torch.zeros(0, dtype=torch.int64)
    offset_U = torch.zeros(users + 2, dtype=torch.int64)
    return Histories(offset_U=offset_U, item_E=nothing, second_of_day_E=nothing, timestamp_ms_E=nothing)


def as_chunk(samples: Samples) -> SampleChunk:
    """A choice and its random item are one request; labels are known at once, so it waits for the next."""
    rows = torch.arange(len(samples))
    request_B = rows // 2
    number = {name: torch.from_numpy(ids) + 1 for name, ids in samples.ids.items()}
    batch = Batch(
        user_B=number["user"],
        item_B=number["item"],
        request_B=request_B,
        timestamp_ms_B=request_B,
        second_of_day_B=torch.zeros_like(rows),
        day_of_week_B=number["weekday"] - 1,
        known_ms_B=request_B,
        known_behaviours_B=torch.zeros_like(rows),
        request_row_B=request_B,
        first_M=rows[::2],
        recent_MK=torch.zeros(len(rows) // 2, 1, dtype=torch.int64),
        labels={"visit": torch.from_numpy(samples.label).to(torch.int8)},
        categorical={name: number[name] for name in CONTEXT},
    )
    sizes = {"user": samples.vocabulary["user"], "item": samples.vocabulary["item"]}
    return SampleChunk(
        samples=batch,
        truths={},
        log_row_B=np.zeros(len(rows), np.int64),
        sizes=sizes | {f"context.{name}": samples.vocabulary[name] for name in CONTEXT},
    )
