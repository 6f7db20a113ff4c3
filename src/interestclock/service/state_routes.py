"""``GET /v1/model``, ``/v1/status`` and ``/metrics``."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from interestclock.client import Model, Status
from interestclock.service.bodies import json_response
from interestclock.service.model_page import model_page
from interestclock.service.openapi import operation
from interestclock.service.ranking_service import RankingService
from interestclock.service.service_metrics import ServiceMetrics
from interestclock.service.status_page import status_page

__all__ = ["state_router"]


def state_router(service: RankingService, metrics: ServiceMetrics, *, beside: Mapping[str, str]) -> APIRouter:
    """The routes that say how the service is doing.

    Args:
        beside: addresses of metrics of ``trainer`` and ``updater``.
    """
    router = APIRouter()

    @router.get("/v1/model", **operation(Model))
    async def model() -> Response:
        """Show which snapshots answer, and why not newer ones."""
        return json_response(await asyncio.to_thread(model_page, service.rankers))

    @router.get("/v1/status", **operation(Status))
    async def status() -> Response:
        """Show how far behind store and rankers are, and how trainer and updater are doing."""
        return json_response(await asyncio.to_thread(status_page, service, beside))

    @router.get("/metrics", include_in_schema=False)
    async def page() -> Response:
        """Show the service's numbers to Prometheus."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router
