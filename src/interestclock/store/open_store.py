"""A store by what a command line calls it."""

from __future__ import annotations

from pathlib import Path

from interestclock.errors import ResultError
from interestclock.store.environment import FOLDER
from interestclock.store.lmdb_store import LmdbStore

__all__ = ["open_store", "store_folder"]


def store_folder(store: str | Path) -> Path:
    """The folder that a store stands in.

    Args:
        store: as a command line has it.

    Raises:
        ResultError: there is no store.

    Example:
        >>> store_folder("nowhere")
        Traceback (most recent call last):
        interestclock.errors.ResultError: nowhere holds no store; name the folder that ... --store was given
    """
    folder = Path(store)
    if not (folder / FOLDER).exists():
        raise ResultError(
            f"{folder} holds no store; name the folder that `interestclock features follow` --store was given"
        )
    return folder


def open_store(store: str | Path) -> LmdbStore:
    """A store to read from.

    Args:
        store: as a command line has it: a folder.

    Raises:
        ResultError: there is no store, or one of another format.

    Example:
        >>> open_store("nowhere")
        Traceback (most recent call last):
        interestclock.errors.ResultError: nowhere holds no store; name the folder that ... --store was given
    """
    return LmdbStore(store_folder(store))
