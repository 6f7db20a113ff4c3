"""Redis Streams, read by a consumer group."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NoReturn

import pyarrow as pa

from interestclock.errors import ConfigError, LogError
from interestclock.events.schema import LogSchema
from interestclock.streams.addresses import redis_client, redis_package
from interestclock.streams.merge import PartitionMerge, in_order
from interestclock.streams.messages import Message, MessageParser
from interestclock.streams.micro_batch import MicroBatch, OffsetRanges
from interestclock.streams.outage import Outage
from interestclock.streams.redis_durability import RedisDurability, read_durability, report_durability
from interestclock.streams.redis_trimming import TrimmedUnread, entry_number
from interestclock.timeofday import TimeSource

__all__ = ["RedisSource"]

FIELD = b"event"
_ACKNOWLEDGED_AT_A_TIME = 1_000
_BEGINNING = "0"
Entry = tuple[bytes, dict[bytes, bytes] | None]  # id and fields
_log = logging.getLogger("interestclock.source")


class RedisSource:
    """Entries of streams, whose field ``event`` holds a message as ``MessageParser`` reads them.

    Several streams are partitions of one source, merged by the milliseconds of their entries' ids: these
    ascend within a stream, every entry has them, and by default they are of one clock, the server's.

    The group remembers what was delivered, for whoever looks at it; where to go on is for ``start_after`` to
    say: the group is set back to there, at the start and after every failure, since a reply that was lost on
    its way counts as delivered. What was acknowledged may be trimmed, but for the last entry of it: where
    that one is gone, a warning says that those after it may be gone unread, unless the server's count of all
    entries there ever were (from Redis 7 on) tells that none is.

    What the server's own acknowledgements are worth is read from it and told at the start: a warning where it
    writes no append-only file, since entries that their producers were told of may then be lost.

    Args:
        host, port, streams, group: which. consumer: this one's name in the group.
        username, password: where the server asks for them; no part of the name.
        schema: names that messages may use. items: item attributes, or None.
        zone: of exposures that say nothing of local time. patience_s: how long an outage is waited out.
        clock: what tells when messages are taken; None: the one on the wall.

    Raises:
        ConfigError: the package ``redis`` is missing, or no stream is named, or one twice.
        LogError: (from what reads) the server is away for longer than the patience, or refuses.

    Example:
        >>> from interestclock.events.schema import LogSchema
        >>> schema = LogSchema(labels=("finish",))
        >>> source = RedisSource(host="127.0.0.1", port=6379, streams=["plays"], schema=schema)
        >>> source.name, source.items(), source.ended
        ('redis://127.0.0.1:6379/plays', None, False)
    """

    ended = False

    def __init__(
        self,
        *,
        host: str,
        port: int,
        streams: Sequence[str],
        schema: LogSchema,
        items: pa.Table | None = None,
        zone: str | None = None,
        group: str = "interestclock",
        consumer: str = "trainer",
        username: str | None = None,
        password: str | None = None,
        patience_s: float = 600.0,
        clock: TimeSource | None = None,
    ) -> None:
        redis = redis_package()
        if not streams or "" in streams or len(set(streams)) < len(streams):
            raise ConfigError(f"streams are {', '.join(map(repr, streams)) or 'none'}; name each once")
        self._away = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError)
        self._refused = redis.exceptions.ResponseError
        self._unknown_here = redis.exceptions.AuthenticationError  # to redis, an error of the connection
        self._streams = sorted(streams)
        self.name = f"redis://{host}:{port}/{','.join(self._streams)}"
        self.clock = clock or TimeSource()
        self.schema, self._items = schema, items
        self._group, self._consumer = group, consumer
        self._parser = MessageParser(schema, zone=zone)
        self._outage = Outage(self.name, patience_s=patience_s)
        self._client: Any = redis_client(redis, host=host, port=port, username=username, password=password)
        self._last: dict[str, str] = {}  # by stream: the last entry that was read
        self._trimmed = TrimmedUnread()
        self._placed = False  # whether the group stands there
        self._durability: RedisDurability | None = None  # as it was reported
        self._merge: PartitionMerge[str, Entry] = PartitionMerge(_time_ms)

    def items(self) -> pa.Table | None:
        """The item table it was given."""
        return self._items

    def partitions(self) -> tuple[str, ...]:
        """The streams."""
        return tuple(self._streams)

    def at_end(self, partitions: Collection[str]) -> frozenset[str]:
        """Streams without entries behind the last one that was polled; none in an outage."""
        polled = {stream: self._last[stream] for stream in partitions if self._merge.drained(stream)}
        if not polled:
            return frozenset()
        try:
            found = self._client.xread(polled, count=1)
        except (*self._away, self._refused):
            return frozenset()
        left = {(each if isinstance(found, dict) else each[0]).decode() for each in found}
        return frozenset(polled) - left

    def start_after(self, last: Mapping[str, str]) -> None:
        """Go on behind an entry of each stream; from the beginning of one that is not named."""
        self._last = {stream: last.get(stream, _BEGINNING) for stream in self._streams}
        self._trimmed, self._placed = TrimmedUnread(), False
        self._merge.start(self._streams)

    def poll(self, most: int, wait_s: float) -> MicroBatch | None:
        """New entries."""
        requested = [stream for stream in self._streams if self._merge.held(stream) < most]
        try:
            self._place_groups()
            found = self._read(requested, most, wait_s) if requested else {}
            there = {stream: self._info(stream) for stream in found}
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
            return None  # a stream was deleted or the server lost it; the group is made again
        self._outage.over()
        for stream, info in there.items():
            last = self._last[stream]
            if last != _BEGINNING and self._trimmed.possible(stream, info, last=last):
                self._report_missed(stream, found[stream][0][0].decode())
            self._trimmed.count(stream, found[stream], info)
        for stream in requested:
            self._hold(stream, found.get(stream, []), most)
        released = self._merge.release(most)
        return self._micro_batch(released) if released else None

    def acknowledge(self, last: Mapping[str, str]) -> None:
        """Tell the group that everything up to there is ours; in an outage the next time does."""
        try:
            for stream in self._streams:
                while pending := self._client.xpending_range(
                    stream, self._group, "-", last.get(stream, _BEGINNING), _ACKNOWLEDGED_AT_A_TIME
                ):
                    self._client.xack(stream, self._group, *(each["message_id"] for each in pending))
        except (*self._away, self._refused):
            return

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _place_groups(self) -> None:
        if self._placed:
            return
        for stream, last in self._last.items():
            try:
                self._client.xgroup_create(stream, self._group, id=last, mkstream=True)
            except self._refused as error:
                if "BUSYGROUP" not in str(error):
                    raise
                self._client.xgroup_setid(stream, self._group, id=last)
        self._report_durability()
        self._placed = True

    def _report_durability(self) -> None:
        """Say what an acknowledgement of this server is worth, once for each answer."""
        durability = read_durability(self._client, refused=self._refused)
        if durability is None or durability == self._durability:
            return
        self._durability = durability
        report_durability(self.name, durability, log=_log)

    def _read(self, streams: Sequence[str], most: int, wait_s: float) -> dict[str, list[Entry]]:
        """New entries of each stream, at most so many; waits only where nothing else is to be done."""
        found = self._client.xreadgroup(
            self._group,
            self._consumer,
            dict.fromkeys(streams, ">"),
            count=most,
            block=None if self._merge.ready() else max(1, round(1_000 * wait_s)),
        )
        by_stream = found.items() if isinstance(found, dict) else found
        return {name.decode(): entries for name, entries in by_stream}

    def _hold(self, stream: str, entries: list[Entry], requested_for: int) -> None:
        """Take entries to be merged; fewer than were asked for are all that there are."""
        self._merge.add(stream, entries)
        if entries:
            self._last[stream] = entries[-1][0].decode()
        if len(entries) < requested_for:
            self._merge.end(stream)

    def _info(self, stream: str) -> Mapping[str, Any]:
        """What the server says of a stream; that it is empty, where it was deleted a moment ago."""
        try:
            info: Mapping[str, Any] = self._client.xinfo_stream(stream)
        except self._refused as error:
            if "no such key" not in str(error):
                raise
            return {"first-entry": None, "length": 0}
        return info

    def _report_missed(self, stream: str, next_offset: str) -> None:
        _log.warning(
            "%s: entry %s of %s, the last one taken, was trimmed; entries between it and %s may be gone "
            "unread: keep a longer stream",
            self.name,
            self._last[stream],
            stream,
            next_offset,
        )

    def _refuse_login(self, error: Exception) -> NoReturn:
        raise LogError(
            f"{self.name}: {error}; give the user and password, as redis://USER:PASSWORD@HOST:PORT/STREAM"
        ) from error

    def _micro_batch(self, parts: Mapping[str, Sequence[Entry]]) -> MicroBatch:
        polled_ms = self.clock.now_ms()
        messages = [
            _message(stream, offset.decode(), fields or {})
            for stream, (offset, fields) in in_order(parts, _time_ms)
        ]
        ranges = {
            stream: (entries[0][0].decode(), entries[-1][0].decode()) for stream, entries in parts.items()
        }
        offset_ranges = OffsetRanges(
            source=self.name, ranges=ranges, messages=len(messages), polled_ms=polled_ms
        )
        return self._parser.parse(offset_ranges, messages)


def _time_ms(entry: Entry) -> int:
    return entry_number(entry[0])[0]


def _message(stream: str, offset: str, fields: Mapping[bytes, bytes]) -> Message:
    if FIELD in fields:
        return Message(partition=stream, offset=offset, payload=fields[FIELD])
    shown = {_shown(name): _shown(value) for name, value in fields.items()}
    fault = f"the entry has no field '{FIELD.decode()}'; it has {', '.join(shown) or 'none'}"
    return Message(partition=stream, offset=offset, payload=json.dumps(shown).encode(), fault=fault)


def _shown(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")
