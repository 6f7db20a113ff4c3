"""Too much at a time, and too late."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from pathlib import Path

import httpx
from small_service import asking, small_service

from interestclock.errors import QueueFullError
from interestclock.service import RankingService, ServiceConfig
from interestclock.serving import RankRequest, Scored, Scorer

RANK = {"user": "ann", "candidates": ["a", "b"], "zone": "UTC"}


class HeldScorer:
    """Scores as another does, once it is let."""

    def __init__(self, scorer: Scorer) -> None:
        self._score, self.let, self.under_way = scorer.score, threading.Event(), threading.Event()
        self.requests = 0

    def __call__(self, requests: list[RankRequest]) -> list[Scored]:
        self.requests += len(requests)
        self.under_way.set()
        assert self.let.wait(60)
        return self._score(requests)


def held(service: RankingService) -> HeldScorer:
    """Have a service's scorer wait."""
    scorer = service.rankers.scorer()
    scorer.score = found = HeldScorer(scorer)  # type: ignore[method-assign]
    return found


def test_one_more_than_may_be_worked_at_is_refused_at_once(folder: Path) -> None:
    async def ask() -> tuple[list[httpx.Response], httpx.Response]:
        service = small_service(folder, config=ServiceConfig(in_flight=3, timeout_seconds=60))
        async with asking(service) as client:
            scorer = held(service)
            some = [asyncio.create_task(client.post("/v1/rank", json=RANK)) for _ in range(3)]
            await asyncio.to_thread(scorer.under_way.wait, 60)
            while service.in_flight.count < 3:
                await asyncio.sleep(0.001)
            refused = await client.post("/v1/rank", json=RANK)
            healthy = await client.get("/healthz")
            scorer.let.set()
            answered = [await each for each in some]
            return [*answered, healthy, await client.post("/v1/rank", json=RANK)], refused

    answered, refused = asyncio.run(ask())
    assert [each.status_code for each in answered] == [200] * 5
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.json()["detail"].startswith("3 requests are ranked, and no more may be; try again later")


def test_what_the_queue_refuses_is_tried_again_later(folder: Path) -> None:
    service = small_service(folder)

    def full(request: RankRequest, *, ranker: str | None = None) -> Future[Scored]:
        raise QueueFullError("10,000 candidates wait to be scored")

    service.queue.submit = full  # type: ignore[method-assign]

    async def ask() -> httpx.Response:
        async with asking(service) as client:
            return await client.post("/v1/rank", json=RANK)

    response = asyncio.run(ask())
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")


def test_too_late_is_said_and_what_waits_is_given_up(folder: Path) -> None:
    service = small_service(folder, config=ServiceConfig(timeout_seconds=0.5))

    async def ask() -> tuple[int, httpx.Response, httpx.Response]:
        async with asking(service) as client:
            scorer = held(service)
            first = asyncio.create_task(client.post("/v1/rank", json=RANK))
            await asyncio.to_thread(scorer.under_way.wait, 60)
            answers = await first, await client.post("/v1/rank", json=RANK)
            assert service.in_flight.count == 0
            scorer.let.set()
        return scorer.requests, *answers

    scored, *answers = asyncio.run(ask())
    assert scored == 1  # the second was never begun
    for each in answers:
        assert each.status_code == 504
        assert each.json()["detail"].startswith("it was not answered in time")


def test_what_fails_within_says_nothing_of_itself(folder: Path) -> None:
    service = small_service(folder)

    def broken(requests: list[RankRequest]) -> list[Scored]:
        raise ZeroDivisionError("secret")

    async def ask() -> httpx.Response:
        async with asking(service) as client:
            service.rankers.scorer().score = broken  # type: ignore[method-assign,assignment]
            return await client.post("/v1/rank", json=RANK)

    response = asyncio.run(ask())
    assert response.status_code == 500
    assert response.json() == {
        "status": 500,
        "title": "Internal Server Error",
        "detail": "the service failed; its log says how",
    }
