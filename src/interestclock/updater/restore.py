"""A backup made into a folder that an updater goes on in."""

from __future__ import annotations

import shutil
from pathlib import Path

from interestclock.errors import ResultError, system_errors_as
from interestclock.files import new_folder
from interestclock.updater.backup_manifest import BackupManifest

__all__ = ["restore"]


def restore(backup: str | Path, to: str | Path) -> BackupManifest:
    """Copy a backup into a folder, each file held against the checksum that was written with it.

    Args:
        backup: it is only read. to: a folder that is empty or not there; it has its name once it is whole
            and on the disk.

    Raises:
        ResultError: it is no backup, a file of it is missing or another than was written, or ``to`` is not
            empty or cannot be written.

    Example:
        >>> restore("no/backup", "store")
        Traceback (most recent call last):
        interestclock.errors.ResultError: no/backup is no backup of a store (it has no backup.json); name ...
    """
    backup, to = Path(backup), Path(to)
    made = BackupManifest.read(backup)
    with new_folder(to, may_replace=_is_empty, remedy="give another folder") as aside:
        for name in made.files:
            _restore_file(made, name, backup, aside)
    return made


def _restore_file(made: BackupManifest, name: str, backup: Path, aside: Path) -> None:
    if not (backup / name).resolve().is_relative_to(backup.resolve()):
        raise ResultError(f"{backup}: {name} lies outside of it; take another backup")
    (aside / name).parent.mkdir(parents=True, exist_ok=True)
    with system_errors_as(
        ResultError, f"{backup / name} cannot be copied", remedy="take another backup, or make room"
    ):
        shutil.copy(backup / name, aside / name)
        problem = made.problem(aside, name)
    if problem is not None:
        raise ResultError(f"{backup}: {name} is not what was backed up ({problem}); take another backup")


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())
