"""Items that change while a stream is learned: later samples see it, earlier ones never do."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import torch
from in_memory import HOUR_MS

from interestclock.embeddings import IdPolicy
from interestclock.live import LiveTrainer


def items_table(item: int, from_ms: int, genre: str, *, arrival: int) -> pa.Table:
    return pa.table(
        {
            "item_id": pa.array([item]),
            "from_ms": pa.array([from_ms]),
            "attribute.genre": pa.array([[genre]], pa.list_(pa.string())),
            "arrival": pa.array([arrival]),
        }
    )


def take(trainer: LiveTrainer, events: pa.Table, first: int, changes: dict[int, pa.Table]) -> None:
    """One arrival: exposures from a row on, and what is said of items in front of them."""
    ids = pa.array([str(first + row) for row in range(events.num_rows)])
    table = events.append_column("event_id", ids)
    said = [
        (row - first, each) for row, each in sorted(changes.items()) if 0 <= row - first < events.num_rows
    ]
    before = np.array([row for row, _ in said], np.int64)
    rows = np.arange(events.num_rows)
    table = table.append_column("arrival", pa.array(rows + np.searchsorted(before, rows, side="right")))
    tables = {"exposures": table}
    if said:
        arrivals = before + np.arange(len(said))
        told = [
            each.set_column(3, "arrival", pa.array([at]))
            for (_, each), at in zip(said, arrivals, strict=True)
        ]
        tables["items"] = pa.concat_tables(told)
    for admitted in trainer.buffer.admit(tables):
        trainer.ingest(admitted)


def feed(trainer: LiveTrainer, events: pa.Table, changes: dict[int, pa.Table], rows: int = 60) -> None:
    for first in range(0, events.num_rows, rows):
        take(trainer, events.slice(first, rows), first, changes)
    trainer.finish()


@pytest.fixture
def changes(events: pa.Table) -> dict[int, pa.Table]:
    """Items that are shown often become something else, one of them twice, one to a genre of its own."""
    counts = events["item_id"].value_counts().to_pylist()
    often = [each["values"] for each in sorted(counts, key=lambda each: (-each["counts"], each["values"]))]
    time_ms = events["timestamp_ms"].to_numpy()
    told = [
        (120, 0, 0, "dub"),
        (200, 1, 7, "new"),
        (201, 2, 0, "ska"),
        (300, 0, 3, "new"),
        (301, 3, -50, "ska"),
    ]
    return {
        row: items_table(often[item], int(time_ms[row]) + hours * HOUR_MS, genre, arrival=0)
        for row, item, hours, genre in told
    }


def test_samples_before_a_change_are_predicted_as_without_it(events, changes, make_trainer) -> None:
    told, manifests = make_trainer()
    feed(told, events, changes)
    plain, plain_notes = make_trainer()
    feed(plain, events, {})
    assert told.buffer.counters.item_changes == len(changes)
    assert (told.buffer.counters.items, plain.buffer.counters.items) == (len(changes), 0)
    first = min(changes)
    before = len([each for each in manifests.event_ids if int(each) < first]) // 16 * 16
    np.testing.assert_array_equal(manifests.of("finish")[:before], plain_notes.of("finish")[:before])
    assert (manifests.of("finish")[before:] != plain_notes.of("finish")[before:]).any()


def test_a_change_that_nobody_is_shown_later_teaches_nothing(events, make_trainer) -> None:
    """A batch that waits for its labels is learned with its items as they were when it was predicted."""
    alone = events.filter(pa.array(np.arange(events.num_rows) < 300))
    item = alone["item_id"][299].as_py()
    behind = events.slice(300).filter(pa.compute.not_equal(events.slice(300)["item_id"], item))
    skipped = pa.array([0] * alone.num_rows, pa.int8())
    for name in ("label.finish", "label.like"):  # so that it stands in no history
        of_item = pa.compute.equal(alone["item_id"], item)
        values = pa.compute.if_else(of_item, skipped, alone[name])
        alone = alone.set_column(alone.column_names.index(name), name, values)
    stream = pa.concat_tables([alone, behind]).combine_chunks()
    said = {300: items_table(item, int(stream["timestamp_ms"][299].as_py()), "new", arrival=0)}
    runs = []
    for changes in (said, {300: items_table(item, 1 << 50, "new", arrival=0)}, {}):
        trainer, manifests = make_trainer()
        feed(trainer, stream, changes)
        runs.append(manifests.of("finish"))
    np.testing.assert_array_equal(runs[0], runs[2])
    np.testing.assert_array_equal(runs[1], runs[2])


@pytest.mark.parametrize("rows", [1, 7, 1_000])
def test_how_it_is_cut_changes_nothing(rows, events, changes, make_trainer) -> None:
    whole, manifests = make_trainer()
    feed(whole, events, changes)
    cut, others = make_trainer()
    feed(cut, events, changes, rows)
    np.testing.assert_array_equal(manifests.of("finish"), others.of("finish"))
    assert whole.buffer.counters == cut.buffer.counters


@pytest.mark.parametrize("turn", [2, 4, 6])
def test_restored_it_goes_on_to_the_bit(turn, events, changes, make_trainer) -> None:
    never, manifests = make_trainer()
    feed(never, events, changes)
    trainer, others = make_trainer()
    said = []
    for place, first in enumerate(range(0, events.num_rows, 60)):
        if place == turn:
            state = {name: np.array(each) for name, each in trainer.state().items()}
            said = [others.of("finish")]
            trainer, others = make_trainer()
            trainer.restore(state)
        take(trainer, events.slice(first, 60), first, changes)
    trainer.finish()
    np.testing.assert_array_equal(manifests.of("finish"), np.concatenate([*said, others.of("finish")]))
    then, now = (dict(each.state()) for each in (never, trainer))
    for name, each in then.items():
        if not name.startswith(("ranker/rows/", "ranker/items", "features/")):
            np.testing.assert_array_equal(each, now[name], err_msg=name)


@pytest.mark.parametrize("rows", [1, 7])
def test_what_is_said_of_items_that_nobody_was_shown_yet_does_not_depend_on_cuts(
    rows, events, make_trainer
) -> None:
    """The second message holds since before the first exposure, and items get rows only when seen twice."""
    late = [(220, 9_001), (260, 9_002), (300, 9_003)]
    item_N = events["item_id"].to_numpy().copy()
    for row, item in late:
        item_N[[row, row + 20, row + 40]] = item
    events = events.set_column(events.column_names.index("item_id"), "item_id", pa.array(item_N))
    time_ms = events["timestamp_ms"].to_numpy()
    changes = {}
    for place, (row, item) in enumerate(late):
        at = row - 30 - 2 * place
        changes[at] = items_table(item, int(time_ms[at]) - 40 * HOUR_MS, "dub", arrival=0)
        changes[at + 1] = items_table(item, int(time_ms[at]) - 30 * HOUR_MS, "ska", arrival=0)
    policy = IdPolicy(min_count=2, unused_days=90)
    said = []
    for size in (1_000, rows):
        trainer, manifests = make_trainer(items=policy)
        feed(trainer, events, changes, size)
        said.append(manifests.of("finish"))
        slot = trainer.features.slots("item", pa.array([item for _, item in late]))
        genres = trainer.features.values.named("genre").to_pylist()
        numbers = trainer.features.item_values("genre", slot, at_ms=trainer.event_ms)
        assert [[genres[each - 1] for each in row if each] for row in numbers.tolist()] == [["ska"]] * len(
            late
        )
    np.testing.assert_array_equal(*said)


def test_at_the_end_items_are_what_they_were_last(events, changes, make_trainer) -> None:
    """A snapshot is written then, though the last that was learned was shown before they changed."""
    trainer, _ = make_trainer()
    feed(trainer, events, changes)
    items = trainer.features.items.known()
    found = trainer.ranker.items.row_NF.clone()
    trainer.rows.describe_as_of(trainer.event_ms - 1)
    trainer.rows.describe_as_of(trainer.event_ms)
    np.testing.assert_array_equal(found[items], trainer.ranker.items.row_NF[items])
    expected = trainer.features.values.of("genre", items, at_ms=trainer.event_ms)
    rows = trainer.ranker.table.rows("attribute.genre", torch.from_numpy(expected.astype(np.int64)))
    for place, item in enumerate(items.tolist()):
        assert set(rows[place].tolist()) - {0} <= set(found[item].tolist())
