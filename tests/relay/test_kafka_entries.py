"""Entries in a Kafka topic of one partition; whatever comes twice counts once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from admitted_tables import SCHEMA, admitted
from kafka_mock import KafkaMock

from interestclock.admission import AdmissionConfig, AdmittedEntry, AdmittedLog
from interestclock.errors import LogError, ResultError
from interestclock.relay import (
    AdmittedPublisher,
    AdmittedSettings,
    AdmittedSource,
    open_admitted,
    open_publication,
    publisher,
)

confluent_kafka = pytest.importorskip("confluent_kafka")
SETTINGS = AdmittedSettings(source="log:///plays", schema=SCHEMA, admission=AdmissionConfig(ahead_ms=7))
TOPICS = ("one", "away", "twice", "foreign", "empty", "other")


@pytest.fixture(scope="module")
def cluster() -> KafkaMock:
    return KafkaMock(dict.fromkeys(TOPICS, 1) | {"four": 4})


@pytest.fixture(scope="module")
def address(cluster: KafkaMock) -> Iterator[str]:
    with cluster as address:
        yield address


def appended(folder: Path, entries: int, *, exposures: int = 3) -> list[AdmittedEntry]:
    log = AdmittedLog(folder, followed=True)
    for _ in range(entries):
        assert log.next_arrival is not None
        log.append(admitted(first_arrival=log.next_arrival, exposures=exposures, labels=1))
    log.close()
    return [entry for _, entry in log.read_after(0)]


def wait_for_all(each: AdmittedPublisher) -> None:
    until_s = time.monotonic() + 30
    while each._left():
        each.check()
        assert time.monotonic() < until_s
        time.sleep(0.01)


def published(folder: Path, url: str) -> None:
    publication = open_publication(url)
    try:
        with AdmittedPublisher(folder, publication, first=1, settings=SETTINGS) as each:
            wait_for_all(each)
    finally:
        publication.close()


def source_on(url: str, position: int = 0) -> AdmittedSource:
    source = open_admitted(f"admitted+{url}", group="trainer")
    source.start_after({"entry": str(position)})
    return source


def read(source: AdmittedSource, entries: int) -> list[AdmittedEntry]:
    found: list[AdmittedEntry] = []
    until_s = time.monotonic() + 20
    while len(found) < entries and time.monotonic() < until_s:
        found += [each for each in [source.next_entry(0.2)] if each is not None]
    assert source.next_entry(0.1) is None
    source.close()
    return found


def test_they_are_read_as_they_were_admitted(address: str, tmp_path: Path) -> None:
    url = f"kafka://{address}/one"
    entries = appended(tmp_path / "log", 40)
    published(tmp_path / "log", url)
    source = source_on(url)
    assert (source.schema, source.admission, source.items()) == (SETTINGS.schema, SETTINGS.admission, None)
    assert read(source, 40) == entries
    assert read(source_on(url, 33), 7) == entries[33:]
    assert read(source_on(url, 40), 0) == []
    entries = appended(tmp_path / "log", 3)
    published(tmp_path / "log", url)
    assert read(source_on(url, 39), 4) == entries[39:]


def test_brokers_that_are_away_are_waited_for_on_both_sides(
    cluster: KafkaMock,
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(publisher, "_LONGEST_PAUSE_S", 0.1)
    url = f"kafka://{address}/away"
    appended(tmp_path / "log", 5)
    published(tmp_path / "log", url)
    source = source_on(url)
    assert source.next_entry(5.0) is not None
    cluster.set_down(True)
    publication = open_publication(url)
    with AdmittedPublisher(tmp_path / "log", publication, first=1, settings=SETTINGS) as each:
        entries = appended(tmp_path / "log", 20)
        until_s = time.monotonic() + 30
        while "away is away" not in caplog.text:
            assert time.monotonic() < until_s
            source.next_entry(0.05)
        cluster.set_down(False)
        wait_for_all(each)
    source.close()
    publication.close()
    assert read(source_on(url), 25) == entries


def test_what_comes_twice_counts_once(address: str, tmp_path: Path) -> None:
    """As from a publisher that was killed while a record was on its way."""
    url = f"kafka://{address}/twice"
    entries = appended(tmp_path / "log", 12)
    published(tmp_path / "log", url)
    publication = open_publication(url)
    last = publication.last()
    assert last is not None
    assert last.number == 12
    assert last.record is not None
    publication.publish([(12, last.record)] * 3)
    publication.close()
    entries = appended(tmp_path / "log", 8)
    published(tmp_path / "log", url)
    assert read(source_on(url), 20) == entries
    for position in (5, 12, 13, 19):
        assert read(source_on(url, position), 20 - position) == entries[position:]


def test_topics_that_cannot_be_are_refused(address: str, tmp_path: Path) -> None:
    producer = confluent_kafka.Producer({"bootstrap.servers": address, "log_level": 2})
    producer.produce("foreign", b"{}", partition=0)
    assert producer.flush(10) == 0
    appended(tmp_path / "log", 4)
    several = "has 4 partitions; create a topic with one partition for it, since entries have one order"
    with pytest.raises(ResultError, match="holds something else than entries of an admitted log"):
        published(tmp_path / "log", f"kafka://{address}/foreign")
    for topic, message in (("four", several), ("nowhere", "nowhere is not there; create a topic with one")):
        with pytest.raises(ResultError, match=message):
            published(tmp_path / "log", f"kafka://{address}/{topic}")
        with pytest.raises(ResultError, match=message):
            source_on(f"kafka://{address}/{topic}")
    with pytest.raises(LogError, match=r"nothing is published there; start 'features follow \.\.\. --admit"):
        source_on(f"kafka://{address}/empty")
    published(tmp_path / "log", f"kafka://{address}/other")
    appended(tmp_path / "log2", 4, exposures=2)
    with pytest.raises(ResultError, match="entry 4 is another one than in"):
        published(tmp_path / "log2", f"kafka://{address}/other")
