"""Snapshots of a live trainer beside the trainer: all of it to the bit, at the price of what changed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from in_memory import HOUR_MS, REQUESTS
from micro_batches import NO_LABELS, as_exposures, shown
from served_trainer import START_MS, trainer_of
from small_live import LIVE

from interestclock.admission import AdmissionConfig
from interestclock.embeddings import IdPolicy
from interestclock.ids import Identity, Vocabulary
from interestclock.live import LiveTrainer
from interestclock.live.trainer_snapshots import TrainerSnapshots
from interestclock.ranking import RankerConfig
from interestclock.snapshots import SnapshotReader

BASE = replace(  # every exposure is a batch
    LIVE,
    ranker=RankerConfig(dim=4, recent=3, hidden=(8,), tower_width=4),
    train=replace(LIVE.train, batch_size=1),
)


def exposures(
    turn: int, users: list, items: list, genres: list[list[str]], *, known: bool = True, hours: int = 1
) -> pa.Table:
    """One exposure each, an arrival a turn; whether their labels are known at once.

    Behind them two of nobody and nothing: the newest are not taken up, for their request may go on.
    """
    users, items, genres = [*users, None, None], [*items, None, None], [*genres, [], []]
    rows = len(users)
    time_ms = START_MS + turn * hours * HOUR_MS + np.arange(rows)
    devices = [user and str(user) for user in users]
    table = shown(time_ms, users=users, items=items, genres=genres, devices=devices)
    for label in REQUESTS.labels:
        value = pa.array(np.ones(rows, np.int8)) if known else pa.nulls(rows, pa.int8())
        table |= {f"label.{label}": value, f"known_ms.{label}": time_ms}
    return as_exposures(pa.table(table), 1_000 * turn)


def plainly(trainer: LiveTrainer) -> dict[str, torch.Tensor | list[bytes]]:
    """What a snapshot must hold; ids one by one."""
    table = trainer.ranker.table
    state: dict[str, torch.Tensor | list[bytes]] = {
        "weight": table.weight.detach()[: table.used],
        "items": trainer.ranker.items.row_NF,
    }
    state |= {f"rows.{feature}": rows for feature, rows in table.layout().items()}
    ids = {kind: trainer.rows.identity(kind).ids().to_pylist() for kind in trainer.rows.ledgers}
    for name, vocabulary in trainer.features.values.vocabularies.items():
        ids[f"attribute.{name}"] = vocabulary.values().to_pylist()
    for kind, values in ids.items():
        if any(isinstance(each, int) for each in values):
            state[f"ids.{kind}"] = torch.tensor(
                [-(2**63) if each is None else each for each in values], dtype=torch.int64
            )
        else:
            state[f"ids.{kind}"] = [(each or "").encode() for each in values]
    return state


def check_read(folder: Path, trainer: LiveTrainer) -> None:
    found, expected = SnapshotReader(folder).load().tables, plainly(trainer)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        if isinstance(values, torch.Tensor):
            assert torch.equal(found[name], values), name
        else:
            assert [bytes(row).rstrip(b"\xff") for row in found[name].numpy()] == values, name


@pytest.fixture
def snapshots_of(tmp_path: Path) -> Callable[[LiveTrainer], TrainerSnapshots]:
    return lambda trainer: TrainerSnapshots(tmp_path, trainer)


NAMES = st.sampled_from([*"abcdef", "a\0", "émile", "a user of seventeen", "x" * 40])


@settings(max_examples=25, deadline=None)
@given(
    turns=st.lists(
        st.tuples(
            st.lists(
                st.tuples(NAMES, st.integers(-2, 9), st.lists(NAMES, max_size=3)), min_size=1, max_size=8
            ),
            st.booleans(),
            st.sampled_from(["nothing", "delta", "whole"]),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_what_is_read_is_the_trainer(turns: list) -> None:
    """Ids that come, grow longer, leave and are replaced; values learned of or only shown."""
    few = IdPolicy(most=5, unused_days=0.4)
    trainer = trainer_of(
        replace(BASE, users=few, items=few, contexts=few, admission=AdmissionConfig(label_wait_ms=HOUR_MS))
    )
    with tempfile.TemporaryDirectory() as name:
        snapshots = TrainerSnapshots(Path(name), trainer)
        for turn, (shown, known, kind) in enumerate(turns):
            users, items, genres = (list(each) for each in zip(*shown, strict=True))
            trainer.process(exposures(turn, users, items, genres, known=known, hours=4), NO_LABELS)
            if kind != "nothing":
                snapshots.write(whole=kind == "whole")
                check_read(Path(name), trainer)


def test_a_delta_carries_values_that_nothing_was_learned_of(snapshots_of, tmp_path: Path) -> None:
    """A new genre has a row when it is first shown, before any gradient touches it."""
    trainer = trainer_of(replace(BASE, admission=AdmissionConfig(label_wait_ms=9 * HOUR_MS)))
    snapshots = snapshots_of(trainer)
    kinds = []
    for turn, genre in enumerate(["rock", "jazz"]):
        trainer.process(exposures(turn, [1, 2], [3, 4], [[genre]] * 2, known=False), NO_LABELS)
        kinds.append(snapshots.write(whole=False).kind)
    assert (trainer.learner.step, kinds) == (0, ["full", "delta"])
    assert snapshots.write(whole=False).watermark_ms == 0 < trainer.event_ms  # nothing was learned
    trainer.finish()
    assert snapshots.write(whole=False).watermark_ms == trainer.event_ms
    check_read(tmp_path, trainer)


def test_room_for_a_longer_id_takes_a_whole_snapshot(snapshots_of, tmp_path: Path) -> None:
    trainer = trainer_of(BASE)
    snapshots = snapshots_of(trainer)
    written = []
    for turn, user in enumerate(["ann", "eight888", "nine99999", "sixteen characte", "bob"]):
        trainer.process(exposures(turn, [user], ["song"], [["rock"]]), NO_LABELS)
        manifest = snapshots.write(whole=False)
        written.append((manifest.kind, manifest.tables["ids.user"].width))
    assert written == [("full", 8), ("delta", 8), ("full", 16), ("delta", 16), ("delta", 16)]
    check_read(tmp_path, trainer)


@pytest.mark.parametrize("id_of", [int, "user {}".format], ids=["integers", "text"])
def test_a_delta_asks_for_what_changed_and_nothing_else(
    id_of: Callable, snapshots_of, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of hundreds of ids and values two users, items and genres come: so many are looked up and written."""
    trainer = trainer_of(BASE)
    snapshots = snapshots_of(trainer)
    many = [id_of(1_000 + each) for each in range(500)]
    trainer.process(exposures(0, many, many, [[str(each)] for each in many]), NO_LABELS)
    assert snapshots.write(whole=False).kind == "full"
    new = [id_of(5_000), id_of(5_001)]
    trainer.process(exposures(2, new, new, [["jazz"], ["soul"]], known=False), NO_LABELS)

    asked = []
    for kind, name in ((Identity, "ids"), (Vocabulary, "values")):
        plain = getattr(kind, name)

        def counted(self, number_R=None, *, plain=plain):
            assert number_R is not None
            asked.append(len(number_R))
            return plain(self, number_R)

        monkeypatch.setattr(kind, name, counted)
    manifest = snapshots.write(whole=False)
    assert manifest.kind == "delta"
    assert sorted(asked) == [0, 2, 2, 2, 2]  # tags; users, items, devices, genres
    touched = {name: each.touched for name, each in manifest.tables.items() if each.touched}
    ids = {name: count for name, count in touched.items() if name.startswith(("ids.", "rows.", "items"))}
    assert set(ids.values()) == {2}
    assert touched["weight"] <= 8 + 2 + 2 + 1 + 2  # new rows; the batch learned in between, of one exposure
    assert manifest.bytes < 20_000 + sum(trainer.ranker.state_dict()[name].nbytes for name in dense(trainer))


def dense(trainer: LiveTrainer) -> list[str]:
    return [name for name in trainer.ranker.state_dict() if not name.endswith("table.weight")]


def test_a_snapshot_is_of_what_was_written(snapshots_of, tmp_path: Path, monkeypatch) -> None:
    """Where a write fails, what changed is in the next one."""
    trainer = trainer_of(BASE)
    snapshots = snapshots_of(trainer)
    trainer.process(exposures(1, [1], [1], [["rock"]]), NO_LABELS)
    snapshots.write(whole=False)
    trainer.process(exposures(2, [2], [2], [["jazz"]]), NO_LABELS)
    with monkeypatch.context() as patch:
        patch.setattr(
            "interestclock.snapshots.writer.save_file", lambda *_: (_ for _ in ()).throw(OSError(28))
        )
        with pytest.raises(Exception, match="cannot be written"):
            snapshots.write(whole=False)
    trainer.process(exposures(3, [1], [1], [["rock"]]), NO_LABELS)
    assert snapshots.write(whole=False).kind == "delta"
    check_read(tmp_path, trainer)
