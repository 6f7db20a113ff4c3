"""What is posted is in a rank's features once the updater has it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
from in_memory import HOUR_MS, REQUESTS
from redis_server import SERVER, RedisServer
from served_trainer import EACH
from small_service import PATIENT, asking

from interestclock.admission import AdmissionConfig
from interestclock.client import Ranked
from interestclock.service import EventService, RankingService, ReopenedStore
from interestclock.serving import Rankers
from interestclock.store import open_store
from interestclock.streams import (
    EmbeddedLogSource,
    EmbeddedLogWriter,
    EventLog,
    LiveSource,
    RedisSource,
    open_event_log,
)
from interestclock.timeofday import TimeSource
from interestclock.updater import FeatureUpdater, UpdaterConfig

WITHIN_S = 60.0  # of a machine that does much else; what it took is printed
CONFIG = UpdaterConfig(
    admission=AdmissionConfig(lateness_ms=60_000, label_wait_ms=HOUR_MS), longest=EACH.longest
)


@contextmanager
def updating(source: LiveSource, store: Path) -> Iterator[None]:
    with FeatureUpdater(source, store, config=CONFIG) as updater:
        thread = threading.Thread(target=updater.run)
        thread.start()
        try:
            yield
        finally:
            updater.stopping = True
            thread.join()


async def known(client: httpx.AsyncClient) -> tuple[int, Ranked]:
    response = await client.post(
        "/v1/rank", json={"user": "eve", "candidates": ["a", "b"], "zone": "Europe/Berlin"}
    )
    assert response.status_code == 200, response.text
    answer = msgspec.json.decode(response.content, type=Ranked)
    return answer.known_behaviours, answer


async def post_and_wait(client: httpx.AsyncClient, number: int) -> float:
    """Seconds from sending an exposure that was finished until a rank has it among its behaviours."""
    before, _ = await known(client)
    now_ms = TimeSource().now_ms()
    batch = [
        {"event_id": f"e{number}", "user_id": "eve", "item_id": "a", "timestamp_ms": now_ms, "zone": "UTC"},
        {"label_of": f"e{number}", "label": "finish", "value": 1, "known_ms": now_ms},
    ]
    began_s = time.monotonic()
    response = await client.post("/v1/events", json=batch)
    assert response.status_code == 200, response.text
    while True:
        behaviours, answer = await known(client)
        if behaviours > before:
            assert (behaviours, answer.without_store) == (before + 1, None)
            return time.monotonic() - began_s
        assert time.monotonic() < began_s + WITHIN_S
        await asyncio.sleep(0.005)


def seconds_to_an_effect(folder: Path, log: EventLog, source: LiveSource, store: Path) -> list[float]:
    """From ten POSTs to a rank's features, ascending; each is waited for before the next, so it is silent."""
    with ExitStack() as stack:
        events = stack.enter_context(EventService(log, schema=REQUESTS))
        stack.enter_context(updating(source, store))
        opened = ReopenedStore(lambda: open_store(store))
        service = RankingService(
            Rankers(opened, {"small": folder / "snapshots"}), opened, served=events.served, config=PATIENT
        )

        async def ask() -> list[float]:
            async with asking(service, events=events) as client:
                return [await post_and_wait(client, number) for number in range(10)]

        return sorted(asyncio.run(ask()))


def test_an_event_that_is_posted_is_in_a_ranks_features(folder: Path, tmp_path: Path) -> None:
    log = EmbeddedLogWriter(tmp_path / "log")
    source = EmbeddedLogSource(tmp_path / "log", schema=REQUESTS, zone="UTC", group="features")
    seconds = seconds_to_an_effect(folder, log, source, tmp_path / "store")
    print(f"from POST to a rank's features: {1e3 * seconds[4]:.0f} ms, at most {1e3 * seconds[-1]:.0f} ms")


@pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")
def test_over_redis_too(folder: Path, tmp_path: Path) -> None:
    """With one stream nobody is waited for; of several, a silent one is for ``idle_seconds``."""
    (tmp_path / "redis").mkdir()
    server = RedisServer(tmp_path / "redis")
    server.start()
    try:
        log = open_event_log(f"redis://127.0.0.1:{server.port}/plays")
        source = RedisSource(
            host="127.0.0.1", port=server.port, streams=["other", "plays"], schema=REQUESTS, zone="UTC"
        )
        seconds = seconds_to_an_effect(folder, log, source, tmp_path / "store")
    finally:
        server.stop()
    print(
        f"over Redis, beside a silent stream ({CONFIG.idle_seconds:g} s): {1e3 * seconds[4]:.0f} ms, "
        f"at most {1e3 * seconds[-1]:.0f} ms"
    )
