"""Entries of an admitted log in a Kafka topic of one partition."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from interestclock.admission import AdmittedEntry
from interestclock.errors import ConfigError, ResultError
from interestclock.relay.admitted_settings import AdmittedSettings
from interestclock.relay.publication import LastPublished
from interestclock.relay.records import RecordReader, number_in
from interestclock.relay.redis_entries import nothing_published
from interestclock.streams.addresses import BrokerAddress
from interestclock.streams.outage import Outage

__all__ = ["KafkaEntries", "KafkaPublication"]

_ANSWER_S = 5.0
_DELIVERED_S = 10.0
_MOST_RECORD_BYTES = 1 << 28  # of the client; what a topic takes is for its max.message.bytes to say
_LOOK_AGAIN_S = 0.1


class KafkaPublication:
    """A topic that entries are added to; which was the last is read from it.

    Args:
        address: of the topic, which has to be there, with one partition.

    Raises:
        ConfigError: the package ``confluent-kafka`` is missing.

    Example:
        >>> from interestclock.streams.addresses import broker_address
        >>> publication = KafkaPublication(broker_address("kafka://127.0.0.1:9092/admitted"))
        >>> publication.name  # it connects later
        'kafka://127.0.0.1:9092/admitted'
        >>> publication.close()
    """

    def __init__(self, address: BrokerAddress) -> None:
        self._kafka = _imported()
        self.name, self._address = address.shown, address
        self.away: tuple[type[Exception], ...] = (self._kafka.KafkaException,)
        self._partition = OnePartition(address, self._kafka)
        self._producer: Any = None

    def last(self) -> LastPublished | None:
        """The last record; None of a topic that never had one."""
        self._drop_producer()
        self._partition.check()
        low, high = self._partition.ends()
        if high == 0:
            return None
        if low == high:
            return LastPublished(number=None, record=None)
        record = self._partition.record_at(high - 1)
        return LastPublished(number=number_in(record, where=self.name), record=record)

    def publish(self, records: Sequence[tuple[int, bytes]]) -> None:
        """Add records; they are with all replicas that are in sync."""
        if self._producer is None:
            self._producer = self._kafka.Producer(
                _settings(self._address)
                | {
                    "enable.idempotence": True,
                    "delivery.timeout.ms": round(1_000 * _DELIVERED_S),
                    "message.max.bytes": _MOST_RECORD_BYTES,
                    "linger.ms": 0,
                }
            )
        errors: list[Any] = []
        for number, record in records:
            self._producer.produce(
                self._address.name,
                record,
                key=str(number),
                partition=0,
                on_delivery=lambda error, _: errors.append(error) if error is not None else None,
            )
        left = self._producer.flush(2 * _DELIVERED_S)
        if errors:
            raise self._kafka.KafkaException(errors[0])
        if left:
            raise self._kafka.KafkaException(self._kafka.KafkaError(self._kafka.KafkaError._TIMED_OUT))

    def close(self) -> None:
        """Let go of connections."""
        self._drop_producer()
        self._partition.close()

    def _drop_producer(self) -> None:
        """What one that failed still holds comes again, from another."""
        if self._producer is not None:
            self._producer.purge()
            self._producer = None


class KafkaEntries:
    """Entries that were published to a Kafka topic, with the settings that they carry.

    Args:
        address: of the topic. patience_s: how long an outage is waited out.

    Raises:
        ConfigError: the package ``confluent-kafka`` is missing.
        LogError: the brokers are away for longer than the patience, or nothing was published there.
        ResultError: the topic holds something else, is not there, or has several partitions.
    """

    def __init__(self, address: BrokerAddress, *, patience_s: float = 600.0) -> None:
        self._kafka = _imported()
        self.name = f"admitted+{address.shown}"
        self._partition = OnePartition(address, self._kafka)
        self._outage = Outage(self.name, patience_s=patience_s)
        self._reader = RecordReader(self.name)
        self._position: int | None = None  # to go on behind, once the brokers have said where that is
        try:
            self._settings = self._reader.settings(self._newest())
        except BaseException:
            self._partition.close()
            raise

    @property
    def settings(self) -> AdmittedSettings:
        """What the last record says."""
        return self._settings

    def items(self) -> pa.Table | None:
        """None: an updater with an item table does not publish."""
        return None

    def start_after(self, position: int) -> None:
        """Go on behind an entry."""
        self._position = position

    def next(self, wait_s: float) -> tuple[int, AdmittedEntry] | None:
        """The next entry that stands there; one may come twice."""
        try:
            if self._position is not None:
                self._seek(self._position)
                self._position = None
            record = self._partition.poll(wait_s)
        except self._kafka.KafkaException as error:
            self._outage.failed(error, wait_s=wait_s)
            return None
        self._outage.over()
        if record is None:
            return None
        return number_in(record, where=self.name), self._reader.entry(record)

    def acknowledge(self, position: int) -> None:
        """A topic keeps what it is told to keep."""

    def close(self) -> None:
        """Let go of connections."""
        self._partition.close()

    def _seek(self, position: int) -> None:
        """To the entry behind a position, or one before it, where some came twice."""
        low, high = self._partition.ends()
        if low < high:
            first = number_in(self._partition.record_at(low), where=self.name)
            low = max(low, min(high, low + position + 1 - first))
        self._partition.assign(low)

    def _newest(self) -> bytes:
        while True:
            try:
                self._partition.check()
                low, high = self._partition.ends()
                if low == high:
                    raise nothing_published(self.name)
                record = self._partition.record_at(high - 1)
            except self._kafka.KafkaException as error:
                self._outage.failed(error, wait_s=1.0)
                continue
            self._outage.over()
            return record


class OnePartition:
    """Records of a topic's one partition, by their offsets.

    Args:
        address: of the topic. kafka: the package.

    Raises:
        ResultError: (from ``check``) there is no such topic, or it has several partitions.
        KafkaException: (from all) the brokers do not answer.
    """

    def __init__(self, address: BrokerAddress, kafka: Any) -> None:
        self._kafka, self._address = kafka, address
        self._consumer: Any = kafka.Consumer(
            _settings(address)
            | {
                "group.id": "interestclock-admitted",
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
            }
        )

    def check(self) -> None:
        """There is such a topic, with one partition."""
        name = self._address.name
        topic = self._consumer.list_topics(name, timeout=_ANSWER_S).topics[name]
        if topic.error is not None and topic.error.code() != self._kafka.KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise self._kafka.KafkaException(topic.error)
        if topic.error is not None or len(topic.partitions) != 1:
            has = "is not there" if topic.error is not None else f"has {len(topic.partitions)} partitions"
            raise ResultError(
                f"{self._address.shown} {has}; create a topic with one partition for it, since entries have "
                "one order"
            )

    def ends(self) -> tuple[int, int]:
        """The offset of the oldest record, and that of the next."""
        low, high = self._consumer.get_watermark_offsets(self._place(), timeout=_ANSWER_S)
        return low, high

    def record_at(self, offset: int) -> bytes:
        """One record."""
        self.assign(offset)
        until_s = time.monotonic() + _ANSWER_S
        while time.monotonic() < until_s:
            if (record := self.poll(_LOOK_AGAIN_S)) is not None:
                return record
        raise self._kafka.KafkaException(self._kafka.KafkaError(self._kafka.KafkaError._TIMED_OUT))

    def assign(self, offset: int) -> None:
        """Go on with the record at an offset."""
        place = self._place()
        place.offset = offset
        self._consumer.assign([place])

    def poll(self, wait_s: float) -> bytes | None:
        """The next record."""
        message = self._consumer.poll(wait_s)
        if message is None:
            return None
        error = message.error()
        if error is not None and error.code() == self._kafka.KafkaError._AUTO_OFFSET_RESET:
            raise ResultError(
                f"{self._address.shown}: the records to go on from are there no more ({error.str()}); let "
                "the topic keep them longer, and start on the state of a trainer that has read them (train "
                "--state-from)"
            )
        if error is not None:
            raise self._kafka.KafkaException(error)
        return message.value() or b""

    def close(self) -> None:
        """Let go of connections."""
        self._consumer.close()

    def _place(self) -> Any:
        return self._kafka.TopicPartition(self._address.name, 0)


def _settings(address: BrokerAddress) -> dict[str, Any]:
    return {"bootstrap.servers": address.brokers, "log_level": 2}


def _imported() -> Any:
    try:
        import confluent_kafka  # noqa: PLC0415  an extra
    except ImportError as error:
        raise ConfigError(
            "confluent-kafka is not installed; install the extra 'kafka', in a checkout with "
            "pip install -c constraints.txt '.[kafka]'"
        ) from error
    return confluent_kafka
