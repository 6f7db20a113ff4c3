"""Appending messages to a Kafka topic: acknowledged by delivery reports."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from interestclock.errors import ResultError
from interestclock.events.message_json import read_message
from interestclock.events.message_models import AnyMessage, Erase, Exposure, Item, Label, Outcome, Served
from interestclock.streams.addresses import BrokerAddress, kafka_package
from interestclock.streams.append_queue import MOST_MESSAGE_BYTES, AppendQueue, HandedOver

__all__ = ["KafkaLogWriter", "record_key", "record_ms"]

_DELIVERED_S = 10.0
_POLL_S = 0.05
_LOOK_S = 60.0
_RECORD_BYTES = 100  # beside a message, while it waits
_MOST_RECORDS = 1_000_000  # in the client's own queue: more than the bytes that may wait allow


class KafkaLogWriter:
    """Appends messages to a topic, as ``KafkaSource`` reads them; acknowledges what the brokers have.

    Acknowledged is what all replicas that are in sync have. A record has the time of its event as its
    timestamp, by which partitions are merged, and lies in the partition of whom or what it is about. After an
    error some messages of a call may be there; the caller is told so.

    Args:
        address: of the topic. most_waiting_bytes: of messages that were handed over and not delivered yet;
            more are refused.

    Raises:
        ConfigError: the package ``confluent-kafka`` is missing.

    Example:
        >>> from interestclock.streams.addresses import broker_address
        >>> writer = KafkaLogWriter(broker_address("kafka://127.0.0.1:9092/plays"))  # it connects later
        >>> writer.name, writer.acknowledged
        ('kafka://127.0.0.1:9092/plays', 'with all replicas of kafka://127.0.0.1:9092/plays that are in sync')
        >>> writer.close()
    """

    def __init__(self, address: BrokerAddress, *, most_waiting_bytes: int = 1 << 24) -> None:
        self._kafka = kafka_package()
        self.name, self._topic = address.shown, address.name
        self._queue = AppendQueue(
            self.name, most_bytes=most_waiting_bytes, overhead_bytes=_RECORD_BYTES, waits_for="the brokers"
        )
        self._producer = self._kafka.Producer(
            {
                "bootstrap.servers": address.brokers,
                "log_level": 2,
                "acks": "all",
                "max.in.flight.requests.per.connection": 1,  # what is sent again keeps its place
                "delivery.timeout.ms": round(1_000 * _DELIVERED_S),
                "queue.buffering.max.messages": _MOST_RECORDS,
                "linger.ms": 1,
            }
        )
        self._closed = False
        self._threads = [
            threading.Thread(target=target, name="kafka-log", daemon=True)
            for target in (self._send_all, self._report_all)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def acknowledged(self) -> str:
        """What an acknowledgement is worth, in words."""
        return f"with all replicas of {self.name} that are in sync"

    def append(self, messages: Sequence[bytes]) -> int:
        """Hand messages over and wait until the brokers have them; gives how many these are.

        Raises:
            QueueFullError, ResultError: as ``submit``, and what its future raises.
        """
        return self.submit(messages).result()

    def submit(self, messages: Sequence[bytes]) -> Future[int]:
        """Hand messages over; the future gives how many these are, once the brokers have all.

        Raises:
            QueueFullError: too much is waiting already.
            ResultError: it was closed, or this is a fork of its process; (from the future) the brokers are
                away, or refuse, or one of them is no message or too long.
            ValueError: no message, or more bytes than may ever wait.
        """
        return self._queue.submit(messages)

    def close(self) -> None:
        """Wait for what was handed over, as long as a delivery may take, and let go of connections."""
        if not self._queue.close():
            return
        sending, reporting = self._threads
        sending.join()
        self._producer.flush(2 * _DELIVERED_S)
        self._closed = True
        reporting.join()
        self._producer.purge()
        self._producer.flush(_POLL_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send_all(self) -> None:
        while (group := self._queue.next_group(_LOOK_S)) is not None:
            for each in group:
                if each.future.set_running_or_notify_cancel():
                    self._send(each)
                else:
                    self._queue.release([each])

    def _report_all(self) -> None:
        while not self._closed:
            self._producer.poll(_POLL_S)

    def _send(self, call: HandedOver) -> None:
        delivery = _Delivery(call, name=self.name, queue=self._queue)
        try:
            read = [_checked(message) for message in call.messages]
        except ValueError as error:
            delivery.fail(ResultError(f"{self.name}: {error}; none of these messages was sent"))
            return
        for number, each in enumerate(read):
            try:
                self._producer.produce(
                    self._topic,
                    call.messages[number],
                    key=record_key(each),
                    timestamp=record_ms(each),
                    on_delivery=lambda error, _: delivery.report(error),
                )
            except Exception as error:  # whoever waits has to know, and others' messages go on
                for _ in read[number:]:
                    delivery.report(error)
                return


def _checked(message: bytes) -> AnyMessage:
    if len(message) > MOST_MESSAGE_BYTES:
        raise ValueError(f"a message has {len(message):,} bytes; give at most {MOST_MESSAGE_BYTES:,}")
    return read_message(message)


class _Delivery:
    """What is known of the messages of a call, which is settled with the last of them.

    Args:
        call: whose messages. name: of the topic. queue: that they waited in.
    """

    def __init__(self, call: HandedOver, *, name: str, queue: AppendQueue) -> None:
        self._call, self._name, self._queue = call, name, queue
        self._left = len(call.messages)
        self._error: object = None
        self._reporting = threading.Lock()

    def report(self, error: object) -> None:
        """One more is delivered, or is not."""
        with self._reporting:
            self._left -= 1
            self._error = error if self._error is None else self._error
            if self._left:
                return
        if self._error is None:
            self._queue.release([self._call])
            self._call.future.set_result(len(self._call.messages))
            return
        self.fail(
            ResultError(
                f"{self._name} did not acknowledge these messages ({self._error}): whether it has some of "
                "them is not known; send them again, which counts them once"
            )
        )

    def fail(self, error: Exception) -> None:
        """They are given up."""
        self._queue.release([self._call])
        self._call.future.set_exception(error)


def record_key(message: AnyMessage) -> str:
    """What a record is about, which decides on its partition: a user, or the exposure, request or item.

    Example:
        >>> record_key(Label(label_of="e1", label="like", value=1, known_ms=9))
        'e1'
    """
    match message:
        case Exposure():
            about = message.request_id if message.user_id is None else message.user_id
        case Label():
            about = message.label_of
        case Outcome():
            about = message.outcome_of
        case Item():
            about = message.item
        case Served():
            about = message.user_id
        case Erase():
            about = message.erase
    return str(about)


def record_ms(message: AnyMessage) -> int:
    """A record's timestamp, the time of its event, by which partitions are merged; 0: when it is sent.

    Since when an item is so may be long past: its message has no time of its own.

    Example:
        >>> record_ms(Label(label_of="e1", label="like", value=1, known_ms=9))
        9
    """
    match message:
        case Label() | Outcome():
            at_ms = message.known_ms
        case Item():
            at_ms = 0
        case Exposure() | Served() | Erase():
            at_ms = message.timestamp_ms or 0
    return max(0, at_ms)
