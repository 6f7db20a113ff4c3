"""A trainer's folder as it was before its first event."""

from __future__ import annotations

import shutil
from pathlib import Path

__all__ = ["clear", "is_of_a_log"]

_OF_A_LOG, _THEN_A_STREAM = "log ", ", then "  # in names of sources
_FOLDERS = ("admitted", "checkpoints", "predictions", "snapshots")
_FILES = ("dead-letters.jsonl", "log-dead-letters.jsonl")


def is_of_a_log(source: object) -> bool:
    """Whether a source, by its name, is a log alone, which can be read again from its first row.

    Example:
        >>> is_of_a_log("log 8f43"), is_of_a_log("log 8f43, then kafka plays")
        (True, False)
    """
    return isinstance(source, str) and source.startswith(_OF_A_LOG) and _THEN_A_STREAM not in source


def clear(path: Path, *, last: str) -> None:
    """Remove what a trainer made in its folder, and nothing else.

    Args:
        path: of the folder. last: the file that says whose it is: until it is gone, this can be done again.
    """
    for name in _FOLDERS:
        if (path / name).exists():
            shutil.rmtree(path / name)
    for name in (*_FILES, last):
        (path / name).unlink(missing_ok=True)
