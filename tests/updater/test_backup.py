"""A backup that is taken while an updater runs is a folder that an updater goes on in, to the same bits."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from updated_stores import Log, embedded, offset_of, said_by, seen, state_at, update

from interestclock.errors import ResultError
from interestclock.live import checkpoints
from interestclock.store.verify import problems_in
from interestclock.updater import FeatureUpdater
from interestclock.updater import backup as backup_file
from interestclock.updater.backup import backup
from interestclock.updater.backup_manifest import BACKUP
from interestclock.updater.restore import restore

_SUPPORT = Path(__file__).resolve().parent.parent / "support"
_UPDATES = """
import sys
from pathlib import Path
from updated_stores import update
update(Path(sys.argv[1]), 1_000_000, Path(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return embedded(tmp_path_factory.mktemp("log") / "log", requests=120)


@pytest.fixture(scope="module")
def stopped(log: Log, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose updater was stopped half way."""
    folder = tmp_path_factory.mktemp("store") / "store"
    update(log.folder, log.messages // 2, folder)
    return folder


@pytest.fixture
def copy(stopped: Path, tmp_path: Path) -> Path:
    """A backup of it."""
    backup(stopped, tmp_path / "backup")
    return tmp_path / "backup"


def check_goes_on(log: Log, folder: Path) -> int:
    """It is whole as of its offset, and at the end what it would have been without a backup; the offset."""
    assert list(problems_in(folder, lambda _: None)) == []
    with seen(folder) as view:
        offset = offset_of(view)
        assert said_by(view) == said_by(state_at(log.folder, offset))
    update(*log, folder)
    with seen(folder) as view:
        assert offset_of(view) == log.messages
        assert said_by(view) == said_by(state_at(log.folder, log.messages))
    return offset


def _wait_until_it_opens(store: Path) -> None:
    until_s = time.monotonic() + 60
    while True:
        try:
            with seen(store):
                return
        except ResultError:
            assert time.monotonic() < until_s
        time.sleep(0.01)


def test_backups_of_a_running_updater_go_on_to_the_same_bits(log: Log, tmp_path: Path) -> None:
    store, copies = tmp_path / "store", []
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(_SUPPORT)])}
    command = [sys.executable, "-c", _UPDATES, str(log.folder), str(store)]
    process = subprocess.Popen(command, env=environment)
    try:
        _wait_until_it_opens(store)
        for number in range(8):
            copies.append(tmp_path / f"backup-{number}")
            backup(store, copies[-1])
            time.sleep(0.1)
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
    offsets = []
    for place in (0, 3, 7):
        restore(copies[place], tmp_path / f"restored-{place}")
        offsets.append(check_goes_on(log, tmp_path / f"restored-{place}"))
    assert offsets == sorted(offsets)


def test_a_backup_of_a_stopped_updater_goes_on(log: Log, copy: Path, tmp_path: Path) -> None:
    (tmp_path / "restored").mkdir()  # an empty folder may be there
    made = restore(copy, tmp_path / "restored")
    assert {each.name for each in (tmp_path / "restored").iterdir()} >= {"config.json", "features.lmdb"}
    assert not (tmp_path / "restored" / BACKUP).exists()
    assert made.checkpoint == made.position
    assert check_goes_on(log, tmp_path / "restored") >= log.messages // 2


def test_one_before_the_first_checkpoint_goes_on(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    with monkeypatch.context() as patched:
        patched.setattr(FeatureUpdater, "_checkpoint", lambda _: None)
        update(log.folder, 100, store)
    made = backup(store, tmp_path / "backup")
    assert (made.checkpoint, made.position > 0) == (0, True)
    restore(tmp_path / "backup", tmp_path / "restored")
    check_goes_on(log, tmp_path / "restored")


def test_a_damaged_checkpoint_gives_way_to_the_one_before(
    log: Log, stopped: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = shutil.copytree(stopped, tmp_path / "store")
    newest = sorted((store / "checkpoints").iterdir())[-1]
    (newest / "state.safetensors").write_bytes(b"x")
    made = backup(store, tmp_path / "backup")
    assert made.checkpoint < made.position
    assert "copying the one before it" in caplog.text
    restore(tmp_path / "backup", tmp_path / "restored")
    check_goes_on(log, tmp_path / "restored")


def test_what_goes_while_it_is_copied_is_copied_once_more(
    stopped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies, copy_admitted = [], backup_file.copy_admitted

    def gone(*arguments: Path, position: int) -> None:
        copies.append(position)
        if len(copies) < 3:
            raise FileNotFoundError("no entry")
        copy_admitted(*arguments, position=position)

    monkeypatch.setattr(backup_file, "copy_admitted", gone)
    backup(stopped, tmp_path / "backup")
    assert len(copies) == 3

    def gone_for_good(*_: Path, position: int) -> None:
        raise FileNotFoundError(f"no entry {position}")

    monkeypatch.setattr(backup_file, "copy_admitted", gone_for_good)
    with pytest.raises(ResultError, match=r"parts of it are missing, or went 3 times .*--checkpoints-kept"):
        backup(stopped, tmp_path / "another")
    assert [each.name for each in tmp_path.iterdir()] == ["backup"]


def test_what_cannot_be_backed_up_is_told(stopped: Path, copy: Path, tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"backup is there already; give another folder"):
        backup(stopped, copy)
    with pytest.raises(ResultError, match="holds no store that a feature updater made"):
        backup(tmp_path, tmp_path / "another")
    store = shutil.copytree(stopped, tmp_path / "store")
    for each in (store / "checkpoints").iterdir():
        (each / "state.safetensors").write_bytes(b"x")
    with pytest.raises(ResultError, match="no checkpoint is whole; restore an older backup"):
        backup(store, tmp_path / "another")
    assert not (tmp_path / "another").exists()


@pytest.mark.parametrize("part", ["features.lmdb/data.mdb", "config.json", "checkpoints", "admitted"])
@pytest.mark.parametrize("damage", ["changed", "cut off", "missing"])
def test_a_damaged_backup_is_refused(part: str, damage: str, copy: Path, tmp_path: Path) -> None:
    path = copy / part
    if path.is_dir():
        path = max((each for each in path.rglob("*") if each.is_file()), key=lambda each: each.stat().st_size)
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "cut off":
        path.write_bytes(content[:-1])
    else:
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ResultError, match=f"{path.name}.*take another backup"):
        restore(copy, tmp_path / "restored")
    assert not (tmp_path / "restored").exists()


def test_what_cannot_be_restored_is_told(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(ResultError, match="full is there already; give another folder"):
        restore(copy, tmp_path / "full")
    with pytest.raises(ResultError, match="is no backup of a store"):
        restore(tmp_path / "full", tmp_path / "restored")
    made = json.loads((copy / BACKUP).read_text())
    (copy / BACKUP).write_text(json.dumps({**made, "format": 2}))
    with pytest.raises(ResultError, match="format 2, this version reads 1"):
        restore(copy, tmp_path / "restored")
    (copy / BACKUP).write_text(json.dumps({**made, "files": {"../full/file": {"bytes": 0, "sha256": ""}}}))
    with pytest.raises(ResultError, match="lies outside of it"):
        restore(copy, tmp_path / "restored")


def test_a_checkpoint_is_verified_without_reading_it_into_memory(
    stopped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "load_file", lambda _: pytest.fail("it was read"))
    reader = checkpoints.CheckpointReader(stopped / "checkpoints")
    number = reader.numbers()[-1]
    assert reader.check(number).number == number
