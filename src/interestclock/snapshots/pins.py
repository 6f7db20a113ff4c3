"""Which snapshot answers, where a person says so: ``PINNED`` goes before ``CURRENT``."""

from __future__ import annotations

from pathlib import Path

from interestclock.errors import ResultError, system_errors_as
from interestclock.files import force
from interestclock.snapshots.manifest import is_name, read_manifest

__all__ = ["PINNED", "chain_names", "pinned_in", "release"]

PINNED = "PINNED"


def pinned_in(folder: Path) -> str | None:
    """The name of the snapshot that is pinned; None where none is.

    Raises:
        ResultError: the file cannot be read, or names none.

    Example:
        >>> pinned_in(Path("nowhere")) is None
        True
    """
    path = folder / PINNED
    remedy = "pin another with 'interestclock snapshots pin', or 'snapshots release' it"
    with system_errors_as(
        ResultError, f"{path}: cannot be read", remedy=remedy, of=(OSError, UnicodeDecodeError)
    ):
        try:
            name = path.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None
    if not is_name(name) or not (folder / name).is_dir():
        raise ResultError(f"{path}: names '{name}', which is not there; {remedy}")
    return name


def release(folder: str | Path) -> bool:
    """Let the newest snapshot answer again; whether one was pinned.

    Raises:
        ResultError: it cannot be done.

    Example:
        >>> import tempfile
        >>> release(tempfile.mkdtemp())
        False
    """
    path = Path(folder) / PINNED
    with system_errors_as(ResultError, f"{path}: cannot be removed", remedy="remove it"):
        there = path.exists()
        path.unlink(missing_ok=True)
        if there:
            force(Path(folder))
    return there


def chain_names(folder: Path, name: str) -> list[str]:
    """A snapshot and those it goes on from, back to a whole one.

    Raises:
        ResultError: one of them cannot be read.
    """
    names, at = [], read_manifest(folder, name)
    while True:
        names.append(at.name)
        if at.parent is None:
            return names
        at = read_manifest(folder, at.parent)
