"""A ranking service on a small trainer's snapshots and a store of the same, without HTTP and with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from in_memory import REQUESTS
from micro_batches import NO_LABELS
from served_trainer import EACH, exposures, trainer_of, turn_ms
from stored_state import keep

from interestclock.live import LiveTrainer
from interestclock.live.trainer_snapshots import TrainerSnapshots
from interestclock.service import (
    Access,
    RankingService,
    ReopenedStore,
    ServiceConfig,
    create_app,
)
from interestclock.serving import Rankers
from interestclock.store import open_store
from interestclock.store.open_store import open_writer
from interestclock.timeofday import TimeSource

TURNS = 6
NOW_MS = turn_ms(TURNS, 4)
ADDRESS = "http://127.0.0.1:8000"
PATIENT = ServiceConfig(timeout_seconds=60, log_seconds=60)
"""Answers in time on any machine."""


def stopped_clock(at_ms: int = NOW_MS) -> TimeSource:
    """One that shows a moment for as long as a test runs: a day of the wall is a tenth of a millisecond."""
    return TimeSource(start_ms=at_ms, left_ms=TimeSource().now_ms(), factor=1e-12)


def trained(folder: Path, *, store: str | None = None) -> LiveTrainer:
    """A trainer after some turns, with ``snapshots/`` of it and ``store/`` of its features, or another."""
    trainer = trainer_of(EACH)
    for turn in range(TURNS):
        genres = [["rock"], ["jazz", "soul"], []]
        trainer.process(exposures(turn, ["ann", "bob", "ann"], ["a", "b", "c"], genres, hours=4), NO_LABELS)
    trainer.finish()
    TrainerSnapshots(folder / "snapshots", trainer).write(whole=True)
    where = store or folder / "store"
    with open_writer(where, schema=REQUESTS, config=EACH.state(), owner="test") as writer:
        keep(writer, trainer.features, 7, NOW_MS)
    return trainer


def small_service(
    folder: Path, *, zone: str | None = None, config: ServiceConfig | None = None, **more: Any
) -> RankingService:
    """On the store and the snapshots in a folder that ``trained`` filled."""
    store = ReopenedStore(lambda: open_store(folder / "store"))
    rankers = Rankers(store, {"small": folder / "snapshots"}, default_zone=zone)
    return RankingService(rankers, store, config=config or PATIENT, time=stopped_clock(), **more)


@asynccontextmanager
async def asking(
    service: RankingService, access: Access | None = None, **more: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app, without a port."""
    app = create_app(service, access=access, **more)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client,
    ):
        yield client


def answers_to(
    service: RankingService,
    *asked: tuple[str, str, dict[str, Any]],
    access: Access | None = None,
    **more: Any,
) -> list[httpx.Response]:
    """What an app of a service answers to requests, one after the other: method, path, arguments of httpx."""

    async def ask() -> list[httpx.Response]:
        async with asking(service, access, **more) as client:
            return [await client.request(method, path, **arguments) for method, path, arguments in asked]

    return asyncio.run(ask())
