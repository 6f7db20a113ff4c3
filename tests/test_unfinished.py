"""What is under way is known, with how it is put away, from before it is there until after it is gone."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from interestclock import files
from interestclock.files import folder_aside, new_folder, remove_folder, write_text, written_aside
from interestclock.unfinished import SIGNALS, put_away, put_away_by, uninterrupted


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_newest_goes_first_and_what_stays_is_named() -> None:
    order: list[str] = []

    def fail() -> None:
        raise OSError("out.unfinished could not be removed")

    with (
        put_away_by(lambda: order.append("first")),
        put_away_by(fail),
        put_away_by(lambda: order.append("2")),
    ):
        assert put_away() == ["out.unfinished could not be removed"]
    assert order == ["2", "first"]
    assert put_away() == []


def test_what_is_left_by_an_exception_is_under_way_no_more() -> None:
    with pytest.raises(KeyboardInterrupt), put_away_by(pytest.fail):
        raise KeyboardInterrupt
    assert put_away() == []


@pytest.mark.parametrize(
    ("write", "meanwhile"),
    [
        (written_aside, ["out.unfinished"]),
        (folder_aside, ["out.unfinished"]),
        (new_folder, [".out.lock", "out.unfinished"]),
    ],
)
def test_files_and_folders_written_aside(
    write: Callable[[Path], AbstractContextManager[Path]], meanwhile: list[str], tmp_path: Path
) -> None:
    """As the process would end then: before ``with`` is left, and with nothing else run."""

    def ends() -> None:
        with write(tmp_path / "out") as aside:
            (aside / "part" if aside.is_dir() else aside).write_text("half")
            assert names(tmp_path) == meanwhile
            put_away()
            assert names(tmp_path) == []

    with pytest.raises(FileNotFoundError):
        ends()
    assert put_away() == []


@pytest.mark.parametrize("step", ["_remove_if_there", "_put_folder_in_place", "force"])
@pytest.mark.parametrize("late", [False, True])
def test_a_new_folder_is_whole_or_not_there_at_any_step(
    step: str, late: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before and after each step of its making, all that is left by ``put_away`` is the whole of it."""
    real = getattr(files, step)
    seen: list[list[str]] = []

    class Ended(BaseException):
        pass

    def ends(*arguments: object, **named: object) -> None:
        if late:
            real(*arguments, **named)
        put_away()
        seen.append(names(tmp_path))
        raise Ended

    monkeypatch.setattr(files, step, ends)
    with pytest.raises(Ended), new_folder(tmp_path / "out") as aside:
        (aside / "part").write_text("whole")
    placed = late and step == "_put_folder_in_place"
    assert seen == [["out"] if placed else []]
    if placed:
        assert names(tmp_path / "out") == ["part"]


def test_no_signal_comes_between_a_lock_and_its_being_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = files._locked

    def interrupted(*arguments: object) -> object:
        held = real(*arguments)  # type: ignore[arg-type]
        signal.raise_signal(signal.SIGINT)
        return held

    monkeypatch.setattr(files, "_locked", interrupted)
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "out"):
        pytest.fail("it was entered")
    assert names(tmp_path) == []


def test_a_folder_half_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "old").mkdir()
    write_text(tmp_path / "old" / "part", "whole")
    real = files.shutil.rmtree
    left: list[list[str]] = []

    def ends(folder: Path, **options: bool) -> None:
        monkeypatch.setattr(files.shutil, "rmtree", real)
        put_away()
        left.append(names(tmp_path))
        real(folder, ignore_errors=True)

    monkeypatch.setattr(files.shutil, "rmtree", ends)
    remove_folder(tmp_path / "old")
    assert left == [[]]


@pytest.mark.parametrize(("succeeds_at", "remains"), [(3, []), (99, ["folder.unfinished"])])
def test_what_threads_still_write_in_goes_too(
    succeeds_at: int, remains: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removal is tried again where something came meanwhile; what cannot go at all is named."""
    real, tries = files.shutil.rmtree, []

    def removed(folder: Path, ignore_errors: bool) -> None:
        tries.append(folder)
        if len(tries) == succeeds_at:
            real(folder)

    with folder_aside(tmp_path / "folder"):
        monkeypatch.setattr(files, "_REMOVE_AGAIN_S", 0.0)
        with monkeypatch.context() as patch:
            patch.setattr(files.shutil, "rmtree", removed)
            found = put_away()
        (tmp_path / "folder.unfinished").mkdir(exist_ok=True)
    assert found == [f"{tmp_path / name} is unfinished and could not be removed" for name in remains]
    assert len(tries) == min(succeeds_at, 5)


def test_signals_wait_and_handlers_come_back() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    steps: list[str] = []

    def work() -> None:
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            steps.append("done")
        steps.append("went on")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert steps == ["done"]
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_in_a_thread_nothing_waits() -> None:
    """Handlers are the main thread's; a thread that sets some is an error."""
    results: list[str] = []

    def work() -> None:
        with uninterrupted():
            results.append("entered")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert results == ["entered"]
