"""Where compiled loops are kept: what lies there is run, so in no folder that others can write."""

from __future__ import annotations

import os
import stat
import tempfile
from functools import lru_cache
from pathlib import Path

__all__ = ["BESIDE_THE_SOURCE", "cache_folder"]

BESIDE_THE_SOURCE = ""
"""What numba calls ``__pycache__`` beside a source file."""


@lru_cache
def cache_folder(source_folder: Path, given: str) -> str | None:
    """The first folder that can be written: one that was given, ``__pycache__``, or the user's cache folder.

    An install can be read-only, and its user without a home: then there is none, loops are compiled anew
    in each process, and everything works. numba itself refuses there, and without a home may take a folder
    named ``~`` in the working directory, which can be anyone's.

    Args:
        source_folder: of the loops. given: numba's ``CACHE_DIR``, so what ``NUMBA_CACHE_DIR`` says; whoever
            sets it answers for who can write there.

    Returns:
        A folder, ``BESIDE_THE_SOURCE``, or None where none can be written.
    """
    if given and _can_write(Path(given)):
        return given
    if _can_write(source_folder / "__pycache__"):
        return BESIDE_THE_SOURCE
    users = _users_folder()
    return None if users is None or not (_can_write(users) and _is_own(users)) else str(users)


def _users_folder() -> Path | None:
    """``$XDG_CACHE_HOME/interestclock`` or ``~/.cache/interestclock``; None for a user without a home."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if named.is_absolute():  # the standard asks for others to be ignored
        return named / "interestclock"
    try:
        home = Path.home()
    except RuntimeError:  # no HOME, and a user id that no one has, as containers give
        return None
    return home / ".cache" / "interestclock" if home.is_absolute() else None


def _can_write(folder: Path) -> bool:
    """Whether a file can be written there; the folder is made where it can be, for its user alone."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _is_own(folder: Path) -> bool:
    """Whether no one but the user, or root, can write there or put another folder in its place."""
    if not hasattr(os, "geteuid"):  # what lies in a user's profile on Windows is that user's
        return True
    trusted = {0, os.geteuid()}
    own, above = folder.stat(), [each.stat() for each in folder.resolve().parents]
    if own.st_uid != os.geteuid() or own.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return False
    return all(each.st_uid in trusted and not _all_may_rename(each.st_mode) for each in above)


def _all_may_rename(mode: int) -> bool:
    return bool(mode & stat.S_IWOTH) and not mode & stat.S_ISVTX
