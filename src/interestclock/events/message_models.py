"""The kinds of messages: each field declared once, with its type, its limits and the words errors use for it.

Brokers' messages are decoded into these, writers encode them, ``msgspec.json.schema_components`` puts them in
OpenAPI's words. What a type alone cannot say (a unit, bytes of a text, one field for another) stands in
``__post_init__``, which runs wherever a message is read or written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from interestclock.events.context import ContextFields
from interestclock.events.message_types import (
    MOST_RAW,
    MOST_SERVED,
    RAW_BYTES,
    TEXT_BYTES,
    Flag,
    Id,
    Measure,
    Name,
    Number,
    OffsetMinutes,
    Position,
    Probability,
    Raw,
    Texts,
    TimeMs,
    Zone,
    check_bytes,
    check_id,
    check_known,
    check_lists,
    check_ms,
    check_texts,
)

__all__ = ["KINDS", "AnyMessage", "Erase", "Exposure", "Item", "Label", "Outcome", "Served", "ServedItem"]


class Exposure(ContextFields, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """An item was shown to a user.

    It says who saw it, when, and in which local time; or which served request it comes from (``request_id``),
    and then may leave ``user_id``, ``timestamp_ms`` and local time to that request's own message.

    Args:
        event_id: what labels and outcomes name it by; without it ``REQUEST/ITEM``, out of ``request_id``
            (which then has no slash, so that no two are alike) and ``item_id``.
        user_id, item_id: who saw what. timestamp_ms: when.
        utc_offset_minutes: local time less UTC. zone: stands for it; neither: the log's default zone.
        request_id: exposures shown together carry the same one. position: place in what was shown, from 0.
        labels: those that are known already. known_ms: since when; unless told, since the exposure.
        attributes: the item's, where no item table and no item messages bring them.
        values: raw columns by name, to make labels of. (And context, as ``ContextFields`` has it.)

    Example:
        >>> Exposure(event_id="e1", user_id=7, item_id=3, timestamp_ms=0, position=1).position
        1
        >>> Exposure(user_id=7, item_id=3, timestamp_ms=1_700_000_000, request_id="r1")
        Traceback (most recent call last):
        ValueError: timestamp_ms 1700000000 reads as seconds; give UTC milliseconds
    """

    event_id: Id | None = None
    user_id: Id | None = None
    item_id: Id
    timestamp_ms: TimeMs | None = None
    utc_offset_minutes: OffsetMinutes | None = None
    zone: Zone | None = None
    request_id: Id | None = None
    position: Position | None = None
    labels: dict[str, Flag | None] | None = None
    known_ms: dict[str, TimeMs | None] | None = None
    attributes: dict[str, Texts | None] | None = None
    values: Annotated[dict[Name, Raw | None], Meta(max_length=MOST_RAW)] | None = None

    def __post_init__(self) -> None:
        check_id("item_id", self.item_id)
        if self.request_id is not None:
            check_id("request_id", self.request_id)
        elif self.event_id is None or self.refers:
            raise ValueError(f"{self._missing()} is missing; only a request_id can stand for it")
        if self.event_id is not None:
            check_id("event_id", self.event_id)
        else:
            self._check_derived()
        if self.user_id is not None:
            check_id("user_id", self.user_id)
        if self.timestamp_ms is not None:
            check_ms("timestamp_ms", self.timestamp_ms)
        elif self.zone:
            raise ValueError("zone without timestamp_ms says no local time; leave both to the served request")
        self._check_parts()

    @property
    def refers(self) -> bool:
        """Whether who or when stands in the message of its served request."""
        return self.user_id is None or self.timestamp_ms is None

    def own_id(self) -> str:
        """What labels name it by."""
        return str(self.event_id) if self.event_id is not None else f"{self.request_id}/{self.item_id}"

    def _missing(self) -> str:
        return next(name for name in ("event_id", "user_id", "timestamp_ms") if getattr(self, name) is None)

    def _check_derived(self) -> None:
        if "/" in str(self.request_id):
            raise ValueError(f"event_id is missing, and request_id {self.request_id!r} has a slash; give one")
        check_bytes("event_id (request_id/item_id)", self.own_id(), TEXT_BYTES)

    def _check_parts(self) -> None:
        if self.labels is not None or self.known_ms is not None:
            check_known(self.labels or {}, self.known_ms or {})
        if self.attributes is not None:
            check_lists("attributes", self.attributes)
        self.check_context()
        if self.values is not None:
            check_lists("values", {"name": list(self.values)})
            check_texts("values", self.values, RAW_BYTES)


class Label(Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What came of an exposure, as a 0 or 1 to be trained on.

    Args:
        label_of: the exposure's ``event_id``. label: which. value: 0 or 1. known_ms: since when.

    Example:
        >>> Label(label_of="e1", label="finish", value=1, known_ms=9).value
        1
    """

    label_of: Id
    label: Name
    value: Flag
    known_ms: TimeMs

    def __post_init__(self) -> None:
        check_id("label_of", self.label_of)
        check_ms("known_ms", self.known_ms)


class Item(Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """An item as it is from a moment on: an attribute that is not named has no values.

    Args:
        item: its id. attributes: their values. from_ms: since when.

    Example:
        >>> Item(item=3, attributes={"genre": ["rock"]}, from_ms=0).attributes["genre"]
        ['rock']
    """

    item: Id
    attributes: dict[str, Texts | None]
    from_ms: TimeMs

    def __post_init__(self) -> None:
        check_id("item", self.item)
        check_lists("attributes", self.attributes)
        check_ms("from_ms", self.from_ms)


class Outcome(Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What came of an exposure, as a quantity or a flag that is measured, or that labels are made of.

    Args:
        outcome_of: the exposure's ``event_id``. name: which. value: how much, or whether.
        known_ms: since when.

    Example:
        >>> Outcome(outcome_of="e1", name="played_ms", value=181_000.0, known_ms=9).name
        'played_ms'
    """

    outcome_of: Id
    name: Name
    value: Measure
    known_ms: TimeMs

    def __post_init__(self) -> None:
        check_id("outcome_of", self.outcome_of)
        check_ms("known_ms", self.known_ms)


class ServedItem(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """An item of a served request, with its score, and the probability with which it was chosen to be there.

    Example:
        >>> ServedItem(item_id=3, score=0.25).propensity is None
        True
    """

    item_id: Id
    score: Number
    propensity: Probability | None = None


class Served(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A request that was answered: for whom, as of when, by what, and with which items in which order.

    Args:
        served: the request's id, which exposures name. user_id: whose. timestamp_ms: when.
        utc_offset_minutes, zone: its local time, as an exposure's.
        arm: of an experiment. ranker, version: what scored. admitted_offset: how far its features were.
        items: what was returned, best place first; no item twice.

    Example:
        >>> Served(served="r1", user_id=7, timestamp_ms=0, items=[ServedItem(item_id=3, score=0.5)]).served
        'r1'
    """

    served: Id
    user_id: Id
    timestamp_ms: TimeMs
    utc_offset_minutes: OffsetMinutes | None = None
    zone: Zone | None = None
    arm: Name | None = None
    ranker: Name | None = None
    version: Name | None = None
    admitted_offset: Name | None = None
    items: Annotated[list[ServedItem], Meta(max_length=MOST_SERVED, description="a list of items")]

    def __post_init__(self) -> None:
        check_id("served", self.served)
        check_id("user_id", self.user_id)
        check_ms("timestamp_ms", self.timestamp_ms)
        for name in ("arm", "ranker", "version", "admitted_offset"):
            check_bytes(name, getattr(self, name) or "", TEXT_BYTES)
        ids = {str(each.item_id) for each in self.items}
        if len(ids) < len(self.items):
            raise ValueError("items names an item twice; exposures could not tell which")
        for each in self.items:
            check_id("items item_id", each.item_id)


class Erase(Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A user is erased: nothing stays of what happened until then; who comes later is a new user.

    Args:
        erase: the user's id; null, where a message stood that was erased. timestamp_ms: until when.

    Example:
        >>> Erase(erase=7, timestamp_ms=0).erase
        7
    """

    erase: Id | None
    timestamp_ms: TimeMs

    def __post_init__(self) -> None:
        if self.erase is not None:
            check_id("erase", self.erase)
        check_ms("timestamp_ms", self.timestamp_ms)


AnyMessage = Exposure | Label | Item | Outcome | Served | Erase
# A message is of the first kind whose field it has, else an exposure. No kind has the field of another, so
# that what can be read as one kind can be read as no other.
KINDS: Mapping[str, type[Label | Item | Outcome | Served | Erase]] = {
    "label_of": Label,
    "item": Item,
    "outcome_of": Outcome,
    "served": Served,
    "erase": Erase,
}
