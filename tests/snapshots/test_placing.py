"""Full disks, interrupts and deaths at every step: nothing half-written is seen, and the next write works."""

from __future__ import annotations

import errno
import logging
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError

from interestclock import files as files_module
from interestclock.errors import ResultError
from interestclock.snapshots import SnapshotReader, SnapshotWriter, Touched, list_manifests, verify
from interestclock.snapshots import writer as writer_module

SAID = {"about": {}, "watermark_ms": 0, "step": 0}
NO_ROOM = OSError(errno.ENOSPC, "No space left on device")


def whole(writer: SnapshotWriter, value: float, rows: int = 2) -> str:
    return writer.full(dense={}, tables={"weight": torch.full((rows, 2), value)}, **SAID).name


def row(writer: SnapshotWriter, value: float) -> str:
    touched = Touched(rows=2, row_R=torch.tensor([0]), value_RD=torch.full((1, 2), value))
    return writer.delta(dense={}, tables={"weight": touched}, **SAID).name


def failing_at(call: int, work: Callable, error: BaseException) -> Callable:
    calls = iter(range(1, 1_000))

    def wrapped(*arguments: object, **named: object) -> object:
        if next(calls) == call:
            raise error
        return work(*arguments, **named)

    return wrapped


def half(_: dict, path: Path) -> None:
    path.write_bytes(b"half")
    raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")


STEPS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "weights": lambda patch: patch.setattr(writer_module, "save_file", half),
    "folder": lambda patch: patch.setattr(Path, "mkdir", failing_at(1, Path.mkdir, NO_ROOM)),
    "manifest": lambda patch: patch.setattr(Path, "write_text", failing_at(1, Path.write_text, NO_ROOM)),
    "pointer": lambda patch: patch.setattr(Path, "write_text", failing_at(2, Path.write_text, NO_ROOM)),
    "rename": lambda patch: patch.setattr(Path, "rename", failing_at(1, Path.rename, NO_ROOM)),
    "replace": lambda patch: patch.setattr(Path, "replace", failing_at(1, Path.replace, NO_ROOM)),
} | {
    f"force {call}": lambda patch, call=call: patch.setattr(
        files_module, "force", failing_at(call, files_module.force, NO_ROOM)
    )
    for call in range(1, 6)
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("write", [whole, row])
def test_a_disk_full_at_any_step(
    step: str, write: Callable[[SnapshotWriter, float], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SnapshotWriter(tmp_path, feature_fingerprint="f")
    whole(writer, 1.0)
    with monkeypatch.context() as patch:
        STEPS[step](patch)
        with pytest.raises(ResultError, match=r"No space left on device.*make room"):
            write(writer, 2.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00000001-full", "CURRENT"]
    assert (tmp_path / "CURRENT").read_text() == "00000001-full"
    assert write(writer, 3.0).startswith("00000002")
    assert SnapshotReader(tmp_path).load().tables["weight"][0].tolist() == [3.0, 3.0]
    assert verify(tmp_path) == []


def test_published_is_published_even_if_the_last_flush_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SnapshotWriter(tmp_path, feature_fingerprint="f")
    whole(writer, 1.0)
    with monkeypatch.context() as patch:
        patch.setattr(writer_module, "force", failing_at(1, writer_module.force, NO_ROOM))
        with pytest.raises(ResultError, match="make room"):
            row(writer, 2.0)
    assert SnapshotReader(tmp_path).load().manifest.name == "00000002-delta"
    assert row(writer, 3.0) == "00000003-delta"
    assert verify(tmp_path) == []


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_system_that_takes_no_more_bytes(tmp_path: Path) -> None:
    """Nothing simulated: the file must not grow as large as the weights are."""
    writer = SnapshotWriter(tmp_path, feature_fingerprint="f")
    whole(writer, 1.0)
    with largest_file(1 << 20), pytest.raises(ResultError, match=r"File too large.*make room"):
        whole(writer, 2.0, rows=1_000_000)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00000001-full", "CURRENT"]
    assert whole(writer, 3.0) == "00000002-full"


def test_an_interrupt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SnapshotWriter(tmp_path, feature_fingerprint="f")
    whole(writer, 1.0)
    with monkeypatch.context() as patch:
        patch.setattr(files_module, "force", failing_at(2, files_module.force, KeyboardInterrupt("stop")))
        with pytest.raises(KeyboardInterrupt):
            whole(writer, 2.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00000001-full", "CURRENT"]


def test_an_interrupt_after_the_last_step_undoes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SnapshotWriter(tmp_path, feature_fingerprint="f")
    whole(writer, 1.0)
    replace = Path.replace

    def replace_then_stop(path: Path, target: Path) -> None:
        replace(path, target)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace_then_stop)
        with pytest.raises(KeyboardInterrupt):
            whole(writer, 2.0)
    assert SnapshotReader(tmp_path).load().tables["weight"][0].tolist() == [2.0, 2.0]
    assert verify(tmp_path) == []


def test_a_death_before_current_names_it(tmp_path: Path) -> None:
    """The snapshot is whole, only not yet named: the next run numbers on and names its own."""
    writer = SnapshotWriter(tmp_path, feature_fingerprint="f")
    whole(writer, 1.0)
    row(writer, 2.0)
    (tmp_path / "CURRENT").write_text("00000001-full")
    assert SnapshotReader(tmp_path).load().tables["weight"][0].tolist() == [1.0, 1.0]
    assert row(SnapshotWriter(tmp_path, feature_fingerprint="f"), 3.0) == "00000003-delta"
    assert verify(tmp_path) == []


def test_a_death_while_old_ones_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SnapshotWriter(tmp_path, feature_fingerprint="f", keep=1)
    whole(writer, 1.0)
    row(writer, 2.0)

    def half_removed(path: Path, **_: object) -> None:
        (path / "manifest.json").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", half_removed)
        with pytest.raises(KeyboardInterrupt):
            whole(writer, 3.0)
    assert verify(tmp_path) == []
    assert [manifest.number for manifest in list_manifests(tmp_path)] == [1, 3]
    whole(SnapshotWriter(tmp_path, feature_fingerprint="f"), 4.0)
    assert [*tmp_path.glob("*.unfinished"), *tmp_path.glob("*.removed")] == []
    assert [manifest.number for manifest in list_manifests(tmp_path)] == [3, 4]


def test_at_no_moment_is_a_delta_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SnapshotWriter(tmp_path, feature_fingerprint="f", keep=1)
    whole(writer, 1.0)
    for value in (2.0, 3.0, 4.0):
        row(writer, value)
    seen = []
    remove_folder = writer_module.remove_folder

    def watched(path: Path) -> None:
        remove_folder(path)
        seen.append((path.name, verify(path.parent)))

    with monkeypatch.context() as patch:
        patch.setattr(writer_module, "remove_folder", watched)
        whole(writer, 5.0)
    assert seen == [(f"0000000{n}-delta", []) for n in (4, 3, 2)] + [("00000001-full", [])]


def test_what_cannot_be_removed_goes_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    writer = SnapshotWriter(tmp_path, feature_fingerprint="f", keep=1)
    whole(writer, 1.0)
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING, "interestclock.snapshots"):
        denied = failing_at(2, Path.rename, PermissionError(13, "denied"))
        patch.setattr(Path, "rename", denied)
        assert whole(writer, 2.0) == "00000002-full"
    assert "an old snapshot cannot be removed" in caplog.text
    assert [manifest.number for manifest in list_manifests(tmp_path)] == [1, 2]
    whole(writer, 3.0)
    assert [manifest.number for manifest in list_manifests(tmp_path)] == [3]


@pytest.mark.parametrize(
    "name", ["abcdefgh-full", "notes-2026", "1-full", "00000009-fully", "00000009-full.old"]
)
def test_folders_of_others_are_left_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / "00000008-full").write_text("a file, no snapshot")
    writer = SnapshotWriter(tmp_path, feature_fingerprint="f")
    assert whole(writer, 1.0) == "00000001-full"
    assert (tmp_path / name).is_dir()
    assert verify(tmp_path) == []


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(ResultError, match=r"x: cannot hold snapshots .*; name another folder"):
        SnapshotWriter(tmp_path / "x", feature_fingerprint="f")
