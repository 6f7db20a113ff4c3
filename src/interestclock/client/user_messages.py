"""What is answered of a user."""

from __future__ import annotations

from msgspec import Struct

from interestclock.client.fields import Id

__all__ = ["PastBehaviour", "UserClock", "UserHistory"]


class UserClock(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A user's day.

    Args:
        user: id. at_ms: as of when, UTC milliseconds. seen_ms: when the user was last seen.
        utc_offset_minutes, zone: of the user's local time then; zone where it told the offset.
        by_hour: how many of the behaviours kept stand in each hour of the local day.
        profile: by clock attribute, of each bucket of the day the most liked values, the best first.

    Example: see ``Client.clock``.
    """

    user: Id
    at_ms: int
    seen_ms: int
    utc_offset_minutes: int
    zone: str | None = None
    by_hour: list[int]
    profile: dict[str, list[list[str]]]


class PastBehaviour(Struct, kw_only=True, frozen=True):
    """A behaviour.

    Args:
        timestamp_ms: of the exposure, UTC. utc_offset_minutes: of local time then. item: its id.
        values: of the item, by attribute.

    Example:
        >>> PastBehaviour(timestamp_ms=0, utc_offset_minutes=60, item="a", values={"genre": ["rock"]}).item
        'a'
    """

    timestamp_ms: int
    utc_offset_minutes: int
    item: Id | None
    values: dict[str, list[str]]


class UserHistory(Struct, kw_only=True, frozen=True):
    """A user's newest behaviours.

    Args:
        user: id. at_ms: as of when, UTC milliseconds.
        known, kept: behaviours there ever were, and how many of these are still there.
        behaviours: the newest, oldest first.

    Example: see ``Client.history``.
    """

    user: Id
    at_ms: int
    known: int
    kept: int
    behaviours: list[PastBehaviour]
