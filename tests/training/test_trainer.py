from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from in_memory import DAY_MS
from torch import Tensor

from interestclock.histories import Histories
from interestclock.samples import Batch, SampleChunk, SampleFolder
from interestclock.training import (
    ORDERS,
    PROBABILITY,
    Learner,
    PredictedBatch,
    Prediction,
    SampleTrainer,
    TrainConfig,
)
from interestclock.training.pending import LabelsAlong, PendingBatches
from interestclock.training.trainer import Trainer

Row = tuple[int, int]  # a sample by its request and item


def rows_of(batch: Batch) -> list[Row]:
    return list(zip(batch.request_B.tolist(), batch.item_B.tolist(), strict=True))


class Diary:
    """Notes what is predicted and learned, in order; also a recorder of the predictions."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch | None = None) -> None:
        self.entries: list[tuple[str, Batch]] = []
        self.predictions: list[Mapping[str, Tensor]] = []
        self.frozen: list[Mapping[str, Tensor] | None] = []
        self.batches: list[Batch] = []
        self.taught: list[Batch] = []
        if monkeypatch is not None:
            self._listen(monkeypatch)

    def _listen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        predict, learn = Learner.predict, Learner.learn

        def noted_predict(learner: Learner, batch: Batch) -> Prediction:
            self.entries.append(("predict", batch))
            return predict(learner, batch)

        def noted_learn(learner: Learner, batch: Batch, prediction: Prediction | None = None) -> float:
            self.entries.append(("learn", batch))
            fresh = prediction or predict(learner, batch)
            return learn(learner, batch, fresh)

        monkeypatch.setattr(Learner, "predict", noted_predict)
        monkeypatch.setattr(Learner, "learn", noted_learn)

    def predicted(self, predicted: PredictedBatch) -> None:
        self.entries.append(("record", predicted.batch))
        self.batches.append(predicted.batch)
        self.predictions.append(predicted.probabilities)
        self.frozen.append(predicted.frozen)

    def learned(self, batch: Batch) -> None:
        self.taught.append(batch)

    def finish(self) -> np.ndarray:
        return torch.cat([probabilities["finish"] for probabilities in self.predictions]).numpy()


def relabelled(chunks: list[SampleChunk], chunk: int, first: int, last: int) -> list[SampleChunk]:
    """The same chunks, the labels of some rows of one of them turned round."""
    samples = chunks[chunk].samples
    labels = {name: values.clone() for name, values in samples.labels.items()}
    for values in labels.values():
        values[first:last] = 1 - values[first:last].clamp(min=0)
    changed = replace(chunks[chunk], samples=replace(samples, labels=labels))
    return [*chunks[:chunk], changed, *chunks[chunk + 1 :]]


def test_each_batch_is_predicted_recorded_and_only_then_learned(
    make_trainer, chunks: list[SampleChunk], monkeypatch: pytest.MonkeyPatch
) -> None:
    diary = Diary(monkeypatch)
    make_trainer().run(chunks, diary)
    place = {(what, rows_of(batch)[0]): at for at, (what, batch) in enumerate(diary.entries)}
    for batch in diary.batches:
        row = rows_of(batch)[0]
        assert place["predict", row] < place["record", row] < place["learn", row]


def test_nothing_is_learned_before_its_labels_are_known(
    make_trainer, chunks: list[SampleChunk], monkeypatch: pytest.MonkeyPatch
) -> None:
    diary = Diary(monkeypatch)
    make_trainer().run(chunks, diary)
    waited = 0
    for place, (what, lesson) in enumerate(diary.entries):
        following = [batch for kind, batch in diary.entries[place:] if kind == "predict"]
        if what == "learn" and following:
            assert int(lesson.known_ms_B.max()) < int(following[0].timestamp_ms_B[0])
            waited += rows_of(lesson) != rows_of(diary.entries[place - 1][1])
    assert waited > 5  # labels come up to an hour late, so some lessons have to wait


@pytest.mark.parametrize("order", ORDERS)
def test_every_sample_is_learned_once(
    make_trainer, chunks: list[SampleChunk], monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    diary = Diary(monkeypatch)
    make_trainer(order=order).run(chunks, diary)
    shown = [row for chunk in chunks for row in rows_of(chunk.samples)]
    learned = [row for what, batch in diary.entries if what == "learn" for row in rows_of(batch)]
    assert [row for batch in diary.batches for row in rows_of(batch)] == shown
    assert sorted(learned) == sorted(shown)
    assert (learned == shown) == (order == "streaming")


def test_daily_training_learns_a_day_when_it_is_over(
    make_trainer, chunks: list[SampleChunk], monkeypatch: pytest.MonkeyPatch
) -> None:
    diary = Diary(monkeypatch)
    make_trainer(order="daily-shuffled").run(chunks, diary)
    lessons = 0
    for place, (what, lesson) in enumerate(diary.entries):
        following = [batch for kind, batch in diary.entries[place:] if kind == "predict"]
        if what == "learn" and following:
            today = int(following[0].timestamp_ms_B[0]) // DAY_MS
            assert int(lesson.timestamp_ms_B.max()) // DAY_MS < today
            lessons += 1
    assert lessons > 10


def test_a_batchs_own_labels_move_no_prediction_of_it_or_before(
    make_trainer, chunks: list[SampleChunk]
) -> None:
    as_it_is, turned = Diary(), Diary()
    make_trainer().run(chunks, as_it_is)
    first = len(chunks[0])
    rows = next(len(batch) for batch in chunks[1].batches(16))
    make_trainer().run(relabelled(chunks, 1, 0, rows), turned)
    np.testing.assert_array_equal(as_it_is.finish()[: first + rows], turned.finish()[: first + rows])
    assert (as_it_is.finish()[first + rows :] != turned.finish()[first + rows :]).any()


@pytest.mark.parametrize("order", ORDERS)
def test_a_seed_repeats_itself_and_differs_from_another(
    make_trainer, chunks: list[SampleChunk], order: str
) -> None:
    runs = [Diary() for _ in range(3)]
    for diary, seed in zip(runs, (0, 0, 1), strict=True):
        make_trainer(order=order, seed=seed).run(chunks, diary)
    first, again, other = (diary.finish() for diary in runs)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_the_frozen_copy_is_the_learning_ranker_of_that_moment_and_stays_so(
    make_trainer, chunks: list[SampleChunk], folder: SampleFolder, histories: Histories
) -> None:
    freeze_ms = int(chunks[1].samples.timestamp_ms_B[40])
    trainer = make_trainer(freeze_ms=freeze_ms)
    diary = WithCopy(trainer, freeze_ms)
    trainer.run(chunks, diary)
    copy_then = diary.copy.requires_grad_(False)
    copy_then.grow(chunks[-1].sizes, folder.item_attributes(folder.state()))
    first = next(place for place, frozen in enumerate(diary.frozen) if frozen is not None)
    assert int(diary.batches[first].timestamp_ms_B[-1]) >= freeze_ms
    assert int(diary.batches[first - 1].timestamp_ms_B[-1]) < freeze_ms
    for task, probability_B in diary.frozen[first].items():
        assert torch.equal(probability_B, diary.predictions[first][task])
    for batch, frozen in zip(diary.batches[first:], diary.frozen[first:], strict=True):
        then = torch.sigmoid(copy_then(batch, histories)["finish"])
        assert torch.equal(frozen["finish"], then)
    moved = diary.predictions[-1]["finish"] - diary.frozen[-1]["finish"]
    assert float(moved.abs().max()) > 1e-3


class WithCopy(Diary):
    """Keeps a copy of the ranker as it was when it was first asked something of the freeze or later."""

    def __init__(self, trainer: SampleTrainer, freeze_ms: int) -> None:
        super().__init__()
        self._trainer, self._freeze_ms = trainer, freeze_ms
        self.copy: torch.nn.Module | None = None

    def predicted(self, predicted: PredictedBatch) -> None:
        if self.copy is None and int(predicted.batch.timestamp_ms_B[-1]) >= self._freeze_ms:
            self.copy = copy.deepcopy(self._trainer._learner.ranker)
        super().predicted(predicted)


def test_without_a_moment_to_freeze_at_there_is_no_copy(make_trainer, chunks: list[SampleChunk]) -> None:
    diary = Diary()
    make_trainer().run(chunks, diary)
    assert set(diary.frozen) == {None}


def test_an_empty_stream_is_no_work(make_trainer) -> None:
    diary = Diary()
    make_trainer().run([], diary)
    assert diary.entries == []


@pytest.mark.parametrize("order", ORDERS)
def test_what_was_said_of_a_batch_comes_back_when_it_is_learned(
    order: str, make_ranker, chunks: list[SampleChunk], histories: Histories
) -> None:
    diary = Diary()
    pending = PendingBatches(LabelsAlong(), config=TrainConfig(order=order, batch_size=16))
    learner = Learner(make_ranker(chunks[-1].sizes), lambda: histories, learning_rate=0.02)
    trainer = Trainer(learner, pending=pending, recorder=diary, carried="finish")
    for chunk in chunks:
        for batch in chunk.batches(16):
            trainer.step(batch)
    trainer.learn(None)
    shown = [row for batch in diary.batches for row in rows_of(batch)]
    said = dict(zip(shown, diary.finish().tolist(), strict=True))
    for batch in diary.taught:
        assert batch.carried[PROBABILITY].tolist() == [said[row] for row in rows_of(batch)]
    assert sum(map(len, diary.taught)) == len(shown)
