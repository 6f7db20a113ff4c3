"""A log of choices, live: candidates are drawn, predicted and learned as they are where a log is compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from in_memory import CHOICES, HOUR_MS, MemorySource, choices_log
from micro_batches import NO_LABELS, as_exposures
from slow_but import slow_but
from small_live import LIVE

from interestclock.admission import AdmissionConfig
from interestclock.clocks import GaussianConfig
from interestclock.live import LiveConfig, LiveTrainer
from interestclock.ranking import FeatureNames, Ranker, RankerConfig
from interestclock.samples import Batch, BatchMaker, CandidateConfig, PrepareConfig, prepare_samples
from interestclock.training import ORDERS, PredictedBatch, SampleTrainer, TrainConfig

MONTH_HOURS = 24 * 30
RANKER = RankerConfig(clocks=(GaussianConfig(),), dim=4, recent=3, hidden=(8,), tower_width=4)
CANDIDATES = CandidateConfig(by_popularity=3, from_own_past=2)
LIVE_CHOICES = replace(
    LIVE,
    ranker=RANKER,
    train=TrainConfig(batch_size=16, learning_rate=0.02),
    admission=AdmissionConfig(label_wait_ms=HOUR_MS),
    candidates=CANDIDATES,
    clocks_of_day=True,
    longest=10_000,
    keep_hours=MONTH_HOURS,
    batch_minutes=60 * MONTH_HOURS,
)


class Notes:
    """Keeps what a trainer predicts."""

    def __init__(self) -> None:
        self.event_ids: list[str] = []
        self.visits: list[np.ndarray] = []

    def predicted(self, predicted: PredictedBatch) -> None:
        self.event_ids += predicted.rows["event_id"].to_pylist()
        self.visits.append(predicted.probabilities["visit"].numpy())

    def learned(self, batch: Batch) -> None:
        pass


def new_trainer(config: LiveConfig = LIVE_CHOICES) -> tuple[LiveTrainer, Notes]:
    notes = Notes()
    return LiveTrainer(CHOICES, items=None, config=config, recorder=notes), notes


def feed(trainer: LiveTrainer, events: pa.Table, rows: int) -> None:
    for start in range(0, events.num_rows, rows):
        trainer.process(as_exposures(events.slice(start, rows), start), NO_LABELS)


@pytest.fixture(scope="module")
def events() -> pa.Table:
    return choices_log(8, delay_ms=0)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("rows", slow_but([7], [1, 7, 200]))
def test_what_is_learned_live_is_what_is_learned_offline(
    rows: int, order: str, events: pa.Table, tmp_path: Path
) -> None:
    train = replace(LIVE_CHOICES.train, order=order)
    source = MemorySource(schema=CHOICES, events=events)
    samples = prepare_samples(source, tmp_path / "s", config=PrepareConfig(candidates=CANDIDATES))
    offline: list[np.ndarray] = []

    class Recorder:
        def predicted(self, predicted) -> None:
            offline.append(predicted.probabilities["visit"].numpy())

        def learned(self, batch) -> None:
            pass

    state = samples.state()
    trainer = SampleTrainer(
        Ranker(names=FeatureNames.of(samples.schema), config=RANKER, seed=0),
        histories=state.histories(),
        item_values=samples.item_attributes(state),
        config=train,
    )
    trainer.run(samples.chunks(BatchMaker(recent=3, clocks=True), state), Recorder())
    live, notes = new_trainer(replace(LIVE_CHOICES, train=train))
    feed(live, events, rows)
    live.finish()
    np.testing.assert_array_equal(np.concatenate(notes.visits), np.concatenate(offline))
    counters = live.buffer.counters
    assert counters.unscored > 0
    assert counters.learned + counters.unscored == events.num_rows
    assert counters.add_up()


def test_each_choice_is_beside_its_candidates(events: pa.Table) -> None:
    live, notes = new_trainer()
    feed(live, events, 50)
    live.finish()
    ids, counts = np.unique(notes.event_ids, return_counts=True)
    assert ids.size == live.buffer.counters.learned
    assert counts.max() == 1 + CANDIDATES.per_choice


@pytest.mark.parametrize("stop", [10, 90, 170])
def test_restored_it_goes_on_as_if_nothing_had_been(stop: int, events: pa.Table) -> None:
    straight, notes = new_trainer()
    feed(straight, events.slice(0, stop), 10)
    other, later = new_trainer()
    other.restore({name: np.array(values) for name, values in straight.state().items()})
    before = len(notes.event_ids)
    for each in (straight, other):
        for start in range(stop, events.num_rows, 10):
            each.process(as_exposures(events.slice(start, 10), start), NO_LABELS)
        each.finish()
    assert notes.event_ids[before:] == later.event_ids
    np.testing.assert_array_equal(np.concatenate(notes.visits)[before:], np.concatenate(later.visits))
    for name, values in straight.state().items():
        if name.startswith(("ranker/", "learner/", "features/")):
            np.testing.assert_array_equal(values, other.state()[name], err_msg=name)
