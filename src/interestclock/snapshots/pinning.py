"""A person says which snapshot answers: only one that can be read is pinned."""

from __future__ import annotations

import logging
from pathlib import Path

from interestclock.errors import ResultError, system_errors_as
from interestclock.files import write_text
from interestclock.snapshots.manifest import snapshot_names
from interestclock.snapshots.pins import PINNED
from interestclock.snapshots.reader import SnapshotReader

__all__ = ["pin", "rollback"]

_log = logging.getLogger("interestclock.snapshots")


def pin(folder: str | Path, name: str) -> None:
    """Have a snapshot answer, whatever the trainer writes, until another is pinned or it is released.

    Raises:
        ResultError: it cannot be read, or the folder cannot be written.

    Example:
        >>> import tempfile
        >>> from interestclock.snapshots import SnapshotWriter
        >>> folder = Path(tempfile.mkdtemp())
        >>> writer, common = SnapshotWriter(folder, feature_fingerprint="f"), {"watermark_ms": 0, "step": 0}
        >>> for _ in range(3):
        ...     _ = writer.full(dense={}, tables={}, about={}, **common)
        >>> pin(folder, "00000002-full"); SnapshotReader(folder).load().manifest.name
        '00000002-full'
        >>> newest = writer.full(dense={}, tables={}, about={}, **common).name
        >>> newest, SnapshotReader(folder).load().manifest.name
        ('00000004-full', '00000002-full')
    """
    folder = Path(folder)
    SnapshotReader(folder).load(name)
    with system_errors_as(ResultError, f"{folder / PINNED}: cannot be written", remedy="make room"):
        write_text(folder / PINNED, name)


def rollback(folder: str | Path) -> str:
    """Pin the last snapshot before the one that answers that can be read; gives its name.

    Raises:
        ResultError: there is none, or the folder cannot be written.

    Example:
        >>> import tempfile
        >>> from interestclock.snapshots import SnapshotWriter
        >>> folder = Path(tempfile.mkdtemp())
        >>> writer, common = SnapshotWriter(folder, feature_fingerprint="f"), {"watermark_ms": 0, "step": 0}
        >>> for _ in range(2):
        ...     _ = writer.full(dense={}, tables={}, about={}, **common)
        >>> rollback(folder)
        '00000001-full'
    """
    folder = Path(folder)
    answers = SnapshotReader(folder).answers
    for name in reversed([each for each in snapshot_names(folder) if each < answers]):
        try:
            pin(folder, name)
        except ResultError as error:
            _log.warning("%s", error)
        else:
            return name
    raise ResultError(f"{folder} has no snapshot before {answers} that can be read; nothing was changed")
