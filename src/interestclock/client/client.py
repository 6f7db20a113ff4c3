"""Calls the ranking service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote

import msgspec

from interestclock.client.event_messages import Erased, ItemChange, Logged
from interestclock.client.problem import Problem
from interestclock.client.rank_messages import Rank, Ranked
from interestclock.client.state_messages import Model, Status
from interestclock.client.user_messages import UserClock, UserHistory
from interestclock.errors import ConfigError, InterestClockError

if TYPE_CHECKING:
    import httpx

__all__ = ["Client", "ServiceError"]

_T = TypeVar("_T")
_JSON = {"Content-Type": "application/json"}


class ServiceError(InterestClockError):
    """The service refused a request, or does not answer.

    Args:
        problem: what it said; of status 0 where nothing came.
        retry_seconds: when to try again, if it said so.

    Example:
        >>> raise ServiceError(Problem(status=503, title="Service Unavailable", detail="try again"))
        Traceback (most recent call last):
        interestclock.client.client.ServiceError: 503 Service Unavailable: try again
    """

    def __init__(self, problem: Problem, *, retry_seconds: int | None = None) -> None:
        super().__init__(f"{problem.status} {problem.title}: {problem.detail}")
        self.problem, self.retry_seconds = problem, retry_seconds


class Client:
    """A connection to a ranking service, for one thread or several.

    Args:
        address: of the service. token: that it wants, where it wants one.
        timeout_seconds: of a call.
        transport: of httpx, in place of a connection.

    Raises:
        ConfigError: the extra ``client`` is not installed.

    Example:
        >>> with Client("http://127.0.0.1:1") as client:
        ...     client.rank(Rank(user="ann", candidates=["song 1"]))
        Traceback (most recent call last):
        interestclock.client.client.ServiceError: 0 No Answer: http://127.0.0.1:1: ...
    """

    def __init__(
        self,
        address: str,
        *,
        token: str | None = None,
        timeout_seconds: float = 5.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        package = _httpx()
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._address, self._errors = address, package.HTTPError
        self._http: httpx.Client = package.Client(
            base_url=address, headers=headers, timeout=timeout_seconds, transport=transport, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def rank(self, call: Rank) -> Ranked:
        """Have candidates ranked.

        Raises:
            ServiceError: (as all calls) it was refused, or nobody answers.
        """
        return self._call("POST", "/v1/rank", Ranked, body=call)

    def clock(self, user: int | str) -> UserClock:
        """What a user likes at which hour."""
        return self._call("GET", f"/v1/users/{_part(user)}/clock", UserClock)

    def history(self, user: int | str, *, last: int = 20) -> UserHistory:
        """A user's newest behaviours."""
        return self._call("GET", f"/v1/users/{_part(user)}/history?last={last}", UserHistory)

    def model(self) -> Model:
        """Which snapshots answer."""
        return self._call("GET", "/v1/model", Model)

    def status(self) -> Status:
        """How the service is doing."""
        return self._call("GET", "/v1/status", Status)

    def log_events(self, messages: Sequence[Mapping[str, Any] | msgspec.Struct]) -> Logged:
        """Have events logged; once this returns, the log has them.

        Args:
            messages: exposures, labels and outcomes, as the log has them.
        """
        return self._call("POST", "/v1/events", Logged, body=messages)

    def put_item(self, item: int | str, change: ItemChange) -> Logged:
        """Say what an item is from a moment on."""
        return self._call("PUT", f"/v1/items/{_part(item)}", Logged, body=change)

    def erase_user(self, user: int | str) -> Erased:
        """Have a user erased."""
        return self._call("DELETE", f"/v1/users/{_part(user)}", Erased)

    def _call(self, method: str, path: str, answer: type[_T], *, body: Any = None) -> _T:
        content = None if body is None else msgspec.json.encode(body)
        try:
            response = self._http.request(
                method, path, content=content, headers=_JSON if body is not None else None
            )
        except self._errors as error:
            detail = f"{self._address}: {error or type(error).__name__}; start the service, or call another"
            raise ServiceError(Problem(status=0, title="No Answer", detail=detail)) from error
        if response.is_success:
            return msgspec.json.decode(response.content or b"null", type=answer)
        raise _error_of(response)


def _error_of(response: httpx.Response) -> ServiceError:
    retry = response.headers.get("Retry-After", "")
    try:
        problem = msgspec.json.decode(response.content, type=Problem)
    except msgspec.DecodeError:  # of a proxy
        title, detail = response.reason_phrase, response.text[:200]
        problem = Problem(status=response.status_code, title=title, detail=detail)
    return ServiceError(problem, retry_seconds=int(retry) if retry.isdecimal() else None)


def _part(each: int | str) -> str:
    """An id as a part of a path."""
    return quote(str(each), safe="")


def _httpx() -> Any:
    try:
        import httpx  # noqa: PLC0415  an extra
    except ImportError as error:
        raise ConfigError(
            "httpx is not installed; install the extra 'client', in a checkout with "
            "pip install -c constraints.txt '.[client]'"
        ) from error
    return httpx
