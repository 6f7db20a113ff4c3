"""``GET /v1/users/{id}/clock`` and ``/history``."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from interestclock.client import UserClock, UserHistory
from interestclock.service.access import TOKEN_VARIABLE, Access
from interestclock.service.bodies import json_response
from interestclock.service.openapi import operation
from interestclock.service.path_ids import id_in_path
from interestclock.service.problems import ProblemError
from interestclock.service.ranking_service import RankingService
from interestclock.service.user_pages import clock_of, history_of, page_of

__all__ = ["check_opens_histories", "user_router"]

_LAST, _MOST = 20, 1_000
_QUERY = {"last": {"type": "integer", "minimum": 0, "maximum": _MOST, "default": _LAST}}


def user_router(service: RankingService, access: Access) -> APIRouter:
    """The routes that show what is known of a user."""
    router = APIRouter()

    @router.get(f"/v1/users/{id_in_path('user')}/clock", **operation(UserClock, problems=(404, 422, 503)))
    async def clock(user: str) -> Response:
        """Show what a user likes at which hour of the day."""
        check_opens_histories(access)
        return json_response(clock_of(await asyncio.to_thread(page_of, service, user, last=0)))

    @router.get(
        f"/v1/users/{id_in_path('user')}/history",
        **operation(UserHistory, query=_QUERY, problems=(404, 422, 503)),
    )
    async def history(user: str, request: Request) -> Response:
        """Show a user's newest behaviours, ``last`` of them."""
        check_opens_histories(access)
        last = _last(request.query_params.get("last"))
        return json_response(history_of(await asyncio.to_thread(page_of, service, user, last=last)))

    return router


def check_opens_histories(access: Access) -> None:
    """Refuse who wants to see what is known of a user, unless they have the token or it is a demo.

    Raises:
        ProblemError: it is refused (403).
    """
    if not access.opens_histories:
        raise ProblemError(
            403,
            f"what is known of users is shown to who has the token; start the service with {TOKEN_VARIABLE} "
            "set, or with --demo",
        )


def _last(text: str | None) -> int:
    if text is None:
        return _LAST
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(_MOST)) and int(text) <= _MOST):
        raise ProblemError(422, f"last is '{text}'; give a whole number up to {_MOST:,}")
    return int(text)
