"""One writer of a store on Redis at a time: a key that is held, and renewed while it is."""

from __future__ import annotations

import threading
import uuid

from interestclock.errors import ResultError
from interestclock.store.redis_connection import RedisConnection
from interestclock.store.redis_scripts import HOLD, LET_GO

__all__ = ["RedisLock"]

_HELD_S = 30.0
_RENEWED_EVERY_S = _HELD_S / 3


class RedisLock:
    """Held from when it is made until ``release``; a thread renews it.

    One that was killed is out after half a minute; its owner has it again at once.

    Args:
        connection, key: where. owner: who has it, in words, which no two have at a time.

    Raises:
        ResultError: another owner has it.
    """

    def __init__(self, connection: RedisConnection, key: bytes, *, owner: str) -> None:
        self._connection, self._key = connection, key
        self._owner, self._hold = owner.encode(), uuid.uuid4().hex.encode()
        self._released = threading.Event()
        self._hold_it(replaces_own=True)
        self._renewing = threading.Thread(target=self._renew, name="store-lock", daemon=True)
        self._renewing.start()

    @property
    def value(self) -> bytes:
        """What the key holds while it is held."""
        return self._owner + b" " + self._hold

    def check(self) -> None:
        """See that it is still held; it is taken again where it ran out or the server lost it.

        Raises:
            ResultError: another has it.
        """
        self._hold_it(replaces_own=False)

    def release(self) -> None:
        """Another may have it."""
        self._released.set()
        self._renewing.join()
        try:
            self._connection.one("EVAL", LET_GO, 1, self._key, self.value)
        except ResultError:  # the server is away: it runs out
            return

    def _renew(self) -> None:
        while not self._released.wait(_RENEWED_EVERY_S):
            try:
                self.check()
            except ResultError:  # who writes is told at the next write
                continue

    def _hold_it(self, *, replaces_own: bool) -> None:
        held_ms = round(1_000 * _HELD_S)
        holder = self._connection.one(
            "EVAL", HOLD, 1, self._key, self._owner, self._hold, held_ms, int(replaces_own)
        )
        if holder != self.value:
            who = holder.rpartition(b" ")[0].decode()
            raise ResultError(
                f"{self._connection.name} is written to by {who}; end that, or take another prefix (one that "
                f"was killed is out after {_HELD_S:.0f} s)"
            )
