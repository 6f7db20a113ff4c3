"""An LMDB environment by its rules: opened once in a process, never across a fork, grown when full."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import lmdb

from interestclock.errors import ResultError, system_errors_as
from interestclock.files import put_back
from interestclock.store.usage import Usage, usage_of

__all__ = ["DATABASES", "FILE", "FOLDER", "REMEDY", "Environment"]

DATABASES = (
    "meta",
    "user_of_id",
    "history",
    "votes",
    "item_of_id",
    "item",
    "item_lists",
    "item_feed",
    "values",
    "sets",
    "everyone",
)
FOLDER = "features.lmdb"
REMEDY = "bring it back from a backup, or remove features.lmdb: `features follow` writes it anew"
FILE = "data.mdb"
_READERS = 1_024  # snapshots at a time, of all processes
_T = TypeVar("_T")


class Environment:
    """An environment of this process, shared by all in it that opened the same folder.

    ``open`` gives it, and ``close`` ends it once everyone did.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> environment = Environment.open(folder, map_bytes=1 << 20)
        >>> environment.write(lambda txn: txn.put(b"key", b"value", db=environment.databases["meta"]))
        True
        >>> with environment.reading() as txn:
        ...     bytes(txn.get(b"key", db=environment.databases["meta"]))
        b'value'
        >>> environment.close()
    """

    _opened: dict[tuple[int, Path], Environment] = {}  # noqa: RUF012  by process and folder
    _opening = threading.Lock()

    def __init__(self, path: Path, *, map_bytes: int | None) -> None:
        self.path, self.writable = path, map_bytes is not None
        self._process, self._users = os.getpid(), 0
        self._open_reads, self._reads = 0, threading.Condition()
        self._lmdb: Any = lmdb.open(
            str(path),
            map_size=map_bytes or 0,
            readonly=not self.writable,
            create=self.writable,
            max_dbs=len(DATABASES),
            max_readers=_READERS,
        )
        try:
            self._stat = (path / FILE).stat()
            self._check_length()
            self.release_killed_readers()
            self.databases = self._open_databases()
        except BaseException:
            self._lmdb.close()  # else nobody of this process could open it again
            raise

    def _open_databases(self) -> dict[str, Any]:
        databases: dict[str, Any] = {}
        for name in DATABASES:
            try:
                databases[name] = self._lmdb.open_db(name.encode(), create=self.writable)
            except lmdb.NotFoundError:
                if name == DATABASES[0]:
                    raise
                # An older format lacks it, of which its meta tells.
        return databases

    @classmethod
    def open(cls, folder: Path, *, map_bytes: int | None = None) -> Environment:
        """The environment in a folder.

        Args:
            map_bytes: to write, how large the map is at first; None: to read alone.

        Raises:
            ResultError: there is none to read, or it is open in this process for reading alone.
        """
        path = folder.resolve() / FOLDER
        key = (os.getpid(), path)
        with cls._opening:
            found = cls._opened.get(key)
            if found is None:
                cls._close_inherited(path)
                if map_bytes is not None:
                    put_back(path)
                    path.mkdir(parents=True, exist_ok=True)
                found = cls._opened[key] = cls._new(path, map_bytes)
            elif map_bytes is not None and not found.writable:
                raise ResultError(f"{path} is open for reading in this process; open it to write first")
            found._users += 1
            return found

    @classmethod
    def _new(cls, path: Path, map_bytes: int | None) -> Environment:
        try:
            return cls(path, map_bytes=map_bytes)
        except lmdb.Error as error:
            raise ResultError(f"{path}: no store that can be opened ({error}); write one first") from error

    @classmethod
    def _close_inherited(cls, path: Path) -> None:
        """Close what a process forked from another has of it: LMDB opens a path once in a process."""
        for process, opened in list(cls._opened):
            if opened == path and process != os.getpid():
                cls._opened.pop((process, opened))._lmdb.close()

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """One read transaction: what was committed last, as it was then.

        Raises:
            ResultError: the environment was opened before this process was forked, or its folder is another
                one by now.
        """
        txn = self._begin()
        try:
            yield txn
        finally:
            txn.abort()
            with self._reads:
                self._open_reads -= 1
                self._reads.notify_all()

    def write(self, change: Callable[[Any], _T]) -> _T:
        """One transaction, on disk once this returns; done again in a larger map where it does not fit.

        Args:
            change: is given the transaction, and may be called again from the start.

        Raises:
            ResultError: it cannot be written; what was committed before is there.
        """
        self._check()
        while True:
            try:
                with self._lmdb.begin(write=True) as txn:
                    result = change(txn)
            except lmdb.MapFullError:
                self._resize(2 * int(self._lmdb.info()["map_size"]))
            except lmdb.Error as error:
                raise ResultError(
                    f"{self.path} cannot be written ({error}); make room or mend the disk, then go on: what "
                    "was committed before is there"
                ) from error
            else:
                return result

    def release_killed_readers(self) -> int:
        """Let go of the pages that snapshots of processes hold that ended without closing them; how many."""
        return int(self._lmdb.reader_check())

    @property
    def map_bytes(self) -> int:
        """How large the map is."""
        return int(self._lmdb.info()["map_size"])

    def usage(self) -> Usage:
        """What it takes on the disk, and who reads it."""
        with self.reading() as txn:
            return usage_of(self._lmdb, self.databases, txn)

    def copy_to(self, folder: Path) -> None:
        """Copy what was committed last into an empty folder, without pages that nobody needs.

        Raises:
            ResultError: it cannot be written.
        """
        self._check()
        with system_errors_as(
            ResultError, f"{folder} cannot be written", remedy="make room, then begin again", of=(lmdb.Error,)
        ):
            self._lmdb.copy(str(folder), compact=True)

    def close(self) -> None:
        """Nobody here needs it any more, but for others of this process that opened it, too."""
        with self._opening:
            self._users -= 1
            if not self._users and self._process == os.getpid():
                del self._opened[self._process, self.path]
                self._lmdb.close()

    def _begin(self) -> Any:
        self._check()
        while True:
            with self._reads:
                try:
                    txn = self._lmdb.begin(buffers=True)
                except lmdb.MapResizedError:
                    pass
                else:
                    self._open_reads += 1
                    return txn
            self._resize(0)

    def _resize(self, map_bytes: int) -> None:
        """Have a larger map, or, where that is 0, the one that a writer made."""
        with self._reads:
            # LMDB moves the map: no transaction of this process may be open.
            if not self._reads.wait_for(lambda: not self._open_reads, timeout=_LONGEST_READ_SECONDS):
                raise ResultError(
                    f"{self.path} has to grow, and {self._open_reads} snapshots of this process are open; "
                    "close each with the request that it is for"
                )
            self._lmdb.set_mapsize(map_bytes)

    def _check(self) -> None:
        """Whether this process may use it, and it is still the one in the folder."""
        if self._process != os.getpid():
            raise ResultError(
                f"{self.path} was opened by process {self._process}, and this is {os.getpid()}, forked from "
                "it; open the store in each process, after the fork"
            )
        try:
            there = os.path.samestat(self._stat, (self.path / FILE).stat())
        except FileNotFoundError:
            there = False
        if not there:
            raise ResultError(
                f"{self.path} was compacted or replaced since it was opened here; close the store everywhere "
                "in this process, and open it again"
            )

    def _check_length(self) -> None:
        """Refuse a file that was cut off: a process ends that reads pages which are not there."""
        needed = (int(self._lmdb.info()["last_pgno"]) + 1) * int(self._lmdb.stat()["psize"])
        if (size := (self.path / FILE).stat().st_size) < needed:
            raise ResultError(
                f"{self.path / FILE}: {size:,} bytes, and {needed:,} were written: it was cut off; {REMEDY}"
            )


_LONGEST_READ_SECONDS = 10.0
