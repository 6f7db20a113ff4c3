"""``GET /healthz`` and ``GET /readyz``."""

from __future__ import annotations

from fastapi import APIRouter, Response

from interestclock.client import Ready
from interestclock.service.bodies import json_response
from interestclock.service.ranking_service import RankingService

__all__ = ["health_router"]


def health_router(service: RankingService) -> APIRouter:
    """The routes that say whether the process lives, and whether it can rank."""
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> Response:
        """Say that the process answers."""
        return json_response(Ready(ready=True))

    @router.get("/readyz")
    async def readyz() -> Response:
        """Say whether requests can be ranked: 503 while they cannot."""
        ready = service.running
        return json_response(
            Ready(ready=ready, without_store=service.store.away), status=200 if ready else 503
        )

    return router
