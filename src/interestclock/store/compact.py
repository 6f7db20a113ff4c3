"""A store written anew without what was deleted from it, in place of itself."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import lmdb

from interestclock.errors import ResultError, system_errors_as
from interestclock.files import aside_of, put_in_place
from interestclock.locks import lock
from interestclock.store.environment import DATABASES, FOLDER

__all__ = ["compact"]

_DATA = "data.mdb"
_AT_ONCE = 100_000  # records of a transaction


def compact(folder: str | Path) -> tuple[int, int]:
    """Write a store's records into a new file, and put it in place of the old one in one step.

    Pages that were given back are not in it, nor what is left of deleted records in pages that are in use,
    which LMDB's own copy takes along. Whoever has the store open goes on to read the old file, as it was;
    let them open it again.

    Args:
        folder: of the store, which nobody in this process has open.

    Returns:
        Bytes of the file before and after.

    Raises:
        ResultError: another process writes the store, there is none, or it cannot be written.

    Example:
        >>> import tempfile
        >>> from interestclock.events.schema import LogSchema
        >>> from interestclock.state import StateConfig
        >>> from interestclock.store import StoreWriter
        >>> folder = Path(tempfile.mkdtemp())
        >>> StoreWriter(folder, schema=LogSchema(labels=("finish",)), config=StateConfig()).close()
        >>> before, after = compact(folder)
        >>> before >= after > 0
        True
    """
    path = Path(folder) / FOLDER
    if not (path / _DATA).exists():
        raise ResultError(f"{folder} holds no store; name the folder that --store was given")
    held = lock(Path(folder) / ".writer.lock", taken=f"{folder} is written to", remedy="stop the writer")
    aside, remedy = aside_of(path), "make room, then do it again: the store is as it was"
    try:
        with system_errors_as(
            ResultError, f"{path} cannot be written anew", remedy=remedy, of=(OSError, lmdb.Error)
        ):
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir()
            before = (path / _DATA).stat().st_size
            _copy(path, aside)
            put_in_place(aside / _DATA, path / _DATA)
            shutil.rmtree(aside)
            return before, (path / _DATA).stat().st_size
    finally:
        held.release()


def _copy(path: Path, to: Path) -> None:
    """All records, in order, so that pages are filled one after the other."""
    source = lmdb.open(str(path), readonly=True, create=False, max_dbs=len(DATABASES))
    target = lmdb.open(str(to), map_size=source.info()["map_size"], max_dbs=len(DATABASES))
    try:
        for name in DATABASES:
            _copy_records(source, target, name.encode())
        target.sync(True)
    finally:
        target.close()
        source.close()


def _copy_records(source: Any, target: Any, name: bytes) -> None:
    there, to = source.open_db(name, create=False), target.open_db(name)
    with source.begin(db=there, buffers=True) as reading:
        records, more = iter(reading.cursor()), True
        while more:
            with target.begin(db=to, write=True) as writing:
                more = False
                for number, (key, value) in enumerate(records, start=1):
                    writing.put(key, value, append=True)
                    if more := number == _AT_ONCE:
                        break
