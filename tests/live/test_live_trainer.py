"""The live trainer beside the offline one, and beside itself however the stream is cut and restored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch
from in_memory import HOUR_MS, REQUESTS, MemorySource, requests_log
from micro_batches import NO_LABELS, apart, as_exposures, pieces, shown
from slow_but import slow_but
from small_live import LIVE

from interestclock.admission import AdmissionConfig
from interestclock.clocks import GaussianConfig, RoutineConfig, TimeEncodingConfig
from interestclock.embeddings import IdPolicy
from interestclock.errors import ConfigError
from interestclock.live import LiveConfig, LiveTrainer
from interestclock.ranking import FeatureNames, Ranker, RankerConfig
from interestclock.samples import BatchMaker, PrepareConfig, prepare_samples
from interestclock.sequences import DinConfig
from interestclock.training import ORDERS, SampleTrainer, TrainConfig

MONTH_HOURS = 24 * 30
ROUTINE = RoutineConfig(behaviours=3, longest=12, heads=2, latent_dim=4, output_dim=4)
SUM = (TimeEncodingConfig(), GaussianConfig(), ROUTINE)


def feed(trainer: LiveTrainer, events: pa.Table, rows: int = 60) -> None:
    for exposures in pieces(events, rows):
        trainer.process(exposures, NO_LABELS)
    trainer.finish()


def weights(trainer: LiveTrainer) -> dict[str, np.ndarray]:
    return {name: np.array(values) for name, values in trainer.state().items()}


def check_same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> None:
    assert first.keys() == second.keys()
    for name, values in first.items():
        assert values.dtype == second[name].dtype, name
        np.testing.assert_array_equal(values, second[name], err_msg=name)


def check_same_but_for_room(first: np.ndarray, second: np.ndarray, name: str) -> None:
    """Tables of ids have room to spare, which follows from how many came at a time."""
    if first.ndim and name.startswith(("ranker/rows/", "ranker/items")):
        for longer in (first, second):
            assert not longer[min(len(first), len(second)) :].any(), name
        first, second = (each[: min(len(first), len(second))] for each in (first, second))
    np.testing.assert_array_equal(first, second, err_msg=name)


def known_at_once() -> pa.Table:
    """Every label is known when its exposure is shown, and either of two may make a behaviour of it."""
    events = requests_log(22, requests=150, delay_ms=0)
    liked = pa.array(np.random.default_rng(0).integers(0, 2, events.num_rows).astype(np.int8))
    for name, values in (("label.like", liked), ("label.finish", events["label.finish"].fill_null(0))):
        events = events.set_column(events.column_names.index(name), name, values)
    return events


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("at_once", [False, True], ids=["labels later", "labels at once"])
@pytest.mark.parametrize(
    "clocks",
    [
        (),
        (TimeEncodingConfig(),),
        (GaussianConfig(),),
        SUM[:2],
        (TimeEncodingConfig(), GaussianConfig(population_votes=3.0)),
    ],
    ids=[
        "base",
        "hour",
        "gaussian",
        "hour+gaussian",
        "hour+gaussian of everyone",
    ],  # a search among items in another order differs by 1e-7
)
def test_what_is_learned_live_is_what_is_learned_offline(
    *, clocks: tuple, at_once: bool, order: str, events: pa.Table, tmp_path, make_trainer
) -> None:
    """The same log, day's clocks on both sides: every prediction the same to the bit."""
    events = known_at_once() if at_once else events
    ranker = RankerConfig(clocks=clocks, dim=4, recent=3, hidden=(8,), tower_width=4)
    train = TrainConfig(batch_size=16, learning_rate=0.02, order=order)
    samples = prepare_samples(
        MemorySource(schema=REQUESTS, events=events), tmp_path / "s", config=PrepareConfig()
    )
    offline: list[np.ndarray] = []

    class Recorder:
        def predicted(self, predicted) -> None:
            offline.append(predicted.probabilities["finish"].numpy())

        def learned(self, batch) -> None:
            pass

    state = samples.state()
    trainer = SampleTrainer(
        Ranker(names=FeatureNames.of(samples.schema), config=ranker, seed=0),
        histories=state.histories(),
        item_values=samples.item_attributes(state),
        config=train,
    )
    maker = BatchMaker(recent=3, clocks=bool(clocks), population_votes=ranker.population_votes)
    trainer.run(samples.chunks(maker, state), Recorder())
    live, notes = make_trainer(
        ranker=ranker,
        train=train,
        clocks_of_day=True,
        longest=10_000,
        keep_hours=MONTH_HOURS,
        batch_minutes=60 * MONTH_HOURS,  # as offline: full, however long that takes
    )
    feed(live, events)
    np.testing.assert_array_equal(notes.of("finish"), np.concatenate(offline))


def test_clocks_as_of_now_differ_from_the_days(events: pa.Table, make_trainer) -> None:
    said = []
    for clocks_of_day in (True, False):
        trainer, notes = make_trainer(clocks_of_day=clocks_of_day)
        feed(trainer, events)
        said.append(notes.of("finish"))
    assert (said[0] != said[1]).any()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("at_once", [False, True], ids=["labels later", "labels at once"])
@pytest.mark.parametrize("rows", slow_but([7], [1, 7, 1_000]))
def test_how_the_stream_is_cut_does_not_matter(
    rows: int, at_once: bool, order: str, events: pa.Table, make_trainer
) -> None:
    events = known_at_once() if at_once else events
    train = replace(LIVE.train, order=order)
    one, _ = make_trainer(train=train)
    feed(one, events)
    other, _ = make_trainer(train=train)
    feed(other, events, rows)
    mine, theirs = weights(one), weights(other)
    for name in [name for name in mine if name.startswith(("ranker/", "learner/", "pending/", "labels/"))]:
        check_same_but_for_room(mine[name], theirs[name], name)


def test_labels_on_their_own_teach_the_same(events: pa.Table, make_trainer) -> None:
    along, notes_along = make_trainer()
    feed(along, events)
    after, notes_after = make_trainer()
    exposures, labels = apart(events, REQUESTS.labels)
    order = np.argsort(
        np.concatenate([exposures["timestamp_ms"].to_numpy(), labels["known_ms"].to_numpy()]), kind="stable"
    )
    arrival = np.empty(order.size, np.int64)
    arrival[order] = np.arange(order.size)
    exposures = exposures.set_column(
        exposures.column_names.index("arrival"), "arrival", pa.array(arrival[: len(exposures)])
    )
    labels = labels.append_column("arrival", pa.array(arrival[len(exposures) :]))
    for first in range(0, order.size, 100):
        span = range(first, first + 100)
        after.process(
            exposures.filter(pa.array(np.isin(exposures["arrival"].to_numpy(), span))),
            labels.filter(pa.array(np.isin(labels["arrival"].to_numpy(), span))),
        )
    after.finish()
    assert notes_after.event_ids == notes_along.event_ids
    np.testing.assert_array_equal(notes_after.of("finish"), notes_along.of("finish"))
    counters = after.buffer.counters
    assert counters.labels_joined == labels.num_rows
    assert (counters.learned, counters.waiting) == (exposures.num_rows, 0)
    assert counters.add_up()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("every", [1, 3])
def test_a_trainer_restored_at_any_point_ends_the_same(
    every: int, order: str, events: pa.Table, make_trainer
) -> None:
    """Small tables, so that ids leave and rows change hands on the way."""
    daily = order == "daily-shuffled"  # ids have to stay until their day was learned
    changes = {
        "train": replace(LIVE.train, order=order),
        "users": IdPolicy(min_count=2, unused_days=1.5 if daily else 0.5),
        "items": IdPolicy(most=15, unused_days=2 if daily else 1),
    }
    straight, notes = make_trainer(**changes)
    feed(straight, events, 40)
    broken, more_notes = make_trainer(**changes)
    for turn, exposures in enumerate(pieces(events, 40)):
        broken.process(exposures, NO_LABELS)
        if turn % every == 0:
            state = weights(broken)
            broken, _ = make_trainer(**changes)
            broken.recorder = more_notes
            broken.restore(state)
    broken.finish()
    np.testing.assert_array_equal(more_notes.of("like"), notes.of("like"))
    check_same(weights(straight), weights(broken))
    assert straight.rows.ledgers["item"].statistics.evictions > 0
    assert straight.rows.ledgers["user"].statistics.expiries > 0 or daily


def check_restored(events: pa.Table, make: Callable[[], LiveTrainer]) -> None:
    """Of two trainers one is restored time and again, and they end the same."""
    straight, broken = make(), make()
    for exposures in pieces(events, 40):
        for trainer in (straight, broken):
            trainer.process(exposures, NO_LABELS)
        state = weights(broken)
        broken = make()
        broken.restore(state)
    for trainer in (straight, broken):
        trainer.finish()
    check_same(weights(straight), weights(broken))


@pytest.mark.parametrize(
    "age", [{"refresh_minutes": 300}, {"refresh_batches": 5}], ids=["minutes", "batches"]
)
def test_an_old_projection_is_restored_too(age: dict, events: pa.Table, make_trainer) -> None:
    """From projections that are old, and stay so."""
    clocks = (replace(make_trainer()[0].config.ranker.clocks[1], **age),)
    changes = {"ranker": replace(make_trainer()[0].config.ranker, clocks=clocks)}
    check_restored(events, lambda: make_trainer(**changes)[0])


@pytest.mark.parametrize(
    ("population_votes", "row_limit"),
    [(0.0, True), (3.0, True), (0.0, False)],
    ids=["rows are limited", "with everyone's votes", "a part is limited as a whole"],
)
def test_a_sum_of_parts_goes_on_to_the_bit_from_any_state(
    population_votes: float, row_limit: bool, events: pa.Table, make_trainer
) -> None:
    routine = replace(ROUTINE, row_limit=row_limit)
    clocks = (TimeEncodingConfig(), GaussianConfig(population_votes=population_votes), routine)
    changes = {"ranker": replace(LIVE.ranker, clocks=clocks)}
    check_restored(events, lambda: make_trainer(**changes)[0])


def test_nothing_said_of_a_moment_knows_what_comes_later(events: pa.Table, make_trainer) -> None:
    """Poison every label that becomes known after a moment, and all exposures after it."""
    half_ms = int(events["timestamp_ms"][events.num_rows // 2].as_py())
    poisoned = events
    for label in REQUESTS.labels:
        known_ms = events[f"known_ms.{label}"].to_numpy()
        value = events[f"label.{label}"].to_numpy()
        place = events.column_names.index(f"label.{label}")
        poisoned = poisoned.set_column(
            place, f"label.{label}", pa.array(np.where(known_ms >= half_ms, 1 - value, value).astype(np.int8))
        )
    said = []
    for table in (events, poisoned):
        trainer, notes = make_trainer()
        feed(trainer, table)
        said.append(notes.of("finish"))
    before = int((events["timestamp_ms"].to_numpy() < half_ms).sum()) // 16 * 16 - 16
    np.testing.assert_array_equal(said[0][:before], said[1][:before])
    assert (said[0] != said[1]).any()


def test_a_label_that_never_comes_is_a_no_or_missing(events: pa.Table, make_trainer) -> None:
    exposures, _ = apart(events, REQUESTS.labels)
    for missing, expected in (((), 0), (("finish",), -1)):
        trainer, notes = make_trainer(missing_labels=missing)
        trainer.process(exposures, NO_LABELS)
        trainer.finish()
        assert torch.cat(notes.labels).unique().tolist() == [expected]


def test_tables_stay_small_on_a_stream_of_new_ids(make_trainer) -> None:
    trainer, _ = make_trainer(items=IdPolicy(most=30), users=IdPolicy(most=20))
    sizes = []
    for turn in range(30):
        time_ms = 1_700_000_000_000 + turn * 4 * HOUR_MS + np.arange(60) * 1_000
        trainer.process(new_ids(turn, time_ms), NO_LABELS)
        sizes.append(len(trainer.ranker.table.weight))
    assert sizes[-1] == sizes[10]
    assert trainer.rows.ledgers["item"].statistics.evictions > 500


@pytest.mark.parametrize("order", ORDERS)
def test_a_batch_that_waits_never_learns_of_who_comes_next(order: str, make_trainer) -> None:
    """Users and items leave, and their slots are used again, while batches that saw them wait for labels."""
    trainer, _ = make_trainer(
        train=replace(LIVE.train, order=order),
        admission=AdmissionConfig(label_wait_ms=20 * HOUR_MS),
        forget_users_after_days=1,
        longest=12,
    )
    slots = 0
    for turn in range(24):
        rows = new_ids(turn, 1_700_000_000_000 + turn * 4 * HOUR_MS + np.arange(60) * 1_000)
        like = rows.column_names.index("label.like")
        trainer.process(rows.set_column(like, "label.like", pa.nulls(60, pa.int8())), NO_LABELS)
        items = trainer.features.items
        slots = max(slots, items.capacity)
        for batch in trainer.pending._waiting:
            before_ms = int(batch.timestamp_ms_B[-1])
            shown = [*batch.recent_MK.unique().tolist(), *batch.item_B.tolist()]
            for slot in shown:
                came_in_turn = (items.ids(np.array([slot]))[0].as_py() or 0) // 30
                assert slot == 0 or came_in_turn * 4 * HOUR_MS + 1_700_000_000_000 <= before_ms
    assert slots < (500 if order == "streaming" else 600)  # of 720 items


def new_ids(turn: int, time_ms: np.ndarray) -> pa.Table:
    """Sixty exposures; ten users and thirty items that nobody saw before."""
    rows = np.arange(time_ms.size)
    users, items = 10 * turn + rows % 10, 30 * turn + rows % 30
    table = shown(time_ms, users=users, items=items, genres=[["rock"]] * rows.size)
    for label in REQUESTS.labels:
        table |= {f"label.{label}": np.ones(rows.size, np.int8), f"known_ms.{label}": time_ms}
    return as_exposures(pa.table(table), 1_000 * turn)


def test_what_cannot_be_trained_live_is_refused(make_trainer) -> None:
    with pytest.raises(ConfigError, match="no label 'share' in this log; it has finish, like, skip"):
        make_trainer(missing_labels=("share",))
    with pytest.raises(
        ConfigError, match=r"items leave after 0\.01 days unused, but their labels are awaited"
    ):
        LiveConfig(items=IdPolicy(unused_days=0.01), admission=AdmissionConfig(label_wait_ms=HOUR_MS))
    with pytest.raises(ConfigError, match="longest is 99, but the ranker reads 100 behaviours; keep as many"):
        LiveConfig(ranker=RankerConfig(clocks=(DinConfig(),)), longest=99)
    with pytest.raises(ConfigError, match="idle_seconds is 0; give seconds above 0, for example 1"):
        LiveConfig(idle_seconds=0)
    with pytest.raises(ConfigError, match="longest is 9, but the ranker reads 10 behaviours"):
        LiveConfig(longest=9)
    for name in ("checkpoint_minutes", "snapshot_minutes", "full_snapshot_hours", "idle_seconds"):
        with pytest.raises(ConfigError, match=rf"{name} is 1e\+300; give .* up to 300 years"):
            LiveConfig(**{name: 1e300})
    for name in ("longest", "checkpoints_kept", "poll_messages"):
        with pytest.raises(ConfigError, match=rf"{name} is 2\.5; give a whole number, for example 3"):
            LiveConfig(**{name: 2.5})
    with pytest.raises(
        ConfigError, match=r"label_wait_ms is 1000000+; give 0 or more milliseconds, up to 300"
    ):
        AdmissionConfig(label_wait_ms=10**30)
    with pytest.raises(ConfigError, match=r"items leave after 1 days unused, but .* awaited for 1\.04"):
        LiveConfig(train=TrainConfig(order="daily-shuffled"), items=IdPolicy(unused_days=1))
