"""Who follows an embedded log, and how far each has come: what none of them needs any more may go."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from interestclock.errors import ConfigError, ResultError, system_errors_as
from interestclock.files import force, write_text
from interestclock.locks import lock
from interestclock.streams.embedded_log_folder import make_folder

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["FollowerOffset", "LogFollower", "check_follower_name", "followers_of", "remove_follower"]

_FOLDER, _OFFSET, _LOCK = "followers", ".offset", ".lock"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, kw_only=True)
class LogFollower:
    """A follower, whether it runs or not.

    Args:
        name: of the follower. offset: the entry up to which it needs nothing any more; 0 where what its file
            says cannot be read. since_ms: when it said so, UTC milliseconds.

    Example:
        >>> LogFollower(name="trainer", offset=812, since_ms=1_700_000_000_000).offset
        812
    """

    name: str
    offset: int
    since_ms: int


class FollowerOffset:
    """The offset of a follower on the disk, held by one process.

    Args:
        folder: of the log; made if needed. name: of the follower.

    Raises:
        ConfigError: no name of that kind.
        ResultError: another process follows under that name, or the folder cannot be written.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> mine = FollowerOffset(folder, "trainer")
        >>> mine.write(812)
        >>> [(each.name, each.offset) for each in followers_of(folder)]
        [('trainer', 812)]
        >>> mine.release()
    """

    def __init__(self, folder: Path, name: str) -> None:
        check_follower_name(name)
        self._path = folder / _FOLDER / f"{name}{_OFFSET}"
        self._offset: int | None = None  # that is on the disk for sure
        with _writable(self._path):
            make_folder(self._path.parent)
            self._lock = _locked(folder, name)

    def write(self, offset: int) -> None:
        """It needs nothing up to there any more.

        A step forward may be lost by a power cut, with which more is kept than need be; one back may not.

        Raises:
            ResultError: it cannot be written; the one before is kept.
        """
        forward = self._offset is not None and offset > self._offset
        with _writable(self._path):
            write_text(self._path, f"{offset}\n", force_name=not forward)
        self._offset = offset

    def release(self) -> None:
        """Let another process follow under this name; the offset stays."""
        self._lock.release()


def followers_of(folder: str | Path) -> list[LogFollower]:
    """All followers that a log waits for, by name.

    Example:
        >>> followers_of(Path("nowhere"))
        []
    """
    found = (_read(path) for path in sorted((Path(folder) / _FOLDER).glob(f"*{_OFFSET}")))
    return [each for each in found if each is not None]


def remove_follower(folder: str | Path, name: str) -> None:
    """Wait for a follower no longer: what it did not read may go.

    Args:
        folder: of the log.

    Raises:
        ResultError: there is none of that name, or it is running.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> FollowerOffset(folder, "gone").release()
        >>> remove_follower(folder, "gone")
        Traceback (most recent call last):
        interestclock.errors.ResultError: ...: no follower is called 'gone'; there is none
    """
    folder = Path(folder)
    names = [each.name for each in followers_of(folder)]
    if name not in names:
        raise ResultError(f"{folder}: no follower is called '{name}'; there is {', '.join(names) or 'none'}")
    held = _locked(folder, name)
    try:
        with _writable(folder):
            (folder / _FOLDER / f"{name}{_OFFSET}").unlink()
            force(folder / _FOLDER)
    finally:
        held.release()


def check_follower_name(name: str) -> None:
    """Refuse what cannot be a file's name everywhere.

    Raises:
        ConfigError: it cannot.

    Example:
        >>> check_follower_name("trainer-2")
        >>> check_follower_name("../trainer")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: follower '../trainer': give letters, digits, '_', '-' and '.', ...
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"follower '{name}': give letters, digits, '_', '-' and '.', at most 100, the first a letter, a "
            "digit or '_'"
        )


def _locked(folder: Path, name: str) -> BaseFileLock:
    return lock(
        folder / _FOLDER / f"{name}{_LOCK}",
        taken=f"{folder} is followed as '{name}' by another process",
        remedy="stop it, or follow under another name (--group)",
    )


def _read(path: Path) -> LogFollower | None:
    """None where it was removed just now."""
    try:
        since_ms = path.stat().st_mtime_ns // 1_000_000
        content = path.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return None
    offset = int(content) if content.strip().isdecimal() else 0
    return LogFollower(name=path.name.removesuffix(_OFFSET), offset=offset, since_ms=since_ms)


def _writable(path: Path) -> AbstractContextManager[None]:
    return system_errors_as(
        ResultError,
        f"{path}: how far a follower has come cannot be written",
        remedy="make room or see to the folder's permissions, then start again",
    )
