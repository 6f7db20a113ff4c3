"""Each entry once and in order, whatever the broker does; the log never waits for it."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest
from admitted_tables import SCHEMA, admitted
from hypothesis import given, settings
from hypothesis import strategies as st
from published import MemoryPublication
from waiting import wait_for

from interestclock.admission import AdmissionConfig, AdmittedLog
from interestclock.errors import ResultError
from interestclock.relay import AdmittedPublisher, AdmittedSettings, publisher
from interestclock.relay.records import RecordReader
from interestclock.streams import followers_of

SETTINGS = AdmittedSettings(source="log:///plays", schema=SCHEMA, admission=AdmissionConfig())


def append(log: AdmittedLog, entries: int) -> None:
    for _ in range(entries):
        assert log.next_arrival is not None
        log.append(admitted(first_arrival=log.next_arrival, exposures=1))


def publishing(folder: Path, publication: MemoryPublication, *, first: int = 1) -> AdmittedPublisher:
    return AdmittedPublisher(folder, publication, first=first, settings=SETTINGS)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "_FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(publisher, "_LONGEST_PAUSE_S", 0.002)


def test_what_comes_is_published_as_it_stands(tmp_path: Path) -> None:
    log, publication = AdmittedLog(tmp_path, segment_bytes=1_000, followed=True), MemoryPublication()
    append(log, 20)
    with publishing(tmp_path, publication) as each:
        wait_for(lambda: len(publication.records) == 20, seconds=20)
        append(log, 1)
        each.finish()
        assert each.position == 21
    reader = RecordReader("memory")
    read = [(number, reader.entry(record)) for number, record in publication.records]
    assert read == list(log.read_after(0))
    assert publication.asked == 1
    assert [(each.name, each.offset) for each in followers_of(tmp_path)] == [("publisher", 21)]


@settings(max_examples=15, deadline=None)
@given(fails=st.lists(st.integers(0, 15), max_size=6), stops=st.lists(st.integers(0, 9), max_size=3))
def test_each_once_whatever_breaks(
    fails: list[int], stops: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The line breaks after some of a call's records, and the process is stopped in between."""
    folder = tmp_path_factory.mktemp("log")
    log, publication = AdmittedLog(folder, followed=True), MemoryPublication()
    publication.fails = fails
    for entries in (*stops, 30):
        append(log, entries)
        with publishing(folder, publication):
            pass  # at once
    with publishing(folder, publication):
        wait_for(lambda: len(publication.records) >= log.position, seconds=20)
    assert publication.numbers == list(range(1, log.position + 1))


def test_a_broker_that_is_away_is_waited_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log, publication = AdmittedLog(tmp_path, segment_bytes=1, followed=True), MemoryPublication()
    publication.down = True
    with publishing(tmp_path, publication) as each:
        wait_for(lambda: publication.asked > 3, seconds=20)
        append(log, 40)
        log.drop_before(30)  # nobody but the publisher needs them
        assert log.first == 1
        each.check()
        each.finish()  # which does not wait for it
        assert "40 entries are not published yet; the next start does it" in caplog.text
        publication.down = False
        wait_for(lambda: len(publication.records) == 40, seconds=20)
        publication.down = True
        append(log, 1)
        asked = publication.asked
        wait_for(lambda: publication.asked > asked + 3, seconds=20)
        publication.down = False
        wait_for(lambda: len(publication.records) == 41, seconds=20)
        wait_for(lambda: caplog.text.count("is back after") == 2, seconds=20)
    assert publication.numbers == list(range(1, 42))
    assert caplog.text.count("memory://records is away (refused); ") == 2
    log.drop_before(30)
    assert log.first == 31


def test_what_a_broker_lost_is_published_again(tmp_path: Path) -> None:
    log, publication = AdmittedLog(tmp_path, followed=True), MemoryPublication()
    append(log, 30)
    with publishing(tmp_path, publication) as each:
        each.finish()
    del publication.records[12:]
    with publishing(tmp_path, publication) as each:
        wait_for(lambda: len(publication.records) == 30, seconds=20)
    assert publication.numbers == list(range(1, 31))


def error_of(folder: Path, publication: MemoryPublication, *, first: int = 1) -> str:
    with publishing(folder, publication, first=first) as each:
        until_s = time.monotonic() + 20
        while time.monotonic() < until_s:
            try:
                each.check()
            except ResultError as error:
                return str(error)
            time.sleep(0.002)
    return "none"


def test_what_cannot_be_made_good_is_an_error(tmp_path: Path) -> None:
    log, publication = AdmittedLog(tmp_path / "a", segment_bytes=1, followed=True), MemoryPublication()
    append(log, 9)
    with publishing(tmp_path / "a", publication) as each:
        each.finish()
    other = AdmittedLog(tmp_path / "b", followed=True)
    append(other, 3)
    said = error_of(tmp_path / "b", publication)
    assert "memory://records ends with entry 9, and" in said
    assert "with 3: it is of another store, or this one was brought back from a copy; name another" in said
    for _ in range(6):
        other.append(admitted(first_arrival=other.next_arrival or 0, exposures=0, labels=1))
    said = error_of(tmp_path / "b", publication)
    assert "memory://records: entry 9 is another one than in" in said
    log.drop_before(6)
    publication.records = publication.records[:3]
    assert "the log begins with entry 7" in error_of(tmp_path / "a", publication)


def test_a_log_whose_first_entries_are_gone_is_not_published(tmp_path: Path) -> None:
    log = AdmittedLog(tmp_path, segment_bytes=1, followed=True)
    append(log, 9)
    log.drop_before(4)
    with pytest.raises(ResultError, match="begins with entry 5, and nothing of it was published to memory"):
        publishing(tmp_path, MemoryPublication(), first=log.first)
    assert not followers_of(tmp_path)
