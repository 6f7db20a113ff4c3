"""What messages are appended to: an embedded log, a Redis stream or a Kafka topic, opened by its address."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Protocol

from interestclock.errors import ConfigError
from interestclock.streams.addresses import broker_address, without_login
from interestclock.streams.embedded_log_writer import EmbeddedLogWriter
from interestclock.streams.kafka_writer import KafkaLogWriter
from interestclock.streams.redis_writer import RedisLogWriter
from interestclock.timeofday import TimeSource

__all__ = ["EventLog", "log_folder", "open_event_log"]

_EMBEDDED = "log://"


class EventLog(Protocol):
    """Acknowledges messages once a log has them; any number of threads hand them over.

    What it had not acknowledged may be there all the same, after an error of a broker: who sends it again is
    counted once, by the messages' ids.

    Example:
        >>> import tempfile
        >>> def append_once(log: EventLog, message: bytes) -> None:
        ...     log.submit([message]).result()  # once the log has it
        >>> with EmbeddedLogWriter(tempfile.mkdtemp()) as log:
        ...     append_once(log, b"{}")
        ...     log.position
        1
    """

    name: str

    @property
    def acknowledged(self) -> str:
        """What an acknowledgement is worth, in words."""

    def submit(self, messages: Sequence[bytes]) -> Future[Any]:
        """Hand messages over without waiting; the future is done once the log has all of them.

        Raises:
            QueueFullError: too much is waiting already.
            ResultError: it was closed; (from the future) the log is away, full or broken.
            ValueError: no message, or more than may ever wait.
        """

    def close(self) -> None:
        """Append what was handed over, as far as the log takes it, and let go."""


def open_event_log(address: str, *, clock: TimeSource | None = None) -> EventLog:
    """Open what an address names; a broker need not be there yet.

    Args:
        address: ``log://DIR``, ``redis://HOST:PORT/STREAM`` or ``kafka://HOST:PORT/TOPIC``.
        clock: what tells when a message is appended to an embedded log; None: the one on the wall.

    Raises:
        ConfigError: it is none of these, or a package is missing.
        ResultError: another process appends to the embedded log, or it cannot be written.

    Example:
        >>> import tempfile
        >>> log = open_event_log(f"log://{tempfile.mkdtemp()}/plays")
        >>> log.submit([b"{}"]).result(), log.acknowledged
        (1, 'on the disk of this machine')
        >>> log.close()
        >>> open_event_log("plays.parquet")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: 'plays.parquet' cannot be appended to; give log://DIR, ...
    """
    folder = log_folder(address)
    if folder is not None:
        return EmbeddedLogWriter(folder, clock=clock)
    if address.startswith("redis://"):
        return RedisLogWriter(broker_address(address))
    if address.startswith("kafka://"):
        return KafkaLogWriter(broker_address(address))
    raise ConfigError(
        f"'{without_login(address)}' cannot be appended to; give log://DIR, redis://HOST:PORT/STREAM or "
        "kafka://HOST:PORT/TOPIC"
    )


def log_folder(address: str) -> Path | None:
    """The folder of an embedded log's address; None of another address.

    Example:
        >>> log_folder("log://plays").name, log_folder("redis://127.0.0.1/plays")
        ('plays', None)
    """
    name = address.removeprefix(_EMBEDDED)
    return Path(name) if name != address and name.strip("/") else None
