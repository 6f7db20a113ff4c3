"""Appending messages to a Redis stream: many callers, one transaction for what has come meanwhile."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from interestclock.errors import ConfigError, ResultError
from interestclock.streams.addresses import BrokerAddress, redis_client, redis_package
from interestclock.streams.append_queue import AppendQueue
from interestclock.streams.redis_durability import read_durability, report_durability
from interestclock.streams.redis_streams import FIELD

__all__ = ["RedisLogWriter"]

_ENTRY_BYTES = 64  # beside a message, while it waits
_ANSWER_S = 10.0
_LOOK_S = 60.0
_log = logging.getLogger("interestclock.log")


class RedisLogWriter:
    """Appends messages to a stream, as ``RedisSource`` reads them; acknowledges what the server has.

    One thread sends what has come meanwhile in one transaction, so of a call all messages are there or none.
    Nothing is tried twice here: where the connection breaks while an answer is awaited nobody knows whether
    the messages are there, and the callers are told so.

    What the server's acknowledgement is worth is for its own settings to say (``appendonly``,
    ``appendfsync``): it is read from it, and reported once.

    Args:
        address: of one stream. most_waiting_bytes: of messages that were handed over and are not answered
            yet; more are refused.

    Raises:
        ConfigError: the package ``redis`` is missing, or several streams are named.

    Example:
        >>> from interestclock.streams.addresses import broker_address
        >>> writer = RedisLogWriter(broker_address("redis://127.0.0.1:6379/plays"))  # it connects later
        >>> writer.name, writer.acknowledged
        ('redis://127.0.0.1:6379/plays', 'in the memory of redis://127.0.0.1:6379/plays')
        >>> writer.close()
    """

    def __init__(self, address: BrokerAddress, *, most_waiting_bytes: int = 1 << 24) -> None:
        if "," in address.name:
            raise ConfigError(f"{address.shown} names several streams; messages are appended to one of them")
        redis = redis_package()
        self.name, self._stream = f"redis://{address.host}:{address.port}/{address.name}", address.name
        self._client = redis_client(
            redis,
            host=address.host,
            port=address.port,
            username=address.username,
            password=address.password,
            timeout_s=_ANSWER_S,
        )
        self._away = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError)
        self._refused = (redis.exceptions.ResponseError, redis.exceptions.AuthenticationError)
        self._error = redis.exceptions.RedisError
        self._queue = AppendQueue(
            self.name, most_bytes=most_waiting_bytes, overhead_bytes=_ENTRY_BYTES, waits_for="the server"
        )
        self._reported = False  # whether it was asked what it keeps, since it was last away
        self._loss: str | None = None
        self._thread = threading.Thread(target=self._run, name="redis-log", daemon=True)
        self._thread.start()

    @property
    def acknowledged(self) -> str:
        """What an acknowledgement is worth, in words."""
        worth = f"in the memory of {self.name}"
        return worth if self._loss is None else f"{worth}: {self._loss}"

    def append(self, messages: Sequence[bytes]) -> bytes:
        """Hand messages over and wait until the server has them; gives the id of the first entry.

        Raises:
            QueueFullError, ResultError: as ``submit``, and what its future raises.
        """
        return self.submit(messages).result()

    def submit(self, messages: Sequence[bytes]) -> Future[bytes]:
        """Hand messages over; the future gives the id of the first entry, once the server has all.

        Raises:
            QueueFullError: too much is waiting already.
            ResultError: it was closed, or this is a fork of its process; (from the future) the server is
                away, or refuses.
            ValueError: no message, or more bytes than may ever wait.
        """
        return self._queue.submit(messages)

    def close(self) -> None:
        """Send what was handed over, once, and let go of the connection."""
        if self._queue.close():
            self._thread.join()
            self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        while (group := self._queue.next_group(_LOOK_S)) is not None:
            self._queue.write(group, self._append)

    def _append(self, messages: Sequence[bytes]) -> list[bytes]:
        try:
            self._report()
            pipeline = self._client.pipeline(transaction=True)
            for message in messages:
                pipeline.xadd(self._stream, {FIELD: message})
            ids: list[bytes] = pipeline.execute()
        except self._refused as error:  # of a login it is an error of the connection, to redis
            raise ResultError(
                f"{self.name} refuses messages ({error}): none was appended; see to the server's memory, "
                "disk and rights, then send them again"
            ) from error
        except self._error as error:
            self._reported = False
            raise ResultError(
                f"{self.name} is away ({error}): whether it has these messages is not known; send them "
                "again, which counts them once"
            ) from error
        return ids

    def _report(self) -> None:
        if self._reported:
            return
        durability = read_durability(self._client, refused=self._refused[0])
        if durability is not None:
            if durability.loss != self._loss:
                report_durability(self.name, durability, log=_log)
            self._loss = durability.loss
        self._reported = True
