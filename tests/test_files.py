"""Files and folders are whole or not there, and one process's at a time."""

from __future__ import annotations

import errno
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from interestclock import files
from interestclock.errors import ResultError
from interestclock.files import (
    aside_of,
    check_new,
    folder_aside,
    new_folder,
    put_back,
    remove_folder,
    sweep,
    write_text,
    written_aside,
)

NO_ROOM = OSError(errno.ENOSPC, "No space left on device")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _write(path: Path, content: str) -> None:
    with written_aside(path) as aside:
        aside.write_text(content)


@pytest.mark.parametrize("write", [write_text, _write])
def test_a_file_is_replaced_in_one_step(write: Callable[[Path, str], None], tmp_path: Path) -> None:
    write(tmp_path / "a", "one")
    write(tmp_path / "a", "two")
    assert (tmp_path / "a").read_text() == "two"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("step", ["force", "write"])
@pytest.mark.parametrize("error", [NO_ROOM, KeyboardInterrupt()])
def test_of_a_file_that_failed_nothing_is_left(
    step: str, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_text(tmp_path / "a", "one")

    def fail(*_: object) -> None:
        raise error

    if step == "force":
        monkeypatch.setattr(files, "force", fail)
    if step == "write":
        monkeypatch.setattr(Path, "write_text", fail)
    with pytest.raises(type(error)):
        _write(tmp_path / "a", "half")
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "one"


def _write_half(folder: Path) -> None:
    (folder / "half").write_text("")
    raise KeyboardInterrupt


def test_a_folder_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "parts"
    for content in ("one", "two"):
        with folder_aside(path) as aside:
            (aside / content).write_text(content)
    with pytest.raises(KeyboardInterrupt), folder_aside(path) as aside:
        _write_half(aside)
    assert names(tmp_path) == ["parts"]
    assert names(path) == ["two"]


def test_everything_in_a_folder_is_on_the_disk_before_its_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forced: list[tuple[str, bool]] = []
    force = files.force

    def noted(path: Path) -> None:
        force(path)
        forced.append((path.name, (tmp_path / "out").exists()))

    monkeypatch.setattr(files, "force", noted)
    with folder_aside(tmp_path / "out") as aside:
        (aside / "a").write_text("")
        (aside / "below").mkdir()
        (aside / "below" / "b").write_text("")
    early = {name for name, there in forced if not there}
    assert early == {"a", "below", "b", "out.unfinished"}
    assert forced[-1] == (tmp_path.name, True)


def test_of_a_folder_half_removed_nothing_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "a").write_text("")

    def die(_: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", die)
        with pytest.raises(KeyboardInterrupt):
            remove_folder(tmp_path / "old")
    assert names(tmp_path) == ["old.removed"]
    aside_of(tmp_path / "b").write_text("")
    sweep(tmp_path)
    assert names(tmp_path) == []


def test_what_exists_is_refused_or_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.mkdir()
    (path / "old").write_text("")
    said = r"out is there already; give another --out, or remove it first"
    with pytest.raises(ResultError, match=said), new_folder(path):
        pass
    with pytest.raises(ValueError, match="no"), new_folder(path, may_replace=lambda _: True):
        raise ValueError("no")
    assert names(path) == ["old"]
    with new_folder(path, may_replace=lambda _: True, forced=False) as aside:
        (aside / "new").write_text("")
        assert names(path) == ["old"]
    assert names(path) == ["new"]
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("empty", [False, True])
def test_what_somebody_else_called_unfinished_stays(empty: bool, tmp_path: Path) -> None:
    theirs = tmp_path / "out.unfinished"
    theirs.mkdir()
    if not empty:
        (theirs / "thesis.tex").write_text("all of it")
    said = r"out.unfinished is there and was not left by an earlier run; .*: move it away, or give another"
    with pytest.raises(ResultError, match=said), new_folder(tmp_path / "out"):
        pass
    with pytest.raises(ResultError, match=said):  # before anything is done
        check_new(tmp_path / "out")
    assert names(tmp_path) == ["out.unfinished"]
    assert names(theirs) == ([] if empty else ["thesis.tex"])


@pytest.mark.parametrize("made", ["file", "number", "folder", "link", "large", "binary"])
def test_what_somebody_else_called_a_lock_stays(made: str, tmp_path: Path) -> None:
    theirs, elsewhere = tmp_path / ".out.lock", tmp_path / "elsewhere"
    contents = {"file": "precious\n", "number": "12 o'clock", "large": "7\n" * 1_000, "binary": "\0"}
    if made == "folder":
        theirs.mkdir()
    elif made == "link":
        elsewhere.write_text("precious\n")
        theirs.symlink_to(elsewhere)
    else:
        theirs.write_text(contents[made])
    said = r"\.out\.lock is there and is no lock of this program; move it away"
    for refused in (lambda: new_folder(tmp_path / "out").__enter__(), lambda: check_new(tmp_path / "out")):
        with pytest.raises(ResultError, match=said):
            refused()
    assert not (tmp_path / "out.unfinished").exists()
    assert theirs.is_dir() or theirs.read_text() == contents.get(made, "precious\n")


def test_what_may_be_replaced_is_no_reason_to_refuse(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    check_new(tmp_path / "out", may_replace=Path.is_dir)
    with pytest.raises(ResultError, match=r"out is there already; name another, or remove it first"):
        check_new(tmp_path / "out", may_replace=Path.is_file, remedy="name another")


def test_a_link_to_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to(tmp_path / "nowhere")
    with pytest.raises(
        ResultError, match=r"out is a link to .*nowhere, which is not there; give another --out"
    ):
        check_new(tmp_path / "out")
    (tmp_path / "new.unfinished").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ResultError, match=r"new\.unfinished is there and was not left by an earlier run"):
        check_new(tmp_path / "new")


@pytest.mark.parametrize("path", [".", ".."])
def test_where_one_stands_is_never_replaced(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    there = new_folder(Path(path), may_replace=lambda _: True)
    with pytest.raises(ResultError, match="is there already"), there:
        pass


def test_a_file_called_unfinished_stays_too(tmp_path: Path) -> None:
    (tmp_path / "out.unfinished").write_text("notes")
    with pytest.raises(ResultError, match=r"was not left by an earlier run"), new_folder(tmp_path / "out"):
        pass
    assert (tmp_path / "out.unfinished").read_text() == "notes"


WRITING = """
import pathlib, sys, time
from interestclock.files import new_folder
with new_folder(pathlib.Path(sys.argv[1])) as aside:
    (aside / "whose").write_text("the first's")
    print("writing", flush=True)
    sys.stdin.read()
"""


def writing(out: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITING, str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    return process


def test_a_second_process_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with writing(out) as first:
        said = (
            rf"out is being written by another process \(process {first.pid}, since \d{{4}}-.* UTC\); stop it"
        )
        with pytest.raises(ResultError, match=said), new_folder(out):
            pass
        with pytest.raises(ResultError, match=said):
            check_new(out)
        first.communicate()
    assert first.returncode == 0
    assert (out / "whose").read_text() == "the first's"
    assert names(tmp_path) == ["out"]
    assert names(out) == ["whose"]


def test_what_a_killed_process_left_is_cleaned_up(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with writing(out) as first:
        first.send_signal(signal.SIGKILL)
    assert names(tmp_path) == [".out.lock", "out.unfinished"]
    check_new(out)
    with new_folder(out) as aside:
        assert not (aside / "whose").exists()
    assert names(tmp_path) == ["out"]
    assert names(out) == []


def test_nothing_else_writes_aside_by_hand() -> None:
    """Who renames or forces a file does it here; the exceptions write what is no file of its own."""
    source = Path(files.__file__).parent
    by_hand = {
        str(path.relative_to(source))
        for path in source.rglob("*.py")
        if any(word in path.read_text() for word in ("os.fsync", ".rename(", "aside.replace(", "fcntl"))
    }
    assert by_hand == {
        "files.py",
        "streams/segment_files.py",  # appends to a file, and undoes half an append
        "streams/commit_mark.py",  # overwrites the few bytes of a mark that followers poll
    }


@pytest.mark.parametrize("step", ["mkdir", "touch", "exists"])
def test_a_place_that_is_not_ours_is_said_with_what_to_do(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    where = rf"out cannot be written \(.*Permission denied\); give another --out, or see to .* in {tmp_path}"
    with monkeypatch.context() as patch:
        patch.setattr(Path, step, refuse)
        with pytest.raises(ResultError, match=where), new_folder(tmp_path / "out"):
            pass
        if step == "exists":
            with pytest.raises(ResultError, match=where):
                check_new(tmp_path / "out")
    with new_folder(tmp_path / "out"):
        pass
    assert names(tmp_path) == ["out"]


def test_what_is_written_within_fails_as_itself(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left"), new_folder(tmp_path / "out"):
        raise NO_ROOM
    assert names(tmp_path) == []


def test_nobody_words_what_the_system_refuses_by_hand() -> None:
    """``system_errors_as`` does it; the exceptions say the system's words alone, or of damage."""
    source = Path(files.__file__).parent
    by_hand = re.compile(r"except \(?OSError\b[^\n]* as error:\n(?: +\w+ = [^\n]*\n)* +raise \w+Error\(")
    assert {
        str(path.relative_to(source)) for path in source.rglob("*.py") if by_hand.search(path.read_text())
    } == {
        "events/mapping_toml.py",
        "live/checkpoints.py",
        "operations/json_logs.py",
        "operations/prometheus_page.py",
    }


def test_a_folder_that_was_moved_away_is_put_back(tmp_path: Path) -> None:
    (tmp_path / "a.removed").mkdir()
    (tmp_path / "a.removed" / "one").touch()
    for _ in range(2):
        put_back(tmp_path / "a")
        assert names(tmp_path / "a") == ["one"]
    with folder_aside(tmp_path / "a") as aside:
        (aside / "two").touch()
    put_back(tmp_path / "a")
    assert names(tmp_path) == ["a"]
    assert names(tmp_path / "a") == ["two"]
