"""The service over HTTP: a thin shell over ``RankingService``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from interestclock import __version__
from interestclock.service.access import Access
from interestclock.service.guard import Guard
from interestclock.service.health_routes import health_router
from interestclock.service.problems import add_problem_handlers
from interestclock.service.rank_routes import rank_router
from interestclock.service.ranking_service import RankingService

__all__ = ["create_app"]


def create_app(
    service: RankingService, *, access: Access | None = None, routers: Sequence[APIRouter] = ()
) -> FastAPI:
    """An ASGI app that serves a service, which it starts and closes.

    Args:
        service: what it serves. access: who may ask; None is this machine alone.
        routers: routes beside the service's own, such as those of events.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with service:
            yield

    # No page with scripts of others: these would stand where only this machine does.
    app = FastAPI(
        title="interest-clock", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None
    )
    app.add_middleware(Guard, access=access or Access(), body_bytes=service.config.body_bytes)
    for each in (rank_router(service), health_router(service), *routers):
        app.include_router(each)
    add_problem_handlers(app, retry_seconds=service.config.retry_seconds)
    return app
