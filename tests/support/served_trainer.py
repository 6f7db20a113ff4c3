"""A live trainer, what its own ranker says of a request, and a store behind it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import torch
from in_memory import HOUR_MS, REQUESTS
from micro_batches import as_exposures, shown
from small_live import LIVE, SMALL

from interestclock.live import LiveConfig, LiveTrainer
from interestclock.samples import BatchMaker, Rows
from interestclock.serving import RankRequest

START_MS = 1_700_000_000_000
RANKER = replace(SMALL, dim=8, std=0.3, hidden=(32,), tower_width=16)  # wide enough that scores differ
EACH = replace(LIVE, train=replace(LIVE.train, batch_size=1, learning_rate=0.005), ranker=RANKER)


class Nobody:
    """Is told of predictions and keeps none."""

    def predicted(self, predicted) -> None:
        pass

    def learned(self, batch) -> None:
        pass


def trainer_of(config: LiveConfig) -> LiveTrainer:
    return LiveTrainer(REQUESTS, items=None, config=config, recorder=Nobody())


def turn_ms(turn: int, hours: int) -> int:
    return START_MS + turn * hours * HOUR_MS


def exposures(turn: int, users: list, items: list, genres: list[list[str]], *, hours: int) -> pa.Table:
    """One exposure each with its labels known; behind them two of nobody, so that all are taken up."""
    users, items, genres = [*users, None, None], [*items, None, None], [*genres, [], []]
    rows = len(users)
    time_ms = turn_ms(turn, hours) + np.arange(rows)
    devices = [user and str(user) for user in users]
    table = shown(time_ms, users=users, items=items, genres=genres, devices=devices)
    liked = np.array([hash_of(item) % 2 for item in items], np.int8)
    for label in REQUESTS.labels:
        table |= {f"label.{label}": pa.array(liked), f"known_ms.{label}": time_ms}
    return as_exposures(pa.table(table), 1_000 * turn)


def hash_of(item: int | str | None) -> int:
    return 1 if item is None else sum(str(item).encode())


def plain_scores(trainer: LiveTrainer, request: RankRequest) -> dict[str, list[float]]:
    """Of the trainer's own ranker, view and items, with a batch that is made by hand."""
    view, rows = trainer.features, len(request.items)
    devices = pa.array([request.context.get("device")], pa.string())
    tags = pa.array(list(request.context.get("tags", ())), pa.string())
    offset_ms = (request.utc_offset_minutes or 0) * 60_000
    whole = np.ones(rows, np.int64)
    asked = Rows(
        user_B=whole * view.slots("user", pa.array([request.user]))[0],
        item_B=view.slots("item", pa.array(list(request.items))),
        request_B=whole,
        timestamp_ms_B=whole * request.at_ms,
        second_of_day_B=whole * ((request.at_ms + offset_ms) // 1_000 % 86_400),
        day_of_week_B=whole * (((request.at_ms + offset_ms) // 86_400_000 + 3) % 7),
        known_ms_B=whole,
        categorical={"device": whole * trainer.rows.contexts["device"].look_up(devices)[0]},
        multivalued={"tags": np.tile(_padded(trainer.rows.contexts["tags"].look_up(tags)), (rows, 1))},
        numeric={"age": np.full(rows, request.context.get("age", np.nan), np.float32)},
    )
    config = trainer.config.ranker
    trainer.rows.describe_as_of(request.at_ms)
    batch = BatchMaker(recent=config.recent, clocks=True, clocks_of_day=False).make(asked, view)
    with torch.no_grad():
        logits = trainer.ranker(batch, view.histories())
    trainer.rows.describe_as_of(trainer.event_ms)
    return {task: torch.sigmoid(each).tolist() for task, each in logits.items()}


def _padded(number_V: np.ndarray) -> np.ndarray:
    return number_V if number_V.size else np.zeros(1, np.int32)
