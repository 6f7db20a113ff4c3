"""What a server refuses, what it keeps meanwhile, and what it takes up after."""

from __future__ import annotations

import json
import logging
import os
import shutil
import threading
from pathlib import Path

import pytest
import torch
from torch import Tensor

from interestclock.errors import ResultError
from interestclock.snapshots import Snapshot, SnapshotReader, SnapshotWriter, Touched, list_manifests, verify
from interestclock.snapshots import rows as rows_module
from interestclock.snapshots import writer as writer_module

SAID = {"about": {}, "watermark_ms": 5, "step": 7}


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on disk after a power cut is not the matter here."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def rows_of(value: float, *row_R: int, rows: int = 3) -> Touched:
    row = torch.tensor(row_R, dtype=torch.int64)
    return Touched(rows=rows, row_R=row, value_RD=torch.full((len(row), 2), value))


def written(folder: Path, value: float = 1.0, deltas: int = 2) -> SnapshotWriter:
    """A whole one of ``value``, then deltas that each change a row."""
    writer = SnapshotWriter(folder, feature_fingerprint="f")
    writer.full(dense={"bias": torch.zeros(2)}, tables={"weight": torch.full((3, 2), value)}, **SAID)
    for turn in range(deltas):
        add(writer, rows_of(value + turn + 1, turn))
    return writer


def add(writer: SnapshotWriter, touched: Touched) -> None:
    writer.delta(dense={"bias": touched.value_RD.sum()}, tables={"weight": touched}, **SAID)


def table_of(snapshot: Snapshot | None) -> Tensor:
    assert snapshot is not None
    return snapshot.tables["weight"]


ODD = [
    ({"tables": []}, "no manifest"),
    ({"tables": {"weight": {}}}, "key 'tables.weight.rows' is missing"),
    ({"tables": {"weight": 5}}, "key 'tables.weight': expected an object, got int"),
    ({"tables": {"weight": {"rows": -1, "touched": 0, "width": 2, "dtype": "float32"}}}, "damaged"),
    ({"tables": {"weight": {"rows": 1, "touched": 2, "width": 2, "dtype": "float32"}}}, "damaged"),
    ({"bytes": "many"}, "key 'bytes': expected int, got str"),
    ({"bytes": True}, "key 'bytes': expected int, got bool"),
    ({"bytes": -1}, "of -1 bytes"),
    ({"watermark_ms": "now"}, "key 'watermark_ms': expected int, got str"),
    ({"sha256": None}, "key 'sha256': expected str, got null"),
    ({"about": 7}, "key 'about': expected object, got int"),
    ({"number": 3.0}, "key 'number': expected int, got float"),
    ({"surprise": 1}, "key 'surprise' is unknown; there are name, number, kind"),
    ({"name": "../00000003-delta"}, "names itself"),
    ({"kind": "half"}, "names itself"),
    ({"parent": None}, "no older"),
    ({"parent": 2}, "no manifest"),
    ({"parent": "\x00"}, "no older"),
    ({"parent": ".."}, "no older"),
    ({"parent": "/etc/00000001-full"}, "no older"),
    ({"parent": "../other/00000001-full"}, "no older"),
    ({"parent": "00000003-delta"}, "no older"),
    ({"parent": "00000004-delta"}, "no older"),
    ({"parent": "00000002-full"}, "no snapshot '00000002-full'; there are"),
    ({"parent": "00000001-full"}, "is another than when it was written"),
    ({"watermark_ms": 6}, "is another than when it was written"),
    ({"about": {"kind": "other"}}, "is another than when it was written"),
    ({"feature_fingerprint": "g"}, "is another than when it was written"),
    ({"format": 2}, "format 2, this version reads 1"),
]


@pytest.mark.parametrize(("change", "reason"), ODD, ids=str)
def test_an_odd_manifest_is_refused_and_nothing_else_breaks(
    change: dict, reason: str, tmp_path: Path
) -> None:
    writer = written(tmp_path, deltas=1)
    reader = SnapshotReader(tmp_path)
    assert reader.refresh()
    before = reader.current
    add(writer, rows_of(9.0, 2))
    manifest = tmp_path / "00000003-delta" / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | change))
    assert not reader.refresh()
    assert reader.current is before
    assert reason in (reader.refused or "")
    assert [line for line in verify(tmp_path) if "00000003-delta" in line or "00000002-full" in line]
    with pytest.raises(ResultError, match="; "):  # the remedy
        SnapshotReader(tmp_path).load("00000003-delta")


@pytest.mark.parametrize("text", ["", "null", "[]", "7", "[" * 100_000, '"' + "x" * 10, "\ufeff{}"])
def test_what_is_no_manifest_at_all(text: str, tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "00000003-delta" / "manifest.json").write_text(text)
    reader = SnapshotReader(tmp_path)
    assert not reader.refresh()
    assert "no manifest of a snapshot" in (reader.refused or "")
    (tmp_path / "00000003-delta" / "manifest.json").write_bytes(b"\xff")
    _, current = verify(tmp_path)
    assert "names 00000003-delta, which is not whole" in current


@pytest.mark.parametrize("name", ["..", "/etc", "", "\x00", "../x/00000001-full", "00000001-full/", "1-full"])
def test_a_name_is_no_path(name: str, tmp_path: Path) -> None:
    written(tmp_path)
    with pytest.raises(ResultError, match=r"no snapshot .*; there are 00000001-full, 00000002-delta"):
        SnapshotReader(tmp_path).load(name)


def test_every_byte_of_the_weights_counts(tmp_path: Path) -> None:
    written(tmp_path)
    path = tmp_path / "00000003-delta" / "weights.safetensors"
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(ResultError, match="its checksum is another than was written"):
            SnapshotReader(tmp_path).load()
    for wrong in (whole[:-1], whole[1:], whole + b"\0", b""):
        path.write_bytes(wrong)
        with pytest.raises(ResultError, match=f"bytes, should be {len(whole)}"):
            SnapshotReader(tmp_path).load()


def test_every_letter_of_the_manifest_counts(tmp_path: Path) -> None:
    """A turned bit is refused wherever it says something else; blanks between say nothing."""
    written(tmp_path)
    path = tmp_path / "00000003-delta" / "manifest.json"
    whole, true = path.read_text(), SnapshotReader(tmp_path).load().manifest
    for place in range(len(whole)):
        path.write_text(whole[:place] + chr(ord(whole[place]) ^ 1) + whole[place + 1 :])
        try:
            assert SnapshotReader(tmp_path).load().manifest == true
        except ResultError:
            continue


def test_without_its_parent_a_delta_is_nothing(tmp_path: Path) -> None:
    written(tmp_path, deltas=3)
    shutil.rmtree(tmp_path / "00000002-delta")
    with pytest.raises(ResultError, match=r"no snapshot '00000002-delta'; there are"):
        SnapshotReader(tmp_path).load()
    _, fourth, current = verify(tmp_path)
    assert "goes on from, 00000003-delta, is not whole" in fourth
    assert "names 00000004-delta, which is not whole" in current


@pytest.mark.parametrize("name", [None, "00000003-delta"])
def test_current_must_name_one(name: str | None, tmp_path: Path) -> None:
    written(tmp_path, deltas=1)
    (tmp_path / "CURRENT").unlink()
    if name is not None:
        (tmp_path / "CURRENT").write_text(name)
    assert len(verify(tmp_path)) == 1
    assert "CURRENT" in verify(tmp_path)[0]


MISFITS = {
    "rows of 1 float32, before of 2 float32": Touched(
        rows=3, row_R=torch.tensor([0]), value_RD=torch.ones(1, 1)
    ),
    "rows of None float32": Touched(rows=3, row_R=torch.tensor([0]), value_RD=torch.ones(1)),
    "rows of 2 float64": Touched(rows=3, row_R=torch.tensor([0]), value_RD=torch.ones(1, 2).double()),
    "2 rows, before 3": rows_of(1.0, 0, rows=2),
    "rows 1 to 3 of 3": rows_of(1.0, 1, 3),
    "rows -1 to 0 of 3": rows_of(1.0, -1, 0),
    "do not ascend": rows_of(1.0, 1, 0),
    "row numbers that do not": rows_of(1.0, 1, 1),
    "row numbers torch.int32": Touched(
        rows=3, row_R=torch.tensor([0], dtype=torch.int32), value_RD=torch.ones(1, 2)
    ),
    "row numbers torch.int64 of shape (2,) for 1 rows": Touched(
        rows=3, row_R=torch.tensor([0, 1]), value_RD=torch.ones(1, 2)
    ),
    "shape (1, 2, 1)": Touched(rows=3, row_R=torch.tensor([0]), value_RD=torch.ones(1, 2, 1)),
}


@pytest.mark.parametrize("reason", MISFITS)
def test_rows_that_do_not_fit_are_refused_by_either_side(
    reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = written(tmp_path, deltas=0)
    with pytest.raises(ResultError, match="write a whole snapshot") as refused:
        add(writer, MISFITS[reason])
    assert reason in str(refused.value)
    assert [manifest.number for manifest in list_manifests(tmp_path)] == [1]
    if MISFITS[reason].value_RD.ndim > 2:
        return
    with monkeypatch.context() as patch:
        patch.setattr(rows_module.Touched, "problem", lambda *_: None)
        add(writer, MISFITS[reason])
    reader = SnapshotReader(tmp_path)
    assert not reader.refresh()
    assert "does not go on from the one before" in (reader.refused or "") or "manifest" in (
        reader.refused or ""
    )


def test_a_delta_brings_no_new_table(tmp_path: Path) -> None:
    writer = written(tmp_path, deltas=0)
    with pytest.raises(ResultError, match="no delta of table other: it was not there before; write a whole"):
        writer.delta(dense={}, tables={"other": rows_of(1.0, 0)}, **SAID)


def test_a_number_that_is_not_finite_is_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = written(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(rows_module, "all_finite", lambda _: True)
        add(writer, rows_of(torch.inf, 0))
    reader = SnapshotReader(tmp_path)
    assert not reader.refresh()
    assert "holds a number that is not finite; it is not served" in (reader.refused or "")


def test_a_refusal_is_logged_once_and_forgotten_when_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writer = written(tmp_path)
    reader = SnapshotReader(tmp_path)
    assert reader.refresh()
    add(writer, rows_of(9.0, 0))
    (tmp_path / "00000004-delta" / "weights.safetensors").unlink()
    with caplog.at_level(logging.WARNING, "interestclock.snapshots"):
        assert [reader.refresh() for _ in range(3)] == [False] * 3
    assert len(caplog.records) == 1
    written(tmp_path)
    assert reader.refresh()
    assert reader.refused is None


def test_deltas_of_other_features_are_not_mixed(tmp_path: Path) -> None:
    written(tmp_path)
    writer = SnapshotWriter(tmp_path, feature_fingerprint="g")
    with pytest.raises(ResultError, match="00000003-delta was made with other features; write a whole one"):
        add(writer, rows_of(1.0, 0))
    writer.full(dense={}, tables={"weight": torch.ones(3, 2)}, **SAID)
    add(writer, rows_of(2.0, 0))
    assert verify(tmp_path) == []
    with pytest.raises(ResultError, match="made with other features than this server's"):
        SnapshotReader(tmp_path, feature_fingerprint="f").load()


def test_a_writer_does_not_go_on_from_what_is_damaged(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "00000003-delta" / "manifest.json").write_text("{")
    writer = SnapshotWriter(tmp_path, feature_fingerprint="f")
    with pytest.raises(ResultError, match=r"cannot be gone on from .*; write a whole one first"):
        add(writer, rows_of(1.0, 0))
    manifest = writer.full(dense={}, tables={"weight": torch.ones(3, 2)}, **SAID)
    assert manifest.name == "00000004-full"
    assert SnapshotReader(tmp_path).refresh()


def test_a_server_reads_only_what_is_new(tmp_path: Path) -> None:
    """Two deltas behind; the ones it holds are not read again, and are not written to."""
    writer = written(tmp_path)
    reader = SnapshotReader(tmp_path)
    assert reader.refresh()
    before, held = reader.current, table_of(reader.current).clone()
    for name in ("00000001-full", "00000002-delta", "00000003-delta"):
        (tmp_path / name / "weights.safetensors").unlink()
    add(writer, rows_of(8.0, 1, 4, rows=5))
    add(writer, rows_of(9.0, 0, rows=6))
    assert reader.refresh()
    assert table_of(reader.current)[:, 0].tolist() == [9.0, 8.0, 1.0, 0.0, 8.0, 0.0]
    assert torch.equal(table_of(before), held)


def test_another_run_in_the_same_folder_is_not_mixed_in(tmp_path: Path) -> None:
    """Same names, other content: it is noticed, and read from the start."""
    folder = tmp_path / "snapshots"
    written(folder, value=1.0, deltas=0)
    reader = SnapshotReader(folder)
    assert reader.refresh()
    shutil.rmtree(folder)
    writer = written(folder, value=7.0, deltas=0)
    assert reader.refresh()
    assert table_of(reader.current).tolist() == [[7.0, 7.0]] * 3
    shutil.rmtree(folder)
    writer = written(folder, value=3.0, deltas=0)
    add(writer, rows_of(9.0, 0))
    assert reader.refresh()
    assert table_of(reader.current)[:, 0].tolist() == [9.0, 3.0, 3.0]


def test_what_is_served_is_not_the_file(tmp_path: Path) -> None:
    """A copy over the file in place, as cp does, neither changes what is served nor ends the server."""
    written(tmp_path, deltas=0)
    reader = SnapshotReader(tmp_path)
    assert reader.refresh()
    path = tmp_path / "00000001-full" / "weights.safetensors"
    with path.open("r+b") as file:
        file.write(b"\0" * path.stat().st_size)
        file.truncate(0)
    assert table_of(reader.current).tolist() == [[1.0, 1.0]] * 3


def test_other_threads_see_the_old_or_the_new(tmp_path: Path) -> None:
    """Each state has one number in every row and in the bias; none is ever seen with two."""
    writer = SnapshotWriter(tmp_path, feature_fingerprint="f")
    reader, mixed, seen, stop = SnapshotReader(tmp_path), [], set(), threading.Event()
    everything = torch.arange(50)

    def look() -> None:
        while not stop.is_set():
            if (now := reader.current) is not None:
                numbers = set(table_of(now).unique().tolist()) | set(now.dense["bias"].tolist())
                (mixed.append(numbers) if len(numbers) > 1 else seen.update(numbers))

    def serve() -> None:
        while not stop.is_set():
            reader.refresh()

    threads = [threading.Thread(target=target) for target in (look, look, serve, serve)]
    writer.full(dense={"bias": torch.zeros(1)}, tables={"weight": torch.zeros(50, 2)}, **SAID)
    for thread in threads:
        thread.start()
    for turn in range(1, 40):
        all_rows = Touched(rows=50, row_R=everything, value_RD=torch.full((50, 2), float(turn)))
        writer.delta(dense={"bias": torch.full((1,), float(turn))}, tables={"weight": all_rows}, **SAID)
    stop.set()
    for thread in threads:
        thread.join()
    assert mixed == []
    assert len(seen) > 1
    assert reader.refused is None


def test_a_chain_of_two_kinds_of_features(tmp_path: Path) -> None:
    """No writer of ours writes it; any reader refuses it, also one that takes any features."""
    writer = written(tmp_path, deltas=0)
    writer._fingerprint = "g"
    add(writer, rows_of(1.0, 0))
    with pytest.raises(
        ResultError, match="made with other features than 00000001-full, which it goes on from"
    ):
        SnapshotReader(tmp_path).load()


@pytest.mark.parametrize("stray", ["table/other", "rows/weight", "evil"])
def test_arrays_that_the_manifest_does_not_name(
    stray: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = writer_module.save_file
    monkeypatch.setattr(
        writer_module, "save_file", lambda tensors, path: save(tensors | {stray: torch.ones(1)}, path)
    )
    written(tmp_path, deltas=0)
    with pytest.raises(ResultError, match=f"{stray} is not in the manifest"):
        SnapshotReader(tmp_path).load()
