"""``POST /v1/events``, ``PUT /v1/items/{item}`` and ``DELETE /v1/users/{user}``."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from interestclock.client import Erased, ItemChange, Logged
from interestclock.errors import QueueFullError, ResultError
from interestclock.events.message_models import Exposure, Label, Outcome
from interestclock.service.bodies import decoded, json_response
from interestclock.service.config import ServiceConfig
from interestclock.service.event_batches import FaultyBatchError
from interestclock.service.event_service import EventService
from interestclock.service.in_flight import InFlight
from interestclock.service.openapi import any_of, operation
from interestclock.service.path_ids import id_in_path
from interestclock.service.problems import ProblemError

__all__ = ["event_router"]

_LARGE_BYTES = 1 << 16  # more is read in a thread, so that those who rank do not wait for it

BATCH = [
    Exposure(event_id="e1", user_id="ann", item_id="song 1", timestamp_ms=1_700_000_000_000, zone="UTC"),
    Label(label_of="e1", label="finish", value=1, known_ms=1_700_000_180_000),
]
CHANGE = ItemChange(attributes={"genre": ["rock", "live"]})


def event_router(events: EventService, *, config: ServiceConfig | None = None) -> APIRouter:
    """The routes by which events come to the log.

    Args:
        events: where they go. config: limits, of calls that wait for the log and of how long they do.
    """
    config, router, decoder = config or ServiceConfig(), APIRouter(), msgspec.json.Decoder(ItemChange)
    waiting = InFlight(most=config.in_flight, what="calls wait for the log")

    async def logged(future: Future[Any]) -> None:
        try:
            async with asyncio.timeout(config.log_seconds):
                await asyncio.wrap_future(future)
        except TimeoutError as error:
            raise ProblemError(
                503,
                f"{events.log.name} did not acknowledge it in {config.log_seconds} s: whether it has it is "
                "not known; send it again, which counts it once",
                retry_seconds=config.retry_seconds,
            ) from error

    async def arrived(request: Request) -> bytes:
        try:
            async with asyncio.timeout(config.log_seconds):
                return await request.body()
        except TimeoutError as error:
            raise ProblemError(
                504, f"the body did not arrive in {config.log_seconds} s and nothing is logged; send it again"
            ) from error

    @router.post(
        "/v1/events",
        **operation(Logged, body=any_of(Exposure, Label, Outcome), example=BATCH, problems=(409, 503, 504)),
    )
    async def post_events(request: Request) -> Response:
        """Log a batch of exposures, labels and outcomes; answered once the log has all of them."""
        with waiting.one(), _problems(config):
            body = await arrived(request)
            if len(body) > _LARGE_BYTES:
                count, future = await asyncio.to_thread(events.submit, body)
            else:
                count, future = events.submit(body)
            await logged(future)
        log = events.log
        return json_response(Logged(logged=count, log=log.name, acknowledged=log.acknowledged))

    @router.put(
        f"/v1/items/{id_in_path('item')}",
        **operation(Logged, body=ItemChange, example=CHANGE, problems=(503, 504)),
    )
    async def put_item(item: str, request: Request) -> Response:
        """Log what an item is from now on; answered once the log has it."""
        with waiting.one(), _problems(config):
            await arrived(request)
            await logged(events.change_item(item, await decoded(request, decoder)))
        log = events.log
        return json_response(Logged(logged=1, log=log.name, acknowledged=log.acknowledged))

    @router.delete(f"/v1/users/{id_in_path('user')}", **operation(Erased, problems=(422, 503), status=202))
    async def delete_user(user: str) -> Response:
        """Log that a user is erased; answered once the log has it, and done once it is admitted."""
        with waiting.one(), _problems(config):
            until_ms, future = events.erase(user)
            await logged(future)
        log = events.log
        return json_response(
            Erased(user=user, until_ms=until_ms, logged=1, log=log.name, acknowledged=log.acknowledged),
            status=202,
        )

    return router


@contextmanager
def _problems(config: ServiceConfig) -> Iterator[None]:
    """Errors of batches and of logs as answers."""
    try:
        yield
    except FaultyBatchError as error:
        raise ProblemError(409 if error.conflict else 422, str(error), faults=error.faults) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProblemError(400, f"the body is no JSON: {error}") from error
    except QueueFullError:
        raise
    except ResultError as error:
        raise ProblemError(503, str(error), retry_seconds=config.retry_seconds) from error
