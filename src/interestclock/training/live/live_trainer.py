"""Predict, record, then learn: on a stream that arrives as it likes and may be taken up again anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from torch import Tensor

from interestclock.arrays import Arrays, arrays_of, below, tensors_of, under
from interestclock.clocks import LongTermConfig
from interestclock.errors import ConfigError
from interestclock.events.schema import LogSchema
from interestclock.ranking import FeatureNames, Ranker
from interestclock.samples import Batch, BatchMaker, Rows
from interestclock.samples.sample_maker import REQUEST, run_starts
from interestclock.state import FeatureState
from interestclock.streams import Admitted, EventBuffer
from interestclock.training.learner import Learner
from interestclock.training.live.choice_rows import CHOICE, ChoiceRows, own_rows
from interestclock.training.live.config import LiveConfig
from interestclock.training.live.embedding_rows import EmbeddingRows
from interestclock.training.live.exposure_queue import ExposureQueue
from interestclock.training.live.pending import PendingBatch, PendingBatches
from interestclock.training.live.ranker_state import ranker_state, restore_ranker

__all__ = ["LiveRecorder", "LiveTrainer"]

# Shapes: B exposures.


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

    What it learns depends on what was admitted and its order alone: not on how that is cut, not on the time
    on the wall, and not on whether it was stopped and restored in between.

    Args:
        schema: the log's names. items: the item table, or None.
        config: ranker, waits, tables. recorder: is told of predictions.

    Raises:
        ConfigError: a label that may be missing is none of its labels, or the device is not the CPU.
    """

    def __init__(
        self, schema: LogSchema, *, items: pa.Table | None, config: LiveConfig, recorder: LiveRecorder
    ) -> None:
        _check(schema, config)
        self.schema, self.config, self.recorder = schema, config, recorder
        self.buffer = EventBuffer(schema, config=config.admission)
        self.features = FeatureState(schema, items=items, config=config.state())
        self._choices = ChoiceRows(self.features, config=config.candidates)
        self.queue = self._new_queue()
        self.pending = PendingBatches(
            schema.labels, missing=config.missing_labels, label_wait_ms=config.admission.label_wait_ms
        )
        names = FeatureNames.of(schema, buckets_per_day=config.clocks.buckets_per_day)
        self.ranker = Ranker(names=names, config=config.ranker, seed=config.train.seed)
        self.learner = Learner(
            self.ranker, self.features.histories(), learning_rate=config.train.learning_rate
        )
        self.rows = EmbeddingRows(
            self.ranker, self.learner, self.features, config=config, moved=self.pending.drop_predictions
        )
        self._maker = BatchMaker(
            recent=config.ranker.recent,
            clocks=config.ranker.needs_clocks,
            clocks_of_day=config.clocks_of_day,
        )
        self.event_ms = self.learned_ms = 0  # of the last exposure predicted, and learned
        self._requests = 0
        # Projections that are kept may be newer when a batch is asked again. So it always is asked again, and
        # a checkpoint, after which it has to be, changes nothing.
        self._projections_age = any(
            isinstance(each, LongTermConfig) and each.refresh is not None for each in config.ranker.clocks
        )

    def take(
        self, exposures: pa.Table, labels: pa.Table, *, bad: int = 0, taken_ms: int | None = None
    ) -> None:
        """Take one arrival that is written down nowhere: admit and ingest it."""
        tables = {"exposures": exposures, "labels": labels}
        for admitted in self.buffer.admit(tables, bad=bad, taken_ms=taken_ms):
            self.ingest(admitted)

    def ingest(self, admitted: Admitted) -> None:
        """Take what was admitted: into the state, and, as far as the watermark goes, predict and learn."""
        for midnight_ms in self.features.midnights_until(admitted.watermark_ms):
            self._pass_midnight(midnight_ms)
        if admitted.exposures is not None and (admitted.exposures.num_rows or admitted.items is not None):
            self._ingest_exposures(admitted.exposures, admitted.items)
        self.features.apply_labels(admitted.labels)
        self.pending.apply_labels(admitted.labels)
        self._advance(admitted.watermark_ms)
        self.features.close_before_ms(admitted.watermark_ms - self.config.waits_ms)
        self.rows.describe_as_of(self.event_ms)
        self._count()

    def finish(self) -> None:
        """The stream is over: predict and learn what waits."""
        self.buffer.end()
        self.queue.end()
        self._predict_ready()
        self._learn(None)
        self._count()

    def state(self) -> Arrays:
        """Everything, sharing memory with the trainer. Predictions that wait lose their graphs, here too."""
        self.pending.drop_predictions()
        state = under("admission", self.buffer.state()) | under("features", self.features.state())
        state |= under("queue", self.queue.state()) | under("pending", self.pending.state())
        state |= under("rows", self.rows.state()) | under("ranker", ranker_state(self.ranker))
        state |= under("learner", arrays_of(self.learner.state()))
        numbers = [self.event_ms, self.learned_ms, self._requests, self._choices.choices]
        return state | {"numbers": np.array(numbers, np.int64)}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave, to the bit."""
        self.buffer.restore(below("admission", state))
        self.features.restore(below("features", state))
        self.queue.restore(below("queue", state))
        self.pending.restore(below("pending", state))
        restore_ranker(self.ranker, below("ranker", state))
        self.rows.restore(below("rows", state))
        self.learner.restore(tensors_of(below("learner", state)))
        self.event_ms, self.learned_ms, self._requests, self._choices.choices = state["numbers"].tolist()

    def _new_queue(self) -> ExposureQueue:
        most, fill_ms = self.config.train.batch_size, self.config.batch_ms
        if not self.schema.positive_only:
            return ExposureQueue(most=most, fill_ms=fill_ms)
        return ExposureQueue(most=most, fill_ms=fill_ms, together=CHOICE, expand=self._choices.expand)

    def _ingest_exposures(self, exposures: pa.Table, items: pa.Table | None) -> None:
        ingested = self.features.ingest(exposures, items)
        self.rows.follow(ingested)
        self.pending.expect(exposures["timestamp_ms"].to_numpy())
        slots = {"user": ingested.user_N, "item": ingested.item_N}
        for name, slot_N in slots.items():
            exposures = exposures.append_column(name, pa.array(slot_N))
        self.queue.add(exposures)

    def _pass_midnight(self, midnight_ms: int) -> None:
        """What can be predicted and learned before a midnight is, before the state forgets."""
        self._advance(midnight_ms)
        self.rows.pass_midnight(self.features.config.complete_from_ms(midnight_ms))
        self.rows.release(self.features.pass_midnight(midnight_ms))

    def _advance(self, watermark_ms: int) -> None:
        self.queue.advance(watermark_ms)
        self._predict_ready()
        # What was shown before its labels were known must not be predicted with them.
        self._learn(min(watermark_ms, watermark_ms if self.queue.first_ms is None else self.queue.first_ms))
        self.pending.close(first_serial=self.queue.first_serial)

    def _predict_ready(self) -> None:
        while (exposures := self.queue.next_batch()) is not None:
            self._predict(exposures)

    def _predict(self, rows: pa.Table) -> None:
        timestamp_ms_B = rows["timestamp_ms"].to_numpy()
        scored_B = np.ones(rows.num_rows, np.bool_)
        if "scored" in rows.column_names:
            scored_B = rows["scored"].to_numpy(zero_copy_only=False)
        now_ms = int(timestamp_ms_B[int(np.argmax(scored_B))])  # as of the first that is predicted
        self._learn(now_ms)
        contexts = self._sight(rows, now_ms if self.pending.first_ms is None else self.pending.first_ms)
        if scored_B.all():
            self._predict_batch(rows, contexts)
        elif scored_B.any():
            scored = {name: each[scored_B] for name, each in contexts.items()}
            self._predict_batch(rows.filter(pa.array(scored_B)), scored)
        self.buffer.accounts.unscored += int((~scored_B).sum())
        self.event_ms = int(timestamp_ms_B[-1])

    def _sight(self, rows: pa.Table, protected_from_ms: int) -> dict[str, npt.NDArray[np.integer]]:
        """Count what was shown or chosen; gives the numbers of each row's contexts."""
        if not self.schema.positive_only:
            return self.rows.sight(rows, _slots(rows), protected_from_ms=protected_from_ms)
        own, choice_B = own_rows(rows)
        numbers = self.rows.sight(own, _slots(own), protected_from_ms=protected_from_ms)
        return {name: each[choice_B] for name, each in numbers.items()}

    def _predict_batch(self, rows: pa.Table, contexts: Mapping[str, npt.NDArray[np.integer]]) -> None:
        self.rows.describe_as_of(int(rows["timestamp_ms"][0].as_py()))
        batch = self._maker.make(self._rows(rows, _slots(rows), contexts), self.features)
        self.learner.histories = self.features.histories()
        prediction = self.learner.predict(batch)
        probabilities = prediction.probabilities()
        self.recorder.predicted(rows, probabilities)
        chosen = rows["chosen"].to_numpy(zero_copy_only=False) if self.schema.positive_only else None
        self.pending.add(
            PendingBatch(
                batch=batch,
                serial_B=rows["serial"].to_numpy(),
                probability_B=probabilities[self.schema.main_label],
                chosen_B=chosen,
                prediction=None if self._projections_age else prediction,
            )
        )

    def _rows(
        self,
        exposures: pa.Table,
        slots: Mapping[str, npt.NDArray[np.integer]],
        contexts: Mapping[str, npt.NDArray[np.integer]],
    ) -> Rows:
        """The exposures of a batch as a batch maker takes them; their labels come later."""
        columns = {
            name: exposures[name].to_numpy() for name in ("timestamp_ms", "second_of_day", "day_of_week")
        }
        together = CHOICE if self.schema.positive_only else REQUEST
        request_B = self._requests + np.cumsum(run_starts(exposures, together), dtype=np.int64)
        self._requests = int(request_B[-1])
        numeric = {name: exposures[f"numeric.{name}"].to_numpy() for name in self.schema.numeric}
        return Rows(
            user_B=slots["user"],
            item_B=slots["item"],
            request_B=request_B,
            timestamp_ms_B=columns["timestamp_ms"],
            second_of_day_B=columns["second_of_day"],
            day_of_week_B=columns["day_of_week"],
            known_ms_B=columns["timestamp_ms"] + self.config.admission.label_wait_ms,
            categorical={name: contexts[name] for name in self.schema.categorical},
            multivalued={name: contexts[name] for name in self.schema.multivalued},
            numeric={name: each.astype(np.float32) for name, each in numeric.items()},
        )

    def _learn(self, before_ms: int | None) -> None:
        """Teach the batches whose labels are settled strictly before a moment; None for all of them."""
        for pending in self.pending.due(before_ms):
            batch: Batch = pending.batch
            self.learner.histories = self.features.histories()
            self.rows.describe_as_of(int(batch.timestamp_ms_B[0]))
            self.learner.learn(batch, pending.prediction)
            self.rows.note_gradients()
            self.buffer.accounts.learned += pending.exposures
            self.learned_ms = int(batch.timestamp_ms_B[-1])
            self.recorder.learned(
                probability_B=pending.probability_B,
                label_B=batch.labels[self.schema.main_label],
                second_of_day_B=batch.second_of_day_B,
                event_ms=self.learned_ms,
            )

    def _count(self) -> None:
        waiting = self.buffer.waiting + len(self.queue) + len(self.pending)
        self.buffer.accounts.waiting = waiting
        self.buffer.accounts.item_changes = self.features.values.changes.count


def _slots(rows: pa.Table) -> dict[str, npt.NDArray[np.integer]]:
    return {name: rows[name].to_numpy() for name in ("user", "item")}


def _check(schema: LogSchema, config: LiveConfig) -> None:
    strange = [name for name in config.missing_labels if name not in schema.labels]
    if strange:
        raise ConfigError(f"no label '{strange[0]}' in this log; it has {', '.join(schema.labels)}")
    if config.train.device != "cpu":
        raise ConfigError(f"a live trainer runs on the CPU, not on '{config.train.device}'; leave it out")
