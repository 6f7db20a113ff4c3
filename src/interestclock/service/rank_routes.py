"""``POST /v1/rank``."""

from __future__ import annotations

import asyncio

import msgspec
from fastapi import APIRouter, Request, Response

from interestclock.client import Rank, Ranked
from interestclock.errors import QueueFullError
from interestclock.service.bodies import decoded, json_response
from interestclock.service.ranking_service import RankingService

__all__ = ["rank_router"]


def rank_router(service: RankingService) -> APIRouter:
    """The route that ranks."""
    router, decoder = APIRouter(), msgspec.json.Decoder(Rank)
    free = service.config.in_flight

    @router.post("/v1/rank")
    async def rank(request: Request) -> Response:
        """Rank a user's candidates as of now."""
        nonlocal free
        if not free:
            raise QueueFullError(f"{service.config.in_flight} requests are ranked already; try again")
        free -= 1
        try:
            async with asyncio.timeout(service.config.timeout_seconds):
                return json_response(await ranked(await decoded(request, decoder)))
        finally:
            free += 1

    async def ranked(call: Rank) -> Ranked:
        if call.catalogue is None:
            future = service.submit(call)
        else:  # the store is read
            future = await asyncio.to_thread(service.submit, call)
        return service.answer(call, await asyncio.wrap_future(future))

    return router
