"""The one writer of a store on Redis: each user by a script of their own, where the store stands at last."""

from __future__ import annotations

import json
import secrets
import socket
import uuid
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

import msgspec

from interestclock.errors import ResultError
from interestclock.events.schema import LogSchema
from interestclock.state import StateConfig
from interestclock.state.state_changes import StateChanges
from interestclock.store.change_records import advance
from interestclock.store.meta import check_format, check_owner, described, new_votes, nothing
from interestclock.store.records import StoreMeta, midnight_key
from interestclock.store.redis_address import RedisAddress
from interestclock.store.redis_connection import RedisAwayError, RedisConnection
from interestclock.store.redis_items import RedisItems
from interestclock.store.redis_keys import BEGUN, COUNTS, DESCRIPTION, LEFT_OVER, META, NODES, RedisKeys
from interestclock.store.redis_lock import RedisLock
from interestclock.store.redis_scripts import WRITE_META
from interestclock.store.redis_server import check_server, node_runs
from interestclock.store.redis_users import RedisUsers
from interestclock.store.redis_values import ValueCounts, value_commands
from interestclock.store.store_writer import StoreLostError
from interestclock.streams.outage import Outage

__all__ = ["RedisStoreWriter"]

_TIMEOUT_S, _PATIENCE_S, _LONGEST_PAUSE_S = 30.0, 600.0, 5.0
_SCANNED_AT_A_TIME = 1_000


class RedisStoreWriter:
    """Keeps the store at an address current with a ``FeatureState``; makes it where there is none.

    What a call brings cannot be one transaction: it is written so that whoever reads meanwhile finds each
    user whole, and values and items before users that name them; last of all where the store stands. A call
    that was cut short is done again from the start, by this writer or the next one, and changes nothing that
    was done. In an outage a call waits and tries again.

    Args:
        address: ``redis://HOST:PORT/DB?prefix=NAME``. schema, config: of the state.
        owner: who writes, as another one is told; the same may take over from itself, so no two are to have
            one name at a time. None: a new name.
        patience_s: how long an outage is waited out.

    Raises:
        ConfigError: it is no address, or the package ``redis`` is missing.
        ResultError: another writes there, the store is of another schema or configuration, the server is
            away or would throw keys away when its memory is full.

    Example:
        >>> schema = LogSchema(labels=("finish",))
        >>> RedisStoreWriter("redis://127.0.0.1/0?prefix=a:b", schema=schema, config=StateConfig())
        Traceback (most recent call last):
        interestclock.errors.ConfigError: redis://127.0.0.1/0?prefix=a:b: prefix is 'a:b'; give one, of ...
    """

    def __init__(
        self,
        address: str,
        *,
        schema: LogSchema,
        config: StateConfig,
        owner: str | None = None,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        parsed = RedisAddress.parse(address)
        self.schema, self.config, self._prefix = schema, config, parsed.prefix
        self._votes = new_votes(schema, config)
        self._connection = RedisConnection(parsed, timeout_s=_TIMEOUT_S)
        self._outage = Outage(
            self._connection.name,
            patience_s=patience_s,
            raises=ResultError,
            goes_on="start it again: it goes on",
        )
        try:
            check_server(self._connection)
            owner = owner or f"{socket.gethostname()}, {uuid.uuid4().hex}"
            self._lock = RedisLock(self._connection, self._keys(0).lock, owner=owner)
        except BaseException:
            self._connection.close()
            raise
        self._counts = ValueCounts()
        try:
            self._meta, self._begun, left_over = self._describe()
            if left_over:
                self._sweep()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others write."""
        self._lock.release()
        self._connection.close()

    @property
    def name(self) -> str:
        """The address, without a password."""
        return self._connection.name

    @property
    def position(self) -> int:
        """Of what was admitted last and is in the store with all before it; 0 of a new one."""
        return self._meta.position

    @property
    def catalogue(self) -> str:
        """The version of the item table whose items are all in the store; "" where none is."""
        return self._meta.catalogue

    @property
    def furthest(self) -> int:
        """Of what was admitted last and may be in the store in part."""
        return max(self._begun, self._meta.position)

    def apply(
        self, changes: StateChanges, *, position: int, offsets: Mapping[str, str], watermark_ms: int
    ) -> None:
        """Bring the store to where the state is.

        Args:
            changes: since the last call; if they are whole, all that was there goes.
            position: of what was admitted last, further than the last. offsets: where its source stood, by
                partition. watermark_ms: UTC milliseconds.

        Raises:
            StoreLostError: the server lost what it had; bring whole changes.
            ResultError: another writer was there, the outage is too long, or the server refuses.
        """
        if not changes.whole and position <= self._meta.position:
            raise ValueError(f"position is {position}, and the store is at {self._meta.position} already")
        meta = msgspec.msgpack.decode(msgspec.msgpack.encode(self._meta), type=StoreMeta)
        if changes.whole:
            meta.generation, meta.id_types = _new_generation(), {}
        advance(meta, changes, position=position, offsets=offsets, watermark_ms=watermark_ms)
        meta.items_changed_after = position  # which items changed is not kept: any may have
        self._in_outages(lambda: self._bring(changes, meta))
        self._counts, midnights = self._counts.after(changes, self.schema.attributes), self._meta.midnights
        self._meta = meta
        if midnights != meta.midnights:
            self._in_outages(self._drop_midnights)
        if changes.whole:
            self._in_outages(self._sweep)

    def tidy(self) -> None:
        """Remove keys of older generations, if any are left."""
        self._in_outages(self._sweep_if_left_over)

    def _keys(self, generation: int) -> RedisKeys:
        return RedisKeys(self._prefix, generation)

    def _describe(self) -> tuple[StoreMeta, int, bool]:
        """Say whose store this is, or look whether it is; where it stands."""
        key, mine = self._keys(0).meta, json.dumps(described(self.schema, self.config))
        value, there, begun, left_over, counts = self._connection.one(
            "HMGET", key, META, DESCRIPTION, BEGUN, LEFT_OVER, COUNTS
        )
        if value is None or there is None:
            meta = nothing()
            meta.generation = _new_generation()  # keys that a lost one left may be there
            self._write_meta(
                {DESCRIPTION: mine.encode(), META: msgspec.msgpack.encode(meta), LEFT_OVER: b"1"}
            )
            return meta, 0, False
        meta = check_format(value, self.name)
        check_owner(there, mine, self.name)
        if counts is not None:
            self._counts = msgspec.msgpack.decode(counts, type=ValueCounts)
        return meta, int(begun or 0), left_over is not None

    def _in_outages(self, work: Callable[[], None]) -> None:
        """Do it, again where the server was away meanwhile."""
        while True:
            try:
                work()
            except RedisAwayError as error:
                self._outage.failed(error, wait_s=_LONGEST_PAUSE_S)
            else:
                self._outage.over()
                return

    def _bring(self, changes: StateChanges, meta: StoreMeta) -> None:
        """All of a call, unless the server has it already."""
        self._lock.check()
        nodes = node_runs(self._connection)
        if self._is_there(meta, nodes, whole=changes.whole):
            return
        begun = {BEGUN: b"%d" % meta.position}
        self._write_meta(begun | ({LEFT_OVER: b"1"} if changes.whole else {}))
        self._begun = meta.position
        keys, attributes = self._keys(meta.generation), self.schema.attributes
        known = ValueCounts() if changes.whole else self._counts
        self._connection.run(value_commands(keys, changes, attributes, known=known))
        items = RedisItems(self._connection, keys, position=meta.position, before=self._meta.position)
        items.write(changes.items_left, changes.items, attributes)
        users = RedisUsers(
            self._connection, keys, position=meta.position, complete_from_ms=meta.complete_from_ms
        )
        users.write(changes.users_left, changes.users, self._votes)
        if node_runs(self._connection) != nodes:
            raise RedisAwayError(f"{self.name}: a node was replaced meanwhile; try again")
        counts = msgspec.msgpack.encode(self._counts.after(changes, attributes))
        self._write_meta({COUNTS: counts, META: msgspec.msgpack.encode(meta), NODES: nodes})

    def _is_there(self, meta: StoreMeta, nodes: bytes, *, whole: bool) -> bool:
        """Whether the server has all of it; looks whether it stands where it was left."""
        value, nodes_there = self._connection.one("HMGET", self._keys(0).meta, META, NODES)
        there = None if value is None else check_format(value, self.name)
        if there is not None and (there.generation, there.position) == (meta.generation, meta.position):
            return True
        before = self._meta
        if there is not None and (there.generation, there.position) == (before.generation, before.position):
            if not whole and (nodes_there or nodes) != nodes:
                raise StoreLostError(f"{self.name} has nodes that were started again, and may lack something")
            return False
        if there is not None and there.position > before.position:
            raise ResultError(
                f"{self.name} is at position {there.position}, and was left at {before.position}: another "
                "writer was there; end that, then start this again"
            )
        if not whole:
            at = "nothing" if there is None else f"position {there.position}"
            raise StoreLostError(f"{self.name} has {at}, and had {before.position}: the server lost it")
        if value is None:
            mine = json.dumps(described(self.schema, self.config)).encode()
            self._write_meta({DESCRIPTION: mine})
        return False

    def _write_meta(self, values: Mapping[bytes, bytes]) -> None:
        keys = self._keys(0)
        fields = [each for pair in values.items() for each in pair]
        self._connection.one("EVAL", WRITE_META, 2, keys.meta, keys.lock, self._lock.value, *fields)

    def _drop_midnights(self) -> None:
        """Everyone's counts at midnights that are kept no more."""
        everyone, kept = self._keys(self._meta.generation).everyone, map(midnight_key, self._meta.midnights)
        gone = set(self._connection.one("HKEYS", everyone)) - set(kept)
        if gone:
            self._connection.one("HDEL", everyone, *gone)

    def _sweep_if_left_over(self) -> None:
        if self._connection.one("HGET", self._keys(0).meta, LEFT_OVER) is not None:
            self._sweep()

    def _sweep(self) -> None:
        """Remove what other generations left."""
        keys = self._keys(self._meta.generation)
        with self._connection.primaries() as nodes:
            for node in nodes:
                found = node.scan_iter(match=keys.pattern, count=_SCANNED_AT_A_TIME)
                self._connection.run(("UNLINK", key) for key in found if keys.is_left_over(key))
        self._connection.one("HDEL", keys.meta, LEFT_OVER)


def _new_generation() -> int:
    return secrets.randbits(48)
