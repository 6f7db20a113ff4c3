"""A Kafka topic of several partitions: read on where it is told, merged, waited for when away."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import pytest
from in_memory import REQUESTS
from kafka_mock import KafkaMock
from live_stream import messages

from interestclock.errors import ConfigError, LogError
from interestclock.events import exposure_message
from interestclock.streams import KafkaSource, MicroBatch

confluent_kafka = pytest.importorskip("confluent_kafka")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with KafkaMock() as address:
        producer = confluent_kafka.Producer({"bootstrap.servers": address, "log_level": 2})
        for number, payload in enumerate(messages(requests=20)):
            producer.produce("plays", payload, partition=number % 3)
        assert producer.flush(10) == 0
        yield address


def polled(source: KafkaSource, messages: int, most: int = 60) -> list[MicroBatch]:
    """Until so many came, and a little longer: no more may come."""
    found: list[MicroBatch] = []
    until_s = time.monotonic() + 10.0
    while sum(each.offset_ranges.messages for each in found) < messages and time.monotonic() < until_s:
        found += [each for each in [source.poll(most, 0.2)] if each is not None]
    return found + [each for each in [source.poll(most, 0.3) for _ in range(2)] if each is not None]


def test_it_goes_on_behind_what_is_ours(address: str) -> None:
    source = KafkaSource(brokers=address, topic="plays", schema=REQUESTS)
    source.start_after({})
    sent = len(messages(requests=20))
    first = polled(source, sent)
    assert sum(each.offset_ranges.messages for each in first) == sent
    assert {partition for each in first for partition in each.offset_ranges.ranges} == {"0", "1", "2"}
    last = {partition: end for partition, (_, end) in first[0].offset_ranges.ranges.items()}
    source.acknowledge(last)
    source.close()
    later = KafkaSource(brokers=address, topic="plays", schema=REQUESTS)
    later.start_after(last)
    left = sent - first[0].offset_ranges.messages
    assert sum(each.offset_ranges.messages for each in polled(later, left)) == left
    later.close()


@pytest.mark.parametrize("most_held", [4_096, 10], ids=["held", "paused"])
def test_partitions_are_merged_by_the_timestamps_of_records(
    most_held: int, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """400 exposures 20 s apart, one in ten of them in the third of four; too much held is paused."""
    monkeypatch.setattr("interestclock.streams.kafka._MOST_HELD", most_held)
    topic = f"skewed-{most_held}"
    producer = confluent_kafka.Producer({"bootstrap.servers": address, "log_level": 2})
    for number in range(400):
        at_ms = 1_700_000_000_000 + 20_000 * number
        said = exposure_message(
            event_id=f"e{number}", user_id=1, item_id=2, timestamp_ms=at_ms, zone="Europe/Berlin"
        )
        partition = 2 if number % 10 == 0 else (0, 1, 3)[number % 3]
        producer.produce(topic, said, partition=partition, timestamp=at_ms)
    assert producer.flush(10) == 0
    source = KafkaSource(brokers=address, topic=topic, schema=REQUESTS)
    source.start_after({})
    found = polled(source, 400, most=37)
    times = [time for each in found for time in each.exposures["timestamp_ms"].to_pylist()]
    assert times == [1_700_000_000_000 + 20_000 * number for number in range(400)]
    assert max(each.offset_ranges.messages for each in found) <= 37
    source.close()


def test_a_partition_is_at_its_end_when_the_brokers_say_so(address: str) -> None:
    producer = confluent_kafka.Producer({"bootstrap.servers": address, "log_level": 2})
    for number in range(3):
        producer.produce("ends", b"{}", partition=number % 2, timestamp=1_000 + number)
    assert producer.flush(10) == 0
    source = KafkaSource(brokers=address, topic="ends", schema=REQUESTS)
    assert source.partitions() == ()
    source.start_after({})
    polled(source, 3)
    names = source.partitions()
    assert set(names) > {"0", "1"}
    assert source.at_end(names) == set(names)
    producer.produce("ends", b"{}", partition=1, timestamp=2_000)
    assert producer.flush(10) == 0
    assert source.at_end(names) == set(names) - {"1"}  # not polled, and all the same not overlooked
    assert [each.offset_ranges.ranges for each in polled(source, 1)] == [{"1": ("1", "1")}]
    assert source.at_end(("1",)) == {"1"}
    source.close()


def test_a_commit_is_not_waited_for_and_arrives(address: str) -> None:
    source = KafkaSource(brokers=address, topic="plays", schema=REQUESTS, group="watched")
    source.start_after({})
    source.acknowledge({"0": "3", "2": "4"})
    source.close()
    watcher = confluent_kafka.Consumer({"bootstrap.servers": address, "group.id": "watched", "log_level": 2})
    places = [confluent_kafka.TopicPartition("plays", number) for number in (0, 2)]
    assert [place.offset for place in watcher.committed(places, timeout=10)] == [4, 5]
    watcher.close()


def test_the_marker_of_a_transaction_is_nothing_left_to_read(address: str) -> None:
    """It has an offset and is never given out; partitions that are ahead must not wait for it."""
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": address, "transactional.id": "t", "log_level": 2}
    )
    producer.init_transactions(10)
    producer.begin_transaction()
    for number in range(12):
        at_ms = 1_700_000_000_000 + number * 100_000 * (number % 2)
        producer.produce("sold", b"{}", partition=number % 2, timestamp=at_ms)
    producer.commit_transaction(10)
    source = KafkaSource(brokers=address, topic="sold", schema=REQUESTS)
    source.start_after({})
    found = polled(source, 12, most=2)
    assert sum(each.offset_ranges.messages for each in found) == 12
    source.close()


def test_errors_of_a_moment_are_no_outage(address: str, caplog: pytest.LogCaptureFixture) -> None:
    source = KafkaSource(brokers=address, topic="plays", schema=REQUESTS, patience_s=0.0)
    source.start_after({})
    polled(source, len(messages(requests=20)))
    for _ in range(2):
        source._record(confluent_kafka.KafkaError(confluent_kafka.KafkaError._TRANSPORT, "closed"))
        assert source.poll(5, 0.05) is None
    assert "is away" not in caplog.text
    source.close()


def test_a_record_without_a_value_says_so(address: str) -> None:
    producer = confluent_kafka.Producer({"bootstrap.servers": address, "log_level": 2})
    producer.produce("deleted", None, key=b"k", partition=0)
    assert producer.flush(10) == 0
    source = KafkaSource(brokers=address, topic="deleted", schema=REQUESTS)
    source.start_after({})
    assert [bad.reason for each in polled(source, 1) for bad in each.bad] == ["the record has no value"]
    source.close()


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    with pytest.raises(ConfigError, match=r"-c constraints.txt '\.\[kafka\]'"):
        KafkaSource(brokers="127.0.0.1:1", topic="plays", schema=REQUESTS)


def test_brokers_that_are_away_are_waited_for() -> None:
    source = KafkaSource(brokers="127.0.0.1:1", topic="plays", schema=REQUESTS, patience_s=0.2)
    source.start_after({})
    with pytest.raises(LogError, match="is away for more than 0 s"):
        until_given_up(source)
    source.close()


def until_given_up(source: KafkaSource) -> None:
    for _ in range(20):
        source.poll(5, 0.1)
