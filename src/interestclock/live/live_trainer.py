"""Feeds a trainer from a stream that arrives as it likes, and may be taken up again anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.admission import Admitted, Counters, Erasures, EventBuffer, UserHashes
from interestclock.arrays import Arrays, arrays_of, below, tensors_of, under
from interestclock.events.schema import LogSchema
from interestclock.live.awaited_labels import SERIAL, AwaitedLabels
from interestclock.live.choice_rows import CHOICE, ChoiceRows, flags, own_rows
from interestclock.live.config import LiveConfig
from interestclock.live.embedding_rows import EmbeddingRows
from interestclock.live.exposure_queue import ExposureQueue
from interestclock.live.kept_state import not_predicted
from interestclock.live.ranker_state import ranker_state, restore_ranker
from interestclock.ranking import FeatureNames, Ranker
from interestclock.samples import Batch, BatchMaker, Rows
from interestclock.samples.context import context_numbered
from interestclock.samples.sample_maker import run_starts
from interestclock.state import FeatureState, Ingested
from interestclock.training.learner import Learner
from interestclock.training.pending import PendingBatches
from interestclock.training.trainer import PredictedBatch, Recorder, Trainer

__all__ = ["LiveTrainer"]

# Shapes: B exposures.
_COLUMNS = ("user", "item", "timestamp_ms", "second_of_day", "day_of_week", "serial")


class LiveTrainer:
    """A ``Trainer`` and all it needs, fed by micro-batches; its whole state can be saved and restored.

    What it learns depends on what was admitted and its order alone: not on how that is batched, not on the
    time on the wall, and not on whether it was stopped and restored in between.

    Args:
        schema: the log's names. items: the item table, or None.
        config: ranker, waits, tables. recorder: is told of each batch, with its exposures as they were shown;
            what was said of the main label comes along when it is learned.
        hashes: of users who are erased; None: of a stream that nobody goes on from.

    Raises:
        ConfigError: a label that may be missing is none of its labels, or the device is not the CPU.
    """

    def __init__(
        self,
        schema: LogSchema,
        *,
        items: pa.Table | None,
        config: LiveConfig,
        recorder: Recorder,
        hashes: UserHashes | None = None,
    ) -> None:
        config.check_for(schema)
        self.schema, self.config, self.recorder = schema, config, recorder
        self.buffer = EventBuffer(schema, config=config.admission, hashes=hashes)
        self.features = FeatureState(schema, items=items, config=config.state())
        self._choices = ChoiceRows(self.features, config=config.candidates)
        self.queue = self._new_queue()
        self.labels = AwaitedLabels(
            schema.labels, missing=config.missing_labels, label_wait_ms=config.admission.label_wait_ms
        )
        self.pending = PendingBatches(self.labels, config=config.train)
        names = FeatureNames.of(schema, buckets_per_day=config.clocks.buckets_per_day)
        self.ranker = Ranker(names=names, config=config.ranker, seed=config.train.seed)
        self.learner = Learner(self.ranker, self.features.histories, learning_rate=config.train.learning_rate)
        # Projections that are kept may be newer when a batch is asked again. So it always is asked again, and
        # a checkpoint, after which it has to be, changes nothing.
        projections_age = any(clock.ages for clock in self.ranker.clock_modules())
        self._trainer = Trainer(
            self.learner,
            pending=self.pending,
            recorder=self,
            carried=schema.main_label,
            keep_graphs=not projections_age,
            before_predict=self._describe_items,
        )
        self.rows = EmbeddingRows(
            self.ranker, self.learner, self.features, config=config, moved=self.pending.drop_predictions
        )
        self._maker = BatchMaker(
            recent=config.ranker.recent,
            clocks=config.ranker.needs_clocks,
            clocks_of_day=config.clocks_of_day,
            population_votes=config.ranker.population_votes,
        )
        self.event_ms = self.learned_ms = 0  # of the last exposure predicted, and learned
        self._awaiting = 0  # exposures predicted and not learned yet

    def process(
        self, exposures: pa.Table, labels: pa.Table, *, bad: int = 0, polled_ms: int | None = None
    ) -> None:
        """Admit and ingest a micro-batch that is written down nowhere."""
        tables = {"exposures": exposures, "labels": labels}
        for admitted in self.buffer.admit(tables, bad=bad, polled_ms=polled_ms):
            self.ingest(admitted)

    def ingest(self, admitted: Admitted) -> None:
        """Take what was admitted: into the state, and, as far as the watermark goes, predict and learn."""
        for midnight_ms in self.features.midnights_until(admitted.watermark_ms):
            self._pass_midnight(midnight_ms)
        if admitted.erasures is not None:
            self._erase(admitted.erasures)
        if admitted.exposures is not None and (admitted.exposures.num_rows or admitted.items is not None):
            self._ingest_exposures(admitted.exposures, admitted.items)
        self.features.apply_labels(admitted.labels)
        self.labels.apply(admitted.labels)
        self._advance(admitted.watermark_ms)
        self.features.close_before_ms(admitted.watermark_ms - self.config.waits_ms)
        self.rows.describe_as_of(self.event_ms)
        self._count()

    def finish(self) -> None:
        """The stream is over: predict and learn what waits."""
        self.buffer.end()
        self.queue.end()
        self._predict_ready()
        self._trainer.learn(None)
        self.rows.describe_as_of(self.event_ms)
        self._count()

    def predicted(self, predicted: PredictedBatch) -> None:
        """A batch awaits its labels; its trainer calls it."""
        self._awaiting += self._exposures(predicted.batch)
        self.recorder.predicted(predicted)

    def learned(self, batch: Batch) -> None:
        """A batch moved the rows that it showed; its trainer calls it."""
        self.rows.record_gradients()
        exposures = self._exposures(batch)
        self._awaiting -= exposures
        self.buffer.counters.learned += exposures
        self.learned_ms = int(batch.timestamp_ms_B.max())
        self.recorder.learned(batch)

    def remarks(self) -> Iterator[str]:
        """What is to be said of the stream that its counters do not say."""
        if self.buffer.disagreeing:
            yield (
                f"{self.buffer.disagreeing:,} of the duplicates are exposures with other labels than the "
                "first of their event_id, which counts: what else is known of one comes as a label message"
            )
        if (remark := self.features.values.remark()) is not None:
            yield remark

    def state(self) -> Arrays:
        """Everything, sharing memory with the trainer. Predictions that wait lose their graphs, here too."""
        self.pending.drop_predictions()
        state = under("admission", self.buffer.state()) | under("features", self.features.state())
        state |= under("queue", self.queue.state()) | under("pending", self.pending.state())
        state |= under("labels", self.labels.state())
        state |= under("rows", self.rows.state()) | under("ranker", ranker_state(self.ranker))
        state |= under("learner", arrays_of(self.learner.state()))
        numbers = [self.event_ms, self.learned_ms, self._awaiting, self._choices.choices]
        return state | {"numbers": np.array(numbers, np.int64)}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave, to the bit."""
        self.buffer.restore(below("admission", state))
        self.features.restore(below("features", state))
        self.queue.restore(below("queue", state))
        self.pending.restore(below("pending", state))
        self.labels.restore(below("labels", state))
        restore_ranker(self.ranker, below("ranker", state))
        self.rows.restore(below("rows", state))
        self.learner.restore(tensors_of(below("learner", state)))
        self.event_ms, self.learned_ms, self._awaiting, self._choices.choices = state["numbers"].tolist()

    def _describe_items(self, batch: Batch) -> None:
        """Let items be what they were when a batch was shown; of a shuffled day, when the first of it was."""
        self.rows.describe_as_of(int(batch.timestamp_ms_B.min()))

    def start_on(self, state: Mapping[str, npt.NDArray[Any]]) -> int:
        """Take over what another trainer knew of the stream, not what it had learned of it.

        Admission and features go on from where they stood. Exposures that were not predicted will be; those
        that were, and waited for labels, are not learned here. Of the counters, ``received`` goes on, and all
        that does not wait here is ``in_kept_state``.

        Args:
            state: what that trainer's ``state`` gave; it admitted and remembered as this one does.

        Returns:
            How many exposures it had predicted and not learned.
        """
        self.buffer.restore(below("admission", state))
        self.features.restore(below("features", state))
        queue, drawn = not_predicted(below("queue", state))
        self.queue.restore(queue)
        self.labels.restore(below("labels", state))
        self.event_ms, _, _, choices = state["numbers"].tolist()
        self._choices.choices = choices - drawn
        shown, users, items = (
            each.astype(np.int32)
            for each in (np.zeros(0), self.features.users.known(), self.features.items.known())
        )
        self.rows.follow(
            Ingested(user_N=shown, item_N=shown, new_users=users, new_items=items, items_described=shown)
        )
        return self._count_from_here()

    def _count_from_here(self) -> int:
        """What does not wait here is another's; gives how much of it waited there."""
        counters = self.buffer.counters
        received, waited_there = counters.received, counters.waiting
        self._count()
        here = Counters(
            received=received, waiting=counters.waiting, in_kept_state=received - counters.waiting
        )
        counters.restore(here.state())
        self.buffer.disagreeing = 0
        return waited_there - here.waiting

    def _new_queue(self) -> ExposureQueue:
        most, fill_ms = self.config.train.batch_size, self.config.batch_ms
        if not self.schema.positive_only:
            return ExposureQueue(most=most, fill_ms=fill_ms)
        return ExposureQueue(most=most, fill_ms=fill_ms, together=CHOICE, expand=self._choices.expand)

    def _ingest_exposures(self, exposures: pa.Table, items: pa.Table | None) -> None:
        ingested = self.features.ingest(exposures, items)
        self.rows.follow(ingested)
        self.labels.expect(exposures["timestamp_ms"].to_numpy())
        for name, slot_N in (("user", ingested.user_N), ("item", ingested.item_N)):
            exposures = exposures.append_column(name, pa.array(slot_N))
        self.queue.add(exposures)

    def _pass_midnight(self, midnight_ms: int) -> None:
        """What can be predicted and learned before a midnight is, before the state forgets."""
        self._advance(midnight_ms)
        self.rows.pass_midnight(self.features.config.complete_from_ms(midnight_ms))
        self.rows.release(self.features.pass_midnight(midnight_ms))

    def _erase(self, erasures: Erasures) -> None:
        """What waits of users goes, then their rows with what the optimiser knows of them, then the rest."""
        user_R = self.features.whose(erasures)
        predicted = sum(map(self._exposures, self.pending.erase(user_R)))
        self._awaiting -= predicted
        self.buffer.counters.erased += self.queue.erase(user_R) + predicted
        self.rows.release(self.features.erase(erasures))

    def _advance(self, watermark_ms: int) -> None:
        self.queue.advance(watermark_ms)
        self._predict_ready()
        first_ms = self.queue.first_ms
        # What was shown before its labels were known must not be predicted with them.
        self._trainer.learn(watermark_ms if first_ms is None else min(watermark_ms, first_ms))
        waiting = [each for each in (self.pending.first_ms, first_ms) if each is not None]
        self.labels.close_before_ms(min(waiting, default=None))

    def _predict_ready(self) -> None:
        while (exposures := self.queue.next_batch()) is not None:
            self._predict(exposures)

    def _predict(self, rows: pa.Table) -> None:
        """Count who was shown, and predict; of choices those of known items, each beside its candidates."""
        timestamp_ms_B, scored_B = rows["timestamp_ms"].to_numpy(), flags(rows, "scored")
        now_ms = int(timestamp_ms_B[int(np.argmax(scored_B))])  # as of the first that is predicted
        self._trainer.learn(now_ms)  # before rows move
        first_ms = self.pending.first_ms
        own, own_B = own_rows(rows)
        contexts = self.rows.observe(own, protected_from_ms=now_ms if first_ms is None else first_ms)
        if scored_B.any():
            scored = rows if scored_B.all() else rows.filter(pa.array(scored_B))
            numbers = {name: each[own_B[scored_B]] for name, each in contexts.items()}
            self._trainer.step(self._maker.make(self._rows(scored, numbers), self.features), scored)
        self.buffer.counters.unscored += int((~scored_B).sum())
        self.event_ms = int(timestamp_ms_B[-1])

    def _rows(self, shown: pa.Table, contexts: Mapping[str, npt.NDArray[np.integer]]) -> Rows:
        """What was shown as a batch maker takes it; labels come later, but of choices."""
        columns = {name: shown[name].to_numpy() for name in _COLUMNS}
        chosen = {self.schema.main_label: flags(shown, "chosen")} if self.schema.positive_only else {}
        return Rows(
            user_B=columns["user"],
            item_B=columns["item"],
            request_B=np.cumsum(run_starts(shown, self.queue.together), dtype=np.int64),
            timestamp_ms_B=columns["timestamp_ms"],
            second_of_day_B=columns["second_of_day"],
            day_of_week_B=columns["day_of_week"],
            known_ms_B=columns["timestamp_ms"] + self.config.admission.label_wait_ms,
            labels={name: each.astype(np.int8) for name, each in chosen.items()},
            **context_numbered(shown, self.schema, contexts),
            carried={SERIAL: columns["serial"]},
        )

    def _exposures(self, batch: Batch) -> int:
        """How many exposures a batch is: of a choice and its candidates one."""
        return int(batch.labels[self.schema.main_label].sum()) if self.schema.positive_only else len(batch)

    def _count(self) -> None:
        self.buffer.counters.waiting = self.buffer.waiting + len(self.queue) + self._awaiting
        self.buffer.counters.item_changes = self.features.values.changes.count
