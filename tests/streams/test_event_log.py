"""Logs of all kinds promise alike: what is acknowledged is there, in callers' order; errors say what next."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from embedded_logs import messages_in
from in_memory import REQUESTS
from kafka_mock import KafkaMock
from live_stream import messages
from redis_server import SERVER, RedisServer

from interestclock.errors import ConfigError, QueueFullError, ResultError
from interestclock.streams import (
    KafkaLogWriter,
    KafkaSource,
    RedisLogWriter,
    RedisSource,
    open_event_log,
)
from interestclock.streams.addresses import broker_address

SAID = [each for each in messages(requests=8) if each != b'{"event_id": "x"}']


class Place:
    """A log's address, and all that is in it."""

    def __init__(self, address: str, stands: Callable[[], list[bytes]]) -> None:
        self.address, self.stands = address, stands


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    if SERVER is None:
        pytest.skip("redis-server is not installed")
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def kafka() -> Iterator[str]:
    with KafkaMock({"one": 1, "plays": 3}) as address:
        yield address


@pytest.fixture(params=["log", "redis", "kafka"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "log":
        return Place(f"log://{tmp_path}/plays", lambda: messages_in(tmp_path / "plays"))
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("server")
        with server.client() as client:
            client.delete("plays")
        return Place(f"redis://127.0.0.1:{server.port}/plays", lambda: in_redis(server))
    brokers: str = request.getfixturevalue("kafka")
    return Place(f"kafka://{brokers}/one", lambda: in_kafka(brokers))


def in_redis(server: RedisServer) -> list[bytes]:
    with server.client() as client:
        return [fields[b"event"] for _, fields in client.xrange("plays")]


def in_kafka(brokers: str, topic: str = "one") -> list[bytes]:
    return [message.value() for message in records(brokers, topic, partitions=1)]


def records(brokers: str, topic: str, *, partitions: int) -> list[Any]:
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "test", "log_level": 2})
    places = [TopicPartition(topic, number, 0) for number in range(partitions)]
    count = sum(consumer.get_watermark_offsets(each, timeout=10)[1] for each in places)
    consumer.assign(places)
    found: list[Any] = []
    while len(found) < count:
        found += consumer.consume(count, 1.0)
    consumer.close()
    return found


def test_what_is_acknowledged_is_there_in_each_callers_order(place: Place) -> None:
    before = len(place.stands()) if "kafka" in place.address else 0
    label = b'{"label_of":"%d","label":"like","value":%d,"known_ms":9}'
    with closing(open_event_log(place.address)) as log, ThreadPoolExecutor(4) as threads:

        def call(caller: int) -> None:
            for number in range(5):
                mine = [label % (10 * caller + number, value) for value in (0, 1)]
                log.submit(mine).result(30)
                assert set(mine) <= set(place.stands())

        list(threads.map(call, range(4)))
        assert log.name in log.acknowledged or "of this machine" in log.acknowledged
    stands = place.stands()[before:]
    assert len(stands) == 40
    for caller in range(4):
        mine = [label % (10 * caller + number, value) for number in range(5) for value in (0, 1)]
        assert [each for each in stands if each in mine] == mine


@pytest.mark.parametrize("given", [[], b"a", "a", ["a"], [b"a", None]])
def test_what_is_no_list_of_messages_is_refused(given: Sequence[Any], place: Place) -> None:
    with (
        closing(open_event_log(place.address)) as log,
        pytest.raises(ValueError, match=r"give a list of one or more|a message is no bytes"),
    ):
        log.submit(given)


def test_closing_appends_what_was_handed_over(place: Place) -> None:
    log = open_event_log(place.address)
    future = log.submit(SAID)
    log.close()
    log.close()
    future.result(0)
    assert place.stands()[-len(SAID) :] == SAID
    with pytest.raises(ResultError, match="the writer was closed; open another"):
        log.submit(SAID)


@pytest.mark.parametrize("kind", ["redis", "kafka"])
def test_more_than_may_wait_is_refused(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interestclock.streams.redis_writer._ANSWER_S", 0.3)
    monkeypatch.setattr("interestclock.streams.kafka_writer._DELIVERED_S", 0.3)
    opened = {"redis": RedisLogWriter, "kafka": KafkaLogWriter}[kind]
    message = b'{"erase":7,"timestamp_ms":9}' + b" " * 500
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = broker_address(f"{kind}://127.0.0.1:{silent.getsockname()[1]}/plays")
        with opened(address, most_waiting_bytes=1_000) as log:
            with pytest.raises(ValueError, match=r"at most 1,000 may wait .*: hand them over in parts"):
                log.submit([message, message])
            first = log.submit([message])
            with pytest.raises(QueueFullError, match=r"bytes wait for the \w+, and at most 1,000 may"):
                log.submit([message])
        assert isinstance(first.exception(0), ResultError)


def _nobody_there() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


@pytest.mark.parametrize("kind", ["redis", "kafka"])
def test_a_broker_that_is_away_acknowledges_nothing(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interestclock.streams.kafka_writer._DELIVERED_S", 0.3)
    with closing(open_event_log(f"{kind}://{_nobody_there()}/plays")) as log:
        futures = [log.submit(SAID[:2]), log.submit(SAID[2:3])]
        errors = [future.exception(60) for future in futures]
    assert all(isinstance(error, ResultError) for error in errors)
    assert errors[0] is not errors[1]
    assert "is not known; send them again, which counts them once" in str(errors[0])


def test_a_redis_server_that_comes_back_is_appended_to(tmp_path: Path) -> None:
    if SERVER is None:
        pytest.skip("redis-server is not installed")
    server = RedisServer(tmp_path)
    server.start()
    try:
        with RedisLogWriter(broker_address(f"redis://127.0.0.1:{server.port}/plays")) as log:
            log.append(SAID[:1])
            server.kill()
            with pytest.raises(ResultError, match="is away"):
                log.append(SAID[1:2])
            server.start()
            log.append(SAID[2:4])
        assert in_redis(server) == [SAID[0], *SAID[2:4]]
    finally:
        server.stop()


def test_a_redis_server_that_refuses_has_none_of_a_call(server: RedisServer) -> None:
    address = f"redis://127.0.0.1:{server.port}/text"
    with server.client() as client, RedisLogWriter(broker_address(address)) as log:
        client.set("text", "no stream")
        with pytest.raises(ResultError, match=r"refuses messages .*: none was appended; see to the server's"):
            log.append(SAID[:2])
        client.delete("text")
        log.append(SAID[:2])
        assert "nothing that it acknowledged is lost in a crash" in log.acknowledged
        client.config_set("maxmemory", "1")
        with pytest.raises(ResultError, match="refuses messages"):
            log.append(SAID[2:4])
        client.config_set("maxmemory", "0")
        assert client.xlen("text") == 2


def test_what_acknowledgements_are_worth_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    if SERVER is None:
        pytest.skip("redis-server is not installed")
    server = RedisServer(tmp_path, "--appendonly no --save ''")
    server.start()
    try:
        with RedisLogWriter(broker_address(f"redis://127.0.0.1:{server.port}/plays")) as log:
            for _ in range(2):
                log.append(SAID[:1])
            assert "all that it acknowledged is lost if it ends" in log.acknowledged
    finally:
        server.stop()
    assert caplog.text.count("on the server set appendonly yes") == 1


def test_what_redis_has_is_what_a_source_reads(server: RedisServer) -> None:
    with RedisLogWriter(broker_address(f"redis://127.0.0.1:{server.port}/read")) as log:
        log.append(SAID)
    source = RedisSource(host="127.0.0.1", port=server.port, streams=["read"], schema=REQUESTS)
    source.start_after({})
    batch = source.poll(1_000, 1.0)
    source.close()
    assert batch is not None
    assert (batch.offset_ranges.messages, batch.bad) == (len(SAID), ())


def test_records_lie_with_whom_they_are_about_at_the_time_of_their_event(kafka: str) -> None:
    said = [
        b'{"event_id":"e1","user_id":7,"item_id":3,"timestamp_ms":1700000000000,"zone":"UTC"}',
        b'{"request_id":"r1","item_id":3}',
        b'{"label_of":"e1","label":"like","value":1,"known_ms":1700000001000}',
        b'{"outcome_of":"e1","name":"played_ms","value":5.0,"known_ms":1700000002000}',
        b'{"item":3,"attributes":{},"from_ms":1600000000000}',
        b'{"served":"r1","user_id":7,"timestamp_ms":1700000003000,"zone":"UTC","items":[]}',
        b'{"erase":7,"timestamp_ms":1700000004000}',
    ]
    with KafkaLogWriter(broker_address(f"kafka://{kafka}/plays")) as log:
        assert log.append(said) == len(said)
    found = {message.value(): message for message in records(kafka, "plays", partitions=3)}
    assert [found[each].key() for each in said] == [b"7", b"r1", b"e1", b"e1", b"3", b"7", b"7"]
    assert len({found[each].partition() for each in said if found[each].key() == b"7"}) == 1
    times = [found[each].timestamp()[1] for each in said]
    assert [times[0], *times[2:4], *times[5:]] == [1_700_000_000_000 + 1_000 * each for each in range(5)]
    assert min(times[1], times[4]) > 1_700_000_004_000  # when they were sent
    source = KafkaSource(brokers=kafka, topic="plays", schema=REQUESTS)
    source.start_after({})
    received = 0
    while received < len(said):
        batch = source.poll(100, 0.5)
        received += 0 if batch is None else batch.offset_ranges.messages
    source.close()


def test_a_message_that_no_broker_can_hold_is_refused_before_any_is_sent(kafka: str) -> None:
    with KafkaLogWriter(broker_address(f"kafka://{kafka}/one")) as log:
        before = len(in_kafka(kafka))
        for wrong, reason in ((b"{}", "item_id is missing"), (b" " * 900_001, "give at most 900,000")):
            with pytest.raises(ResultError, match=rf"{reason}.*; none of these messages was sent"):
                log.append([SAID[0], wrong])
        assert log.append(SAID[:1]) == 1
        assert len(in_kafka(kafka)) == before + 1


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("plays.parquet", "'plays.parquet' cannot be appended to; give log://DIR, redis"),
        ("log:///", "'log:///' cannot be appended to"),
        ("http://ann:secret@h/x", "'http://h/x' cannot be appended to"),
        ("redis://h/one,two", "names several streams; messages are appended to one of them"),
        ("redis://h", r"redis://h: give redis://HOST:PORT/STREAM"),
    ],
)
def test_what_is_no_log_is_refused(address: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        open_event_log(address)
