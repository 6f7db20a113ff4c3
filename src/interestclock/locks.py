"""Locks by a file, which say who holds them."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from interestclock.errors import ResultError

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["lock"]

_OF_A_LOCK = re.compile(rb"(\d+\n.*)?", re.DOTALL)  # a process's number; nothing before that is written
_MOST_OF_A_LOCK = 1_000  # bytes


def lock(path: Path, *, taken: str, remedy: str) -> BaseFileLock:
    """Lock by a file, which is made if needed and says who holds it; ``release`` gives it back.

    The system gives it back when the process ends, however it ends.

    Args:
        taken: what to say where another has it. remedy: what to do then.

    Raises:
        ResultError: another process, or another lock of this one, has it; or something else has that name,
            which is left as it is.
        OSError: the file cannot be made, or its file system has no locks.
    """
    from filelock import FileLock, SoftFileLock, Timeout  # noqa: PLC0415  most that comes here locks nothing

    _check_is_lock(path)
    held: BaseFileLock
    if issubclass(FileLock, SoftFileLock):  # no locks in the system: the file is the lock, and says who
        held = FileLock(path, timeout=0, thread_local=False)
    else:
        held = FileLock(path, timeout=0, thread_local=False, preserve_lock_file=True, on_acquired=_say_who)
    try:
        held.acquire()
    except Timeout as error:
        raise ResultError(f"{taken}{_holder(path)}; {remedy}") from error
    return held


def _check_is_lock(path: Path) -> None:
    """A file of the user's own that has the name of a lock is neither written into nor removed."""
    if not os.path.lexists(path):
        return
    ours = path.is_file() and not path.is_symlink() and path.stat().st_size < _MOST_OF_A_LOCK
    if ours:
        with suppress(PermissionError):  # of one that is held, on Windows
            ours = _OF_A_LOCK.fullmatch(path.read_bytes()) is not None
    if not ours:
        raise ResultError(f"{path} is there and is no lock of this program; move it away")


def _say_who(descriptor: int) -> None:
    os.truncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())


def _holder(path: Path) -> str:
    """Who wrote a lock's file, and when; nothing where it cannot be read, as on Windows while it is held."""
    try:
        process = int(path.read_text(encoding="ascii"))
        since = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, ValueError):
        return ""
    return f" (process {process}, since {since:%Y-%m-%d %H:%M:%S} UTC)"
