"""What is posted is learned, and the snapshot with it answers, while trainer, updater and service run."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import httpx
import msgspec
import pytest
from in_memory import REQUESTS
from small_live import LIVE
from small_service import asking
from waiting import wait_for

from interestclock.admission import AdmissionConfig
from interestclock.client import Ranked
from interestclock.live import LiveRun
from interestclock.service import EventService, RankingService, ReopenedStore, ServiceConfig
from interestclock.serving import Rankers
from interestclock.store import open_store
from interestclock.streams import EmbeddedLogSource, EmbeddedLogWriter
from interestclock.timeofday import MINUTE_MS, TimeSource
from interestclock.updater import FeatureUpdater, UpdaterConfig

WITHIN_S = 90.0  # of a machine that does much else; what it took is printed
# An event that comes later than the lateness behind a tick of a quiet stream is late.
LATENESS_MS, LABEL_WAIT_MS, BATCH_MS, PUBLISHING_MS = 2_000, 500, 100, 500
ADMISSION = AdmissionConfig(lateness_ms=LATENESS_MS, label_wait_ms=LABEL_WAIT_MS)
CONFIG = replace(
    LIVE,
    admission=ADMISSION,
    train=replace(LIVE.train, batch_size=4),
    batch_minutes=BATCH_MS / MINUTE_MS,
    snapshot_minutes=PUBLISHING_MS / MINUTE_MS,
    idle_seconds=0.1,
)


class Runs(Protocol):
    stopping: bool

    def run(self) -> None: ...


@contextmanager
def running(work: Runs) -> Iterator[None]:
    thread = threading.Thread(target=work.run)
    thread.start()
    try:
        yield
    finally:
        work.stopping = True
        thread.join()


def finished(number: int) -> list[dict]:
    """An exposure of now and its label."""
    now_ms, event_id = TimeSource().now_ms(), f"e{number}"
    shown = {"event_id": event_id, "user_id": "eve", "item_id": f"i{number % 3}", "timestamp_ms": now_ms}
    label = {"label_of": event_id, "label": "finish", "value": number % 2, "known_ms": now_ms}
    return [shown | {"zone": "UTC"}, label]


@pytest.mark.slow
def test_an_event_that_is_posted_is_in_the_weights_that_answer(tmp_path: Path) -> None:
    log, store, trainer = tmp_path / "log", tmp_path / "store", tmp_path / "trainer"
    snapshots = trainer / "snapshots"

    def source(group: str) -> EmbeddedLogSource:
        return EmbeddedLogSource(log, schema=REQUESTS, zone="UTC", group=group)

    with ExitStack() as stack:
        events = stack.enter_context(EventService(EmbeddedLogWriter(log), schema=REQUESTS))
        updating = UpdaterConfig(admission=ADMISSION, longest=CONFIG.longest, idle_seconds=0.1)
        updater = stack.enter_context(FeatureUpdater(source("features"), store, config=updating))
        stack.enter_context(running(updater))
        live = stack.enter_context(LiveRun(source("trainer"), trainer, config=CONFIG))
        stack.enter_context(running(live))
        for number in range(8):
            events.submit(msgspec.json.encode(finished(number)))[1].result(WITHIN_S)
        wait_for((snapshots / "CURRENT").exists, seconds=WITHIN_S)
        opened = ReopenedStore(lambda: open_store(store))
        rankers = Rankers(opened, {"small": snapshots})
        config = ServiceConfig(refresh_seconds=0.1, timeout_seconds=WITHIN_S)
        service = RankingService(rankers, opened, config=config)

        async def ask() -> float:
            async with asking(service, events=events) as client:
                return await learned_after(client, service)

        seconds = asyncio.run(ask())
        assert live.trainer.buffer.counters.late_after_idle == 0, "the machine was away for seconds"
    waits_s = (LATENESS_MS + LABEL_WAIT_MS + BATCH_MS + PUBLISHING_MS) / 1_000
    print(f"from POST to the weights that answer: {seconds:.2f} s; waits and publishing are {waits_s:.2f} s")


async def learned_after(client: httpx.AsyncClient, service: RankingService) -> float:
    """Seconds from sending events until a rank is answered by a snapshot that learned them."""
    scorer = service.rankers.scorer("small")
    step, batch = scorer.manifest.step, finished(100)
    began_s, event_ms = time.monotonic(), batch[0]["timestamp_ms"]
    response = await client.post("/v1/events", json=batch)
    assert response.status_code == 200, response.text
    while True:
        manifest = scorer.manifest
        call = {"user": "eve", "candidates": ["i0", "i1"], "zone": "UTC"}
        response = await client.post("/v1/rank", json=call)
        assert response.status_code == 200, response.text
        answer = msgspec.json.decode(response.content, type=Ranked)
        learned = manifest.watermark_ms >= event_ms and manifest.step > step
        if learned and answer.version >= manifest.name:
            return time.monotonic() - began_s
        assert time.monotonic() < began_s + WITHIN_S
        await asyncio.sleep(0.01)
