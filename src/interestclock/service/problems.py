"""Errors as answers of HTTP, all of one shape."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from http import HTTPStatus

import msgspec
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from interestclock.client import PROBLEM_TYPE, Fault, Problem
from interestclock.errors import ConfigError, InterestClockError, LogError, RequestError, ResultError

__all__ = ["ProblemError", "add_problem_handlers", "problem_response"]

_log = logging.getLogger("interestclock.service")


class ProblemError(Exception):
    """A request that is answered with a problem.

    Args:
        status: of HTTP. detail: what is wrong, and what to do. retry_seconds: when to try again.
        faults: of a batch, which messages are at fault.

    Example:
        >>> raise ProblemError(415, "the body is text/plain; send application/json")
        Traceback (most recent call last):
        interestclock.service.problems.ProblemError: the body is text/plain; send application/json
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        retry_seconds: int | None = None,
        faults: Sequence[Fault] = (),
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.retry_seconds = status, detail, retry_seconds
        self.faults = list(faults)


def problem_response(
    status: int, detail: str, *, retry_seconds: int | None = None, faults: Sequence[Fault] = ()
) -> Response:
    """The answer that says what is wrong."""
    problem = Problem(status=status, title=HTTPStatus(status).phrase, detail=detail, faults=list(faults))
    headers = {} if retry_seconds is None else {"Retry-After": str(retry_seconds)}
    return Response(
        msgspec.json.encode(problem), status_code=status, media_type=PROBLEM_TYPE, headers=headers
    )


def add_problem_handlers(app: FastAPI, *, retry_seconds: int) -> None:
    """Have all errors of an app answered in one shape.

    Args:
        retry_seconds: what ``Retry-After`` says where there is too much to do.
    """

    async def handle(request: Request, error: Exception) -> Response:
        known = _problem_of(error, retry_seconds=retry_seconds)
        if known is None:
            _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
            return problem_response(500, "the service failed; its log says how")
        response = problem_response(
            known.status, known.detail, retry_seconds=known.retry_seconds, faults=known.faults
        )
        if isinstance(error, HTTPException):
            response.headers.update(error.headers or {})  # what may be sent instead, of 405
        return response

    for kind in (Exception, InterestClockError, ProblemError, HTTPException, TimeoutError):
        app.add_exception_handler(kind, handle)


def _problem_of(error: Exception, *, retry_seconds: int) -> ProblemError | None:
    match error:
        case ProblemError():
            return error
        case HTTPException():
            return ProblemError(error.status_code, str(error.detail))
        case ResultError():  # the queue is full or closed, the store is away
            return ProblemError(503, str(error), retry_seconds=retry_seconds)
        case RequestError() | LogError() | ConfigError():
            return ProblemError(422, str(error))
        case TimeoutError() | asyncio.CancelledError():
            return ProblemError(504, "it was not answered in time; give fewer candidates, or try again")
    return None
