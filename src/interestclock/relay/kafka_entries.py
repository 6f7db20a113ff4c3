"""Entries of an admitted log in a Kafka topic of one partition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from interestclock.admission import AdmittedEntry
from interestclock.relay.admitted_settings import AdmittedSettings
from interestclock.relay.admitted_source import nothing_published
from interestclock.relay.kafka_partition import OnePartition, settings_for
from interestclock.relay.publication import LastPublished
from interestclock.relay.records import RecordReader, number_in
from interestclock.streams.addresses import BrokerAddress, kafka_package
from interestclock.streams.outage import Outage

__all__ = ["KafkaEntries", "KafkaPublication"]

_DELIVERED_S = 10.0
_MOST_RECORD_BYTES = 1 << 28  # of the client; what a topic takes is for its max.message.bytes to say


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
        self._kafka = kafka_package()
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
                settings_for(self._address)
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
        self._kafka = kafka_package()
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
