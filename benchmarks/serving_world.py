"""A store and snapshots to score with: users of 10,000 and of 1,000 behaviours, 20,000 items, two rankers."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from interestclock.clocks import GaussianConfig, LongTermConfig
from interestclock.events.schema import LogSchema
from interestclock.live import LiveConfig, LiveTrainer
from interestclock.live.trainer_snapshots import TrainerSnapshots
from interestclock.ranking import RankerConfig
from interestclock.serving import RankRequest
from interestclock.store import StoreWriter
from interestclock.streams.messages import LABELS
from interestclock.training import TrainConfig

SCHEMA = LogSchema(
    labels=("finish", "like"), attributes=("genre",), clock_attributes=("genre",), categorical=("device",)
)
ITEMS, GENRES, APART_MS, BATCH = 20_000, 50, 20_000, 8_192
RANKERS = {"clocks": RankerConfig(clocks=(GaussianConfig(), LongTermConfig())), "base": RankerConfig()}
ZONE = "Europe/Berlin"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Of a request: how many candidates, how many behaviours its user has, and which users these are."""

    candidates: int
    behaviours: int
    users: range

    @property
    def name(self) -> str:
        return f"{self.candidates} x {self.behaviours:,}"


SHAPES = (
    Shape(candidates=500, behaviours=10_000, users=range(1, 7)),
    Shape(candidates=50, behaviours=1_000, users=range(101, 141)),
)


class Nobody:
    """Keeps no predictions."""

    def predicted(self, predicted: object) -> None:
        pass

    def learned(self, batch: object) -> None:
        pass


@dataclass(frozen=True, kw_only=True)
class World:
    """Where all of it is, and the moment behind its last event."""

    folder: Path
    now_ms: int

    @property
    def store(self) -> Path:
        return self.folder / "store"

    def snapshots(self, ranker: str) -> Path:
        return self.folder / ranker

    def requests(self, shape: Shape, count: int, *, seed: int = 1) -> list[RankRequest]:
        """Users in turn, candidates at random."""
        draw = np.random.default_rng(seed)
        return [
            RankRequest(
                user=shape.users[place % len(shape.users)],
                items=draw.integers(1, ITEMS + 1, shape.candidates).tolist(),
                at_ms=self.now_ms,
                zone=ZONE,
                context={"device": "tv"},
            )
            for place in range(count)
        ]


def world_in(folder: Path) -> World:
    """The world in a folder, made there if it is not; that takes two minutes."""
    described = folder / "world.json"
    if not described.is_file():
        now_ms = _make(folder)
        described.write_text(json.dumps({"now_ms": now_ms}), encoding="utf-8")
    return World(folder=folder, now_ms=json.loads(described.read_text(encoding="utf-8"))["now_ms"])


def _make(folder: Path) -> int:
    """Every event is an exposure of a random item that was finished at once; the last is as of now."""
    draw = np.random.default_rng(0)
    users = [np.repeat(np.array(shape.users), shape.behaviours) for shape in SHAPES]
    user_N = draw.permutation(np.concatenate(users))
    item_N = draw.integers(1, ITEMS + 1, user_N.size)
    now_ms = int(time.time() * 1_000)
    at_ms_N = now_ms - (user_N.size - np.arange(user_N.size)) * APART_MS
    for name, ranker in RANKERS.items():
        config = LiveConfig(ranker=ranker, train=TrainConfig(batch_size=2_048))
        trainer = LiveTrainer(SCHEMA, items=None, config=config, recorder=Nobody())
        for first in range(0, user_N.size, BATCH):
            part = slice(first, first + BATCH)
            exposures = _exposures(user_N[part], item_N[part], at_ms_N[part], first=first)
            trainer.process(exposures, LABELS.empty_table())
        trainer.finish()
        TrainerSnapshots(folder / name, trainer).write(whole=True)
    with StoreWriter(folder / "store", schema=SCHEMA, config=config.state()) as writer:
        writer.apply(trainer.features.changes(), position=1, offsets={}, watermark_ms=int(at_ms_N[-1]))
    return now_ms


def _exposures(user_N: np.ndarray, item_N: np.ndarray, at_ms_N: np.ndarray, *, first: int) -> pa.Table:
    rows, local_N = user_N.size, at_ms_N // 1_000
    ones = np.ones(rows, np.int8)
    return pa.table(
        {
            "user_id": user_N,
            "item_id": item_N,
            "timestamp_ms": at_ms_N,
            "second_of_day": (local_N % 86_400).astype(np.int32),
            "day_of_week": ((local_N // 86_400 + 3) % 7).astype(np.int8),
            "attribute.genre": pa.array([[f"g{item % GENRES}"] for item in item_N.tolist()]),
            "categorical.device": pa.array(["tv"] * rows),
            "label.finish": ones,
            "known_ms.finish": at_ms_N,
            "label.like": 0 * ones,
            "known_ms.like": at_ms_N,
            "event_id": pa.array([str(first + row) for row in range(rows)]),
            "arrival": pa.array(np.arange(rows)),
        }
    )
