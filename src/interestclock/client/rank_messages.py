"""What ``POST /v1/rank`` is given, and what it answers."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from interestclock.client.fields import (
    ID_BYTES,
    MOST_RETURNED,
    Context,
    Id,
    Lists,
    LocalTimeText,
    OffsetMinutes,
    Text,
    Weight,
    Zone,
    check_bytes,
    check_lists,
    local_ms,
)

__all__ = [
    "Behaviour",
    "Candidate",
    "Catalogue",
    "Rank",
    "Ranked",
    "RankedItem",
    "WallClock",
    "Why",
]

Count = Annotated[int, Meta(ge=0)]


class Candidate(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An item to be scored, with attributes in case the store does not know it.

    Example:
        >>> Candidate(item="song 9", attributes={"genre": ["rock"]}).item
        'song 9'
    """

    item: Id
    attributes: Lists = {}

    def __post_init__(self) -> None:
        check_bytes("candidates item", [self.item])
        check_lists("candidates attributes", self.attributes)


class Catalogue(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Candidates out of the store's items, those that became known last first.

    Args:
        limit: so many of them. attribute, value: of those that have it; neither: of all.

    Example:
        >>> Catalogue(limit=100, attribute="genre", value="rock").limit
        100
    """

    limit: Annotated[int, Meta(ge=1, le=MOST_RETURNED)] = 200
    attribute: Text | None = None
    value: Text | None = None

    def __post_init__(self) -> None:
        if (self.attribute is None) != (self.value is None):
            raise ValueError("catalogue has one of attribute and value; give both, or neither for all items")
        check_bytes("catalogue", [self.attribute, self.value])


class Rank(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A user's candidates, to be ranked as of now.

    Args:
        user: id. candidates: ids, or ids with attributes. catalogue: candidates out of the store instead.
        zone, utc_offset_minutes: where the user's clock is, one of them. Neither: the user's last zone, else
            the last offset, if it is younger than a day, else the server's zone.
        local_time: another time for the clock on the wall alone; what is known stays as of now.
        context: as the log has it. ranker: which; None is the server's first.
        weights: of tasks, in the sum that items are ranked by; empty: the ranker's first task.
        arm: of an experiment, which the served log has; it decides on nothing.
        top: so many items are returned. explain: behaviours that carried each of them; 0 explains nothing.

    Example:
        >>> Rank(user="ann", candidates=["song 9", Candidate(item="song 3")], zone="Europe/Berlin").top
        20
        >>> Rank(user="ann")
        Traceback (most recent call last):
        ValueError: neither candidates nor catalogue is there, or both are; give one of them
    """

    user: Id
    candidates: Annotated[list[Id | Candidate], Meta(min_length=1)] | None = None
    catalogue: Catalogue | None = None
    zone: Zone | None = None
    utc_offset_minutes: OffsetMinutes | None = None
    local_time: LocalTimeText | None = None
    context: Context = {}
    ranker: Text | None = None
    arm: Annotated[str, Meta(min_length=1, max_length=ID_BYTES)] | None = None
    weights: Annotated[dict[Text, Weight], Meta(max_length=100)] = {}
    top: Annotated[int, Meta(ge=1, le=MOST_RETURNED)] = 20
    explain: Annotated[int, Meta(ge=0, le=100)] = 0

    def __post_init__(self) -> None:
        if (self.candidates is None) == (self.catalogue is None):
            raise ValueError("neither candidates nor catalogue is there, or both are; give one of them")
        if self.candidates is not None and not self.candidates:
            raise ValueError("candidates is empty; give at least one item")
        if self.zone is not None and self.utc_offset_minutes is not None:
            raise ValueError("zone and utc_offset_minutes are both given; give one of them")
        check_bytes("user", [self.user])
        check_bytes("arm", [self.arm])
        check_bytes("candidates item", self.candidates or ())
        check_lists("context", self.context)
        if self.local_time is not None:
            local_ms(self.local_time)


class WallClock(Struct, kw_only=True, frozen=True):
    """The clock on the user's wall.

    Args:
        second_of_day: 0..86399. day_of_week: 0 is Monday. utc_offset_minutes: minutes added to UTC.
        source: what told the offset: ``zone`` or ``utc_offset_minutes`` of the request, ``user's last zone``,
            ``user's last offset`` or ``default zone``. moved: whether the request's ``local_time`` set it.

    Example:
        >>> WallClock(second_of_day=64_800, day_of_week=6, utc_offset_minutes=60, source="zone").moved
        False
    """

    second_of_day: Annotated[int, Meta(ge=0, lt=86_400)]
    day_of_week: Annotated[int, Meta(ge=0, le=6)]
    utc_offset_minutes: int
    source: str
    moved: bool = False


class Behaviour(Struct, kw_only=True, frozen=True):
    """A past behaviour that carried an item.

    Args:
        item: its id; None of one that is gone. timestamp_ms: when, UTC. second_of_day: local.
        gap_seconds: between that time of day and the request's, 0..43200. weight: its share of a clock's
            attention, 0..1.

    Example:
        >>> Behaviour(item="a", timestamp_ms=0, second_of_day=0, gap_seconds=60, weight=0.5).weight
        0.5
    """

    item: Id | None
    timestamp_ms: int
    second_of_day: Annotated[int, Meta(ge=0, lt=86_400)]
    gap_seconds: Annotated[int, Meta(ge=0, le=43_200)]
    weight: float


class Why(Struct, kw_only=True, frozen=True):
    """Why an item has its score.

    Args:
        behaviours: by the place of the clock in the ranker's configuration, those of most weight first.
        profile: the user's values of this hour by clock attribute, the most liked first.

    Example:
        >>> Why(behaviours={0: []}, profile={"genre": ["rock"]}).profile["genre"]
        ['rock']
    """

    behaviours: dict[int, list[Behaviour]]
    profile: dict[str, list[str]]


class RankedItem(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """An item of an answer: its score, probabilities by task, and why, where that was wanted.

    Where requests are explored, with the probability with which it stands at its place.

    Example:
        >>> RankedItem(item="a", score=0.5, probabilities={"finish": 0.5}).why is None
        True
    """

    item: Id
    score: float
    probabilities: dict[str, float]
    propensity: float | None = None
    why: Why | None = None


class Ranked(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The answer: the best items, the best first; ties in the order of the candidates.

    Args:
        request_id: what exposures name. at_ms: as of when, UTC milliseconds.
        ranker, version: what scored, all items by the same snapshot. arm: the request's.
        local_time: the clock on the user's wall. weights: that the score was made with.
        known_behaviours: how many of the user were known.
        admitted_offset: how far the user's features go; left out where the store is away.
        without_store: why the store was not read, and the user taken for unknown; left out where it was.
        logged: whether the log is expected to have the answer soon; left out where there is none.
        explored: whether the best items were shuffled; left out where they were not.
        items: those returned.

    Example: see ``Client.rank``.
    """

    request_id: str
    at_ms: int
    ranker: str
    version: str
    arm: str | None = None
    local_time: WallClock
    weights: dict[str, float]
    known_behaviours: Count
    admitted_offset: str | None = None
    without_store: str | None = None
    logged: bool | None = None
    explored: bool = False
    items: list[RankedItem]
