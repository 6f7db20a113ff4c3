"""A trainer erases a user: nothing that it keeps names them, and nothing depends on how messages came."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from erased_streams import NAME, named_in, parsed, stream
from in_memory import HOUR_MS, REQUESTS
from small_live import LIVE

from interestclock.embeddings import IdPolicy
from interestclock.events import erase_message
from interestclock.live import LiveConfig, LiveTrainer
from interestclock.samples import Batch
from interestclock.training import PredictedBatch, TrainConfig

CONFIG = replace(LIVE, users=IdPolicy(min_count=1), longest=30)
SHUFFLED = replace(CONFIG, train=replace(CONFIG.train, order="daily-shuffled"))


class Said:
    """What was predicted, by event."""

    def __init__(self) -> None:
        self.of: dict[str, list[float]] = {}

    def predicted(self, predicted: PredictedBatch) -> None:
        for event_id, said in zip(
            predicted.rows["event_id"].to_pylist(), predicted.probabilities["finish"].tolist(), strict=True
        ):
            self.of.setdefault(event_id, []).append(said)

    def learned(self, batch: Batch) -> None:
        pass


def new_trainer(config: LiveConfig = CONFIG) -> LiveTrainer:
    return LiveTrainer(REQUESTS, items=None, config=config, recorder=Said())


def take(trainer: LiveTrainer, payloads: list[bytes]) -> None:
    batch = parsed(payloads)
    for admitted in trainer.buffer.admit(batch.tables(), bad=len(batch.bad)):
        trainer.ingest(admitted)


def state_of(trainer: LiveTrainer) -> dict[str, np.ndarray]:
    return {name: np.array(each) for name, each in trainer.state().items()}


def fed(payloads: list[bytes], at_a_time: int, config: LiveConfig, *, through: int = 0) -> LiveTrainer:
    """``through``: restored from its own state behind so many micro-batches."""
    trainer = new_trainer(config)
    for number, first in enumerate(range(0, len(payloads), at_a_time), 1):
        take(trainer, payloads[first : first + at_a_time])
        if number == through:
            again = new_trainer(config)
            again.restore(state_of(trainer))
            again.recorder = trainer.recorder
            trainer = again
    return trainer


@pytest.mark.parametrize("config", [CONFIG, SHUFFLED], ids=["streaming", "daily-shuffled"])
@pytest.mark.parametrize("comes_back", [False, True])
def test_how_messages_come_changes_nothing(config: LiveConfig, comes_back: bool) -> None:
    payloads = stream(comes_back=comes_back)
    one = fed(payloads, len(payloads), config)
    some = fed(payloads, 7, config, through=60)
    assert one.buffer.counters == some.buffer.counters
    assert one.buffer.counters.add_up()
    for trainer in (one, some):
        trainer.finish()
    first, second = said_by(one), said_by(some)
    assert first == second
    assert len(first) > 100


def said_by(trainer: LiveTrainer) -> dict[str, list[float]]:
    assert isinstance(trainer.recorder, Said)
    return trainer.recorder.of


@pytest.mark.parametrize("config", [CONFIG, SHUFFLED], ids=["streaming", "daily-shuffled"])
def test_no_state_names_who_was_erased(config: LiveConfig) -> None:
    payloads = stream()
    cut = next(place for place, each in enumerate(payloads) if each.startswith(b'{"erase"'))
    trainer = fed(payloads[:cut], 20, config)
    assert any(named_in(each.tobytes()) for each in state_of(trainer).values())
    waited = trainer.buffer.counters.waiting
    take(trainer, payloads[cut : cut + 2])
    named = [name for name, each in state_of(trainer).items() if named_in(each.tobytes())]
    assert named == []
    counters = trainer.buffer.counters
    assert counters.erased > 0
    assert counters.waiting == waited - counters.erased
    assert counters.add_up()


def test_the_row_is_another_users_as_if_new() -> None:
    payloads = stream()
    cut = next(place for place, each in enumerate(payloads) if each.startswith(b'{"erase"'))
    trainer = fed(payloads[:cut], 20, CONFIG)
    slot = trainer.features.users.find([NAME])
    table = trainer.ranker.table
    (row,) = table.rows("user", torch.from_numpy(slot.astype(np.int64))).tolist()
    _, mean, square = trainer.learner._rows.moments(table.weight)
    assert row
    assert all(bool(each[row].any()) for each in (table.weight, mean, square))
    take(trainer, payloads[cut : cut + 1])
    assert not any(bool(each[row].any()) for each in (table.weight, mean, square))
    assert row in table.free_rows().tolist()
    assert slot[0] in trainer.rows.touched.peek("user")


def test_a_batch_of_theirs_alone_is_none() -> None:
    alone = replace(CONFIG, train=TrainConfig(batch_size=1), batch_minutes=0)
    theirs = [each for each in dict.fromkeys(stream()) if NAME.encode() in each and b"erase" not in each][:3]
    trainer = fed(theirs, 1, alone)
    trainer._advance(trainer.buffer.newest_ms + 1)
    assert len(trainer.pending.state()) > 1
    take(trainer, [erase_message(erase=NAME, timestamp_ms=trainer.buffer.newest_ms + HOUR_MS)])
    assert trainer.pending.first_ms is None
    assert trainer.buffer.counters.erased == 3
    assert trainer.buffer.counters.waiting == 0
    assert trainer.buffer.counters.add_up()
