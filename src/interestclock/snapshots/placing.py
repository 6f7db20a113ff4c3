"""How a snapshot comes into its folder: whole or not at all, at whatever moment a run dies."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from interestclock.files import folder_aside, write_text
from interestclock.snapshots.manifest import MANIFEST, SnapshotManifest

__all__ = ["CURRENT", "place", "pointed_to"]

CURRENT = "CURRENT"


def place(folder: Path, name: str, fill: Callable[[Path], SnapshotManifest]) -> SnapshotManifest:
    """Write a snapshot aside, force it to disk, rename it, and have ``CURRENT`` name it (not yet forced).

    If any of it fails, what was written is taken away again and ``CURRENT`` stays.

    Args:
        folder: of snapshots. name: of the new one. fill: writes the weights into a folder, gives the note.
    """
    try:
        with folder_aside(folder / name) as aside:
            manifest = fill(aside)
            (aside / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
        write_text(folder / CURRENT, name, force_name=False)  # the snapshot's own name is on the disk by now
    except BaseException:
        if pointed_to(folder) != name:  # else an interrupt came after the last step: all is done
            shutil.rmtree(folder / name, ignore_errors=True)
        raise
    return manifest


def pointed_to(folder: Path) -> str | None:
    """What ``CURRENT`` says; None where it cannot be read."""
    try:
        return (folder / CURRENT).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
