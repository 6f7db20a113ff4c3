"""A store by where it is: a folder, or an address of Redis."""

from __future__ import annotations

from pathlib import Path

from interestclock.errors import ConfigError, ResultError
from interestclock.events.schema import LogSchema
from interestclock.state import StateConfig
from interestclock.store.environment import FOLDER
from interestclock.store.lmdb_store import LmdbStore
from interestclock.store.redis_address import RedisAddress
from interestclock.store.redis_store import RedisStore
from interestclock.store.redis_writer import RedisStoreWriter
from interestclock.store.store_writer import FeatureWriter
from interestclock.store.writer import StoreWriter
from interestclock.streams.addresses import without_login

__all__ = ["on_redis", "open_store", "open_writer", "store_folder"]


def on_redis(where: str | Path) -> bool:
    """Whether a store is on a server, by how it is called.

    Raises:
        ConfigError: it is the address of something else.

    Example:
        >>> on_redis("redis://127.0.0.1/0?prefix=shop"), on_redis("store"), on_redis(Path("store"))
        (True, False, False)
    """
    if isinstance(where, Path) or "://" not in where:
        return False
    if not RedisAddress.is_one(where):
        raise ConfigError(
            f"'{without_login(where)}': no store is there; give a folder, or redis://HOST:PORT/DB?prefix=NAME"
        )
    return True


def store_folder(store: str | Path) -> Path:
    """The folder that a store stands in.

    Args:
        store: as a command line has it.

    Raises:
        ResultError: there is no store.

    Example:
        >>> store_folder("nowhere")
        Traceback (most recent call last):
        interestclock.errors.ResultError: nowhere holds no store; name the folder that ... --store was given
    """
    folder = Path(store)
    if not (folder / FOLDER).exists():
        raise ResultError(
            f"{folder} holds no store; name the folder that `interestclock features follow` --store was given"
        )
    return folder


def open_store(where: str | Path) -> LmdbStore | RedisStore:
    """A store to read from; both have the same ``snapshot``.

    Args:
        where: folder, or ``redis://HOST:PORT/DB?prefix=NAME``.

    Raises:
        ConfigError: the address cannot be read. ResultError: there is no store.

    Example:
        >>> open_store("store/of/nobody")
        Traceback (most recent call last):
        interestclock.errors.ResultError: store/of/nobody holds no store; name the folder ...
    """
    return RedisStore(str(where)) if on_redis(where) else LmdbStore(store_folder(where))


def open_writer(where: str | Path, *, schema: LogSchema, config: StateConfig, owner: str) -> FeatureWriter:
    """A store to write, as ``open_store`` reads it.

    Args:
        where: likewise. schema, config: of the state. owner: who writes, where the store is on a server.

    Raises:
        ConfigError: the address cannot be read. ResultError: another writes there, or the store is another's.

    Example:
        >>> import tempfile
        >>> folder, schema = tempfile.mkdtemp(), LogSchema(labels=("finish",))
        >>> with open_writer(folder, schema=schema, config=StateConfig(), owner="me") as writer:
        ...     writer.position, writer.furthest
        (0, 0)
    """
    if on_redis(where):
        return RedisStoreWriter(str(where), schema=schema, config=config, owner=owner)
    return StoreWriter(where, schema=schema, config=config)
