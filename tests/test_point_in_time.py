"""What happens from a moment t on changes no prediction made before t.

Two logs that agree up to t and in nothing after it are prepared and trained on, each for itself. From t
on everything differs: users, items, times, labels, attributes of items not seen before, context, how
many rows there are. So do the labels of earlier exposures that become known only at t or after.

What is guaranteed: the ranker that predicts an exposure before t has learned the same lessons in both
logs, and looks at the same features. A batch all of which lies before t is therefore predicted the same
to the last bit. A batch that holds exposures of both sides of t is one matrix product with other rows in
it; its rows from before t may differ by rounding, and are held to 1e-6.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from in_memory import CHOICES, HOUR_MS, REQUESTS, MemorySource, choices_log, requests_log
from slow_but import slow_but

from interestclock.clock_features import ClockFeatureConfig
from interestclock.clocks import GaussianConfig, LongTermConfig
from interestclock.model_inputs import ModelFeatures, features_as_of
from interestclock.ranking import FeatureNames, Ranker, RankerConfig
from interestclock.samples import Batch, BatchMaker, PrepareConfig, prepare_samples
from interestclock.sequences import DinConfig, SimHardConfig, SimSoftConfig, TwinConfig
from interestclock.training import ORDERS, PredictedBatch, SampleTrainer, TrainConfig

SEARCH = {"behaviours": 3, "longest": 12, "heads": 2, "latent_dim": 4, "output_dim": 4}
RANKER = RankerConfig(
    clocks=(
        GaussianConfig(),
        LongTermConfig(**SEARCH),
        DinConfig(behaviours=3, hidden=4),
        SimHardConfig(**SEARCH),
        SimSoftConfig(**SEARCH),
        TwinConfig(**SEARCH),
    ),
    dim=16,
    recent=3,
    hidden=(8,),
    tower_width=4,
)
LATE_MS = 18 * HOUR_MS  # many batches before t have labels that become known after it
PREPARE = PrepareConfig(clocks=ClockFeatureConfig(window_days=2), rows_per_chunk=70)


class Recording:
    """Every prediction as it was made, and the time of its row and of its batch's last row."""

    def __init__(self) -> None:
        self._rows: list[np.ndarray] = []
        self._frozen: list[np.ndarray] = []
        self._time_ms: list[np.ndarray] = []
        self._last_ms: list[np.ndarray] = []

    def predicted(self, predicted: PredictedBatch) -> None:
        batch, probabilities = predicted.batch, predicted.probabilities
        time_ms = batch.timestamp_ms_B.numpy()
        self._rows.append(np.stack([probabilities[task].numpy() for task in sorted(probabilities)]))
        answers = predicted.frozen or {task: np.full(len(batch), -1.0, np.float32) for task in probabilities}
        self._frozen.append(np.stack([np.asarray(answers[task]) for task in sorted(answers)]))
        self._time_ms.append(time_ms)
        self._last_ms.append(np.full(time_ms.size, time_ms[-1]))

    def learned(self, batch: Batch) -> None:
        pass

    def before(self, t_ms: int) -> tuple[np.ndarray, np.ndarray]:
        """Predictions (learning and frozen) of rows before t, and which stand in batches before t."""
        rows = np.concatenate(self._time_ms) < t_ms
        learning, frozen = np.concatenate(self._rows, axis=1), np.concatenate(self._frozen, axis=1)
        return np.concatenate([learning, frozen])[:, rows], np.concatenate(self._last_ms)[rows] < t_ms


def predictions(source: MemorySource, *, order: str, freeze_ms: int) -> Recording:
    recording = Recording()
    with TemporaryDirectory() as folder:
        samples = prepare_samples(source, Path(folder) / "samples", config=PREPARE)
        state = samples.state()
        trainer = SampleTrainer(
            Ranker(names=FeatureNames.of(samples.schema), config=RANKER, seed=0),
            histories=state.histories(),
            item_values=samples.item_attributes(state),
            config=TrainConfig(batch_size=16, learning_rate=0.02, order=order),
            freeze_ms=freeze_ms,
        )
        trainer.run(samples.chunks(BatchMaker(recent=RANKER.recent, clocks=True), state), recording)
    return recording


def late_labels_otherwise(source: MemorySource, t_ms: int) -> pa.Table:
    """The events with every label that becomes known at t or later turned round, and known later still."""
    events = source.events
    for name in source.schema.labels:
        known_ms, label = events[f"known_ms.{name}"].to_numpy(), events[f"label.{name}"]
        late = known_ms >= t_ms
        if not source.schema.positive_only:
            turned = pc.fill_null(pc.subtract(pa.scalar(1, pa.int8()), label), 1)
            events = _with(events, f"label.{name}", pc.if_else(pa.array(late), turned, label))
        events = _with(events, f"known_ms.{name}", pa.array(np.where(late, known_ms + 3 * HOUR_MS, known_ms)))
    return events


def poisoned(source: MemorySource, other: pa.Table, t_ms: int) -> MemorySource:
    """The source up to t, less what was not yet known then, and another log from t on."""
    events = late_labels_otherwise(source, t_ms)
    before = events.filter(events["timestamp_ms"].to_numpy() < t_ms)
    after = other.filter(other["timestamp_ms"].to_numpy() >= t_ms).cast(events.schema)
    items = source.item_table and _other_items(source.item_table, before, after)
    return replace(source, events=pa.concat_tables([before, after]), item_table=items)


def _with(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), table.schema.field(name), column)


def _other_items(items: pa.Table, before: pa.Table, after: pa.Table) -> pa.Table:
    """The item table as it may look when items that come after t are described otherwise."""
    shown = pc.is_in(items["item_id"], before["item_id"].combine_chunks())
    new = (
        after["item_id"]
        .unique()
        .filter(pc.invert(pc.is_in(after["item_id"].unique(), before["item_id"].combine_chunks())))
    )
    return pa.concat_tables([items.filter(shown), _described(pa.table({"item_id": new}))])


def _described(rows: pa.Table) -> pa.Table:
    """Rows whose items have more genres than any before, old and new ones."""
    genres = [["ska", "jazz", *(f"new {number}" for number in range(7))]] * rows.num_rows
    column = pa.array(genres, pa.list_(pa.string()))
    if "attribute.genre" in rows.column_names:
        return _with(rows, "attribute.genre", column)
    return rows.append_column("attribute.genre", column)


def item_table(*logs: pa.Table) -> pa.Table:
    """Each item's genres as the rows that show it have them."""
    rows = pa.concat_tables([log.select(["item_id", "attribute.genre"]) for log in logs])
    first = [rows["item_id"].to_pylist().index(item) for item in rows["item_id"].unique().to_pylist()]
    return rows.take(first)


def requests_source(seed: int, *, delay_ms: int = LATE_MS) -> MemorySource:
    return MemorySource(schema=REQUESTS, events=requests_log(seed, requests=130, delay_ms=delay_ms))


def other_requests(seed: int) -> pa.Table:
    log = _described(requests_log(seed + 1000, requests=170, users=12, items=60, delay_ms=HOUR_MS))
    tags = pa.array([[f"t{tag}" for tag in range(11)]] * log.num_rows, pa.list_(pa.string()))
    log = _with(log, "multivalued.tags", tags)
    return _with(log, "request_id", pc.add(log["request_id"], 1_000_000))


def choices_source(seed: int, *, delay_ms: int = LATE_MS) -> MemorySource:
    return MemorySource(schema=CHOICES, events=choices_log(seed, delay_ms=delay_ms))


def other_choices(seed: int) -> pa.Table:
    return _described(choices_log(seed + 1000, choices=260, users=9, items=55))


LOGS = {"requests": (requests_source, other_requests), "choices": (choices_source, other_choices)}


def assert_unmoved(source: MemorySource, other: MemorySource, t_ms: int, order: str) -> None:
    freeze_ms = t_ms - 12 * HOUR_MS
    as_it_was = predictions(source, order=order, freeze_ms=freeze_ms)
    as_it_became = predictions(other, order=order, freeze_ms=freeze_ms)
    (first, whole), (second, still_whole) = as_it_was.before(t_ms), as_it_became.before(t_ms)
    assert first.shape == second.shape
    both = whole & still_whole
    np.testing.assert_array_equal(first[:, both], second[:, both])
    np.testing.assert_allclose(first, second, rtol=0, atol=1e-6)


@settings(
    max_examples=3, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow]
)
@given(st.sampled_from(ORDERS), st.integers(0, 10**6), st.floats(0.3, 0.95))
@pytest.mark.parametrize("kind", LOGS)
def test_the_future_changes_no_prediction(kind: str, order: str, seed: int, share: float) -> None:
    make, make_other = LOGS[kind]
    source, other = make(seed), make_other(seed)
    t_ms = source.events["timestamp_ms"][int(share * source.events.num_rows)].as_py()
    assert_unmoved(source, poisoned(source, other, t_ms), t_ms, order)


@pytest.mark.parametrize("kind", LOGS)
def test_nor_does_what_the_item_table_says_of_items_to_come(kind: str) -> None:
    make, make_other = LOGS[kind]
    source, other = make(3), make_other(3)
    source = replace(source, item_table=item_table(source.events))
    t_ms = source.events["timestamp_ms"][source.events.num_rows // 2].as_py()
    assert_unmoved(source, poisoned(source, other, t_ms), t_ms, "streaming")


@pytest.mark.parametrize("share", slow_but([0.6], [0.4, 0.6, 0.9]))
@pytest.mark.parametrize("kind", slow_but(["choices"], LOGS))
def test_nor_does_it_matter_that_there_is_a_future(kind: str, share: float) -> None:
    """Labels are known at once here, so that each batch is learned before the next is cut."""
    source = LOGS[kind][0](4, delay_ms=0)
    t_ms = source.events["timestamp_ms"][int(share * source.events.num_rows)].as_py()
    past = source.events.filter(source.events["timestamp_ms"].to_numpy() < t_ms)
    assert_unmoved(source, replace(source, events=past), t_ms, "streaming")


@pytest.mark.parametrize("kind", slow_but(["requests"], LOGS))
def test_the_poison_works_where_it_may(kind: str) -> None:
    """From t on predictions differ; else the tests above could pass because nothing reaches a prediction."""
    source = LOGS[kind][0](5)
    times_ms = source.events["timestamp_ms"].to_numpy()
    t_ms, end_ms = int(times_ms[times_ms.size // 2]), int(times_ms[-1]) + 1
    late = replace(source, events=late_labels_otherwise(source, t_ms))
    as_it_was, as_it_became = (
        predictions(log, order="streaming", freeze_ms=end_ms).before(end_ms)[0] for log in (source, late)
    )
    assert not np.array_equal(as_it_was, as_it_became)


def rows_before(features: ModelFeatures, t_ms: int) -> list[dict[str, object]]:
    """What a model of one's own reads of rows before t: ids and values in words, and their numbers."""
    histories, clocks = features.histories.to_pylist(), features.clocks.to_pylist()
    rows = features.table.filter(pc.less(features.table["timestamp_ms"], t_ms)).to_pylist()
    batch = features.torch().batch(range(len(rows)))
    for place, row in enumerate(rows):
        row["history"] = histories[row["history_first"] : row["history_end"]]
        row["clocks"] = clocks[row["clock_row"]]
        row["numbers"] = [batch.user_B[place].item(), batch.item_B[place].item()]
        row["genres"] = batch.clocks["genre"][place].tolist()
        row["present"] = batch.behaviour_BL[place][batch.present_BL[place]].tolist()
        for name in ("history_first", "history_end", "clock_row", "label_known_ms"):
            del row[name]
        row |= {
            name: None for name in row if name.startswith("label.")
        }  # what is learned may become known later
    return rows


@pytest.mark.parametrize("share", [0.3, 0.7])
@pytest.mark.parametrize("kind", LOGS)
def test_the_future_changes_no_features_for_a_model_of_ones_own(kind: str, share: float) -> None:
    make, make_other = LOGS[kind]
    source, other = make(6), make_other(6)
    t_ms = source.events["timestamp_ms"][int(share * source.events.num_rows)].as_py()
    poison = poisoned(source, other, t_ms)
    numbered = _with(poison.events, "log_row", pa.array(range(1, poison.events.num_rows + 1)))
    first, second = (
        rows_before(features_as_of(log), t_ms) for log in (source, replace(poison, events=numbered))
    )
    assert len(first) > 20
    assert first == second
