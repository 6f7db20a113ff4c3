"""What is answered where a request cannot be, and whether requests can be at all."""

from __future__ import annotations

from msgspec import Struct

from interestclock.client.event_messages import Fault

__all__ = ["PROBLEM_TYPE", "Problem", "Ready"]

PROBLEM_TYPE = "application/problem+json"


class Problem(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """An error as RFC 9457 has it.

    Args:
        status: of HTTP. title: its name. detail: what was wrong, and what to do.
        faults: of a batch, which messages are at fault; left out of other requests.

    Example:
        >>> Problem(status=415, title="Unsupported Media Type", detail="send application/json").status
        415
    """

    status: int
    title: str
    detail: str
    faults: list[Fault] = []


class Ready(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Whether requests can be answered, and why the store is not read, where it is not.

    Example:
        >>> Ready(ready=True).without_store is None
        True
    """

    ready: bool
    without_store: str | None = None
