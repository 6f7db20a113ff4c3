"""A Redis stream: read on where it is told, the same when read again, waited for when away."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis
from in_memory import REQUESTS
from live_stream import messages, same
from redis_server import SERVER, RedisServer

from interestclock.errors import ConfigError, LogError
from interestclock.events import exposure_message
from interestclock.streams import MicroBatch, RedisSource

pytestmark = pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def stream(server: RedisServer, request: pytest.FixtureRequest) -> str:
    """A stream of its own, with messages."""
    with server.client() as client:
        for payload in messages(requests=10):
            client.xadd(request.node.name, {"event": payload})
    return request.node.name


def opened(server: RedisServer, stream: str, patience_s: float = 600.0) -> RedisSource:
    return RedisSource(
        host="127.0.0.1", port=server.port, streams=[stream], schema=REQUESTS, patience_s=patience_s
    )


def polled(source: RedisSource, most: int = 20) -> list[MicroBatch]:
    found = []
    while (arrivals := source.poll(most, 0.05)) is not None:
        found.append(arrivals)
    return found


@pytest.mark.parametrize("most", [7, 40, 1_000])
def test_several_streams_are_merged_by_the_ids_of_their_entries(server: RedisServer, most: int) -> None:
    """400 exposures 20 s apart: one in ten in one stream, the others in two more; a fourth is empty."""
    start_ms = 1_700_000_000_000
    streams = [f"{name}-{most}" for name in ("web", "app", "tv", "radio")]
    with server.client() as client:
        for number in range(400):
            at_ms = start_ms + 20_000 * number
            said = exposure_message(
                event_id=f"e{number}", user_id=1, item_id=2, timestamp_ms=at_ms, zone="Europe/Berlin"
            )
            stream = streams[2 if number % 10 == 0 else number % 2]
            client.xadd(stream, {"event": said}, id=f"{at_ms}-0")
    source = several(server, streams)
    source.start_after({})
    found = polled(source, most)
    times = [time for each in found for time in each.exposures["timestamp_ms"].to_pylist()]
    assert times == [start_ms + 20_000 * number for number in range(400)]
    assert max(each.offset_ranges.messages for each in found) <= most
    partitions = [name for each in found for name in each.exposures["partition"].to_pylist()]
    assert partitions[:3] == [streams[2], streams[1], streams[0]]
    last = {stream: end for each in found[:2] for stream, (_, end) in each.offset_ranges.ranges.items()}
    later = several(server, streams[::-1])  # the same source
    later.start_after(last)
    rest = sum(each.offset_ranges.messages for each in polled(later, most))
    assert rest == 400 - sum(each.offset_ranges.messages for each in found[:2])
    source.acknowledge(
        {stream: end for each in found for stream, (_, end) in each.offset_ranges.ranges.items()}
    )
    with server.client() as client:
        assert [client.xpending(stream, "interestclock")["pending"] for stream in streams] == [0] * 4
    source.close()
    later.close()


def test_a_stream_is_at_its_end_when_the_server_says_so(server: RedisServer) -> None:
    streams = ["end-a", "end-b", "end-c"]
    source = several(server, streams)
    source.start_after({})
    with server.client() as client:
        for number in range(9):
            client.xadd(streams[number % 2], {"event": b"{}"}, id=f"{1_000 + number}-0")
        assert source.poll(2, 0.05) is not None
        assert source.at_end(source.partitions()) == {"end-c"}  # of the others there is more
        polled(source)
        assert source.at_end(source.partitions()) == set(streams)
        client.xadd("end-b", {"event": b"{}"}, id="2000-0")
        assert source.at_end(source.partitions()) == {"end-a", "end-c"}
    source.close()


def test_nobody_is_at_its_end_in_an_outage(tmp_path: Path) -> None:
    away = RedisServer(tmp_path)
    away.start()
    try:
        source = several(away, ["a"])
        source.start_after({})
        assert source.poll(5, 0.01) is None
        assert source.at_end(["a"]) == {"a"}
    finally:
        away.stop()
    assert source.at_end(["a"]) == frozenset()
    source.close()


def several(server: RedisServer, streams: list[str]) -> RedisSource:
    return RedisSource(host="127.0.0.1", port=server.port, streams=streams, schema=REQUESTS)


def test_streams_that_are_held_come_once_when_a_reply_is_lost(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read and not handed out yet is not read again; what was lost on its way is."""
    streams = ["held-a", "held-b"]
    with server.client() as client:
        for number in range(30):
            client.xadd(streams[number % 2], {"event": b"{}"}, id=f"{1_000 + number}-0")
    source = several(server, streams)
    source.start_after({})
    first = source.poll(5, 0.05)
    deliver = source._client.xreadgroup

    def lost(*names: object, **limits: object) -> None:
        deliver(*names, **limits)
        raise redis.exceptions.TimeoutError("no reply")

    with monkeypatch.context() as patch:
        patch.setattr(source._client, "xreadgroup", lost)
        while source.poll(5, 0.01) is not None:
            pass
    assert first is not None
    offsets = [bad.offset for each in [first, *polled(source, 5)] for bad in each.bad]
    assert len(offsets) == len(set(offsets)) == 30
    assert offsets[0] == "1000-0"
    source.close()


@pytest.mark.parametrize("streams", [[], ["a", "a"], ["a", ""]])
def test_streams_are_named_once_each(streams: list[str]) -> None:
    with pytest.raises(ConfigError, match="name each once"):
        RedisSource(host="127.0.0.1", port=1, streams=streams, schema=REQUESTS)


def test_it_goes_on_where_it_is_told(server: RedisServer, stream: str) -> None:
    """Not where the group stands: what was delivered and not admitted comes again, nothing comes twice."""
    source = opened(server, stream)
    source.start_after({})
    whole = polled(source)
    source.close()
    later = opened(server, stream)
    later.start_after({stream: whole[1].offset_ranges.ranges[stream][1]})
    rest = polled(later)
    assert [each.offset_ranges.ranges for each in rest] == [each.offset_ranges.ranges for each in whole[2:]]
    for mine, theirs in zip(rest, whole[2:], strict=True):
        assert same(mine.exposures, theirs.exposures)
        assert same(mine.labels, theirs.labels)
        assert mine.bad == theirs.bad
    later.close()


def test_what_is_ours_is_acknowledged(server: RedisServer, stream: str) -> None:
    source = opened(server, stream)
    source.start_after({})
    whole = polled(source)
    with server.client() as client:
        source.acknowledge({stream: whole[0].offset_ranges.ranges[stream][1]})
        taken = sum(each.offset_ranges.messages for each in whole)
        assert client.xpending(stream, "interestclock")["pending"] == taken - whole[0].offset_ranges.messages
        source.acknowledge({stream: whole[-1].offset_ranges.ranges[stream][1]})
        assert client.xpending(stream, "interestclock")["pending"] == 0
    source.close()


def test_a_reply_that_is_lost_comes_again(
    server: RedisServer, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The group counts its entries as delivered, but nobody has them."""
    source = opened(server, stream)
    source.start_after({})
    first = source.poll(5, 0.05)
    deliver = source._client.xreadgroup

    def lost(*names: object, **limits: object) -> None:
        deliver(*names, **limits)
        raise redis.exceptions.TimeoutError("no reply")

    with monkeypatch.context() as patch:
        patch.setattr(source._client, "xreadgroup", lost)
        assert source.poll(7, 0.01) is None
    rest = polled(source)
    assert first is not None
    whole = opened(server, stream)
    whole.start_after({})
    everything = polled(whole, 1_000)[0]
    assert (
        first.offset_ranges.messages + sum(each.offset_ranges.messages for each in rest)
        == everything.offset_ranges.messages
    )
    assert rest[0].offset_ranges.ranges[stream][0] > first.offset_ranges.ranges[stream][1]
    source.close()
    whole.close()


def test_entries_trimmed_before_they_were_read_are_told(
    server: RedisServer, stream: str, caplog: pytest.LogCaptureFixture
) -> None:
    source = opened(server, stream)
    source.start_after({})
    first = source.poll(5, 0.05)
    source.poll(1, 0.05)
    assert first is not None
    assert "was trimmed" not in caplog.text
    with server.client() as client:
        client.xtrim(stream, maxlen=3, approximate=False)
    assert source.poll(100, 0.05) is not None
    assert caplog.text.count("the last one taken, was trimmed; entries between it and") == 1
    source.close()


@pytest.mark.parametrize("most", [1_000, 7], ids=["one poll", "several polls"])
def test_all_may_be_there_though_the_last_entry_read_was_trimmed(
    most: int, server: RedisServer, stream: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A stream that holds three entries: those that come are read, then those that came too fast are not."""
    source = opened(server, stream)
    source.start_after({})
    polled(source, most)
    with server.client() as client:
        for _ in range(4):
            add(client, stream, 3, maxlen=3)
            assert sum(each.offset_ranges.messages for each in polled(source, most)) == 3
        assert "was trimmed" not in caplog.text
        add(client, stream, 4, maxlen=3)
        assert sum(each.offset_ranges.messages for each in polled(source, most)) == 3
        assert caplog.text.count("was trimmed") == 1
        add(client, stream, 3, maxlen=3)  # all is read again
        assert sum(each.offset_ranges.messages for each in polled(source, most)) == 3
    assert caplog.text.count("was trimmed") == 1
    source.close()


def test_what_cannot_be_known_is_told(
    server: RedisServer, stream: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Taken up again behind an entry that is gone; a stream that was made anew; a server before Redis 7."""
    with server.client() as client:
        last = client.xrevrange(stream, count=1)[0][0].decode()
        add(client, stream, 3, maxlen=3)
        source = opened(server, stream)
        source.start_after({stream: last})
        assert sum(each.offset_ranges.messages for each in polled(source)) == 3
        assert caplog.text.count("was trimmed") == 1
        client.delete(stream)
        add(client, stream, 2, maxlen=3)
        assert source.poll(5, 0.05) is None  # the group went with it
        assert sum(each.offset_ranges.messages for each in polled(source)) == 2
        assert caplog.text.count("was trimmed") == 2
        known = source._client.xinfo_stream
        source._client.xinfo_stream = lambda name: {
            each: value for each, value in known(name).items() if each != "entries-added"
        }
        source.start_after({})
        polled(source)
        assert caplog.text.count("was trimmed") == 2
        add(client, stream, 1, maxlen=1)
        assert sum(each.offset_ranges.messages for each in polled(source)) == 1
        assert caplog.text.count("was trimmed") == 3
    source.close()


def test_what_was_read_of_a_stream_that_is_deleted_right_then_is_taken(
    server: RedisServer, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = opened(server, stream)
    asked = source._client.xinfo_stream

    def deleted(name: str) -> object:
        source._client.delete(name)
        return asked(name)

    source.start_after({})
    with monkeypatch.context() as patch:
        patch.setattr(source._client, "xinfo_stream", deleted)
        arrivals = source.poll(5, 0.05)
    assert arrivals is not None
    assert arrivals.offset_ranges.messages == 5
    source.close()


def add(client: redis.Redis, stream: str, entries: int, *, maxlen: int) -> None:
    """Add entries, and cut the stream to its newest."""
    for _ in range(entries):
        client.xadd(stream, {"event": b"{}"}, maxlen=maxlen, approximate=False)


def test_a_stream_deleted_while_it_is_awaited_is_made_again(server: RedisServer, stream: str) -> None:
    source = opened(server, stream)
    source.start_after({})
    polled(source)
    with server.client() as client, ThreadPoolExecutor(1) as waiting:
        awaited = waiting.submit(source.poll, 5, 5.0)
        while not any(each["cmd"] == "xreadgroup" for each in client.client_list()):
            pass
        client.delete(stream)
        assert awaited.result() is None
        client.xadd(stream, {"event": b"{}"})
    assert [each.offset_ranges.messages for each in polled(source)] == [1]
    source.close()


def test_an_entry_without_the_field_says_what_it_has(server: RedisServer) -> None:
    with server.client() as client:
        client.xadd("fields", {"evnt": b"{}", b"\xff": "1"})
    source = opened(server, "fields")
    source.start_after({})
    ((bad,),) = [each.bad for each in polled(source)]
    assert bad.reason == "the entry has no field 'event'; it has evnt, \\xff"
    assert "evnt" in bad.payload
    source.close()


def test_a_server_may_ask_for_a_password(server: RedisServer, stream: str) -> None:
    with server.client() as client:
        client.acl_setuser("reader", enabled=True, passwords=["+s3cret"], keys=["*"], commands=["+@all"])
        known = RedisSource(
            host="127.0.0.1",
            port=server.port,
            streams=[stream],
            schema=REQUESTS,
            username="reader",
            password="s3cret",
        )
        assert "s3cret" not in known.name
        known.start_after({})
        assert known.poll(5, 0.05) is not None
        known.close()
        unknown = RedisSource(
            host="127.0.0.1",
            port=server.port,
            streams=[stream],
            schema=REQUESTS,
            username="reader",
            password="no",
        )
        unknown.start_after({})
        with pytest.raises(LogError, match=r"give the user and password, as redis://USER:PASSWORD@HOST"):
            unknown.poll(5, 0.05)
        unknown.close()


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigError, match=r"-c constraints.txt '\.\[redis\]'"):
        RedisSource(host="127.0.0.1", port=1, streams=["plays"], schema=REQUESTS)


def test_a_server_that_goes_away_is_waited_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    server = RedisServer(tmp_path)
    server.start()
    try:
        said = messages(requests=4)
        with server.client() as client:
            for payload in said[:10]:
                client.xadd("plays", {"event": payload})
        source = opened(server, "plays")
        source.start_after({})
        assert sum(each.offset_ranges.messages for each in polled(source)) == 10
        server.stop()
        with caplog.at_level(logging.INFO):
            assert [source.poll(5, 0.01) for _ in range(4)] == [None] * 4
            server.start()
            with server.client() as client:
                for payload in said[10:]:
                    client.xadd("plays", {"event": payload})
            assert sum(each.offset_ranges.messages for each in polled(source, 1_000)) == len(said) - 10
        assert caplog.text.count("is away") == 1
        assert caplog.text.count("is back after") == 1
        impatient = opened(server, "plays", patience_s=0.05)
        impatient.start_after({})
        server.stop()
        with pytest.raises(LogError, match=r"is away for more than 0 s .* --resume: nothing is lost"):
            until_given_up(impatient)
        source.close()
        impatient.close()
    finally:
        server.stop()


def until_given_up(source: RedisSource) -> None:
    for _ in range(50):
        source.poll(5, 0.02)
