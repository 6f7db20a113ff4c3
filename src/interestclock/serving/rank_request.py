"""What is asked: a user, candidates, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from interestclock.errors import RequestError, check_names
from interestclock.timeofday import is_zone

__all__ = ["RankRequest"]

_MOST_OFFSET_MINUTES = 24 * 60
Id = int | str
Value = int | float | str | Sequence[str] | None


@dataclass(frozen=True, kw_only=True)
class RankRequest:
    """One user's candidates at one moment.

    Args:
        user: id. items: ids of candidates, at least one, all text or all 64-bit integers; whichever the log
            has, 7 and "7" are the same.
        at_ms: now, UTC milliseconds: what was known strictly before counts.
        zone: IANA name of where the user is. utc_offset_minutes: minutes to add to UTC, instead of it.
        wall_ms: another time for the clock on the wall alone, as UTC milliseconds; features stay as of
            ``at_ms``. None is ``at_ms``.
        local_ms: what the clock on the wall shows instead, as milliseconds since 1970 began on it; zone and
            offset stay as they are at ``at_ms``.
        attributes: item id -> attribute -> texts, of candidates that the store may not know; of those that it
            knows its own count.
        explain: behaviours of each clock, those of most weight, that each candidate is explained with; 0 has
            nothing explained.
        request_id: of who asks, by which exposures name it; None is not kept in any sample of requests.
        context: name -> value, the same for all candidates: text, texts where there may be several, or a
            number, as the log has it; one that is left out is missing.

    Raises:
        RequestError: there is no candidate, zone and offset are both given, or one of them is none.

    Example:
        >>> RankRequest(user="ann", items=["song"], at_ms=0, zone="Europe/Berlin").items
        ['song']
        >>> RankRequest(user="ann", items=[], at_ms=0)
        Traceback (most recent call last):
        interestclock.errors.RequestError: no candidates; give at least one item
    """

    user: Id
    items: Sequence[Id]
    at_ms: int
    zone: str | None = None
    utc_offset_minutes: int | None = None
    wall_ms: int | None = None
    local_ms: int | None = None
    attributes: Mapping[Id, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    context: Mapping[str, Value] = field(default_factory=dict)
    explain: int = 0
    request_id: str | None = None

    def __post_init__(self) -> None:
        check_names("items", self.items)
        if not len(self.items):
            raise RequestError("no candidates; give at least one item")
        if self.explain < 0:
            raise RequestError(f"explain is {self.explain}; give a number of behaviours, or 0 for none")
        if self.zone is not None and self.utc_offset_minutes is not None:
            raise RequestError("zone and utc_offset_minutes are both given; give one of them")
        if self.zone is not None and not is_zone(self.zone):
            raise RequestError(f"zone is '{self.zone}'; give an IANA name, for example Europe/Berlin")
        offset = self.utc_offset_minutes
        if offset is not None and not -_MOST_OFFSET_MINUTES < offset < _MOST_OFFSET_MINUTES:
            raise RequestError(f"utc_offset_minutes is {offset}; give minutes to add to UTC, under a day")
