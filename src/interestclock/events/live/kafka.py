"""A Kafka topic, all partitions of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from interestclock.errors import ConfigError, LogError, ResultError
from interestclock.events.live.arrivals import Arrivals, Cut
from interestclock.events.live.messages import Message, MessageParser
from interestclock.events.live.outage import Outage
from interestclock.events.schema import LogSchema

__all__ = ["KafkaSource"]

_METADATA_S = 1.0
_READ_AT_A_TIME = 1_000
_READ_S = 0.05  # it waits so long for as many
_AHEAD_MS = 60_000
_NEVER_MS = 1 << 60


class KafkaSource:
    """Records of a topic, whose values are messages as ``MessageParser`` reads them.

    The partitions are assigned by hand: where each goes on is the journal's to say, and a rebalance in the
    middle of a cut would make another cut of it. Offsets are committed to the group all the same, once a
    checkpoint holds them, for whoever watches its lag.

    Partitions that are read at different speeds would put what the slower one holds behind the watermark. So
    one that is ahead of another which has records left, by more than a minute of their own timestamps, is
    paused: let producers set a record's timestamp to the time of its event.

    Args:
        brokers: HOST:PORT, several with commas. topic, group: which.
        schema: names that messages may use. items: item attributes, or None.
        zone: of exposures that say nothing of local time. patience_s: how long an outage is waited out.

    Raises:
        ConfigError: the package ``confluent-kafka`` is missing.
        LogError: (from what reads) the brokers are away for longer than the patience, or have no such topic.
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
    ) -> None:
        try:
            import confluent_kafka  # noqa: PLC0415  an extra
        except ImportError as error:
            raise ConfigError(
                "confluent-kafka is not installed; pip install 'interest-clock[kafka]'"
            ) from error
        self._kafka: Any = confluent_kafka
        self.name = f"kafka://{brokers}/{topic}"
        self.schema, self._items, self._topic = schema, items, topic
        self._parser = MessageParser(schema, zone=zone)
        self._outage, self._patience_s = Outage(self.name, patience_s=patience_s), patience_s
        self._settings = {
            "bootstrap.servers": brokers,
            "group.id": group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "log_level": 2,
            "error_cb": self._note,
        }
        self._consumer: Any = confluent_kafka.Consumer(self._settings)
        self._start: dict[str, str] | None = None
        self._next: dict[int, tuple[int, int]] = {}  # by partition: the next offset, the last timestamp
        self._end: dict[
            int, int
        ] = {}  # by partition: the offset behind its last record, as known at the start
        self._paused: set[int] = set()
        self._failed: Exception | None = None
        self._reader: Any = None
        self._ahead: dict[int, tuple[int, list[Any]]] = {}  # by partition: the next to reread, what is held

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
        if good:
            self._outage.over()
            self._failed = None
            self._align(good)
            return self._arrivals(good)
        if self._failed is not None:
            failed, self._failed = self._failed, None
            self._outage.failed(failed, wait_s=0.0)
        return None

    def reread(self, cut: Cut) -> Arrivals:
        """The records of a cut.

        Raises:
            ResultError: some are there no more, or the cut is of another topic.
        """
        if cut.source != self.name:
            raise ResultError(f"the journal is of {cut.source}, not of {self.name}; give the one it is of")
        ranges = {int(number): (int(first), int(last)) for number, (first, last) in cut.ranges.items()}
        records = self._read(ranges)
        if len(records) != cut.messages:
            raise ResultError(
                f"{self.name} holds {len(records)} of the {cut.messages} records that the journal names; "
                "restore the topic from a backup, or start anew in another folder"
            )
        return self._arrivals(records)

    def acknowledge(self, last: Mapping[str, str]) -> None:
        """Commit, for those who watch the group's lag; an outage makes it wait for the next."""
        offsets = [
            self._kafka.TopicPartition(self._topic, int(partition), int(offset) + 1)
            for partition, offset in last.items()
        ]
        try:
            if offsets:
                self._consumer.commit(offsets=offsets, asynchronous=False)
        except self._kafka.KafkaException:
            return

    def close(self) -> None:
        """Let go of connections."""
        self._consumer.close()
        if self._reader is not None:
            self._reader.close()

    def _note(self, error: Any) -> None:
        self._failed = self._kafka.KafkaException(error)

    def _assign(self, wait_s: float) -> None:
        if self._start is None:
            return
        partitions = self._consumer.list_topics(self._topic, timeout=max(wait_s, _METADATA_S)).topics[
            self._topic
        ]
        if partitions.error is not None:
            raise LogError(f"{self.name}: {partitions.error.str()}; create the topic first")
        places = []
        for number in partitions.partitions:
            place = self._kafka.TopicPartition(self._topic, number)
            first, self._end[number] = self._consumer.get_watermark_offsets(place, timeout=wait_s)
            place.offset = int(self._start[str(number)]) + 1 if str(number) in self._start else first
            self._next[number] = place.offset, 0
            places.append(place)
        self._consumer.assign(places)
        self._start, self._paused = None, set()

    def _align(self, records: list[Any]) -> None:
        """Pause the partitions that are ahead of one that has records left, and let the others go on."""
        for record in records:
            self._next[record.partition()] = record.offset() + 1, record.timestamp()[1]
        left = [at_ms for number, (offset, at_ms) in self._next.items() if offset < self._end_of(number)]
        horizon_ms = min(left, default=_NEVER_MS) + _AHEAD_MS
        ahead = {number for number, (_, at_ms) in self._next.items() if at_ms > horizon_ms}
        for change, numbers in (
            (self._consumer.pause, ahead - self._paused),
            (self._consumer.resume, self._paused - ahead),
        ):
            if numbers:
                change([self._kafka.TopicPartition(self._topic, number) for number in sorted(numbers)])
        self._paused = ahead

    def _end_of(self, number: int) -> int:
        place = self._kafka.TopicPartition(self._topic, number)
        _, end = self._consumer.get_watermark_offsets(place, cached=True)
        return max(int(end), self._end[number])

    def _is_record(self, record: Any) -> bool:
        if record.error() is None:
            return True
        if record.error().code() == self._kafka.KafkaError._AUTO_OFFSET_RESET:
            raise ResultError(
                f"{self.name}: the records to go on from are there no more ({record.error().str()}); restore "
                "the topic from a backup, or start anew in another folder"
            )
        self._failed = self._kafka.KafkaException(record.error())
        return False

    def _read(self, ranges: Mapping[int, tuple[int, int]]) -> list[Any]:
        """Records of a cut, through a consumer of its own: the other one's place stays."""
        if self._reader is None:
            self._reader = self._kafka.Consumer(self._settings)
        for number, (first, _) in ranges.items():
            self._stand_at(number, first)
        until = time.monotonic() + self._patience_s
        while time.monotonic() < until and not self._read_up_to(ranges):
            for record in self._reader.consume(_READ_AT_A_TIME, _READ_S):
                if self._is_record(record):
                    first, held = self._ahead[record.partition()]
                    if record.offset() >= first:  # what was fetched before the place changed is left out
                        held.append(record)
        return [record for number, (_, last) in ranges.items() for record in self._taken(number, last)]

    def _stand_at(self, number: int, first: int) -> None:
        place = self._kafka.TopicPartition(self._topic, number, first)
        if number not in self._ahead:
            self._reader.incremental_assign([place])
        elif self._ahead[number][0] != first:
            self._reader.seek(place)
        else:
            return
        self._ahead[number] = first, []

    def _read_up_to(self, ranges: Mapping[int, tuple[int, int]]) -> bool:
        held = {number: self._ahead[number][1] for number in ranges}
        return all(held[n] and held[n][-1].offset() >= last for n, (_, last) in ranges.items())

    def _taken(self, number: int, last: int) -> list[Any]:
        """Records up to an offset; those that were read beyond it stay for the next cut."""
        _, held = self._ahead[number]
        self._ahead[number] = last + 1, [record for record in held if record.offset() > last]
        return [record for record in held if record.offset() <= last]

    def _arrivals(self, records: list[Any]) -> Arrivals:
        records = sorted(records, key=lambda record: (record.partition(), record.offset()))
        messages = [
            Message(
                partition=str(record.partition()), offset=str(record.offset()), payload=record.value() or b""
            )
            for record in records
        ]
        ranges: dict[str, tuple[str, str]] = {}
        for each in messages:
            ranges[each.partition] = (ranges.get(each.partition, (each.offset, ""))[0], each.offset)
        return self._parser.parse(Cut(source=self.name, ranges=ranges, messages=len(messages)), messages)
