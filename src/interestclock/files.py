"""Files and folders that must outlive a crash: written aside, forced to disk, renamed."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from interestclock.errors import ResultError, system_errors_as
from interestclock.locks import lock
from interestclock.unfinished import put_away_by, uninterrupted

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = [
    "ASIDE",
    "REMOVED",
    "aside_of",
    "check_new",
    "check_written_out",
    "folder_aside",
    "force",
    "new_folder",
    "put_back",
    "put_in_place",
    "remove_folder",
    "sweep",
    "write_text",
    "written_aside",
]

ASIDE, REMOVED = ".unfinished", ".removed"
_MARK = ".interestclock-unfinished"  # in what this package wrote aside, and nobody else
_REMOVALS, _REMOVE_AGAIN_S = 5, 0.1


def force(path: Path) -> None:
    """Wait until a file or a folder's entries are on disk."""
    windows = os.name == "nt"
    if windows and path.is_dir():
        return  # there it cannot be asked for
    descriptor = os.open(path, os.O_RDWR if windows else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def aside_of(path: Path) -> Path:
    """Where what becomes ``path`` is written meanwhile: ``part.parquet.unfinished``."""
    return path.with_name(path.name + ASIDE)


def put_in_place(aside: Path, path: Path, *, force_name: bool = True) -> None:
    """Give a file that was written aside its name, in one step, in place of an older one.

    Args:
        force_name: wait until the name is on the disk, too; else whoever needs it forces the folder.
    """
    force(aside)
    aside.replace(path)
    if force_name:
        force(path.parent)


@contextmanager
def written_aside(path: Path, *, force_name: bool = True) -> Iterator[Path]:
    """A file to write beside ``path``, which is whole once it has that name; nothing is left of a failure.

    Args:
        path: an older file is replaced in one step. force_name: as for ``put_in_place``.
    """
    aside = aside_of(path)
    with put_away_by(partial(aside.unlink, missing_ok=True)):
        try:
            yield aside
            put_in_place(aside, path, force_name=force_name)
        except BaseException:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
            raise


def write_text(path: Path, text: str, *, force_name: bool = True) -> None:
    """Write a text as UTF-8, whole or not at all; an older file is replaced in one step."""
    with written_aside(path, force_name=force_name) as aside:
        aside.write_text(text, encoding="utf-8")


@contextmanager
def folder_aside(path: Path) -> Iterator[Path]:
    """A folder to write in, beside ``path``, which is whole once it has that name.

    Nothing is left of a failure, and what an earlier one left goes. An older folder of that name is replaced
    once the new one is on the disk. For a folder in one that this process has for itself; ``new_folder`` is
    for one anywhere.
    """
    aside = aside_of(path)
    with put_away_by(partial(_remove_in_use, aside)):
        try:
            _remove_if_there(aside)
            aside.mkdir()
            yield aside
            _put_folder_in_place(aside, path)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise


def put_back(path: Path) -> None:
    """Put a folder back that ``folder_aside`` moved away and was killed before it put another there.

    Args:
        path: in a folder that this process has for itself.
    """
    removed = path.with_name(path.name + REMOVED)
    if removed.exists() and not path.exists():
        removed.rename(path)


def remove_folder(path: Path) -> None:
    """Take a folder away; of one half removed when the process dies, nothing is seen under its name."""
    removed = path.with_name(path.name + REMOVED)
    with put_away_by(partial(_remove_in_use, removed)):
        _remove_if_there(removed)
        path.rename(removed)
        shutil.rmtree(removed)


def sweep(folder: Path) -> None:
    """Remove what a process that died left half written or half removed in a folder of ours."""
    for left in (*folder.glob(f"*{ASIDE}"), *folder.glob(f"*{REMOVED}")):
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def _remove_if_there(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _remove_in_use(folder: Path) -> None:
    """Where threads may still write in it: a few times, until it is gone."""
    for left in reversed(range(_REMOVALS)):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(_REMOVE_AGAIN_S * (left > 0))
    raise OSError(f"{folder} is unfinished and could not be removed")


@contextmanager
def new_folder(
    path: Path,
    *,
    may_replace: Callable[[Path], bool] = lambda _: False,
    forced: bool = True,
    remedy: str = "give another --out",
) -> Iterator[Path]:
    """A folder beside ``path`` to write in, locked until it is whole and gets that name.

    It is called ``NAME.unfinished`` meanwhile. What a process that died left under that name is removed; what
    anybody else put there is not. Nothing is left of a failure.

    Args:
        path: of the folder; what it stands in is made if needed.
        may_replace: whether a folder that is there already may go.
        forced: wait until all of it is on the disk; not where it can be made again at once.
        remedy: how to have it elsewhere.

    Raises:
        ResultError: ``path`` is there already, another process is writing it, ``NAME.unfinished`` or
            ``.NAME.lock`` is somebody's, or it cannot be made there.
        OSError: what is in it cannot be written.

    Example:
        >>> import tempfile
        >>> out = Path(tempfile.mkdtemp()) / "results"
        >>> with new_folder(out) as aside:
        ...     (aside / "note.txt").write_text("done"), out.exists()
        (4, False)
    """
    with _usable(path, remedy):
        _check_free(path, may_replace, remedy)
        path.parent.mkdir(parents=True, exist_ok=True)
    aside = aside_of(path)
    with _locked_beside(path, remedy):
        _check_free(path, may_replace, remedy)  # another may have been done just now
        _check_own(aside, remedy)  # from here on it is ours, whatever is in it
        with put_away_by(partial(_remove_in_use, aside)), put_away_by(partial(_remove_mark, path)):
            try:
                with _usable(path, remedy):
                    _remove_if_there(aside)
                    aside.mkdir()
                    (aside / _MARK).touch()
                yield aside
                _put_folder_in_place(aside, path, forced=forced)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
                _remove_mark(path)


def check_new(
    path: Path,
    *,
    may_replace: Callable[[Path], bool] = lambda _: False,
    remedy: str = "give another --out",
) -> None:
    """Refuse what ``new_folder`` would, before anything is done for it, and change nothing.

    Args:
        path, may_replace, remedy: as for ``new_folder``.

    Raises:
        ResultError: the folder is there, another process is writing it, or what is written beside it while it
            is not whole is somebody's; or it cannot be looked at.
    """
    with _usable(path, remedy):
        _check_free(path, may_replace, remedy)
        _check_own(aside_of(path), remedy)
        if os.path.lexists(_lock_of(path)):
            _locked(path, remedy).release()


def check_written_out(path: Path) -> None:
    """Refuse a path whose home folder nobody put in: some who read it would, and others make a folder ``~``.

    Raises:
        ResultError: it begins with ``~``.

    Example:
        >>> check_written_out(Path("results"))
    """
    if path.parts and path.parts[0].startswith("~"):
        raise ResultError(
            f"{path} begins with ~, which a shell replaces by a home folder, and none did here; write it "
            "out, for example as $HOME in a shell or Path.home() in Python"
        )


def _check_free(path: Path, may_replace: Callable[[Path], bool], remedy: str) -> None:
    check_written_out(path)
    if path.is_symlink() and not path.exists():
        raise ResultError(
            f"{path} is a link to {path.readlink()}, which is not there; {remedy}, or remove it"
        )
    if path.exists() and not (path.name.strip(".") and may_replace(path)):
        raise ResultError(f"{path} is there already; {remedy}, or remove it first")


@contextmanager
def _locked_beside(path: Path, remedy: str) -> Iterator[None]:
    held: BaseFileLock | None = None

    def release() -> None:
        if held is not None:
            with suppress(OSError):  # before the lock goes, or it might be another's
                _lock_of(path).unlink()
            held.release()

    with put_away_by(release):
        try:
            with (
                _usable(path, remedy),
                uninterrupted(),
            ):  # a lock's file is there a moment before it is known to be ours
                held = _locked(path, remedy)
            yield
        finally:
            release()


def _usable(path: Path, remedy: str) -> AbstractContextManager[None]:
    """What the system refuses of the place is said with what to do: it is no place of ours, or is full."""
    either = f"{remedy}, or see to the permissions and the room in {path.parent}"
    return system_errors_as(ResultError, f"{path} cannot be written", remedy=either)


def _lock_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")


def _locked(path: Path, remedy: str) -> BaseFileLock:
    taken = f"{path} is being written by another process"
    return lock(_lock_of(path), taken=taken, remedy=f"stop it, or {remedy}")


def _remove_mark(path: Path) -> None:
    with suppress(OSError):
        (path / _MARK).unlink(missing_ok=True)


def _check_own(aside: Path, remedy: str) -> None:
    if os.path.lexists(aside) and not (aside / _MARK).exists():
        raise ResultError(
            f"{aside} is there and was not left by an earlier run; results are written there before they are "
            f"whole: move it away, or {remedy}"
        )


def _put_folder_in_place(aside: Path, path: Path, *, forced: bool = True) -> None:
    if forced:
        for each in (*aside.rglob("*"), aside):
            force(each)
    removed = path.with_name(path.name + REMOVED)
    if path.exists():  # for a moment nothing has the name; what had it goes once the new one does
        _remove_if_there(removed)
        path.rename(removed)
    aside.rename(path)
    force(path.parent)
    _remove_if_there(removed)
