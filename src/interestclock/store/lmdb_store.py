"""A store to read from: opened once in a process, a snapshot for each request."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from interestclock.store.environment import Environment
from interestclock.store.known_values import KnownValues
from interestclock.store.lmdb_reader import LmdbReader
from interestclock.store.meta import read_description, read_meta
from interestclock.store.records import StoreMeta
from interestclock.store.store_view import StoreView

__all__ = ["LmdbStore"]


class LmdbStore:
    """The store in a folder, as one process reads it while another writes.

    Open it in each process, after a fork. Many threads may read at a time, each in snapshots of its own. A
    snapshot that stays open keeps the writer from using pages again: one is for one request.

    Args:
        folder: that a ``StoreWriter`` writes.

    Raises:
        ResultError: there is no store, or one of another format.

    Example:
        >>> import tempfile
        >>> import pyarrow as pa
        >>> from interestclock.events.schema import LogSchema
        >>> from interestclock.state import StateConfig
        >>> from interestclock.store import StoreWriter
        >>> folder = Path(tempfile.mkdtemp())
        >>> StoreWriter(folder, schema=LogSchema(labels=("finish",)), config=StateConfig()).close()
        >>> store = LmdbStore(folder)
        >>> with store.snapshot() as view:
        ...     view.position, view.slots("user", pa.array(["ann"])).tolist()
        (0, [0])
        >>> store.close()
    """

    def __init__(self, folder: str | Path) -> None:
        self._environment = Environment.open(Path(folder))
        self._meta = self._environment.databases["meta"]
        self._knowing = threading.Lock()
        try:
            with self._environment.reading() as txn:
                meta = self._where_it_stands(txn)
                self.schema, self.config = read_description(txn, self._meta, self._environment.path)
        except BaseException:
            self._environment.close()
            raise
        self._known = KnownValues(self.schema, self.config, generation=meta.generation)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """No snapshot is read any more."""
        self._environment.close()

    @contextmanager
    def snapshot(self) -> Iterator[StoreView]:
        """What was committed last, and nothing that is committed later.

        Raises:
            ResultError: this process was forked from the one that opened the store.
        """
        with self._environment.reading() as txn:
            meta, reader = self._where_it_stands(txn), LmdbReader(txn, self._environment.databases)
            with self._knowing:
                if self._known.generation != meta.generation:
                    self._known = KnownValues(self.schema, self.config, generation=meta.generation)
                self._known.update(reader)
                values = self._known.copy()
            try:
                yield StoreView(reader, meta=meta, schema=self.schema, config=self.config, values=values)
            finally:
                reader.end()

    def _where_it_stands(self, txn: Any) -> StoreMeta:
        return read_meta(txn, self._meta, self._environment.path)
