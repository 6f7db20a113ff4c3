"""A Kafka topic, all partitions of it."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pyarrow as pa

from interestclock.errors import LogError, ResultError
from interestclock.events.schema import LogSchema
from interestclock.streams.addresses import kafka_package
from interestclock.streams.merge import PartitionMerge, in_order
from interestclock.streams.messages import Message, MessageParser
from interestclock.streams.micro_batch import MicroBatch, OffsetRanges
from interestclock.streams.outage import Outage
from interestclock.timeofday import TimeSource

__all__ = ["KafkaSource"]

_METADATA_S = 1.0
_MOST_HELD = 4_096  # records of a partition that is ahead; with more it is paused
_STALLED_S = 5.0  # a partition that others wait for and that says nothing so long may be away


class KafkaSource:
    """Records of a topic, whose values are messages as ``MessageParser`` reads them.

    The partitions are assigned by hand: where each goes on is for ``start_after`` to say, whatever the group
    thinks. Offsets are committed to the group all the same, once they are acknowledged, for whoever watches
    its lag.

    Partitions are read one after the other, which would put what comes last behind the watermark. So they are
    merged by the records' timestamps, within and across polls, and one that is far ahead of another which
    has records left is paused: let producers set a record's timestamp to the time of its event. Partitions
    added to the topic are read, from their beginning, from the next start on.

    Args:
        brokers: HOST:PORT, several with commas. topic, group: which.
        schema: names that messages may use. items: item attributes, or None.
        zone: of exposures that say nothing of local time. patience_s: how long an outage is waited out.
        clock: what tells when messages are taken; None: the one on the wall.

    Raises:
        ConfigError: the package ``confluent-kafka`` is missing.
        LogError: (from what reads) the brokers are away for longer than the patience, or have no such topic.

    Example:
        >>> from interestclock.events.schema import LogSchema
        >>> schema = LogSchema(labels=("finish",))
        >>> source = KafkaSource(brokers="127.0.0.1:9092", topic="plays", schema=schema)  # connects later
        >>> source.name, source.items(), source.ended
        ('kafka://127.0.0.1:9092/plays', None, False)
        >>> source.close()
    """

    ended = False

    def __init__(
        self,
        *,
        brokers: str,
        topic: str,
        schema: LogSchema,
        items: pa.Table | None = None,
        zone: str | None = None,
        group: str = "interestclock",
        patience_s: float = 600.0,
        clock: TimeSource | None = None,
    ) -> None:
        self._kafka: Any = kafka_package()
        self.name = f"kafka://{brokers}/{topic}"
        self.clock = clock or TimeSource()
        self.schema, self._items, self._topic = schema, items, topic
        self._parser = MessageParser(schema, zone=zone)
        self._outage = Outage(self.name, patience_s=patience_s)
        settings = {
            "bootstrap.servers": brokers,
            "group.id": group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "enable.partition.eof": True,
            "log_level": 2,
        }
        self._consumer: Any = self._kafka.Consumer(settings | {"error_cb": self._record})
        self._start: dict[str, str] | None = None
        self._merge: PartitionMerge[int, Any] = PartitionMerge(_time_ms)
        self._ends: dict[int, int] = {}  # by partition: the offset of its end, when it was reached
        self._paused: set[int] = set()
        self._failed: Exception | None = None
        self._moved_s = time.monotonic()  # when records were released, or none were held

    def items(self) -> pa.Table | None:
        """The item table it was given."""
        return self._items

    def partitions(self) -> tuple[str, ...]:
        """The topic's, once its brokers have said which."""
        return tuple(map(str, self._merge.partitions()))

    def at_end(self, partitions: Collection[str]) -> frozenset[str]:
        """Partitions that end where they were polled to; none in an outage."""
        drained = [number for number in map(int, partitions) if self._merge.drained(number)]
        try:
            ends = {
                number: self._consumer.get_watermark_offsets(self._place(number), timeout=_METADATA_S)[1]
                for number in drained
            }
        except self._kafka.KafkaException as error:
            self._failed = error
            return frozenset()
        return frozenset(str(number) for number, end in ends.items() if end == self._ends[number])

    def start_after(self, last: Mapping[str, str]) -> None:
        """Go on behind a record of each partition; from the beginning of one that is not named."""
        self._start = dict(last)

    def poll(self, most: int, wait_s: float) -> MicroBatch | None:
        """New records."""
        try:
            self._assign(wait_s)
            records = self._consumer.consume(most, 0.0 if self._merge.ready() else wait_s)
        except self._kafka.KafkaException as error:
            self._outage.failed(error, wait_s=wait_s)
            return None
        received = self._hold(records)
        released = self._merge.release(most)
        self._align()
        if received and not self._waits():
            self._outage.over()
            self._moved_s = time.monotonic()
        if released:
            self._moved_s = time.monotonic()
            return self._micro_batch(released)
        if self._failed is not None or self._stalled():
            self._ask()
        return None

    def acknowledge(self, last: Mapping[str, str]) -> None:
        """Commit, for those who watch the group's lag; not waited for, and in an outage the next does."""
        offsets = [
            self._kafka.TopicPartition(self._topic, int(partition), int(offset) + 1)
            for partition, offset in last.items()
        ]
        try:
            if offsets:
                self._consumer.commit(offsets=offsets, asynchronous=True)
        except self._kafka.KafkaException:
            return

    def close(self) -> None:
        """Let go of connections."""
        self._consumer.close()

    def _record(self, error: Any) -> None:
        self._failed = self._kafka.KafkaException(error)

    def _assign(self, wait_s: float) -> None:
        if self._start is None:
            return
        timeout_s = max(wait_s, _METADATA_S)
        topic = self._consumer.list_topics(self._topic, timeout=timeout_s).topics[self._topic]
        if topic.error is not None:
            raise LogError(f"{self.name}: {topic.error.str()}; create the topic first")
        places = []
        for number in topic.partitions:
            place = self._place(number)
            first, _ = self._consumer.get_watermark_offsets(place, timeout=timeout_s)
            place.offset = int(self._start[str(number)]) + 1 if str(number) in self._start else first
            places.append(place)
        self._consumer.assign(places)
        self._merge.start(sorted(topic.partitions))
        self._paused = set()
        self._start, self._failed = None, None
        self._outage.over()

    def _place(self, number: int) -> Any:
        return self._kafka.TopicPartition(self._topic, number)

    def _ask(self) -> None:
        """Whether every partition answers: an error of a moment is no outage, silence may be one."""
        try:
            for number in self._merge.partitions():
                self._consumer.get_watermark_offsets(self._place(number), timeout=_METADATA_S)
        except self._kafka.KafkaException as error:
            self._failed = error
            self._outage.failed(error, wait_s=0.0)
        else:
            self._failed = None
            self._outage.over()

    def _stalled(self) -> bool:
        """Whether records have waited for long for a partition that says nothing."""
        return self._waits() and time.monotonic() - self._moved_s > _STALLED_S

    def _waits(self) -> bool:
        """Whether records are held that cannot be released yet."""
        held = any(self._merge.held(number) for number in self._merge.partitions())
        return held and not self._merge.ready()

    def _align(self) -> None:
        """Pause the partitions of which too much is held, and let them go on when half of it is released."""
        held = {number: self._merge.held(number) for number in self._merge.partitions()}
        ahead = {number for number, records in held.items() if records >= _MOST_HELD}
        ahead |= {number for number in self._paused if held[number] > _MOST_HELD // 2}
        for change, numbers in (
            (self._consumer.pause, ahead - self._paused),
            (self._consumer.resume, self._paused - ahead),
        ):
            if numbers:
                change([self._place(number) for number in sorted(numbers)])
        self._paused = ahead

    def _hold(self, records: list[Any]) -> bool:
        """Hold records to be merged, and note the ends of partitions; whether there was one of either."""
        return sum([self._hold_one(record) for record in records]) > 0

    def _hold_one(self, record: Any) -> bool:
        if record.error() is None:
            self._merge.add(record.partition(), [record])
            return True
        code = record.error().code()
        if (
            code == self._kafka.KafkaError._PARTITION_EOF
        ):  # offsets cannot tell: markers of transactions have some
            self._merge.end(record.partition())
            self._ends[record.partition()] = record.offset()
            return True
        if code == self._kafka.KafkaError._AUTO_OFFSET_RESET:
            raise ResultError(
                f"{self.name}: the records to go on from are there no more ({record.error().str()}); restore "
                "the topic from a backup, or start anew in another folder"
            )
        self._failed = self._kafka.KafkaException(record.error())
        return False

    def _micro_batch(self, parts: Mapping[int, Sequence[Any]]) -> MicroBatch:
        polled_ms = self.clock.now_ms()
        messages = [_message(record) for _, record in in_order(parts, _time_ms)]
        ranges = {
            str(number): (str(records[0].offset()), str(records[-1].offset()))
            for number, records in parts.items()
        }
        offset_ranges = OffsetRanges(
            source=self.name, ranges=ranges, messages=len(messages), polled_ms=polled_ms
        )
        return self._parser.parse(offset_ranges, messages)


def _time_ms(record: Any) -> int:
    at_ms: int = record.timestamp()[1]
    return at_ms


def _message(record: Any) -> Message:
    value = record.value()
    return Message(
        partition=str(record.partition()),
        offset=str(record.offset()),
        payload=value or b"",
        fault=None if value else "the record has no value",
    )
