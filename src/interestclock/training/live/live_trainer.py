"""Predict, record, then learn: on a stream that arrives as it likes and may be taken up again anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch
from torch import Tensor

from interestclock.arrays import Arrays, arrays_of, below, tensors_of, under
from interestclock.clocks import LongTermConfig
from interestclock.errors import ConfigError
from interestclock.events.schema import LogSchema
from interestclock.ranking import FeatureNames, Ranker
from interestclock.samples.live import OPEN, Intake
from interestclock.training.learner import Learner
from interestclock.training.live.config import LiveConfig
from interestclock.training.live.lessons import Lesson, Lessons
from interestclock.training.live.live_features import IdChanges, LiveFeatures
from interestclock.training.live.ranker_state import ranker_state, restore_ranker
from interestclock.training.live.touched import WEIGHT, Touched

__all__ = ["LiveRecorder", "LiveTrainer"]

# Shapes: B exposures, K labels, R rows.


class LiveRecorder(Protocol):
    """Is told of each batch when it is predicted, and again when it is learned."""

    def predicted(self, rows: pa.Table, probabilities: Mapping[str, Tensor]) -> None:
        """Exposures as they were shown, and each task's probability, float32 (B,)."""

    def learned(
        self, *, probability_B: Tensor, label_B: Tensor, second_of_day_B: Tensor, event_ms: int
    ) -> None:
        """Of the main task: what was predicted, and what came of it (int8; -1 is missing)."""


class LiveTrainer:
    """A ranker and all it needs, fed by arrivals; its whole state can be taken and given back.

    What it learns depends on the arrivals and their order alone: not on how they are cut, not on the time on
    the wall, and not on whether it was stopped and restored in between.

    Args:
        schema: the log's names; with labels, not positive-only. items: the item table, or None.
        config: ranker, waits, tables. recorder: is told of predictions.

    Raises:
        ConfigError: the log holds choices only, a label that may be missing is none of its labels, or the
            device is not the CPU.
    """

    def __init__(
        self, schema: LogSchema, *, items: pa.Table | None, config: LiveConfig, recorder: LiveRecorder
    ) -> None:
        _check(schema, config)
        self.schema, self.config, self.recorder = schema, config, recorder
        self.intake = Intake(schema, config=config.intake)
        self.features = LiveFeatures(
            schema, items=items, config=config, needs_clocks=config.ranker.needs_clocks
        )
        names = FeatureNames.of(schema, buckets_per_day=config.clocks.buckets_per_day)
        self.ranker = Ranker(names=names, config=config.ranker, seed=config.train.seed)
        self.learner = Learner(self.ranker, self.features.view(), learning_rate=config.train.learning_rate)
        self.lessons = Lessons()
        self.event_ms = self.learned_ms = 0  # of the last exposure predicted, and learned
        self.touched = Touched()
        # Projections that are kept may be newer when a batch is asked again. So it always is asked again, and
        # a checkpoint, after which it has to be, changes nothing.
        self._projections_age = any(
            isinstance(each, LongTermConfig) and each.refresh is not None for each in config.ranker.clocks
        )
        self._missing_K = torch.tensor(
            [OPEN if name in config.missing_labels else 0 for name in schema.labels]
        )

    def take(
        self, exposures: pa.Table, labels: pa.Table, *, bad: int = 0, taken_ms: int | None = None
    ) -> None:
        """Take one arrival, as ``Intake`` does: predict and learn whatever it makes ready."""
        self.intake.take(exposures, labels, bad=bad, taken_ms=taken_ms)
        self._run(ended=False)

    def tick(self, *, awaited: Sequence[str], taken_ms: int) -> None:
        """Nothing came for a while, as ``Intake.tick`` has it; a quiet stream's batches need not be full."""
        self.intake.tick(awaited=awaited, taken_ms=taken_ms)
        self._run(ended=not awaited)
        if not awaited:
            self._learn(self.intake.watermark_ms)
            self._close()
            self._count()

    def finish(self) -> None:
        """The stream is over: predict and learn what waits."""
        self.intake.end()
        self._run(ended=True)
        self._learn(None)
        self._close()
        self._count()

    def state(self) -> Arrays:
        """Everything, sharing memory with the trainer. Predictions that wait lose their graphs, here too."""
        self.lessons.drop_predictions()
        state = under("intake", self.intake.state()) | under("features", self.features.state())
        state |= under("lessons", self.lessons.state()) | under("ranker", ranker_state(self.ranker))
        state |= under("learner", arrays_of(self.learner.state()))
        return state | {"event_ms": np.array(self.event_ms), "learned_ms": np.array(self.learned_ms)}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave, to the bit."""
        self.intake.restore(below("intake", state))
        self.features.restore(below("features", state))
        self.lessons.restore(below("lessons", state))
        restore_ranker(self.ranker, below("ranker", state))
        self.learner.restore(tensors_of(below("learner", state)))
        self.event_ms, self.learned_ms = int(state["event_ms"]), int(state["learned_ms"])

    def _run(self, *, ended: bool) -> None:
        while (rows := self.intake.next_batch(most=self.config.train.batch_size, ended=ended)) is not None:
            self._predict(rows)
        self._count()

    def _predict(self, rows: pa.Table) -> None:
        timestamp_ms_B = rows["timestamp_ms"].to_numpy()
        now_ms = int(timestamp_ms_B[0])
        self._learn(now_ms)
        needed_from_ms = now_ms if self.lessons.first_ms is None else self.lessons.first_ms
        numbers, changes = self.features.number(rows, protected_from_ms=needed_from_ms)
        if changes["user"].left.size or changes["item"].left.size:
            # What they did is theirs: it must not go to whoever gets their numbers.
            self.features.hear(self.intake.labels_before(now_ms), open_=self.intake.exposures)
        self.features.change(rows, numbers, changes)
        self._change_rows(changes)
        labels = self.intake.labels_before(int(timestamp_ms_B[-1]))
        batch = self.features.take(rows, numbers, open_=self.intake.exposures, labels=labels)
        self.learner.histories = self.features.view()
        prediction = self.learner.predict(batch)
        probabilities = prediction.probabilities()
        self.recorder.predicted(rows, probabilities)
        self.lessons.add(
            Lesson(
                batch=batch,
                serial_B=rows["serial"].to_numpy(),
                probability_B=probabilities[self.schema.main_label],
                prediction=None if self._projections_age else prediction,
            )
        )
        self._close()
        self.event_ms = int(timestamp_ms_B[-1])
        self.features.trim(needed_from_ms=needed_from_ms)

    def _learn(self, now_ms: int | None) -> None:
        """Teach the batches whose labels are settled; None for all of them."""
        for lesson in self.lessons.due(now_ms, self.intake.exposures):
            label_BK = torch.from_numpy(self.intake.exposures.label_NK(lesson.serial_B))
            label_BK = torch.where(label_BK == OPEN, self._missing_K, label_BK).to(torch.int8)
            labels = {name: label_BK[:, place] for place, name in enumerate(self.schema.labels)}
            self.learner.histories = self.features.view()
            self.learner.learn(replace(lesson.batch, labels=labels), lesson.prediction)
            self._touch_gradients()
            self.intake.accounts.learned += len(lesson.batch)
            self.learned_ms = int(lesson.batch.timestamp_ms_B[-1])
            self.recorder.learned(
                probability_B=lesson.probability_B,
                label_B=labels[self.schema.main_label],
                second_of_day_B=lesson.batch.second_of_day_B,
                event_ms=self.learned_ms,
            )

    def _close(self) -> None:
        """Forget exposures that are learned; a batch under way must be among the lessons by now."""
        first = self.lessons.first_serial
        self.intake.close(needed_from=self.intake.exposures.stop if first is None else first)

    def _count(self) -> None:
        self.intake.accounts.waiting = self.intake.waiting() + len(self.lessons)

    def _change_rows(self, changes: Mapping[str, IdChanges]) -> None:
        """Give rows of the table to ids that earned one, and take them from ids that left."""
        table = self.ranker.table
        table.reserve(self.features.sizes())
        self._grow_values()
        for kind, change in changes.items():
            left_R = table.release(kind, torch.from_numpy(change.left.astype(np.int64)))
            self.learner.forget_rows(table.weight, left_R)
            admitted_R = table.admit(kind, torch.from_numpy(change.admitted.astype(np.int64)))
            self.touched.note(kind, np.concatenate([change.left, change.came, change.admitted]))
            self.touched.note(WEIGHT, torch.cat([left_R, admitted_R]).numpy())
        self._describe_items(changes["item"])
        if any(changes.values()):
            self.lessons.drop_predictions()
        if changes["item"].left.size:
            self.lessons.forget_items(changes["item"].left)

    def _grow_values(self) -> None:
        """Rows for attribute values that are new; a server needs them before anything is learned of them."""
        table, sizes, layout = self.ranker.table, self.features.value_sizes(), self.ranker.table.layout()
        first = {feature: len(layout[feature]) if feature in layout else 1 for feature in sizes}
        table.grow(sizes)
        for feature in [each for each in sizes if first[each] <= sizes[each]]:
            new = torch.arange(first[feature], sizes[feature] + 1)
            self.touched.note(feature, new.numpy())
            self.touched.note(WEIGHT, table.rows(feature, new).numpy())

    def _describe_items(self, change: IdChanges) -> None:
        item_R = np.union1d(np.union1d(change.left, change.came), change.admitted).astype(np.int64)
        if not item_R.size:
            return
        value_of = {
            name: torch.from_numpy(self.features.values.of(name, item_R).astype(np.int64))
            for name in self.schema.attributes
        }
        item = torch.from_numpy(item_R)
        self.ranker.items.redescribe(item, value_of)
        for slot in self.ranker.clock_slots():
            slot.renew(item, self.ranker.items)

    def _touch_gradients(self) -> None:
        gradient = self.ranker.table.weight.grad
        if gradient is not None:
            self.touched.note(WEIGHT, gradient._indices()[0].numpy())


def _check(schema: LogSchema, config: LiveConfig) -> None:
    if schema.positive_only:
        raise ConfigError(
            "a log of choices only has nothing that was shown and not chosen; a live trainer learns from "
            "exposures with labels"
        )
    strange = [name for name in config.missing_labels if name not in schema.labels]
    if strange:
        raise ConfigError(f"no label '{strange[0]}' in this log; it has {', '.join(schema.labels)}")
    if config.train.device != "cpu":
        raise ConfigError(f"a live trainer runs on the CPU, not on '{config.train.device}'; leave it out")
