"""What a Redis server's acknowledgements are worth: read from it, told once, whatever it lets one ask."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from in_memory import REQUESTS
from redis_server import SERVER, RedisServer

from interestclock.streams import RedisSource
from interestclock.streams.redis_durability import RedisDurability, read_durability

pytestmark = pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"), "--appendonly no --save 3600 1")
    server.start()
    yield server
    server.stop()


def polled(server: RedisServer, **login: str) -> RedisSource:
    source = RedisSource(host="127.0.0.1", port=server.port, streams=["plays"], schema=REQUESTS, **login)
    source.start_after({})
    source.poll(1, 0.01)
    return source


@pytest.mark.parametrize(
    ("settings", "loss"),
    [
        (
            ("no", "everysec", "3600 1"),
            "without an append-only file, what it acknowledged since its last save",
        ),
        (
            ("no", "always", ""),
            "with neither an append-only file nor saves, all that it acknowledged is lost",
        ),
        (("yes", "always", ""), "nothing that it acknowledged is lost in a crash"),
        (("yes", "everysec", "3600 1"), "what it acknowledged in the last second may be lost"),
        (("yes", "no", ""), "what it acknowledged in the last half minute or so may be lost"),
    ],
)
def test_it_is_read_from_the_server_and_told(
    settings: tuple[str, ...], loss: str, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    with server.client() as client:
        for name, value in zip(("appendonly", "appendfsync", "save"), settings, strict=True):
            client.config_set(name, value)
    with caplog.at_level(logging.INFO, "interestclock.source"):
        source = polled(server)
        source.start_after({})  # the group is set back, and nothing told again
        source.poll(1, 0.01)
        source.close()
    (told,) = [each for each in caplog.records if "acknowledged" in each.getMessage()]
    assert told.getMessage().startswith(f"redis://127.0.0.1:{server.port}/plays: {loss}")
    append_only = settings[0] == "yes"
    assert told.levelno == (logging.INFO if append_only else logging.WARNING)
    assert ("on the server set appendonly yes" in told.getMessage()) != append_only


def test_a_server_whose_configuration_nobody_may_ask_for(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    with server.client() as client:
        client.config_set("appendonly", "no")
        client.config_set("save", "")
        for name, rights in (("info", ["+@all", "-config"]), ("none", ["+@all", "-config", "-info"])):
            client.acl_setuser(name, enabled=True, passwords=["+x"], keys=["*"], commands=rights)
    polled(server, username="info", password="x").close()
    assert "without an append-only file, what it acknowledged since its last save is lost" in caplog.text
    caplog.clear()
    polled(server, username="none", password="x").close()
    assert "acknowledged" not in caplog.text
    assert (
        read_durability(
            redis.Redis(port=server.port, username="none", password="x"),
            refused=redis.exceptions.ResponseError,
        )
        is None
    )


def test_what_it_does_not_tell_is_not_made_up() -> None:
    assert RedisDurability(append_only=True, fsync=None, saves=None).loss is None


def test_what_is_said_of_a_server_without_an_append_only_file_is_so(tmp_path: Path) -> None:
    """Killed, it has nothing of what it acknowledged; with one that it waits for, all of it."""
    left = []
    for name, settings in (
        ("none", "--appendonly no --save ''"),
        ("always", "--appendonly yes --appendfsync always"),
    ):
        (tmp_path / name).mkdir()
        server = RedisServer(tmp_path / name, settings)
        server.start()
        with server.client() as client:
            client.xadd("plays", {"event": b"{}"})
        server.kill()
        server.start()
        with server.client() as client:
            left.append(client.xlen("plays"))
        server.stop()
    assert left == [0, 1]
