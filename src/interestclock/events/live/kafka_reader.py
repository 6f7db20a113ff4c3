"""Records of a Kafka topic read again, between offsets that a journal names."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from interestclock.errors import ResultError
from interestclock.events.live.outage import Outage

__all__ = ["KafkaReader"]

_READ_AT_A_TIME = 1_000
_READ_S = 0.05  # it waits so long for as many
_QUIET_S = 1.0  # where records must be, so long without any is an outage


class KafkaReader:
    """Reads ranges of offsets through a consumer of its own, so that another one's place stays.

    What was read beyond a range is held for the next: ranges that follow each other cost one pass in all.

    Args:
        kafka: the package ``confluent_kafka``. settings: of a consumer, which reports the ends of partitions.
        topic: whose records. outage: tells of brokers that are away, and gives up at last.
    """

    def __init__(self, kafka: Any, settings: Mapping[str, Any], topic: str, outage: Outage) -> None:
        self._kafka, self._settings, self._topic, self._outage = kafka, settings, topic, outage
        self._consumer: Any = None
        self._ahead: dict[int, tuple[int, list[Any]]] = {}  # by partition: the next to read, what is held
        self._ends: dict[int, int] = {}  # by partition: where it ends, once that was reached
        self._failed: Exception | None = None

    def read(self, ranges: Mapping[int, tuple[int, int]]) -> dict[int, list[Any]]:
        """The records that are there between these offsets, inclusive, by partition.

        Raises:
            LogError: the brokers are away for longer than the patience.
            ResultError: a range begins where the topic holds nothing any more.
        """
        if self._consumer is None:
            self._consumer = self._kafka.Consumer({**self._settings, "error_cb": self._note})
        for number, (first, _) in ranges.items():
            self._stand_at(number, first)
        heard_s = time.monotonic()
        while wanting := self._wanting(ranges):
            records = self._consumer.consume(_READ_AT_A_TIME, _READ_S)
            if sum(map(self._take, records)):
                self._outage.over()
                heard_s = time.monotonic()
            elif time.monotonic() - heard_s > _QUIET_S:
                if wanting <= self._ends.keys() and self._failed is None:
                    break  # the topic ends before; who asked for them counts
                self._outage.failed(self._failed or TimeoutError("no answer"), wait_s=0.0)
        return {number: self._taken(number, last) for number, (_, last) in ranges.items()}

    def close(self) -> None:
        """Let go of connections."""
        if self._consumer is not None:
            self._consumer.close()

    def _note(self, error: Any) -> None:
        self._failed = self._kafka.KafkaException(error)

    def _stand_at(self, number: int, first: int) -> None:
        place = self._kafka.TopicPartition(self._topic, number, first)
        if number not in self._ahead:
            self._consumer.incremental_assign([place])
        elif self._ahead[number][0] != first:
            self._consumer.seek(place)
        else:
            return
        self._ahead[number] = first, []
        self._ends.pop(number, None)

    def _take(self, record: Any) -> bool:
        """Hold a record, or note the end of its partition; False if it is neither."""
        if record.error() is None:
            first, held = self._ahead[record.partition()]
            if record.offset() >= first:  # what was fetched before the place changed is left out
                held.append(record)
        elif record.error().code() == self._kafka.KafkaError._PARTITION_EOF:
            self._ends[record.partition()] = record.offset()
        elif record.error().code() == self._kafka.KafkaError._AUTO_OFFSET_RESET:
            raise ResultError(
                f"topic {self._topic}: the records that the journal names are there no more "
                f"({record.error().str()}); restore the topic from a backup, or start anew in another folder"
            )
        else:
            self._note(record.error())
            return False
        self._failed = None
        return True

    def _wanting(self, ranges: Mapping[int, tuple[int, int]]) -> set[int]:
        """Partitions whose range was not read to its end."""
        return {
            number
            for number, (_, last) in ranges.items()
            if self._reached(number) <= last and self._ends.get(number, 0) <= last
        }

    def _reached(self, number: int) -> int:
        first, held = self._ahead[number]
        return held[-1].offset() + 1 if held else first

    def _taken(self, number: int, last: int) -> list[Any]:
        """Records up to an offset; those that were read beyond it stay for the next range."""
        _, held = self._ahead[number]
        self._ahead[number] = last + 1, [record for record in held if record.offset() > last]
        return [record for record in held if record.offset() <= last]
