"""How a snapshot comes into its folder and leaves it: whole or not at all, at whatever moment a run dies."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from interestclock.on_disk import force
from interestclock.snapshots.manifest import MANIFEST, WEIGHTS, SnapshotManifest

__all__ = ["CURRENT", "place", "pointed_to", "remove", "sweep"]

CURRENT = "CURRENT"
_ASIDE = ".unfinished-"


def place(folder: Path, name: str, fill: Callable[[Path], SnapshotManifest]) -> SnapshotManifest:
    """Write a snapshot aside, force it to disk, rename it, and have ``CURRENT`` name it (not yet forced).

    If any of it fails, what was written is taken away again and ``CURRENT`` stays.

    Args:
        folder: of snapshots. name: of the new one. fill: writes the weights into a folder, gives the note.
    """
    aside, pointer = folder / f"{_ASIDE}{name}", folder / f"{_ASIDE}{CURRENT}"
    try:
        aside.mkdir()
        manifest = fill(aside)
        (aside / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
        pointer.write_text(name, encoding="utf-8")
        for path in (aside / WEIGHTS, aside / MANIFEST, aside, pointer):
            force(path)
        aside.rename(folder / name)
        force(folder)  # the name must be on disk before CURRENT says it
        pointer.replace(folder / CURRENT)
    except BaseException:
        if pointed_to(folder) != name:  # else an interrupt came after the last step: all is done
            for path in (aside, folder / name):
                shutil.rmtree(path, ignore_errors=True)
            pointer.unlink(missing_ok=True)
        raise
    return manifest


def pointed_to(folder: Path) -> str | None:
    """What ``CURRENT`` says; None where it cannot be read."""
    try:
        return (folder / CURRENT).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None


def remove(folder: Path, name: str) -> None:
    """Take a snapshot away; of one half removed when the run dies, nothing is seen."""
    aside = folder / f"{_ASIDE}{name}"
    (folder / name).rename(aside)
    shutil.rmtree(aside)


def sweep(folder: Path) -> None:
    """Remove what a run that died left half written or half removed."""
    for left in folder.glob(f"{_ASIDE}*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
