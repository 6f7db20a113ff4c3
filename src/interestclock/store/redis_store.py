"""A store on Redis to read from: a snapshot for each request, in a few ways to the server and back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from interestclock.errors import ResultError
from interestclock.store.known_values import KnownValues, Named
from interestclock.store.meta import check_format, description_in
from interestclock.store.records import StoreMeta
from interestclock.store.redis_address import RedisAddress
from interestclock.store.redis_connection import RedisConnection
from interestclock.store.redis_keys import DESCRIPTION, META, RedisKeys
from interestclock.store.redis_reader import RedisReader
from interestclock.store.store_view import StoreView

__all__ = ["RedisStore"]

_TIMEOUT_S = 5.0  # a server that ranks does not wait for longer


class RedisStore:
    """The store at an address, which any number of processes on any machines read while one writes it.

    Many threads may read at a time, each in snapshots of its own. A snapshot is where the store stood when it
    was taken, but for users and items that changed since then: these are read as of their last change, each
    whole. ``view.complete_from_ms`` says what holds for all that was read.

    Args:
        address: ``redis://HOST:PORT/DB?prefix=NAME``, of a server or of any node of a cluster.

    Raises:
        ConfigError: it is no address, or the package ``redis`` is missing.
        ResultError: there is no store, one of another format, or the server is away.

    Example:
        >>> RedisStore("redis://127.0.0.1:1/0?prefix=shop")  # a server writes it: docs/store.md
        Traceback (most recent call last):
        interestclock.store.redis_connection.RedisAwayError: redis://127.0.0.1:1/0?prefix=shop is away ...
    """

    def __init__(self, address: str) -> None:
        parsed = RedisAddress.parse(address)
        self._prefix = parsed.prefix
        self._connection = RedisConnection(parsed, timeout_s=_TIMEOUT_S)
        self._knowing = threading.Lock()
        self._known_at: tuple[int, int] | None = None
        try:
            meta_key = RedisKeys(self._prefix, 0).meta
            meta, description = self._connection.one("HMGET", meta_key, META, DESCRIPTION)
            if meta is None or description is None:
                raise ResultError(f"{self._connection.name}: no store; write one first")
            self.schema, self.config = description_in(description, self._connection.name)
            generation = check_format(meta, self._connection.name).generation
        except BaseException:
            self.close()
            raise
        self._known = KnownValues(self.schema, self.config, generation=generation)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """No snapshot is read any more."""
        self._connection.close()

    @contextmanager
    def snapshot(self) -> Iterator[StoreView]:
        """Where the store stands now; of who changes while it is read, what is newer.

        Raises:
            ResultError: (also from reading) the server is away, or all was written anew meanwhile.
        """
        meta = self._meta()
        reader = RedisReader(self._connection, RedisKeys(self._prefix, meta.generation), meta=meta)
        with self._knowing:
            known, stands = self._known_of(meta.generation), (meta.generation, meta.position)
            if self._known_at != stands:
                known.update(reader)
                self._known_at = stands
            values = known.copy()

        def renewed() -> Named:
            with self._knowing:
                known.update(reader)
                return known.copy()

        try:
            yield StoreView(
                reader, meta=meta, schema=self.schema, config=self.config, values=values, renewed=renewed
            )
        finally:
            reader.end()

    def _meta(self) -> StoreMeta:
        value = self._connection.one("HGET", RedisKeys(self._prefix, 0).meta, META)
        if value is None:
            raise ResultError(
                f"{self._connection.name}: the store is gone until its updater has written it anew; start it"
            )
        return check_format(value, self._connection.name)

    def _known_of(self, generation: int) -> KnownValues:
        if self._known.generation != generation:
            self._known = KnownValues(self.schema, self.config, generation=generation)
        return self._known
