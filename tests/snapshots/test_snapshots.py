"""Snapshots: what is read is what was written, or nothing; deltas cost what they carry."""

from __future__ import annotations

import errno
import json
import logging
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from interestclock.errors import ConfigError, ResultError
from interestclock.snapshots import (
    SnapshotManifest,
    SnapshotReader,
    SnapshotWriter,
    Touched,
    diff,
    list_manifests,
    verify,
)
from interestclock.snapshots import (
    writer as module,
)

ABOUT = {"about": {"kind": "test"}, "watermark_ms": 5, "step": 7}


@dataclass
class State:
    """A small trainer: two tables and a dense array, and what changed since the last snapshot."""

    tables: dict[str, Tensor] = field(
        default_factory=lambda: {"weight": torch.zeros(3, 2), "ids": torch.zeros(2, dtype=torch.int64)}
    )
    dense: Tensor = field(default_factory=lambda: torch.zeros(4))
    touched: dict[str, set[int]] = field(default_factory=lambda: {"weight": set(), "ids": set()})

    def change(self, name: str, rows: list[int], seed: int) -> None:
        table = self.tables[name]
        if max(rows) >= len(table):
            grown = table.new_zeros(max(rows) + 1, *table.shape[1:])
            grown[: len(table)] = table
            self.tables[name] = table = grown
        generator = torch.Generator().manual_seed(seed)
        values = torch.randint(1, 99, (len(rows), *table.shape[1:]), generator=generator)
        table[torch.tensor(rows)] = values.to(table.dtype)
        self.touched[name] |= set(rows)
        self.dense = self.dense + 1

    def write(self, writer: SnapshotWriter, kind: str) -> SnapshotManifest:
        touched, self.touched = self.touched, {"weight": set(), "ids": set()}
        if kind == "full":
            return writer.full(dense={"bias": self.dense}, tables=self.tables, **ABOUT)
        changed = {}
        for name, table in self.tables.items():
            row_R = torch.tensor(sorted(touched[name]), dtype=torch.int64)
            changed[name] = Touched(rows=len(table), row_R=row_R, value_RD=table[row_R])
        return writer.delta(dense={"bias": self.dense}, tables=changed, **ABOUT)


CHANGES = st.tuples(
    st.sampled_from(["weight", "ids"]), st.lists(st.integers(0, 20), min_size=1, max_size=5, unique=True)
)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(CHANGES, max_size=4), st.sampled_from(["full", "delta"]), st.booleans(), st.booleans()
        )
    )
)
def test_any_schedule_composes_to_the_state(tmp_path_factory: pytest.TempPathFactory, turns: list) -> None:
    """Whole ones and deltas, writers that start anew, a server that looks or does not: always the state."""
    folder = tmp_path_factory.mktemp("s")
    writer, state = SnapshotWriter(folder, feature_fingerprint="f"), State()
    reader = SnapshotReader(folder, feature_fingerprint="f")
    state.write(writer, "full")
    for turn, (changes, kind, refreshes, restarts) in enumerate(turns):
        if restarts:
            writer = SnapshotWriter(folder, feature_fingerprint="f")
        for name, rows in changes:
            state.change(name, rows, turn)
        manifest = state.write(writer, kind)
        found = [SnapshotReader(folder).load()]
        if refreshes:
            assert reader.refresh()
            assert reader.current is not None
            found.append(reader.current)
        for each in found:
            assert each.manifest == manifest
            assert torch.equal(each.dense["bias"], state.dense)
            assert {name: table.tolist() for name, table in each.tables.items()} == {
                name: table.tolist() for name, table in state.tables.items()
            }
    assert verify(folder) == []


def test_a_delta_costs_what_it_carries(tmp_path: Path) -> None:
    sizes = {}
    for rows in (1_000, 100_000):
        writer = SnapshotWriter(tmp_path / str(rows), feature_fingerprint="f")
        table = torch.randn(rows, 16)
        writer.full(dense={}, tables={"weight": table}, **ABOUT)
        for count in (10, 500):
            row_R = torch.arange(count)
            touched = Touched(rows=rows, row_R=row_R, value_RD=table[row_R])
            sizes[rows, count] = writer.delta(dense={}, tables={"weight": touched}, **ABOUT).bytes
    assert abs(sizes[1_000, 10] - sizes[100_000, 10]) < 64
    assert sizes[100_000, 500] - sizes[100_000, 10] == pytest.approx(490 * (16 * 4 + 8), abs=64)


def three(folder: Path) -> SnapshotWriter:
    """A full one and two deltas."""
    writer, state = SnapshotWriter(folder, feature_fingerprint="f"), State()
    state.write(writer, "full")
    for turn in (1, 2):
        state.change("weight", [turn], turn)
        state.write(writer, "delta")
    return writer


def broken(folder: Path, how: str, name: str = "00000003-delta") -> None:
    weights, manifest = folder / name / "weights.safetensors", folder / name / "manifest.json"
    said = json.loads(manifest.read_text())
    match how:
        case "one byte less":
            weights.write_bytes(weights.read_bytes()[:-1])
        case "one bit turned":
            weights.write_bytes(weights.read_bytes()[:-1] + bytes([weights.read_bytes()[-1] ^ 1]))
        case "no weights":
            weights.unlink()
        case "no manifest":
            manifest.unlink()
        case "no JSON":
            manifest.write_text("{")
        case "another format":
            manifest.write_text(json.dumps(said | {"format": 9}))
        case "another's name":
            manifest.write_text(
                json.dumps(said | {"name": "00000001-full", "number": 1, "kind": "full", "parent": None})
            )
        case "itself as parent":
            manifest.write_text(json.dumps(said | {"parent": name}))
        case "a parent elsewhere":
            manifest.write_text(json.dumps(said | {"parent": "../00000001-full"}))
        case "a table too short":
            manifest.write_text(
                json.dumps(said | {"tables": said["tables"] | {"weight": {"rows": 1, "touched": 1}}})
            )
        case "a surprise":
            manifest.write_text(json.dumps(said | {"surprise": 1}))


WAYS = (
    "one byte less",
    "one bit turned",
    "no weights",
    "no manifest",
    "no JSON",
    "another format",
    "another's name",
    "itself as parent",
    "a parent elsewhere",
    "a table too short",
    "a surprise",
)


@pytest.mark.parametrize("how", WAYS)
def test_what_is_damaged_is_refused_and_the_old_one_stays(
    how: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    three(tmp_path)
    reader = SnapshotReader(tmp_path)
    assert reader.refresh()
    before = reader.current
    writer = SnapshotWriter(tmp_path, feature_fingerprint="f")
    State().write(writer, "full")
    broken(tmp_path, "one bit turned", "00000004-full")
    with caplog.at_level(logging.WARNING):
        assert not reader.refresh()
    assert reader.current is before
    assert reader.refused is not None
    assert "the one before stays" in caplog.text
    broken(tmp_path, how)
    (tmp_path / "CURRENT").write_text("00000003-delta")
    with pytest.raises(ResultError, match="0000000"):
        SnapshotReader(tmp_path).load()
    assert any("00000003" in line for line in verify(tmp_path))


def test_other_features_are_refused(tmp_path: Path) -> None:
    three(tmp_path)
    reader = SnapshotReader(tmp_path, feature_fingerprint="other")
    assert not reader.refresh()
    assert reader.current is None
    assert "made with other features" in (reader.refused or "")


@pytest.mark.parametrize("said", ["", "00000009-full", "../elsewhere", "\x00"])
def test_current_names_what_is_there(said: str, tmp_path: Path) -> None:
    three(tmp_path)
    (tmp_path / "CURRENT").write_text(said)
    with pytest.raises(ResultError, match="which is not there"):
        SnapshotReader(tmp_path).load()


def test_a_folder_without_snapshots(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="no snapshot is named"):
        SnapshotReader(tmp_path).load()
    with pytest.raises(ResultError, match="no snapshot to go on from"):
        State().write(SnapshotWriter(tmp_path, feature_fingerprint="f"), "delta")


def test_what_is_not_finite_is_not_written(tmp_path: Path) -> None:
    writer = three(tmp_path)
    with pytest.raises(ResultError, match="not finite: training diverged"):
        writer.full(dense={}, tables={"weight": torch.tensor([[torch.nan]])}, **ABOUT)
    assert SnapshotReader(tmp_path).load().manifest.number == 3


def test_a_full_disk_leaves_the_ones_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = three(tmp_path)

    def full(tensors: dict, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module, "save_file", full)
        with pytest.raises(ResultError, match=r"No space left on device.*make room"):
            State().write(writer, "full")
    assert [manifest.number for manifest in list_manifests(tmp_path)] == [1, 2, 3]
    assert list(tmp_path.glob("*.unfinished")) == []
    assert State().write(writer, "full").number == 4


def test_what_a_crash_left_is_removed_when_the_next_is_written(tmp_path: Path) -> None:
    three(tmp_path)
    left = tmp_path / "00000004-full.unfinished"
    left.mkdir()
    (left / "weights.safetensors").write_bytes(b"half")
    writer = SnapshotWriter(tmp_path, feature_fingerprint="f")
    assert left.exists()  # a trainer that is refused changes nothing
    assert State().write(writer, "full").name == "00000004-full"
    assert not left.exists()


def test_old_ones_go_with_their_deltas(tmp_path: Path) -> None:
    writer, state = SnapshotWriter(tmp_path, feature_fingerprint="f", keep=2), State()
    for _ in range(4):
        state.write(writer, "full")
        state.change("weight", [1], 1)
        state.write(writer, "delta")
    assert [manifest.number for manifest in list_manifests(tmp_path)] == [5, 6, 7, 8]
    assert verify(tmp_path) == []
    with pytest.raises(ConfigError, match="keep is 0"):
        SnapshotWriter(tmp_path, feature_fingerprint="f", keep=0)


def test_what_changed_between_two(tmp_path: Path) -> None:
    three(tmp_path)
    changes = {each.name: each for each in diff(tmp_path, "00000001-full", "00000003-delta")}
    assert changes.keys() == {"bias", "weight"}
    assert (changes["weight"].changed, changes["weight"].added) == (2, 0)
    assert changes["bias"].largest == 2.0
