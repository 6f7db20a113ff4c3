"""A Kafka topic, all partitions of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from interestclock.errors import ConfigError, LogError, ResultError
from interestclock.events.live.arrivals import Arrivals, Cut
from interestclock.events.live.kafka_reader import KafkaReader
from interestclock.events.live.messages import Message, MessageParser
from interestclock.events.live.outage import Outage
from interestclock.events.schema import LogSchema
from interestclock.timeofday import Clock

__all__ = ["KafkaSource"]

_METADATA_S = 1.0
_AHEAD_MS = 60_000
_NEVER_MS = 1 << 60
_STALLED_S = 5.0  # a partition that others wait for and that says nothing so long may be away


class KafkaSource:
    """Records of a topic, whose values are messages as ``MessageParser`` reads them.

    The partitions are assigned by hand: where each goes on is the journal's to say, and a rebalance in the
    middle of a cut would make another cut of it. Offsets are committed to the group all the same, once a
    checkpoint holds them, for whoever watches its lag.

    Partitions that are read at different speeds would put what the slower one holds behind the watermark. So
    one that is ahead of another which has records left, by more than a minute of their own timestamps, is
    paused: let producers set a record's timestamp to the time of its event. Partitions added to the topic are
    read, from their beginning, from the next start on.

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
        clock: Clock | None = None,
    ) -> None:
        try:
            import confluent_kafka  # noqa: PLC0415  an extra
        except ImportError as error:
            raise ConfigError(
                "confluent-kafka is not installed; install the extra 'kafka', in a checkout with "
                "pip install -c constraints.txt '.[kafka]'"
            ) from error
        self._kafka: Any = confluent_kafka
        self.name = f"kafka://{brokers}/{topic}"
        self.clock = clock or Clock()
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
        self._consumer: Any = confluent_kafka.Consumer(settings | {"error_cb": self._note})
        self._start: dict[str, str] | None = None
        self._at_ms: dict[int, int] = {}  # by partition: the timestamp of the last record taken
        self._drained: set[int] = set()  # partitions without records left
        self._paused: set[int] = set()
        self._failed: Exception | None = None
        self._heard_s = time.monotonic()
        self._reader = KafkaReader(confluent_kafka, settings, topic, self._outage)

    def items(self) -> pa.Table | None:
        """The item table it was given."""
        return self._items

    def start_after(self, last: Mapping[str, str]) -> None:
        """Go on behind a record of each partition; from the beginning of one that is not named."""
        self._start = dict(last)

    def poll(self, most: int, wait_s: float) -> Arrivals | None:
        """New records."""
        try:
            self._assign(wait_s)
            records = self._consumer.consume(most, wait_s)
        except self._kafka.KafkaException as error:
            self._outage.failed(error, wait_s=wait_s)
            return None
        good = [record for record in records if self._is_record(record)]
        self._align()
        if good:
            self._outage.over()
            self._heard_s = time.monotonic()
            return self._arrivals(good, self.clock.now_ms())
        stalled = self._paused and time.monotonic() - self._heard_s > _STALLED_S
        if self._failed is not None or stalled:
            self._ask()
        return None

    def reread(self, cut: Cut) -> Arrivals:
        """The records of a cut.

        Raises:
            ResultError: some are there no more, or the cut is of another topic.
        """
        if cut.source != self.name:
            raise ResultError(f"the journal is of {cut.source}, not of {self.name}; give the one it is of")
        ranges = {int(number): (int(first), int(last)) for number, (first, last) in cut.ranges.items()}
        records = self._reader.read(ranges)
        if len(records) != cut.messages:
            raise ResultError(
                f"{self.name} holds {len(records)} of the {cut.messages} records that the journal names; "
                "restore the topic from a backup, or start anew in another folder"
            )
        return self._arrivals(records, cut.taken_ms)

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
        self._reader.close()

    def _note(self, error: Any) -> None:
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
        self._at_ms, self._drained, self._paused = dict.fromkeys(topic.partitions, 0), set(), set()
        self._start, self._failed = None, None
        self._outage.over()

    def _place(self, number: int) -> Any:
        return self._kafka.TopicPartition(self._topic, number)

    def _ask(self) -> None:
        """Whether every partition answers: an error of a moment is no outage, silence may be one."""
        try:
            for number in self._at_ms:
                self._consumer.get_watermark_offsets(self._place(number), timeout=_METADATA_S)
        except self._kafka.KafkaException as error:
            self._failed = error
            self._outage.failed(error, wait_s=0.0)
        else:
            self._failed = None
            self._outage.over()

    def _align(self) -> None:
        """Pause the partitions that are ahead of one that has records left, and let the others go on."""
        left = [at_ms for number, at_ms in self._at_ms.items() if number not in self._drained]
        horizon_ms = min(left, default=_NEVER_MS) + _AHEAD_MS
        ahead = {number for number, at_ms in self._at_ms.items() if at_ms > horizon_ms}
        for change, numbers in (
            (self._consumer.pause, ahead - self._paused),
            (self._consumer.resume, self._paused - ahead),
        ):
            if numbers:
                change([self._place(number) for number in sorted(numbers)])
        self._paused = ahead

    def _is_record(self, record: Any) -> bool:
        """Notes how far its partition is."""
        if record.error() is None:
            self._at_ms[record.partition()] = record.timestamp()[1]
            self._drained.discard(record.partition())
            return True
        code = record.error().code()
        if (
            code == self._kafka.KafkaError._PARTITION_EOF
        ):  # offsets cannot tell: markers of transactions have some
            self._drained.add(record.partition())
        elif code == self._kafka.KafkaError._AUTO_OFFSET_RESET:
            raise ResultError(
                f"{self.name}: the records to go on from are there no more ({record.error().str()}); restore "
                "the topic from a backup, or start anew in another folder"
            )
        else:
            self._failed = self._kafka.KafkaException(record.error())
        return False

    def _arrivals(self, records: list[Any], taken_ms: int | None) -> Arrivals:
        records = sorted(records, key=lambda record: (record.partition(), record.offset()))
        messages = [_message(record) for record in records]
        ranges: dict[str, tuple[str, str]] = {}
        for each in messages:
            ranges[each.partition] = (ranges.get(each.partition, (each.offset, ""))[0], each.offset)
        cut = Cut(source=self.name, ranges=ranges, messages=len(messages), taken_ms=taken_ms)
        return self._parser.parse(cut, messages)


def _message(record: Any) -> Message:
    value = record.value()
    return Message(
        partition=str(record.partition()),
        offset=str(record.offset()),
        payload=value or b"",
        fault=None if value else "the record has no value",
    )
