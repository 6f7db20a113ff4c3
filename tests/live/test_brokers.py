"""From a broker, killed and taken up again: every event learned once, as the admitted log has it."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from in_memory import REQUESTS
from kafka_mock import KafkaMock
from killed_runs import (
    BROKERS,
    check_same,
    finished,
    killed,
    last_checkpoint,
    predictions,
    train_on_kafka,
    train_on_log,
    train_on_redis,
)
from live_stream import messages, timed_messages
from redis_server import SERVER, RedisServer
from small_live import LIVE

from interestclock.admission import AdmissionConfig, EventBuffer
from interestclock.arrays import below
from interestclock.events import exposure_message
from interestclock.live import LiveRun
from interestclock.streams import EmbeddedLogWriter, followers_of, open_live
from interestclock.training import TrainConfig

Train = Callable[[int, Path, bool], None]


def check_killed_and_replayed(train: Train, sent: int, folder: Path, *, kills: int) -> None:
    """Kill it on the way, let it finish, and learn it again in one go from the first checkpoint on."""
    draw, run, again = random.Random(1), folder / "run", folder / "again"
    done = 0
    for _ in range(10 * kills):
        done += killed(partial(train, sent), run, after_s=draw.uniform(0.0, 0.4))
        if done == kills:
            break
    assert done == kills, f"the run ended after {done} kills; make it longer"
    finished(partial(train, sent), run, resume=True)
    copied_from_first_checkpoint(run, again)
    finished(partial(train, sent), again, resume=True)
    check_same(run, again)
    check_once(run, sent)


def copied_from_first_checkpoint(run: Path, to: Path) -> None:
    shutil.copytree(run, to)
    for later in sorted((to / "checkpoints").iterdir())[1:]:
        shutil.rmtree(later)


def check_once(folder: Path, sent: int) -> None:
    buffer = EventBuffer(REQUESTS, config=BROKERS.admission)
    _, state = last_checkpoint(folder)
    buffer.restore(below("admission", state))
    counters = buffer.counters
    assert counters.received == sent
    assert counters.add_up()
    assert counters.dead_letters == len((folder / "dead-letters.jsonl").read_text().splitlines()) > 0
    event_ids = predictions(folder)["event_id"].to_pylist()
    assert len(event_ids) == len(set(event_ids)) > 0
    assert counters.duplicates > 0
    assert counters.late_exposures == counters.late_labels == counters.orphan_labels == 0


def test_an_embedded_log(tmp_path: Path) -> None:
    log, said = tmp_path / "log", messages(requests=150)
    with EmbeddedLogWriter(log, segment_bytes=5_000) as writer:
        for payload in said:
            writer.submit([payload])
    check_killed_and_replayed(partial(train_on_log, log), len(said), tmp_path, kills=5)
    assert [each.offset for each in followers_of(log)] == [len(said)]
    EmbeddedLogWriter(log, keep_hours=0).close()  # all of it may go
    copied_from_first_checkpoint(tmp_path / "run", tmp_path / "dropped")
    finished(partial(train_on_log, log, len(said)), tmp_path / "dropped", resume=True)
    check_same(tmp_path / "run", tmp_path / "dropped")  # what was admitted is not asked for again


@pytest.mark.slow
@pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")
def test_redis_streams(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    server.start()
    try:
        said = messages(requests=150)
        with server.client() as client:
            for number, payload in enumerate(said):
                client.xadd(("app", "web")[number % 3 == 0], {"event": payload})
            check_killed_and_replayed(partial(train_on_redis, server.port), len(said), tmp_path, kills=5)
            client.xtrim("web", maxlen=10, approximate=False)
            pending = [client.xpending(stream, "interestclock")["pending"] for stream in ("app", "web")]
            assert pending == [0, 0]
        copied_from_first_checkpoint(tmp_path / "run", tmp_path / "trimmed")
        finished(partial(train_on_redis, server.port, len(said)), tmp_path / "trimmed", resume=True)
        check_same(tmp_path / "run", tmp_path / "trimmed")  # what was admitted is not asked for again
    finally:
        server.stop()


@pytest.mark.slow
def test_kafka(tmp_path: Path) -> None:
    confluent_kafka = pytest.importorskip("confluent_kafka")
    with KafkaMock() as address:
        producer = confluent_kafka.Producer({"bootstrap.servers": address, "log_level": 2})
        said = timed_messages(requests=150)
        for number, (time_ms, payload) in enumerate(said):
            producer.produce("plays", payload, partition=number % 4, timestamp=time_ms)  # all that it has
        assert producer.flush(10) == 0
        check_killed_and_replayed(partial(train_on_kafka, address), len(said), tmp_path, kills=5)


def test_a_backlog_of_a_topic_is_learned(tmp_path: Path) -> None:
    """400 exposures 20 s apart in four partitions: with the command's settings, all in time, in a while."""
    confluent_kafka = pytest.importorskip("confluent_kafka")
    (tmp_path / "plays.toml").write_text('[labels]\nfinish = "finish"\n[attributes]\ngenre = "genre"\n')
    with KafkaMock() as address:
        producer = confluent_kafka.Producer({"bootstrap.servers": address, "log_level": 2})
        for number in range(400):
            at_ms = 1_700_000_000_000 + 20_000 * number
            said = exposure_message(
                event_id=f"e{number}",
                user_id=number % 7,
                item_id=number % 11,
                timestamp_ms=at_ms,
                zone="UTC",
                attributes={"genre": ["rock"]},
            )
            producer.produce("plays", said, partition=number % 4, timestamp=at_ms)
        assert producer.flush(10) == 0
        source = open_live(f"kafka://{address}/plays", mapping=tmp_path / "plays.toml")
        config = replace(LIVE, admission=AdmissionConfig(), train=TrainConfig(batch_size=128))
        with LiveRun(source, tmp_path / "run", config=config) as run:
            counters, until_s = run.trainer.buffer.counters, time.monotonic() + 60

            def tell() -> None:
                run.stopping = counters.learned == 400 or time.monotonic() > until_s

            run.run(tell)
    assert (counters.received, counters.learned, counters.waiting) == (400, 400, 0)
