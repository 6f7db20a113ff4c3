"""The log in the middle of a loop: an embedded one, or a broker's; how many messages it ever had."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from interestclock.errors import ConfigError, ResultError
from interestclock.streams import EmbeddedLogWriter
from interestclock.streams.addresses import (
    BrokerAddress,
    broker_address,
    kafka_package,
    redis_client,
    redis_package,
)
from interestclock.streams.commit_mark import on_disk

__all__ = ["EmbeddedLoopLog", "KafkaLoopLog", "LoopLog", "RedisLoopLog", "check_broker", "loop_log"]

_ANSWER_S = 10.0


class LoopLog(Protocol):
    """What the service appends to and the updater follows."""

    address: str

    def make(self) -> None:
        """Have it there, of no message yet: whoever follows it knows then that nothing waits in it."""

    def messages(self) -> int:
        """How many it ever had.

        Raises:
            ResultError: it does not say.
        """


class EmbeddedLoopLog:
    """An embedded log in the loop's folder.

    Args:
        folder: of the log.

    Example:
        >>> import tempfile
        >>> log = EmbeddedLoopLog(Path(tempfile.mkdtemp()) / "log")
        >>> log.make()
        >>> log.messages()
        0
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self.address = folder, f"log://{folder}"

    def make(self) -> None:
        """Have it there."""
        if on_disk(self._folder) is None:
            EmbeddedLogWriter(self._folder).close()

    def messages(self) -> int:
        """How many it ever had."""
        return on_disk(self._folder) or 0


class RedisLoopLog:
    """A stream of a Redis server.

    Args:
        address: ``redis://HOST:PORT/STREAM``.
    """

    def __init__(self, address: str) -> None:
        self.address, where = address, broker_address(address)
        redis = redis_package()
        self._stream, self._error = where.name, redis.exceptions.RedisError
        self._refused = redis.exceptions.ResponseError
        self._client = redis_client(redis, host=where.host, port=where.port, timeout_s=_ANSWER_S)

    def make(self) -> None:
        """The stream begins with its first message."""

    def messages(self) -> int:
        """How many entries were ever added."""
        try:
            info: dict[str, Any] = self._client.xinfo_stream(self._stream)
        except self._refused as error:
            if "no such key" in str(error):
                return 0
            raise self._silent(error) from error
        except self._error as error:
            raise self._silent(error) from error
        if "entries-added" not in info:
            raise ResultError(f"{self.address}: the server does not count entries; run Redis 7 or newer")
        return int(info["entries-added"])

    def _silent(self, error: Exception) -> ResultError:
        return ResultError(f"{self.address} does not say how many messages it has: {error}; start the server")


class KafkaLoopLog:
    """A topic of Kafka brokers, which somebody created.

    Args:
        address: ``kafka://HOST:PORT/TOPIC``.
    """

    def __init__(self, address: str) -> None:
        self.address, self._where = address, broker_address(address)
        self._kafka = kafka_package()

    def make(self) -> None:
        """The topic is created by whoever runs the brokers."""

    def messages(self) -> int:
        """How many its partitions ever had."""
        settings = {"bootstrap.servers": self._where.brokers, "group.id": "interestclock-live"}
        consumer = self._kafka.Consumer(settings)
        try:
            topic = consumer.list_topics(self._where.name, timeout=_ANSWER_S).topics[self._where.name]
            partitions = [self._kafka.TopicPartition(self._where.name, each) for each in topic.partitions]
            return sum(consumer.get_watermark_offsets(each, timeout=_ANSWER_S)[1] for each in partitions)
        except self._kafka.KafkaException as error:
            raise ResultError(
                f"{self.address} does not say how many messages it has: {error}; start the brokers"
            ) from error
        finally:
            consumer.close()


def check_broker(address: str) -> BrokerAddress:
    """Refuse what no loop can have in its middle.

    Raises:
        ConfigError: it is no address of a broker, of several streams, or has a login.

    Example:
        >>> check_broker("redis://127.0.0.1:6379/plays").name
        'plays'
        >>> check_broker("redis://ann:secret@127.0.0.1/plays")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: redis://127.0.0.1/plays: a loop writes the address down, and ...
    """
    if not address.startswith(("redis://", "kafka://")):
        raise ConfigError(f"broker is '{address}'; give redis://HOST:PORT/STREAM or kafka://HOST:PORT/TOPIC")
    where = broker_address(address)
    if where.username is not None or where.password is not None:
        raise ConfigError(
            f"{where.shown}: a loop writes the address down, and `ps` shows it; give a broker that asks for "
            "no login"
        )
    if where.kind == "redis" and "," in where.name:
        raise ConfigError(f"{where.shown}: names several streams; give one")
    return where


def loop_log(broker: str | None, folder: Path) -> LoopLog:
    """The log of an address; without one the embedded log in a folder.

    Raises:
        ConfigError: as ``check_broker``, or the broker's package is missing.
    """
    if broker is None:
        return EmbeddedLoopLog(folder)
    return (RedisLoopLog if check_broker(broker).kind == "redis" else KafkaLoopLog)(broker)
