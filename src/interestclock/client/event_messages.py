"""What the routes of events, items and users are given, and what they answer."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from interestclock.client.fields import Lists, check_lists

__all__ = ["Erased", "Fault", "ItemChange", "Logged"]

_FIRST_MS, _LAST_MS = -2_208_988_800_000, 7_258_118_400_000  # 1900 and 2200
Count = Annotated[int, Meta(ge=0)]
TimeMs = Annotated[
    int, Meta(ge=_FIRST_MS, lt=_LAST_MS, description="a whole number of UTC milliseconds, 1900 to 2200")
]


class Logged(Struct, kw_only=True, frozen=True):
    """The log has all messages of a call.

    Args:
        logged: how many they were. log: which. acknowledged: what it means that the log has them.

    Example:
        >>> Logged(logged=2, log="log://events", acknowledged="on the disk of this machine").logged
        2
    """

    logged: Count
    log: str
    acknowledged: str


class ItemChange(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An item as it is from a moment on: an attribute that is not named has no values.

    Args:
        attributes: their values. from_ms: since when, UTC milliseconds; None is now.

    Example:
        >>> ItemChange(attributes={"genre": ["rock"]}).from_ms is None
        True
    """

    attributes: Lists
    from_ms: TimeMs | None = None

    def __post_init__(self) -> None:
        check_lists("attributes", self.attributes)


class Erased(Struct, kw_only=True, frozen=True):
    """A user will be erased, once the message about it is admitted.

    Args:
        user: id. until_ms: what happened until then goes, UTC milliseconds. logged, log, acknowledged: as
            ``Logged`` has them.

    Example:
        >>> Erased(user="ann", until_ms=0, logged=1, log="log://events", acknowledged="on the disk").user
        'ann'
    """

    user: str
    until_ms: int
    logged: Count
    log: str
    acknowledged: str


class Fault(Struct, kw_only=True, frozen=True):
    """What is wrong with a message of a batch.

    Args:
        index: its place in the batch, from 0. reason: what is wrong, in a reader's words.

    Example:
        >>> Fault(index=3, reason="item_id is missing").index
        3
    """

    index: Count
    reason: str
