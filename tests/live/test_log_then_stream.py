"""A log and then its stream, learned in one lineage: the same to the bit as one stream all along."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from in_memory import HOUR_MS, REQUESTS, requests_log
from kafka_mock import KafkaMock
from killed_runs import check_same, last_checkpoint, predictions
from message_stream import MessageStream, as_archive, as_messages, between_requests
from redis_server import SERVER, RedisServer
from slow_but import slow_but
from small_live import LIVE

from goldens.extract import final_state
from interestclock.live import LiveRun
from interestclock.streams import (
    EmbeddedLogSource,
    EmbeddedLogWriter,
    HybridSource,
    KafkaSource,
    LiveSource,
    RedisSource,
    followers_of,
)

OVERLAP_MS = 3 * HOUR_MS


class KilledError(Exception):
    pass


def config(lateness_ms: int, *, archive: bool, then_from_ms: int | None = None):
    admission = replace(
        LIVE.admission, lateness_ms=lateness_ms, archive_first=archive, then_from_ms=then_from_ms
    )
    return replace(LIVE, admission=admission, poll_messages=50, idle_seconds=3_600)


@pytest.fixture(scope="module")
def events() -> pa.Table:
    return requests_log(8, requests=150, delay_ms=HOUR_MS)


def parts(events: pa.Table) -> tuple[pa.Table, list[bytes]]:
    """The archive's rows, and messages that begin some hours before its end."""
    cut = between_requests(events, 0.5)
    from_ms = events["timestamp_ms"][cut].as_py() - OVERLAP_MS
    return events.slice(0, cut), [said for at_ms, said in as_messages(events) if at_ms >= from_ms]


def learned(source: LiveSource, folder: Path, set_to, *, resume: bool = False) -> LiveRun:
    with LiveRun(source, folder, config=set_to, resume=resume) as run:
        run.run()
    return run


def by_id(folder: Path) -> dict[str, tuple]:
    columns = predictions(folder).to_pydict()
    ids = columns.pop("event_id")
    rows = list(zip(*columns.values(), strict=True))
    assert len(set(ids)) == len(ids)
    return dict(zip(ids, rows, strict=True))


def without_counters(run: LiveRun) -> dict:
    return {name: each for name, each in final_state(run).items() if name != "counters"}


@pytest.mark.parametrize("lateness_ms", slow_but([HOUR_MS], [0, HOUR_MS, 10 * OVERLAP_MS]))
def test_a_log_then_its_stream_is_one_stream(lateness_ms: int, events: pa.Table, tmp_path: Path) -> None:
    rows, overlapping = parts(events)
    all_along = MessageStream([said for _, said in as_messages(events)])
    one = learned(all_along, tmp_path / "one", config(lateness_ms, archive=False))
    source = HybridSource(as_archive(rows), MessageStream(overlapping))
    two = learned(source, tmp_path / "two", config(lateness_ms, archive=True))
    assert by_id(tmp_path / "one") == by_id(tmp_path / "two")
    assert without_counters(one) == without_counters(two)
    (_, first), (_, second) = last_checkpoint(tmp_path / "one"), last_checkpoint(tmp_path / "two")
    for name in first:
        if name.startswith(("ranker/dense/", "learner/", "ranker/weight", "numbers")):
            np.testing.assert_array_equal(first[name], second[name], err_msg=name)
    counts = two.trainer.buffer.counters
    assert counts.learned == events.num_rows
    assert counts.add_up()
    assert counts.late_exposures == counts.late_labels == counts.late_after_idle == counts.orphan_labels == 0
    assert (counts.in_archive > 0) == (lateness_ms < OVERLAP_MS)
    assert counts.duplicates > 0  # labels, at least, that the archive has beforehand


@pytest.mark.parametrize("after", slow_but([4], range(8)))
def test_killed_about_the_turn(after: int, events: pa.Table, tmp_path: Path) -> None:
    """225 rows in arrivals of 50: the last of the archive is the fifth; then comes the tick that turns."""
    rows, overlapping = parts(events)
    set_to = config(HOUR_MS, archive=True)

    def source() -> HybridSource:
        return HybridSource(as_archive(rows), MessageStream(overlapping))

    assert -(-rows.num_rows // 50) == 5
    learned(source(), tmp_path / "straight", set_to)
    journalled = iter(range(after))
    with LiveRun(source(), tmp_path / "run", config=set_to) as run:
        append = run._files.admission._log.append

        def killing(cut):
            position = append(cut)
            if next(journalled, None) is None:
                raise KilledError  # written down, and nothing made of it
            return position

        run._files.admission._log.append = killing
        with pytest.raises(KilledError):
            run.run()
    learned(source(), tmp_path / "run", set_to, resume=True)
    same = ("ranker/", "learner/", "features/", "admission/exposures", "admission/counters", "numbers")
    check_same(tmp_path / "straight", tmp_path / "run", only=(*same, "admission/in_archive_before_ms"))


@pytest.mark.parametrize("stops", slow_but([6], [5, 6, 7]))
def test_stopped_about_the_turn_and_resumed(stops: int, events: pa.Table, tmp_path: Path) -> None:
    """A checkpoint holds whether the archive has ended."""
    rows, overlapping = parts(events)
    set_to = config(HOUR_MS, archive=True)
    learned(HybridSource(as_archive(rows), MessageStream(overlapping)), tmp_path / "straight", set_to)
    source = HybridSource(as_archive(rows), MessageStream(overlapping))
    with LiveRun(source, tmp_path / "run", config=set_to) as run:
        told = iter(range(stops - 1))

        def tell() -> None:
            run.stopping = next(told, None) is None

        run.run(tell)
    again = HybridSource(as_archive(rows), MessageStream(overlapping))
    learned(again, tmp_path / "run", set_to, resume=True)
    same = ("ranker/", "learner/", "features/", "admission/exposures", "admission/counters", "numbers")
    check_same(tmp_path / "straight", tmp_path / "run", only=same)


def test_a_stream_that_begins_where_the_archive_is_said_to_end(events: pa.Table, tmp_path: Path) -> None:
    """No event ids in the archive: --then-from alone tells, and labels of its rows come to nothing."""
    cut = between_requests(events, 0.5)
    from_ms = events["timestamp_ms"][cut].as_py()
    archive = as_archive(events.slice(0, cut), event_ids=False)
    said = [payload for _, payload in as_messages(events)]
    set_to = config(HOUR_MS, archive=True, then_from_ms=from_ms)
    run = learned(HybridSource(archive, MessageStream(said), from_ms=from_ms), tmp_path / "run", set_to)
    counts = run.trainer.buffer.counters
    before = [at_ms for at_ms, _ in as_messages(events) if at_ms < from_ms]
    assert counts.in_archive == len(before)
    assert (counts.learned, counts.duplicates, counts.late_exposures) == (events.num_rows, 0, 0)
    assert counts.orphan_labels > 0
    assert counts.add_up()
    ids = set(by_id(tmp_path / "run"))
    assert ids == {f"row {row}" for row in range(1, cut + 1)} | {
        f"e{row}" for row in range(cut + 1, events.num_rows + 1)
    }


def test_a_gap_is_said(events: pa.Table, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cut, later = between_requests(events, 0.4), between_requests(events, 0.6)
    said = [payload for _, payload in as_messages(events.slice(later))]
    source = HybridSource(as_archive(events.slice(0, cut)), MessageStream(said))
    with caplog.at_level(logging.WARNING, "interestclock.source"):
        learned(source, tmp_path / "run", config(0, archive=True))
    assert len([each for each in caplog.records if "is in neither" in each.getMessage()]) == 1


@pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")
def test_with_redis(events: pa.Table, tmp_path: Path) -> None:
    """The archive, then two streams of a server: as from one stream of messages in memory."""
    rows, overlapping = parts(events)
    all_along = MessageStream([said for _, said in as_messages(events)])
    learned(all_along, tmp_path / "one", config(10 * OVERLAP_MS, archive=False))
    server = RedisServer(tmp_path)
    server.start()
    try:
        with server.client() as client:
            for number, payload in enumerate(overlapping):
                client.xadd(("app", "web")[number % 3 == 0], {"event": payload}, id=f"{number + 1}-0")
        received = rows.num_rows + len(overlapping)
        run = until_received(archive_then_redis(rows, server.port), tmp_path / "two", received - 150)
        run = until_received(archive_then_redis(rows, server.port), tmp_path / "two", received, resume=True)
        with server.client() as client:
            assert [client.xpending(name, "interestclock")["pending"] for name in ("app", "web")] == [0, 0]
    finally:
        server.stop()
    run.trainer.finish()
    counts = run.trainer.buffer.counters
    assert (counts.learned, counts.in_archive, counts.late_exposures) == (events.num_rows, 0, 0)
    assert counts.duplicates > 0
    whole, so_far = by_id(tmp_path / "one"), by_id(tmp_path / "two")
    assert len(so_far) > rows.num_rows
    assert so_far.items() <= whole.items()


def test_with_an_embedded_log(events: pa.Table, tmp_path: Path) -> None:
    """The archive, then the log that it was written from, which goes on meanwhile."""
    rows, overlapping = parts(events)
    all_along = MessageStream([said for _, said in as_messages(events)])
    learned(all_along, tmp_path / "one", config(10 * OVERLAP_MS, archive=False))
    received = rows.num_rows + len(overlapping)
    with EmbeddedLogWriter(tmp_path / "log", segment_bytes=5_000) as writer:
        writer.append(overlapping[:-100])
        source = HybridSource(as_archive(rows), EmbeddedLogSource(tmp_path / "log", schema=REQUESTS))
        until_received(source, tmp_path / "two", received - 150)
        writer.append(overlapping[-100:])
        source = HybridSource(as_archive(rows), EmbeddedLogSource(tmp_path / "log", schema=REQUESTS))
        run = until_received(source, tmp_path / "two", received, resume=True)
    assert [each.offset for each in followers_of(tmp_path / "log")] == [len(overlapping)]
    run.trainer.finish()
    counts = run.trainer.buffer.counters
    assert (counts.learned, counts.in_archive, counts.late_exposures) == (events.num_rows, 0, 0)
    assert counts.duplicates > 0
    whole, so_far = by_id(tmp_path / "one"), by_id(tmp_path / "two")
    assert len(so_far) > rows.num_rows
    assert so_far.items() <= whole.items()


@pytest.mark.slow
def test_with_kafka(events: pa.Table, tmp_path: Path) -> None:
    """The archive, then a topic of four partitions, which reach back behind the archive's watermark."""
    confluent_kafka = pytest.importorskip("confluent_kafka")
    rows = events.slice(0, between_requests(events, 0.5))
    from_ms = events["timestamp_ms"][rows.num_rows].as_py() - OVERLAP_MS
    overlapping = [(at_ms, said) for at_ms, said in as_messages(events) if at_ms >= from_ms]
    learned(
        MessageStream([said for _, said in as_messages(events)]), tmp_path / "one", config(0, archive=False)
    )
    received = rows.num_rows + len(overlapping)
    with KafkaMock() as address:
        producer = confluent_kafka.Producer({"bootstrap.servers": address, "log_level": 2})
        for at_ms, said in overlapping:  # those of one moment stay in their order
            producer.produce("plays", said, partition=at_ms // 900_000 % 4, timestamp=at_ms)
        assert producer.flush(10) == 0
        for resume, messages in ((False, received - 150), (True, received)):
            stream = KafkaSource(brokers=address, topic="plays", schema=REQUESTS)
            source = HybridSource(as_archive(rows), stream)
            run = until_received(source, tmp_path / "two", messages, lateness_ms=HOUR_MS, resume=resume)
    run.trainer.finish()
    counts = run.trainer.buffer.counters
    assert (counts.learned, counts.late_exposures, counts.late_after_idle) == (events.num_rows, 0, 0)
    assert counts.in_archive > 0
    assert counts.duplicates > 0
    whole, so_far = by_id(tmp_path / "one"), by_id(tmp_path / "two")
    assert len(so_far) > rows.num_rows
    assert so_far.items() <= whole.items()


def archive_then_redis(rows: pa.Table, port: int) -> HybridSource:
    stream = RedisSource(host="127.0.0.1", port=port, streams=["app", "web"], schema=REQUESTS)
    return HybridSource(as_archive(rows), stream)


def until_received(
    source: LiveSource,
    folder: Path,
    messages: int,
    *,
    lateness_ms: int = 10 * OVERLAP_MS,
    resume: bool = False,
) -> LiveRun:
    until_s = time.monotonic() + 60
    with LiveRun(source, folder, config=config(lateness_ms, archive=True), resume=resume) as run:

        def tell() -> None:
            run.stopping = run.trainer.buffer.counters.received >= messages or time.monotonic() > until_s

        run.run(tell)
    return run
