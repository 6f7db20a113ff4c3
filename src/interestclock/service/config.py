"""Limits of the ranking service, each a number."""

from __future__ import annotations

from dataclasses import dataclass

from interestclock.client.fields import MOST_RETURNED
from interestclock.errors import ConfigError, check_numbers

__all__ = ["ServiceConfig"]


@dataclass(frozen=True, kw_only=True)
class ServiceConfig:
    """What the service accepts, and how long it works at it.

    Args:
        body_bytes: of a request, at most; more is 413.
        candidates: of a request, at most; more is 422. messages: of a batch of events, at most; more is 422.
        in_flight: requests that are worked at or wait, at most; one more is 503 with ``Retry-After``.
        timeout_seconds: from a request's arrival to its answer; later is 504.
        log_seconds: until the log has acknowledged events; later is 503, and whether it has them unknown.
        retry_seconds: what ``Retry-After`` says.
        refresh_seconds: between two looks for a new snapshot, or for a store that is away.

    Raises:
        ConfigError: one of them is out of its range.

    Example:
        >>> ServiceConfig(candidates=500).candidates
        500
        >>> ServiceConfig(in_flight=0)
        Traceback (most recent call last):
        interestclock.errors.ConfigError: in_flight is 0; give a number above 0
    """

    body_bytes: int = 1_000_000
    candidates: int = 1_000
    messages: int = 1_000
    in_flight: int = 64
    timeout_seconds: float = 2.0
    log_seconds: float = 15.0
    retry_seconds: int = 1
    refresh_seconds: float = 1.0

    def __post_init__(self) -> None:
        check_numbers(self)
        for name, value in vars(self).items():
            if value <= 0:
                raise ConfigError(f"{name} is {value}; give a number above 0")
        if self.candidates > MOST_RETURNED:
            raise ConfigError(
                f"candidates is {self.candidates}; give at most {MOST_RETURNED}, as a served request has"
            )
