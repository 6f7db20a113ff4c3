"""Entries in a Redis stream: under their numbers, each once; trimmed, foreign and missing ones are told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from admitted_tables import SCHEMA, admitted
from redis_server import SERVER, RedisServer

from interestclock.admission import AdmissionConfig, AdmittedEntry, AdmittedLog
from interestclock.errors import ConfigError, LogError, ResultError
from interestclock.relay import (
    AdmittedPublisher,
    AdmittedSettings,
    AdmittedSource,
    open_admitted,
    open_publication,
    publisher,
)
from interestclock.relay.redis_entries import RedisEntries
from interestclock.streams.addresses import broker_address

pytestmark = pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")
SETTINGS = AdmittedSettings(source="log:///plays", schema=SCHEMA, admission=AdmissionConfig(ahead_ms=7))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    (tmp_path / "redis").mkdir()
    server = RedisServer(tmp_path / "redis")
    server.start()
    yield server
    server.stop()


def appended(folder: Path, entries: int) -> list[AdmittedEntry]:
    log = AdmittedLog(folder, followed=True)
    for _ in range(entries):
        assert log.next_arrival is not None
        log.append(admitted(first_arrival=log.next_arrival, exposures=3, labels=1))
    log.close()
    return [entry for _, entry in log.read_after(0)]


def published(folder: Path, server: RedisServer, stream: str = "admitted") -> None:
    publication = open_publication(f"redis://127.0.0.1:{server.port}/{stream}")
    with AdmittedPublisher(folder, publication, first=1, settings=SETTINGS) as each:
        each.finish()
        until_s = time.monotonic() + 20
        while each._left():
            assert time.monotonic() < until_s
            time.sleep(0.005)
    publication.close()


def source_on(server: RedisServer, position: int = 0, stream: str = "admitted") -> AdmittedSource:
    source = open_admitted(f"admitted+redis://127.0.0.1:{server.port}/{stream}", group="trainer")
    source.start_after({"entry": str(position)})
    return source


def read(source: AdmittedSource) -> list[AdmittedEntry]:
    found = list(iter(lambda: source.next_entry(0.05), None))
    source.close()
    return found


def test_they_are_read_as_they_were_admitted(server: RedisServer, tmp_path: Path) -> None:
    entries = appended(tmp_path / "log", 40)
    published(tmp_path / "log", server)
    source = source_on(server)
    assert (source.schema, source.admission, source.items()) == (SETTINGS.schema, SETTINGS.admission, None)
    assert source.name == f"admitted+redis://127.0.0.1:{server.port}/admitted"
    assert read(source) == entries
    assert read(source_on(server, 33)) == entries[33:]
    entries = appended(tmp_path / "log", 3)
    published(tmp_path / "log", server)
    assert read(source_on(server, 39)) == entries[39:]
    assert [offset for offset, _ in server.client().xrange("admitted")][-1] == b"43-0"


def test_a_server_that_is_killed_is_waited_for_on_both_sides(
    server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(publisher, "_LONGEST_PAUSE_S", 0.1)
    appended(tmp_path / "log", 5)
    published(tmp_path / "log", server)
    source = source_on(server)
    assert source.next_entry(1.0) is not None
    server.kill()
    publication = open_publication(f"redis://127.0.0.1:{server.port}/admitted")
    with AdmittedPublisher(tmp_path / "log", publication, first=1, settings=SETTINGS) as each:
        entries = appended(tmp_path / "log", 20)
        assert len([source.next_entry(0.05) for _ in range(6)]) == 6  # what was read before, then nothing
        server.start()
        found: list[AdmittedEntry] = []
        until_s = time.monotonic() + 20
        while len(found) < 20 and time.monotonic() < until_s:
            found += [entry for entry in [source.next_entry(0.1)] if entry is not None]
        each.check()
    source.close()
    publication.close()
    assert found == entries[5:]
    assert f"redis://127.0.0.1:{server.port}/admitted is away" in caplog.text


def test_what_was_trimmed_is_missed_and_published_on_behind(server: RedisServer, tmp_path: Path) -> None:
    entries = appended(tmp_path / "log", 20)
    published(tmp_path / "log", server)
    server.client().xtrim("admitted", minid="11-0", approximate=False)
    assert read(source_on(server, 10)) == entries[10:]
    for position in (0, 9):
        with pytest.raises(ResultError, match=rf"begins with entry 11, and entry {position + 1} is needed"):
            source_on(server, position).next_entry(1.0)
    server.client().xtrim("admitted", maxlen=0, approximate=False)
    entries = appended(tmp_path / "log", 2)
    published(tmp_path / "log", server)
    assert read(source_on(server, 20)) == entries[20:]


def test_streams_of_something_else_are_refused(server: RedisServer, tmp_path: Path) -> None:
    client = server.client()
    client.xadd("plays", {"event": b"{}"})
    client.xadd("numbered", {"event": b"{}"}, id="3-0")
    client.set("text", "no stream")
    appended(tmp_path / "log", 4)
    for stream, message in (
        ("plays", "ends with entry|something else"),
        ("numbered", "holds something else than entries of an admitted log"),
        ("text", "is no stream; name another"),
    ):
        with pytest.raises(ResultError, match=message):
            published(tmp_path / "log", server, stream)
    with pytest.raises(ResultError, match="holds something else than entries of an admitted log"):
        source_on(server, stream="numbered")
    with pytest.raises(LogError, match="WRONGTYPE"):
        source_on(server, stream="text")
    with pytest.raises(LogError, match=r"nothing is published there; start 'features follow \.\.\. --admit"):
        source_on(server, stream="nowhere")


def test_addresses_that_cannot_be() -> None:
    for address in ("redis://host:1/a,b", "kafka://host", "log://events", "redis://host:1/a?db=3"):
        with pytest.raises(ConfigError):
            open_publication(address)
        with pytest.raises(ConfigError):
            open_admitted(f"admitted+{address}", group="trainer")
    with pytest.raises(LogError, match="is away for more than 0 s"):
        RedisEntries(broker_address("redis://127.0.0.1:1/admitted"), patience_s=0.0)
