"""What the service promises, as OpenAPI: schemas are those of the structs that go over the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from fastapi import FastAPI

from interestclock.client import PROBLEM_TYPE, Problem

__all__ = ["add_openapi", "any_of", "operation"]

_REFERENCE = "#/components/schemas/{name}"
PROBLEMS = {
    400: "The body is no JSON, or the path no UTF-8.",
    401: "The token is missing, or another.",
    403: "A page of another site asks, or what is known of a user may not be shown.",
    404: "The user is not known.",
    409: "It contradicts what was served.",
    413: "The body is too large.",
    415: "The body is not sent as JSON.",
    421: "The service is not called that.",
    422: "The body, or what it asks for, is not what it should be; the detail says why.",
    503: "There is too much to do, or the store is away; try again after the seconds of Retry-After.",
    504: "It was not answered in time.",
}
_ANYWHERE = (400, 401, 403, 421)
_WITH_BODY = (413, 415, 422)


def operation(
    answer: Any,
    *,
    body: Any = None,
    example: Any = None,
    query: Mapping[str, Any] | None = None,
    problems: Iterable[int] = (),
    status: int = 200,
) -> dict[str, Any]:
    """How a route is described: arguments of its decorator.

    Args:
        answer: struct of what it answers. body: of what it is given, or a schema; None: nothing.
        example: a body. query: schemas of what may stand behind the path, by name.
        problems: statuses of errors beside those of every route. status: of the answer.

    Example:
        >>> sorted(operation(Problem, problems=[504])["responses"])
        [200, 400, 401, 403, 421, 504]
    """
    of_body = _WITH_BODY if body is not None else ()
    responses: dict[int, dict[str, Any]] = {
        status: {"description": "The answer.", "content": _content("application/json", answer)}
    }
    for each in sorted({*_ANYWHERE, *of_body, *problems}):
        responses[each] = {"description": PROBLEMS[each], "content": _content(PROBLEM_TYPE, Problem)}
    described: dict[str, Any] = {"responses": responses, "status_code": status}
    if body is not None:
        content = {"application/json": {"schema": body}} if isinstance(body, dict) else None
        content = content or _content("application/json", body)
        content["application/json"]["example"] = msgspec.to_builtins(example)
        described["openapi_extra"] = {"requestBody": {"required": True, "content": content}}
    if query:
        parameters = [{"name": name, "in": "query", "schema": schema} for name, schema in query.items()]
        described["openapi_extra"] = {"parameters": parameters}
    return described


def any_of(*structs: type[msgspec.Struct]) -> dict[str, Any]:
    """A list of any of several structs, in OpenAPI's words.

    Example:
        >>> any_of(Problem)
        {'type': 'array', 'items': {'anyOf': [{'$ref': '#/components/schemas/Problem'}]}}
    """
    references = [{"$ref": _REFERENCE.format(name=each.__name__)} for each in structs]
    return {"type": "array", "items": {"anyOf": references}}


def add_openapi(app: FastAPI, structs: Iterable[Any]) -> None:
    """Have an app's ``/openapi.json`` carry the schemas of structs.

    Args:
        structs: all that operations name, or what these hold.
    """
    _, schemas = msgspec.json.schema_components(list(structs), ref_template=_REFERENCE)
    made = app.openapi

    def openapi() -> dict[str, Any]:
        document = made()
        known = document.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):  # nothing is validated but by structs
            known.pop(name, None)
        known.update(schemas)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _content(media_type: str, struct: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([struct], ref_template=_REFERENCE)
    content: Mapping[str, Any] = {media_type: {"schema": schema}}
    return dict(content)
