"""``POST /v1/rank``."""

from __future__ import annotations

import asyncio

import msgspec
from fastapi import APIRouter, Request, Response

from interestclock.client import Candidate, Rank, Ranked
from interestclock.service.access import Access
from interestclock.service.bodies import decoded, json_response
from interestclock.service.openapi import operation
from interestclock.service.ranking_service import RankingService
from interestclock.service.service_metrics import ServiceMetrics
from interestclock.service.user_routes import check_opens_histories

__all__ = ["rank_router"]

EXAMPLE = Rank(
    user="ann",
    candidates=["song 1", "song 2", Candidate(item="song 9", attributes={"genre": ["rock"]})],
    zone="Europe/Berlin",
    top=2,
)


def rank_router(service: RankingService, access: Access, metrics: ServiceMetrics) -> APIRouter:
    """The route that ranks."""
    router, decoder = APIRouter(), msgspec.json.Decoder(Rank)

    @router.post("/v1/rank", **operation(Ranked, body=Rank, example=EXAMPLE, problems=(503, 504)))
    async def rank(request: Request) -> Response:
        """Rank a user's candidates as of now."""
        with service.in_flight.one():
            async with asyncio.timeout(service.config.timeout_seconds):
                call = await decoded(request, decoder)
                if call.explain:
                    check_opens_histories(access)
                return json_response(await ranked(call))

    async def ranked(call: Rank) -> Ranked:
        if call.catalogue is None:
            future = service.submit(call)
        else:  # the store is read
            future = await asyncio.to_thread(service.submit, call)
        scored = await asyncio.wrap_future(future)
        answer = service.answer(call, scored)
        metrics.ranked(answer, candidates=len(scored.request.items))
        return answer

    return router
