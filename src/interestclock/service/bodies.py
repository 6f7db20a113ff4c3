"""Bodies of requests and answers: JSON, decoded into the structs of the wire and encoded from them."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from fastapi import Request, Response

from interestclock.service.problems import ProblemError

__all__ = ["decoded", "json_response"]

_T = TypeVar("_T")


async def decoded(request: Request, decoder: msgspec.json.Decoder[_T]) -> _T:
    """A request's body.

    Raises:
        ProblemError: it is no JSON (400), or none of this kind (422).
    """
    body = await request.body()
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise ProblemError(422, f"the body is not what it should be: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProblemError(400, f"the body is no JSON: {error}") from error


def json_response(answer: Any, *, status: int = 200) -> Response:
    """An answer."""
    return Response(msgspec.json.encode(answer), status_code=status, media_type="application/json")
