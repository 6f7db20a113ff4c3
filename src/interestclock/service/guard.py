"""What is refused before anything is read: strange hosts and origins, no token, no JSON, large bodies."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from interestclock.service.access import Access
from interestclock.service.problems import ProblemError, problem_response

__all__ = ["Guard"]

_OPEN = ("/healthz", "/readyz")  # a load balancer asks, by an address that is no name of the service
_WITH_BODY = ("POST", "PUT", "PATCH")
_OWN_SITE = ("same-origin", "none")  # Sec-Fetch-Site, which browsers send
_HOST = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(:[0-9]*)?")


class Guard:
    """An ASGI middleware.

    No page of another site reaches the service through a browser: its requests carry a host that is not the
    service's (a name that was bound anew to this machine), an origin, or a body that is no JSON.

    Args:
        app: what is guarded. access: rules. body_bytes: of a body, at most.
    """

    def __init__(self, app: ASGIApp, *, access: Access, body_bytes: int) -> None:
        self._app, self._access, self._body_bytes = app, access, body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        try:
            self._check(scope, Headers(scope=scope))
        except ProblemError as error:
            response = problem_response(error.status, error.detail)
            if error.status == 401:
                response.headers["WWW-Authenticate"] = "Bearer"
            response.headers["Connection"] = "close"  # a body that nobody reads may follow
            await response(scope, receive, send)
            return
        await self._app(scope, _Counted(receive, most=self._body_bytes), send)

    def _check(self, scope: Scope, headers: Headers) -> None:
        if scope["path"] in _OPEN:
            return
        _check_names(headers, self._access)
        _check_path(scope.get("raw_path") or b"")
        if not self._access.admits(headers.get("authorization")):
            raise ProblemError(401, "the token is missing or another; send Authorization: Bearer TOKEN")
        if scope["method"] in _WITH_BODY:
            _check_body(headers, most=self._body_bytes)


class _Counted:
    """Receives a body until it is too large, whatever its headers promised."""

    def __init__(self, receive: Receive, *, most: int) -> None:
        self._receive, self._left, self._most = receive, most, most

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise ProblemError(413, _too_large(self._most))
        return message


def _check_names(headers: Headers, access: Access) -> None:
    hosts = headers.getlist("host")
    if len(hosts) != 1 or _name_of(hosts[0]) not in access.hosts:
        raise ProblemError(
            421, f"the service is not called '{', '.join(hosts)}'; start it with --name for that"
        )
    own = {f"{scheme}://{hosts[0].lower()}" for scheme in ("http", "https")}
    sites, origins = headers.getlist("sec-fetch-site"), headers.getlist("origin")
    if not {*sites} <= {*_OWN_SITE} or not {each.lower() for each in origins} <= own:
        raise ProblemError(403, "pages of other sites may not ask; call the service from a program")


def _check_body(headers: Headers, *, most: int) -> None:
    kinds = headers.getlist("content-type")
    kind = ", ".join(each.partition(";")[0].strip().lower() for each in kinds)
    if kind != "application/json":
        raise ProblemError(415, f"the body is '{kind}'; send it as Content-Type: application/json")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise ProblemError(415, "the body is compressed; send it as it is")
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length) > most:
        raise ProblemError(413, _too_large(most))


def _too_large(most: int) -> str:
    return f"the body has more than {most:,} bytes; send fewer candidates or messages at a time"


def _check_path(path: bytes) -> None:
    """An id that is no text would become another one."""
    try:
        unquote_to_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise ProblemError(400, "the path is no UTF-8; percent-encode the bytes of UTF-8") from error


def _name_of(host: str) -> str:
    """A host without its port; what is none stays as it is, and is nobody's name."""
    found = _HOST.fullmatch(host.lower())
    return found[1] if found else host
