"""Steps of a live trainer whose users have long histories: admit, ingest, predict and learn a micro-batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.admission import AdmissionConfig
from interestclock.clocks import ClockConfig
from interestclock.events.schema import LogSchema
from interestclock.histories.user_histories import Behaviours
from interestclock.live import LiveConfig, LiveTrainer
from interestclock.ranking import RankerConfig
from interestclock.samples import Batch
from interestclock.streams.messages import LABELS
from interestclock.timeofday import DAY_SECONDS, MINUTE_MS
from interestclock.training import PredictedBatch, TrainConfig

# Shapes: N exposures of a micro-batch.

SCHEMA = LogSchema(labels=("finish",))
BEGINS_MS = 1_700_000_000_000


class Unrecorded:
    """What is predicted goes nowhere."""

    def predicted(self, predicted: PredictedBatch) -> None:
        pass

    def learned(self, batch: Batch) -> None:
        pass


def live_stepper(
    clocks: tuple[ClockConfig, ...], *, length: int, items: int, users: int
) -> Callable[[], None]:
    """A step of a live trainer: a micro-batch of one exposure a user, whose labels are known a minute later.

    Each step learns what the one before predicted. Every item was shown before, and each user has ``length``
    behaviours.
    """
    config = LiveConfig(
        ranker=RankerConfig(clocks=clocks),
        train=TrainConfig(batch_size=users, threads=1),
        admission=AdmissionConfig(label_wait_ms=MINUTE_MS // 2),
        batch_minutes=0.0,
    )
    trainer = LiveTrainer(SCHEMA, items=None, config=config, recorder=Unrecorded())
    random, shown = np.random.default_rng(0), 0

    def step(item_N: npt.NDArray[np.integer] | None = None) -> None:
        nonlocal shown
        item_N = random.integers(0, items, users) if item_N is None else item_N
        trainer.process(exposures(item_N, random, first=shown), LABELS.empty_table())
        shown += users

    for first in range(0, items, users):
        step(np.arange(first, first + users) % items)
    trainer.features.user_histories.add(random_behaviours(random, length=length, items=items, users=users))
    return step


def exposures(item_N: npt.NDArray[np.integer], random: np.random.Generator, *, first: int) -> pa.Table:
    """One exposure of each user, all of them a minute after those of the step before."""
    rows = item_N.size
    timestamp_ms_N = np.full(rows, BEGINS_MS + first // rows * MINUTE_MS)
    return pa.table(
        {
            "event_id": np.arange(first, first + rows).astype(str),
            "arrival": np.arange(rows),
            "user_id": np.arange(rows),
            "item_id": item_N,
            "timestamp_ms": timestamp_ms_N,
            "second_of_day": random.integers(0, DAY_SECONDS, rows, dtype=np.int32),
            "day_of_week": np.zeros(rows, np.int8),
            "label.finish": random.integers(0, 2, rows, dtype=np.int8),
            "known_ms.finish": timestamp_ms_N,
        }
    )


def random_behaviours(random: np.random.Generator, *, length: int, items: int, users: int) -> Behaviours:
    """So many of each user, known before the first step; slots count from 1."""
    rows = users * length
    before_N, nothing_N = np.full(rows, BEGINS_MS - 1), np.zeros(rows, np.int64)
    return Behaviours(
        user_N=np.repeat(np.arange(1, users + 1), length),
        item_N=random.integers(1, items + 1, rows),
        serial_N=nothing_N,
        timestamp_ms_N=before_N,
        known_ms_N=before_N,
        second_of_day_N=random.integers(0, DAY_SECONDS, rows),
        utc_offset_minutes_N=nothing_N,
        day_kind_N=nothing_N,
    )
