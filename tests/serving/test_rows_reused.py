"""A thousand items lose their rows to others and come back between two snapshots: every score is as by id."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from in_memory import HOUR_MS
from micro_batches import NO_LABELS
from plain_scorer import PlainScorer, rows_by_id
from served_trainer import EACH, exposures, trainer_of, turn_ms

from interestclock.embeddings import IdPolicy
from interestclock.live import LiveTrainer
from interestclock.live.trainer_snapshots import TrainerSnapshots
from interestclock.serving import RankRequest, Scorer
from interestclock.snapshots import Snapshot, SnapshotReader
from interestclock.store import LmdbStore, StoreWriter

HOURS, AT_ONCE = 24, 50
GENRES = ["rock", "jazz", "soul", "folk", "punk", "dub"]


def show(trainer: LiveTrainer, turn: int, items: list[str], *, renamed: int) -> None:
    """Each item to one of nine users; what an item is about changes with ``renamed``."""
    users = [f"u{each % 9}" for each in range(len(items))]
    genres = [[GENRES[(int(each[1:]) + renamed) % 6]] for each in items]
    trainer.process(exposures(turn, users, items, genres, hours=HOURS), NO_LABELS)


def run(folder: Path, count: int, *, whole: bool) -> None:
    """Items a, b, a again in another order, each a day apart, with a snapshot at either end of it."""
    few = IdPolicy(most=count, unused_days=0.4)
    config = replace(
        EACH,
        items=few,
        train=replace(EACH.train, batch_size=16),
        forget_users_after_days=2.5,
        keep_hours=0.0,
        batch_minutes=0.0,
    )
    trainer, draw = trainer_of(config), np.random.default_rng(5)
    first, others = [f"a{each}" for each in range(count)], [f"b{each}" for each in range(count)]
    snapshots = TrainerSnapshots(folder / "snapshots", trainer)
    with StoreWriter(folder, schema=trainer.schema, config=config.state()) as writer:

        def keep(turn: int) -> None:
            writer.apply(trainer.features.changes(), position=turn + 1, offsets={}, watermark_ms=0)

        show(trainer, 0, first, renamed=0)
        snapshots.write(whole=True)
        keep(0)
        with LmdbStore(folder) as store:
            scorer = Scorer(store, folder / "snapshots")
            before = SnapshotReader(folder / "snapshots").load()
            check(
                scorer, before, trainer, [*first, *others], turn=0
            )  # the scorer keeps where all of them stand
            turn = 1
            for items in (
                others,
                draw.permutation(first).tolist(),
                others[: count // 2] + first[count // 2 :],
            ):
                show(trainer, turn, items, renamed=turn)
                keep(turn)
                turn += 1
            back = draw.permutation(first).tolist()
            show(trainer, turn, back, renamed=1)
            keep(turn)
            snapshots.write(whole=whole)
            assert scorer.refresh()
            after = SnapshotReader(folder / "snapshots").load()
            assert others_in_their_rows(before, after) >= 0.9 * count
            check(scorer, after, trainer, [*back, *others], turn=turn)


def others_in_their_rows(before: Snapshot, after: Snapshot) -> int:
    """How many rows another item has than before."""
    was, now = (
        {row: item for item, row in rows_by_id(each.tables["ids.item"], each.tables["rows.item"]).items()}
        for each in (before, after)
    )
    return sum(was[row] != now[row] for row in was.keys() & now.keys())


def check(scorer: Scorer, snapshot: Snapshot, trainer: LiveTrainer, items: list[str], *, turn: int) -> None:
    plain = PlainScorer(snapshot)
    requests = [
        RankRequest(
            user=f"u{number % 11}",
            items=items[place : place + AT_ONCE],
            at_ms=turn_ms(turn, HOURS) + HOUR_MS,
            utc_offset_minutes=0,
        )
        for number, place in enumerate(range(0, len(items), AT_ONCE))
    ]
    for one in scorer.score(requests):
        expected = plain.probabilities(
            one.request,
            trainer.features,
            second_of_day=one.local.second_of_day,
            day_of_week=one.local.day_of_week,
        )
        for task, probability in expected.items():
            np.testing.assert_allclose(one.probabilities[task], probability, rtol=0, atol=1e-5)


@pytest.mark.parametrize("whole", [False, True])
def test_items_come_back_to_rows_of_others(whole: bool, tmp_path: Path) -> None:
    run(tmp_path, 30, whole=whole)


@pytest.mark.slow
@pytest.mark.parametrize("whole", [False, True])
def test_a_thousand_items_come_back_to_rows_of_others(whole: bool, tmp_path: Path) -> None:
    run(tmp_path, 1_000, whole=whole)
