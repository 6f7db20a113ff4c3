"""``GET /healthz`` and ``GET /readyz``."""

from __future__ import annotations

from fastapi import APIRouter, Response

from interestclock.client import Ready
from interestclock.service.bodies import json_response
from interestclock.service.openapi import operation
from interestclock.service.problems import ProblemError
from interestclock.service.ranking_service import RankingService

__all__ = ["health_router"]


def health_router(service: RankingService) -> APIRouter:
    """The routes that say whether the process lives, and whether it can rank."""
    router = APIRouter()

    @router.get("/healthz", **operation(Ready))
    async def healthz() -> Response:
        """Say that the process answers."""
        return json_response(Ready(ready=True))

    @router.get("/readyz", **operation(Ready, problems=(503,)))
    async def readyz() -> Response:
        """Say whether requests can be ranked: 503 while they cannot."""
        if not service.running:
            raise ProblemError(503, "the service ends", retry_seconds=service.config.retry_seconds)
        return json_response(Ready(ready=True, without_store=service.store.away))

    return router
