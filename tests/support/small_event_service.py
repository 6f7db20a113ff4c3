"""A service with a log for events, and what an updater admits of that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

import httpx
from in_memory import HOUR_MS, REQUESTS
from small_service import PATIENT, asking, small_service, stopped_clock

from interestclock.admission import AdmissionConfig
from interestclock.service import EventService, Exploration, ServiceConfig
from interestclock.streams import EmbeddedLogSource, EventLog
from interestclock.updater import FeatureUpdater, UpdaterConfig
from interestclock.updater.progress import UpdaterNumbers

Asks = Callable[[httpx.AsyncClient], Awaitable[list[httpx.Response]]]


def responses(
    folder: Path,
    log: EventLog,
    asks: Asks,
    *,
    exploration: Exploration | None = None,
    config: ServiceConfig | None = None,
) -> list[httpx.Response]:
    """What a service on the store and snapshots in a folder answers; its log is closed at the end."""
    config = config or PATIENT
    with ExitStack() as stack:
        events = stack.enter_context(
            EventService(log, schema=REQUESTS, most_messages=config.messages, time=stopped_clock())
        )
        service = small_service(folder, served=events.served, exploration=exploration, config=config)

        async def ask() -> list[httpx.Response]:
            async with asking(service, events=events) as client:
                return await asks(client)

        return asyncio.run(ask())


def admitted(log: Path, store: Path, messages: int) -> UpdaterNumbers:
    """What becomes of so many messages of an embedded log."""
    source = EmbeddedLogSource(log, schema=REQUESTS, zone="UTC", group="features")
    config = UpdaterConfig(
        admission=AdmissionConfig(lateness_ms=60_000, label_wait_ms=HOUR_MS), idle_seconds=3_600
    )
    with FeatureUpdater(source, store, config=config) as updater:
        updater.run(lambda: setattr(updater, "stopping", updater.buffer.counters.received >= messages))
        return updater.numbers()
