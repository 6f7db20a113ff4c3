"""What every source of messages promises: of Redis, Kafka and an embedded log alike, of one partition."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest
from embedded_logs import followed
from in_memory import REQUESTS
from kafka_mock import KafkaMock
from live_stream import messages, same
from redis_server import SERVER, RedisServer

from interestclock.streams import (
    EmbeddedLogWriter,
    KafkaSource,
    LiveSource,
    Message,
    MessageParser,
    MicroBatch,
    OffsetRanges,
    RedisSource,
)

SAID = messages(requests=12)


@dataclass(frozen=True, kw_only=True)
class Broker:
    """Something that messages are sent to, by their topic, and sources that read it."""

    send: Callable[[str, Sequence[bytes]], None]
    open: Callable[[str], LiveSource]


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()

    def send(topic: str, payloads: Sequence[bytes]) -> None:
        with server.client() as client:
            for payload in payloads:
                client.xadd(topic, {"event": payload})

    def opened(topic: str) -> LiveSource:
        return RedisSource(host="127.0.0.1", port=server.port, streams=[topic], schema=REQUESTS)

    yield Broker(send=send, open=opened)
    server.stop()


@pytest.fixture(scope="module")
def kafka_mock() -> Iterator[Broker]:
    confluent_kafka = pytest.importorskip("confluent_kafka")
    with KafkaMock() as address:
        producer = confluent_kafka.Producer({"bootstrap.servers": address, "log_level": 2})

        def send(topic: str, payloads: Sequence[bytes]) -> None:
            for payload in payloads:
                producer.produce(topic, payload, partition=0)
            assert producer.flush(10) == 0

        yield Broker(send=send, open=lambda topic: KafkaSource(brokers=address, topic=topic, schema=REQUESTS))


@pytest.fixture(scope="module")
def embedded_log(tmp_path_factory: pytest.TempPathFactory) -> Broker:
    folder = tmp_path_factory.mktemp("logs")

    def send(topic: str, payloads: Sequence[bytes]) -> None:
        with EmbeddedLogWriter(folder / topic, segment_bytes=2_000) as writer:
            for payload in payloads:
                writer.append([payload])

    return Broker(send=send, open=lambda topic: followed(folder / topic))


NO_REDIS = pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")


@pytest.fixture(params=["embedded_log", pytest.param("redis_server", marks=NO_REDIS), "kafka_mock"])
def broker(request: pytest.FixtureRequest) -> Broker:
    given: Broker = request.getfixturevalue(request.param)
    return given


@pytest.fixture
def topic(broker: Broker, request: pytest.FixtureRequest) -> str:
    """One of its own, with all that is said."""
    name: str = request.node.originalname
    broker.send(name, SAID)
    return name


def polled(source: LiveSource, number: int, most: int = 20) -> list[MicroBatch]:
    """Until so many came, and one time more: no more may come."""
    found: list[MicroBatch] = []
    until_s = time.monotonic() + 20.0
    while count(found) < number and time.monotonic() < until_s:
        found += [each for each in [source.poll(most, 0.2)] if each is not None]
    return found + [each for each in [source.poll(most, 0.1)] if each is not None]


def count(batches: Sequence[MicroBatch]) -> int:
    return sum(each.offset_ranges.messages for each in batches)


def arrived(batches: Sequence[MicroBatch]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Events by kind and id, and dead letters by offset and reason, each in the order in which they came.

    Apart, because the broker chooses how many messages a poll brings: a batch has no order between the two.
    """
    events, bad = [], []
    for each in batches:
        rows = [
            (row["arrival"], (kind, row["event_id"]))
            for kind in ("exposures", "labels")
            for row in getattr(each, kind).select(["arrival", "event_id"]).to_pylist()
        ]
        events += [what for _, what in sorted(rows)]
        bad += [(letter.offset, letter.reason) for letter in each.bad]
    return events, bad


def last_of(batch: MicroBatch) -> dict[str, str]:
    return {partition: last for partition, (_, last) in batch.offset_ranges.ranges.items()}


def test_each_message_comes_once_in_order(broker: Broker, topic: str) -> None:
    source = broker.open(topic)
    source.start_after({})
    found = polled(source, len(SAID))
    assert count(found) == len(SAID)
    assert max(each.offset_ranges.messages for each in found) <= 20
    assert {each.offset_ranges.source for each in found} == {source.name}
    assert not source.ended
    source.close()
    parser = MessageParser(REQUESTS)
    said = [Message(partition="0", offset=str(place), payload=each) for place, each in enumerate(SAID)]
    offset_ranges = OffsetRanges(source="test", ranges={}, messages=len(said))
    whole = parser.parse(offset_ranges, said)
    for kind in ("exposures", "labels"):
        ids = [row for each in found for row in getattr(each, kind)["event_id"].to_pylist()]
        assert ids == getattr(whole, kind)["event_id"].to_pylist() != []
    assert sum(len(each.bad) for each in found) == len(whole.bad) > 0


def test_it_goes_on_behind_any_offset_with_the_same(broker: Broker, topic: str) -> None:
    source = broker.open(topic)
    source.start_after({})
    found = polled(source, len(SAID))
    source.close()
    for place in (0, len(found) // 2, len(found) - 2):
        later = broker.open(topic)
        later.start_after(last_of(found[place]))
        rest = polled(later, count(found[place + 1 :]))
        later.close()
        assert arrived(rest) == arrived(found[place + 1 :])
        assert all(len(each.offset_ranges.ranges) == 1 for each in rest)
        ours, theirs = rest[-1], found[-1]
        if ours.offset_ranges.ranges == theirs.offset_ranges.ranges:
            assert same(ours.exposures, theirs.exposures)
            assert same(ours.labels, theirs.labels)


def test_what_is_acknowledged_changes_nothing_of_where_it_goes_on(broker: Broker, topic: str) -> None:
    """Where to go on is for ``start_after`` to say, whatever was acknowledged."""
    source = broker.open(topic)
    source.start_after({})
    found = polled(source, len(SAID))
    source.acknowledge(last_of(found[-1]))
    source.close()
    again = broker.open(topic)
    again.start_after(last_of(found[0]))
    assert count(polled(again, len(SAID) - count(found[:1]))) == len(SAID) - count(found[:1])
    again.close()
    anew = broker.open(topic)
    anew.start_after({})
    assert count(polled(anew, len(SAID))) == len(SAID)
    anew.close()


def test_it_is_at_its_end_when_nothing_is_left(broker: Broker, topic: str) -> None:
    source = broker.open(topic)
    source.start_after({})
    first, until_s = None, time.monotonic() + 20.0
    while first is None and time.monotonic() < until_s:
        first = source.poll(5, 0.2)
    assert first is not None
    mine = frozenset(first.offset_ranges.ranges)
    assert mine <= frozenset(source.partitions())
    assert source.at_end(mine) == frozenset()
    assert until_at_end(source, mine) == len(SAID) - first.offset_ranges.messages
    broker.send(topic, [SAID[0]])
    assert source.at_end(mine) == frozenset()
    assert until_at_end(source, mine) == 1
    source.close()


def until_at_end(source: LiveSource, partitions: frozenset[str]) -> int:
    """How many came until there were no more, as the broker says."""
    came, until_s = 0, time.monotonic() + 20.0
    while source.at_end(partitions) != partitions and time.monotonic() < until_s:
        batch = source.poll(20, 0.2)
        came += 0 if batch is None else batch.offset_ranges.messages
    assert source.at_end(partitions) == partitions
    return came


def test_what_is_sent_while_it_waits_wakes_it(broker: Broker, topic: str) -> None:
    source = broker.open(topic)
    source.start_after({})
    polled(source, len(SAID))
    sender = threading.Timer(0.2, broker.send, (topic, SAID[:3]))
    sender.start()
    found: list[MicroBatch] = []
    until_s = time.monotonic() + 30.0
    while count(found) < 3 and time.monotonic() < until_s:
        found += [each for each in [source.poll(20, 1.0)] if each is not None]
    sender.join()
    assert count(found) == 3
    polled_ms = [each.offset_ranges.polled_ms for each in found]
    assert source.clock is not None
    assert all(taken is not None and 0 <= source.clock.now_ms() - taken < 60_000 for taken in polled_ms)
    source.close()


def test_what_cannot_be_read_is_a_dead_letter_with_its_offset(broker: Broker, topic: str) -> None:
    source = broker.open(topic)
    source.start_after({})
    polled(source, len(SAID))
    broker.send(topic, [b"\xff no JSON", b"[]", SAID[0]])
    found = polled(source, 3)
    bad = [each for batch in found for each in batch.bad]
    assert len(bad) == 2
    assert [each.payload for each in bad] == ["\\xff no JSON", "[]"]
    assert all(each.reason for each in bad)
    (first, _) = found[0].offset_ranges.ranges[bad[0].partition]
    assert bad[0].offset == first
    assert sum(each.exposures.num_rows for each in found) == 1
    source.close()
