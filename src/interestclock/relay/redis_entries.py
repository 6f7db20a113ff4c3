"""Entries of an admitted log in a Redis stream, where an id is an entry's number: none stands there twice."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from interestclock.admission import AdmittedEntry
from interestclock.errors import ConfigError, LogError, ResultError
from interestclock.relay.admitted_settings import AdmittedSettings
from interestclock.relay.admitted_source import nothing_published
from interestclock.relay.publication import LastPublished
from interestclock.relay.records import RecordReader, number_in
from interestclock.streams.addresses import BrokerAddress, redis_client, redis_package
from interestclock.streams.outage import Outage

__all__ = ["RedisEntries", "RedisPublication"]

_FIELD = b"entry"
_AT_A_TIME = 16
_SETTINGS_WAIT_S = 1.0


class RedisPublication:
    """A stream that entries are added to, each under the id NUMBER-0.

    Args:
        address: of the stream.

    Raises:
        ConfigError: the package ``redis`` is missing, or several streams are named.

    Example:
        >>> from interestclock.streams.addresses import broker_address
        >>> publication = RedisPublication(broker_address("redis://127.0.0.1:6379/admitted"))
        >>> publication.name  # it connects later
        'redis://127.0.0.1:6379/admitted'
        >>> publication.close()
    """

    def __init__(self, address: BrokerAddress) -> None:
        self.name, self._stream = _name(address), _one_stream(address)
        self._client, redis = _connected(address)
        self.away: tuple[type[Exception], ...] = (redis.exceptions.RedisError,)
        self._refused = redis.exceptions.ResponseError

    def last(self) -> LastPublished | None:
        """The last entry that ever was there, and its record unless it was trimmed."""
        try:
            info = self._client.xinfo_stream(self._stream)
        except self._refused as error:
            if "no such key" in str(error):
                return None
            if str(error).startswith("WRONGTYPE"):
                raise ResultError(f"{self.name} is no stream; name another") from error
            raise
        number = _number(info["last-generated-id"], self.name)
        if number == 0:
            return None
        record = None if info["last-entry"] is None else _record(info["last-entry"][1], self.name)
        return LastPublished(number=number, record=record)

    def publish(self, records: Sequence[tuple[int, bytes]]) -> None:
        """Add entries; the server refuses one that stands there already, and it is asked for the last."""
        pipeline = self._client.pipeline(transaction=False)
        for number, record in records:
            pipeline.xadd(self._stream, {_FIELD: record}, id=f"{number}-0")
        pipeline.execute()

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()


class RedisEntries:
    """Entries that were published to a Redis stream, with the settings that they carry.

    Nothing is acknowledged to the server: what all readers have may be trimmed (``XTRIM``).

    Args:
        address: of the stream. patience_s: how long an outage is waited out.

    Raises:
        ConfigError: the package ``redis`` is missing, or several streams are named.
        LogError: the server is away for longer than the patience, or nothing was published there.
        ResultError: it holds something else.
    """

    def __init__(self, address: BrokerAddress, *, patience_s: float = 600.0) -> None:
        self.name, self._stream = f"admitted+{_name(address)}", _one_stream(address)
        self._client, redis = _connected(address)
        self._away = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError)
        self._refused = (redis.exceptions.ResponseError, redis.exceptions.AuthenticationError)
        self._outage = Outage(self.name, patience_s=patience_s)
        self._reader = RecordReader(self.name)
        self._last_id = "0-0"
        self._held: deque[tuple[int, bytes]] = deque()
        self._settings = self._reader.settings(self._newest())

    @property
    def settings(self) -> AdmittedSettings:
        """What the last record says."""
        return self._settings

    def items(self) -> pa.Table | None:
        """None: an updater with an item table does not publish."""
        return None

    def start_after(self, position: int) -> None:
        """Go on behind an entry."""
        self._last_id = f"{position}-0"
        self._held.clear()

    def next(self, wait_s: float) -> tuple[int, AdmittedEntry] | None:
        """The next entry that stands there."""
        if not self._held:
            self._held.extend(self._read(wait_s))
        if not self._held:
            return None
        number, record = self._held.popleft()
        return number, self._reader.entry(record)

    def acknowledge(self, position: int) -> None:
        """A stream keeps what it is told to keep."""

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _read(self, wait_s: float) -> list[tuple[int, bytes]]:
        try:
            found = self._client.xread(
                {self._stream: self._last_id}, count=_AT_A_TIME, block=max(1, round(1_000 * wait_s))
            )
        except self._refused as error:  # of a login it is an error of the connection, to redis
            raise LogError(f"{self.name}: {error}") from error
        except self._away as error:
            self._outage.failed(error, wait_s=wait_s)
            return []
        self._outage.over()
        by_stream = found.items() if isinstance(found, dict) else found
        entries = [each for _, those in by_stream for each in those]
        if entries:
            self._last_id = entries[-1][0].decode()
        return [(_number(offset, self.name), _record(fields, self.name)) for offset, fields in entries]

    def _newest(self) -> bytes:
        while True:
            try:
                found = self._client.xrevrange(self._stream, count=1)
            except self._refused as error:
                raise LogError(f"{self.name}: {error}") from error
            except self._away as error:
                self._outage.failed(error, wait_s=_SETTINGS_WAIT_S)
                continue
            self._outage.over()
            if not found:
                self._client.close()
                raise nothing_published(self.name)
            return _record(found[0][1], self.name)


def _connected(address: BrokerAddress) -> tuple[Any, Any]:
    redis = redis_package()
    client = redis_client(
        redis,
        host=address.host,
        port=address.port,
        username=address.username,
        password=address.password,
    )
    return client, redis


def _name(address: BrokerAddress) -> str:
    return f"redis://{address.host}:{address.port}/{address.name}"


def _one_stream(address: BrokerAddress) -> str:
    if "," in address.name:
        raise ConfigError(f"{address.shown} names several streams; entries stand in one, in order")
    return address.name


def _number(offset: bytes, name: str) -> int:
    milliseconds, _, rest = offset.decode().partition("-")
    if rest != "0":
        raise ResultError(
            f"{name} holds something else than entries of an admitted log (id {offset.decode()}); name "
            "another stream"
        )
    return int(milliseconds)


def _record(fields: Any, name: str) -> bytes:
    record = dict(fields).get(_FIELD, b"") if isinstance(fields, dict) else b""
    number_in(record, where=name)  # or it is none
    return bytes(record)
