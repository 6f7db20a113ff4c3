"""What is in a store, how large it is, and how far behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from interestclock.events.schema import LogSchema
from interestclock.state import StateConfig
from interestclock.store.environment import Environment
from interestclock.store.meta import read_description, read_meta
from interestclock.store.records import HEADER_TYPE, StoreMeta
from interestclock.store.usage import Usage
from interestclock.timeofday import TimeSource

__all__ = ["StoreStats", "store_stats"]

# Shapes: U users.


@dataclass(frozen=True, kw_only=True)
class StoreStats:
    """What is in a store, and how far behind it is, as of one snapshot.

    Args:
        users, items: that are known. behaviours, votes: that are kept.
        newest_ms: when a user was last seen; None where there is none, UTC milliseconds as all.
        now_ms: by the clock on the wall. where: what the store says of itself.
        schema, config: whose it is. usage: on the disk.
    """

    users: int
    items: int
    behaviours: int
    votes: int
    newest_ms: int | None
    now_ms: int
    where: StoreMeta
    schema: LogSchema
    config: StateConfig
    usage: Usage

    @property
    def lag_seconds(self) -> float | None:
        """Since the newest event in it; None where there is none."""
        return None if self.newest_ms is None else (self.now_ms - self.newest_ms) / 1_000


def store_stats(folder: str | Path) -> StoreStats:
    """Look at a store, which may be written to meanwhile; of each user one record is read.

    Args:
        folder: of the store.

    Raises:
        ResultError: there is no store, or one of another format.

    Example:
        >>> import tempfile
        >>> from interestclock.store import StoreWriter
        >>> folder = tempfile.mkdtemp()
        >>> StoreWriter(folder, schema=LogSchema(labels=("finish",)), config=StateConfig()).close()
        >>> stats = store_stats(folder)
        >>> stats.users, stats.lag_seconds, stats.where.position
        (0, None, 0)
    """
    environment = Environment.open(Path(folder))
    try:
        databases = environment.databases
        with environment.reading() as txn:
            meta = read_meta(txn, databases["meta"], environment.path)
            schema, config = read_description(txn, databases["meta"], environment.path)
            header_U = _headers(txn, databases["user_of_id"])
            items = int(txn.stat(databases["item"])["entries"])
        return StoreStats(
            users=header_U.size,
            items=items,
            behaviours=_kept(header_U, "behaviours"),
            votes=_kept(header_U, "votes"),
            newest_ms=int(header_U["seen_ms"].max()) if header_U.size else None,
            now_ms=TimeSource().now_ms(),
            where=meta,
            schema=schema,
            config=config,
            usage=environment.usage(),
        )
    finally:
        environment.close()


def _headers(txn: Any, users: Any) -> npt.NDArray[Any]:
    with txn.cursor(db=users) as cursor:
        return np.frombuffer(b"".join(cursor.iternext(keys=False)), HEADER_TYPE)


def _kept(header_U: npt.NDArray[Any], name: str) -> int:
    return int((header_U[name] - header_U[f"{name}_dropped"]).sum())
