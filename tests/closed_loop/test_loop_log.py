"""The log in the middle of a loop: how many messages it ever had, and which broker can be it."""

from __future__ import annotations

from pathlib import Path

import pytest
from kafka_mock import KafkaMock
from redis_server import SERVER, RedisServer, free_port

from interestclock.closed_loop import LoopConfig, LoopFolder
from interestclock.closed_loop.loop_log import loop_log
from interestclock.closed_loop.parts import LoopPorts, loop_parts
from interestclock.errors import ConfigError, ResultError
from interestclock.events import label_message
from interestclock.streams import open_event_log

MESSAGE = label_message(label_of="e1", label="finish", value=1, known_ms=1_700_000_000_000)
PORTS = LoopPorts(service=8_000, updater=9_101, trainer=9_100)


def append(address: str, *, messages: int) -> None:
    log = open_event_log(address)
    log.submit([MESSAGE] * messages).result()
    log.close()


def test_an_embedded_one(tmp_path: Path) -> None:
    log = loop_log(None, tmp_path / "log")
    log.make()
    log.make()
    assert log.messages() == 0
    append(log.address, messages=3)
    assert log.messages() == 3


@pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")
def test_a_redis_stream_counts_what_was_trimmed_too(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    server.start()
    try:
        address = f"redis://127.0.0.1:{server.port}/plays"
        log = loop_log(address, tmp_path / "log")
        log.make()
        assert log.messages() == 0
        append(address, messages=3)
        with server.client() as client:
            client.xtrim("plays", maxlen=1, approximate=False)
        assert log.messages() == 3
        config = LoopConfig(size="tiny", broker=address)
        with (
            LoopFolder(tmp_path / "loop", config=config) as folder,
            pytest.raises(ResultError, match="has 3 messages of something else; give one that has none yet"),
        ):
            folder.make_log()
    finally:
        server.stop()
    with pytest.raises(ResultError, match=r"does not say how many messages it has: .*; start the server"):
        log.messages()


def test_a_kafka_topic() -> None:
    with KafkaMock({"plays": 2}) as brokers:
        log = loop_log(f"kafka://{brokers}/plays", Path("nowhere"))
        log.make()
        assert log.messages() == 0
        append(log.address, messages=5)
        assert log.messages() == 5


def test_service_and_updater_are_given_the_broker(tmp_path: Path) -> None:
    address = f"redis://127.0.0.1:{free_port()}/plays"
    with LoopFolder(tmp_path / "loop", config=LoopConfig(size="tiny", broker=address)) as folder:
        parts = loop_parts(folder, PORTS)
    for name, option in (("updater", "--then"), ("service", "--log")):
        command = parts[name].command
        assert command[command.index(option) + 1] == address


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("log://here", "broker is 'log://here'; give redis://HOST:PORT/STREAM or kafka://HOST:PORT/TOPIC"),
        ("redis://ann:secret@host/plays", "a loop writes the address down"),
        ("redis://host/a,b", "names several streams; give one"),
        ("kafka://host:1", "give kafka://HOST:PORT/TOPIC"),
    ],
)
def test_what_cannot_be_in_the_middle_is_refused(address: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        LoopConfig(broker=address)
