"""An admitted log by its address."""

from __future__ import annotations

from pathlib import Path

from interestclock.errors import ConfigError
from interestclock.relay.admitted_source import AdmittedSource
from interestclock.relay.folder_entries import FolderEntries

__all__ = ["is_admitted", "open_admitted"]

_FOLDER = "admitted://"


def is_admitted(source: str) -> bool:
    """Whether an address is one of an admitted log.

    Example:
        >>> is_admitted("admitted://store"), is_admitted("log://events")
        (True, False)
    """
    return source.startswith(_FOLDER)


def open_admitted(source: str, *, group: str) -> AdmittedSource:
    """What a feature updater admitted.

    Args:
        source: ``admitted://DIR`` of its store (``admitted:///DIR`` from the root).
        group: the reader's name in the folder.

    Raises:
        ConfigError: the address names nothing. ResultError: there is no store.

    Example:
        >>> open_admitted("admitted://", group="trainer")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: admitted://: give admitted://DIR, the folder of a store
    """
    folder = source.removeprefix(_FOLDER)
    if folder in ("", "/"):
        raise ConfigError(f"{source}: give admitted://DIR, the folder of a store")
    return AdmittedSource(FolderEntries(Path(folder), group=group))
