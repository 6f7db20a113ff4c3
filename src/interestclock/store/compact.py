"""A store without the pages that nobody needs any more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lmdb

from interestclock.errors import ResultError, system_errors_as
from interestclock.files import folder_aside, put_back
from interestclock.locks import lock
from interestclock.store.environment import DATABASES, FILE, FOLDER, Environment

__all__ = ["compact"]

_AT_ONCE = 100_000  # records of a transaction


def compact(folder: str | Path) -> tuple[int, int]:
    """Copy what a store holds, and put the copy in its place: what was erased or replaced is gone for good.

    The copy is on the disk before it replaces ``features.lmdb``. Who has the store open goes on with
    snapshots that are open, and is refused new ones until it opens the store again.

    Args:
        folder: of the store; nobody writes to it.

    Returns:
        Bytes before, and after.

    Raises:
        ResultError: it is written to, there is none, or the copy cannot be written; it is as it was.

    Example:
        >>> import tempfile
        >>> from interestclock.events.schema import LogSchema
        >>> from interestclock.state import StateConfig
        >>> from interestclock.store import StoreWriter
        >>> folder = Path(tempfile.mkdtemp())
        >>> StoreWriter(folder, schema=LogSchema(labels=("finish",)), config=StateConfig()).close()
        >>> before, after = compact(folder)
        >>> before >= after
        True
    """
    folder = Path(folder)
    path = folder / FOLDER
    if not folder.is_dir():
        raise ResultError(f"{folder} holds no store; name the folder of one")
    with system_errors_as(
        ResultError,
        f"{folder} cannot be compacted",
        remedy="see to the folder, then again",
        of=(OSError, lmdb.Error),
    ):
        held = lock(
            folder / ".writer.lock",
            taken=f"{folder} is written to",
            remedy="stop that (`features follow` goes on where it stopped), then compact again",
        )
        try:
            put_back(path)
            with folder_aside(path) as aside:
                _copy(folder, aside)
                sizes = (path / FILE).stat().st_size, (aside / FILE).stat().st_size
        finally:
            held.release()
    return sizes


def _copy(folder: Path, to: Path) -> None:
    """All records, in order: LMDB's own copy takes along what is left of deleted ones in pages in use."""
    source = Environment.open(folder)
    try:
        target = lmdb.open(str(to), map_size=source.map_bytes, max_dbs=len(DATABASES))
        try:
            with source.reading() as reading:
                for name, database in source.databases.items():
                    _copy_records(reading, database, target, name.encode())
            target.sync(True)
        finally:
            target.close()
    finally:
        source.close()


def _copy_records(reading: Any, there: Any, target: Any, name: bytes) -> None:
    to = target.open_db(name)
    records, more = iter(reading.cursor(db=there)), True
    while more:
        with target.begin(db=to, write=True) as writing:
            more = False
            for number, (key, value) in enumerate(records, start=1):
                writing.put(key, value, append=True)
                if more := number == _AT_ONCE:
                    break
