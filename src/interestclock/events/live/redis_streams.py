"""Redis Streams, read by a consumer group."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

import pyarrow as pa

from interestclock.errors import ConfigError, LogError, ResultError
from interestclock.events.live.arrivals import Arrivals, Cut
from interestclock.events.live.messages import Message, MessageParser
from interestclock.events.live.outage import Outage
from interestclock.events.schema import LogSchema
from interestclock.timeofday import Clock

__all__ = ["RedisSource"]

FIELD = b"event"
_ACKNOWLEDGED_AT_A_TIME = 1_000
_BEGINNING = "0"
_log = logging.getLogger("interestclock.source")


class RedisSource:
    """Entries of a stream, whose field ``event`` holds a message as ``MessageParser`` reads them.

    The group remembers what was delivered, for whoever looks at it; where to go on is the journal's to say:
    the group is set back to there, at the start and after every failure, since a reply that was lost on its
    way counts as delivered. An entry is acknowledged once a checkpoint holds it. Do not trim the stream
    beyond what the oldest checkpoint needs; where the last entry taken is gone, a warning says that those
    after it may be gone unread.

    Args:
        host, port, stream, group: which. consumer: this one's name in the group.
        username, password: where the server asks for them; no part of the name.
        schema: names that messages may use. items: item attributes, or None.
        zone: of exposures that say nothing of local time. patience_s: how long an outage is waited out.
        clock: what tells when messages are taken; None: the one on the wall.

    Raises:
        ConfigError: the package ``redis`` is missing.
        LogError: (from what reads) the server is away for longer than the patience, or refuses.

    Example:
        >>> from interestclock.events.schema import LogSchema
        >>> schema = LogSchema(labels=("finish",))
        >>> source = RedisSource(host="127.0.0.1", port=6379, stream="plays", schema=schema)  # connects later
        >>> source.name, source.items(), source.ended
        ('redis://127.0.0.1:6379/plays', None, False)
    """

    ended = False

    def __init__(
        self,
        *,
        host: str,
        port: int,
        stream: str,
        schema: LogSchema,
        items: pa.Table | None = None,
        zone: str | None = None,
        group: str = "interestclock",
        consumer: str = "trainer",
        username: str | None = None,
        password: str | None = None,
        patience_s: float = 600.0,
        clock: Clock | None = None,
    ) -> None:
        try:
            import redis  # noqa: PLC0415  an extra
        except ImportError as error:
            raise ConfigError(
                "redis is not installed; install the extra 'redis', in a checkout with "
                "pip install -c constraints.txt '.[redis]'"
            ) from error
        self._away = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError)
        self._refused = redis.exceptions.ResponseError
        self._unknown_here = redis.exceptions.AuthenticationError  # to redis, an error of the connection
        self.name = f"redis://{host}:{port}/{stream}"
        self.clock = clock or Clock()
        self.schema, self._items = schema, items
        self._stream, self._group, self._consumer = stream, group, consumer
        self._parser = MessageParser(schema, zone=zone)
        self._outage = Outage(self.name, patience_s=patience_s)
        once = redis.retry.Retry(redis.backoff.NoBackoff(), 0)  # waiting is ours to do, and to tell of
        self._client: Any = redis.Redis(
            host=host, port=port, username=username, password=password, socket_timeout=30.0, retry=once
        )
        self._last = _BEGINNING  # the last entry that was taken
        self._placed = False  # whether the group stands there

    def items(self) -> pa.Table | None:
        """The item table it was given."""
        return self._items

    def start_after(self, last: Mapping[str, str]) -> None:
        """Go on behind an entry."""
        self._last, self._placed = last.get(self._stream, _BEGINNING), False

    def poll(self, most: int, wait_s: float) -> Arrivals | None:
        """New entries."""
        try:
            self._place_group()
            found = self._client.xreadgroup(
                self._group,
                self._consumer,
                {self._stream: ">"},
                count=most,
                block=max(1, round(1_000 * wait_s)),
            )
            missed = bool(found) and self._may_have_missed()
        except self._unknown_here as error:
            self._refuse_login(error)
        except self._away as error:
            self._placed = False  # what the server gave and we did not get has to come again
            self._outage.failed(error, wait_s=wait_s)
            return None
        except self._refused as error:
            self._placed = False
            if not str(error).startswith(("NOGROUP", "UNBLOCKED")):
                raise LogError(f"{self.name}: {error}") from error
            return None  # the stream was deleted or the server lost it; the group is made again
        self._outage.over()
        if not found:
            return None
        entries = next(iter(found.values() if isinstance(found, dict) else (rows for _, rows in found)))
        if missed:
            self._tell_missed(entries[0][0].decode())
        self._last = entries[-1][0].decode()
        return self._arrivals(entries, self.clock.now_ms())

    def reread(self, cut: Cut) -> Arrivals:
        """The entries of a cut.

        Raises:
            ResultError: some are there no more, or the cut is of another stream.
        """
        if cut.source != self.name:
            raise ResultError(f"the journal is of {cut.source}, not of {self.name}; give the one it is of")
        first, last = cut.ranges[self._stream]
        while True:
            try:
                entries = self._client.xrange(self._stream, first, last)
                break
            except self._unknown_here as error:
                self._refuse_login(error)
            except self._away as error:
                self._outage.failed(error, wait_s=5.0)
        self._outage.over()
        if len(entries) != cut.messages:
            raise ResultError(
                f"{self.name} holds {len(entries)} of the {cut.messages} entries {first} to {last} that the "
                "journal names; restore the stream from a backup, or start anew in another folder"
            )
        return self._arrivals(entries, cut.taken_ms)

    def acknowledge(self, last: Mapping[str, str]) -> None:
        """Tell the group that a checkpoint holds everything up to there; in an outage the next one does."""
        try:
            while pending := self._client.xpending_range(
                self._stream, self._group, "-", last.get(self._stream, _BEGINNING), _ACKNOWLEDGED_AT_A_TIME
            ):
                self._client.xack(self._stream, self._group, *(each["message_id"] for each in pending))
        except (*self._away, self._refused):
            return

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _place_group(self) -> None:
        if self._placed:
            return
        try:
            self._client.xgroup_create(self._stream, self._group, id=self._last, mkstream=True)
        except self._refused as error:
            if "BUSYGROUP" not in str(error):
                raise
            self._client.xgroup_setid(self._stream, self._group, id=self._last)
        self._placed = True

    def _may_have_missed(self) -> bool:
        """Trimming takes the oldest first: as long as the last entry taken is there, so is what follows."""
        return self._last != _BEGINNING and not self._client.xrange(self._stream, self._last, self._last)

    def _tell_missed(self, next_offset: str) -> None:
        _log.warning(
            "%s: entry %s, the last one taken, was trimmed; entries between it and %s may be gone unread: "
            "keep a longer stream",
            self.name,
            self._last,
            next_offset,
        )

    def _refuse_login(self, error: Exception) -> NoReturn:
        raise LogError(
            f"{self.name}: {error}; give the user and password, as redis://USER:PASSWORD@HOST:PORT/STREAM"
        ) from error

    def _arrivals(
        self, entries: Iterable[tuple[bytes, dict[bytes, bytes] | None]], taken_ms: int | None
    ) -> Arrivals:
        messages = [_message(self._stream, offset.decode(), fields or {}) for offset, fields in entries]
        ranges = {self._stream: (messages[0].offset, messages[-1].offset)}
        cut = Cut(source=self.name, ranges=ranges, messages=len(messages), taken_ms=taken_ms)
        return self._parser.parse(cut, messages)


def _message(stream: str, offset: str, fields: Mapping[bytes, bytes]) -> Message:
    if FIELD in fields:
        return Message(partition=stream, offset=offset, payload=fields[FIELD])
    said = {_shown(name): _shown(value) for name, value in fields.items()}
    fault = f"the entry has no field '{FIELD.decode()}'; it has {', '.join(said) or 'none'}"
    return Message(partition=stream, offset=offset, payload=json.dumps(said).encode(), fault=fault)


def _shown(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")
