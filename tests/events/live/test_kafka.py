"""A Kafka topic of several partitions: read on where the journal says, the same when it is read again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from in_memory import REQUESTS
from kafka_mock import KafkaMock
from live_stream import messages, same

from interestclock.errors import LogError, ResultError
from interestclock.events.live import Arrivals, Cut, KafkaSource

confluent_kafka = pytest.importorskip("confluent_kafka")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with KafkaMock() as address:
        producer = confluent_kafka.Producer({"bootstrap.servers": address, "log_level": 2})
        for number, payload in enumerate(messages(requests=20)):
            producer.produce("plays", payload, partition=number % 3)
        assert producer.flush(10) == 0
        yield address


def polled(source: KafkaSource, most: int = 60) -> list[Arrivals]:
    found, quiet = [], 0
    while quiet < 3:
        arrivals = source.poll(most, 0.5)
        if arrivals is None:
            quiet += 1
        else:
            found.append(arrivals)
    return found


def test_what_is_reread_is_what_came_and_it_goes_on_behind_it(address: str) -> None:
    source = KafkaSource(brokers=address, topic="plays", schema=REQUESTS)
    source.start_after({})
    first = polled(source)
    sent = len(messages(requests=20))
    assert sum(each.cut.messages for each in first) == sent
    assert {partition for each in first for partition in each.cut.ranges} == {"0", "1", "2"}
    again = source.reread(first[0].cut)
    assert same(again.exposures, first[0].exposures)
    assert same(again.labels, first[0].labels)
    last = {partition: end for partition, (_, end) in first[0].cut.ranges.items()}
    source.acknowledge(last)
    source.close()
    later = KafkaSource(brokers=address, topic="plays", schema=REQUESTS)
    later.start_after(last)
    assert sum(each.cut.messages for each in polled(later)) == sent - first[0].cut.messages
    with pytest.raises(ResultError, match="the journal is of elsewhere"):
        later.reread(Cut(source="elsewhere", ranges={"0": ("0", "1")}, messages=2))
    later.close()


def test_brokers_that_are_away_are_waited_for() -> None:
    source = KafkaSource(brokers="127.0.0.1:1", topic="plays", schema=REQUESTS, patience_s=0.2)
    source.start_after({})
    with pytest.raises(LogError, match="is away for more than 0 s"):
        until_given_up(source)
    source.close()


def until_given_up(source: KafkaSource) -> None:
    for _ in range(20):
        source.poll(5, 0.1)
