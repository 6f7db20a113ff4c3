"""The service over HTTP: a thin shell over ``RankingService``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from interestclock import __version__
from interestclock.client import (
    Erased,
    ItemChange,
    Logged,
    Model,
    Problem,
    Rank,
    Ranked,
    Ready,
    Status,
    UserClock,
    UserHistory,
)
from interestclock.events.message_models import Exposure, Label, Outcome
from interestclock.service.access import Access
from interestclock.service.event_routes import event_router
from interestclock.service.event_service import EventService
from interestclock.service.guard import Guard
from interestclock.service.health_routes import health_router
from interestclock.service.openapi import add_openapi
from interestclock.service.problems import add_problem_handlers
from interestclock.service.rank_routes import rank_router
from interestclock.service.ranking_service import RankingService
from interestclock.service.service_metrics import Measured, ServiceMetrics
from interestclock.service.state_routes import state_router
from interestclock.service.user_routes import user_router

__all__ = ["create_app"]

_STRUCTS = (
    *(Rank, Ranked, UserClock, UserHistory, Model, Status, Ready, Problem),
    *(Exposure, Label, Outcome, Logged, ItemChange, Erased),
)


def create_app(
    service: RankingService,
    *,
    access: Access | None = None,
    events: EventService | None = None,
    beside: Mapping[str, str] | None = None,
    routers: Sequence[APIRouter] = (),
) -> FastAPI:
    """An ASGI app that serves a service, which it starts and closes.

    Args:
        service: what it serves. access: who may ask; None is this machine alone.
        events: where events go; None receives none. Close it behind the app.
        beside: addresses of metrics of ``trainer`` and ``updater``, as far as they are known.
        routers: routes beside the service's own.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with service:
            yield

    access, metrics = access or Access(), ServiceMetrics(service, events)
    # No page with scripts of others: these would stand where only this machine does.
    app = FastAPI(
        title="interest-clock", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None
    )
    for each in (
        rank_router(service, access, metrics),
        user_router(service, access),
        state_router(service, metrics, beside=beside or {}),
        health_router(service),
        *(() if events is None else (event_router(events, config=service.config),)),
        *routers,
    ):
        app.include_router(each)
    add_openapi(app, _STRUCTS)
    add_problem_handlers(app, retry_seconds=service.config.retry_seconds)
    app.add_middleware(Guard, access=access, body_bytes=service.config.body_bytes)
    app.add_middleware(Measured, metrics=metrics)  # the outermost: what is refused is measured, too
    return app
