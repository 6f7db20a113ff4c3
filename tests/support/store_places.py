"""New places for stores of each kind: folders, a Redis server of the test's own, a cluster."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from admitted_logs import SCHEMA
from fed_state import FOREVER
from redis_server import NOTHING_IS_KEPT, SERVER, RedisCluster, RedisServer

from interestclock.state import StateConfig
from interestclock.store import FeatureWriter, open_writer

KINDS = ("lmdb", "redis", "cluster")
Place = str | Path


def can_be(kind: str) -> bool:
    return kind == "lmdb" or SERVER is not None


@contextmanager
def places(kind: str) -> Iterator[Callable[[], Place]]:
    """What gives a new place whenever it is called; all are gone at the end."""
    folder = Path(tempfile.mkdtemp())
    if kind == "lmdb":
        try:
            yield lambda: folder / uuid4().hex
        finally:
            shutil.rmtree(folder)
        return
    server = RedisCluster(folder) if kind == "cluster" else RedisServer(folder, NOTHING_IS_KEPT)
    server.start()
    try:
        yield lambda: address(server)
    finally:
        server.stop()
        shutil.rmtree(folder)


def address(server: RedisServer, prefix: str | None = None) -> str:
    return f"redis://127.0.0.1:{server.port}/0?prefix={prefix or uuid4().hex}"


def writer_at(place: Place, *, config: StateConfig = FOREVER, owner: str = "a test") -> FeatureWriter:
    return open_writer(place, schema=SCHEMA, config=config, owner=owner)
