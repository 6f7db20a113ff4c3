"""Answers reach the log in order, whatever befalls it, and nobody waits for that."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from embedded_logs import messages_in
from redis_server import SERVER, RedisServer
from waiting import wait_for

from interestclock.errors import ConfigError
from interestclock.service import ServedCounts, ServedLog
from interestclock.streams import EmbeddedLogWriter, open_event_log
from interestclock.streams.append_queue import MOST_MESSAGE_BYTES

_FSYNC = "interestclock.streams.segment_files.os.fsync"


def message(number: int) -> bytes:
    return b'{"served":"r%d","user_id":7,"timestamp_ms":9,"zone":"UTC","items":[]}' % number


def broken(descriptor: int) -> None:
    raise OSError(5, "Input/output error")


def test_answers_are_in_the_log_in_order(tmp_path: Path) -> None:
    with EmbeddedLogWriter(tmp_path) as writer:
        served = ServedLog(writer)
        assert all(served.append(message(number)) for number in range(50))
        writer.append([b"an exposure"])  # handed over behind them
        served.close()
        served.close()
        assert served.append(message(50)) is False
    assert messages_in(tmp_path) == [*map(message, range(50)), b"an exposure"]
    assert served.counts() == ServedCounts(appended=50, held=0, lost=1)


def test_nobody_waits_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, fsync = threading.Event(), os.fsync
    with EmbeddedLogWriter(tmp_path) as writer:
        served = ServedLog(writer)
        with monkeypatch.context() as patch:
            patch.setattr(_FSYNC, lambda descriptor: (go_on.wait(60), fsync(descriptor)))
            assert all(served.append(message(number)) for number in range(20))
            assert served.counts().appended == 0
            go_on.set()
            wait_for(lambda: served.counts().appended == 20)
        served.close()


def test_what_comes_while_the_disk_is_broken_is_appended_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with EmbeddedLogWriter(tmp_path) as writer:
        served = ServedLog(writer)
        with monkeypatch.context() as patch:
            patch.setattr(_FSYNC, broken)
            assert served.append(message(0))  # nobody knows yet
            wait_for(lambda: served.away is not None)
            assert "Input/output error" in str(served.away)
            assert not any(served.append(message(number)) for number in range(1, 5))
            assert served.counts() == ServedCounts(appended=0, held=5, lost=0)
        wait_for(lambda: served.away is None)
        assert served.append(message(5))
        served.close()
    assert messages_in(tmp_path) == [message(number) for number in range(6)]
    assert caplog.text.count("are not logged for now, and held") == 1


def test_what_there_is_no_room_for_is_lost_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with EmbeddedLogWriter(tmp_path) as writer:
        served = ServedLog(writer, most_held_bytes=2 * len(message(0)))
        with monkeypatch.context() as patch:
            patch.setattr(_FSYNC, broken)
            served.append(message(0))
            wait_for(lambda: served.away is not None)
            assert not any(served.append(message(number)) for number in range(1, 5))
            assert served.counts() == ServedCounts(appended=0, held=2, lost=3)
        wait_for(lambda: served.away is None)
        served.close()
    assert messages_in(tmp_path) == [message(0), message(1)]
    assert caplog.text.count("exposures of them will be orphans") == 1


def test_what_no_log_takes_holds_up_nothing(tmp_path: Path) -> None:
    with EmbeddedLogWriter(tmp_path) as writer:
        served = ServedLog(writer)
        assert not served.append(b" " * (MOST_MESSAGE_BYTES + 1))
        assert served.append(message(0))
        served.close()
    assert served.counts() == ServedCounts(appended=1, held=0, lost=1)
    assert messages_in(tmp_path) == [message(0)]


def test_a_log_that_stays_broken_keeps_nobody_from_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedLogWriter(tmp_path) as writer:
        served = ServedLog(writer)
        with monkeypatch.context() as patch:
            patch.setattr(_FSYNC, broken)
            served.append(message(0))
            wait_for(lambda: served.away is not None)
            served.append(message(1))
            served.close()
        assert served.counts() == ServedCounts(appended=0, held=0, lost=2)
    assert messages_in(tmp_path) == []


def test_a_full_queue_is_said_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, fsync = threading.Event(), threading.Event(), os.fsync

    def wait(descriptor: int) -> None:
        begun.set()
        assert go_on.wait(60)
        fsync(descriptor)

    with EmbeddedLogWriter(tmp_path, most_waiting_bytes=250) as writer:
        served = ServedLog(writer)
        with monkeypatch.context() as patch:
            patch.setattr(_FSYNC, wait)
            assert served.append(message(0))
            assert begun.wait(60)
            assert served.append(message(1))
            assert not served.append(message(2))
            go_on.set()
            wait_for(lambda: served.counts().appended == 2)
        assert served.append(message(3))
        served.close()
    assert served.counts().lost == 1
    assert messages_in(tmp_path) == [message(0), message(1), message(3)]


@pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")
def test_a_broker_that_comes_back_has_what_was_answered_meanwhile(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    log = open_event_log(f"redis://127.0.0.1:{server.port}/plays")  # nobody is there yet
    served = ServedLog(log)
    served.append(message(0))
    wait_for(lambda: served.away is not None)
    assert served.append(message(1)) is False
    server.start()
    try:
        wait_for(lambda: served.away is None)
        assert served.append(message(2))
        served.close()
        log.close()
        with server.client() as client:
            found = [fields[b"event"] for _, fields in client.xrange("plays")]
    finally:
        server.stop()
    assert found == [message(0), message(1), message(2)]


def test_nothing_to_hold_is_refused(tmp_path: Path) -> None:
    with EmbeddedLogWriter(tmp_path) as writer, pytest.raises(ConfigError, match="most_held_bytes is 0"):
        ServedLog(writer, most_held_bytes=0)
