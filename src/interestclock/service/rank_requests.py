"""A request off the wire as scorers have it."""

from __future__ import annotations

from interestclock.client import Candidate, Catalogue, Rank
from interestclock.client.fields import local_ms
from interestclock.errors import RequestError
from interestclock.serving import FeatureSource, RankRequest

__all__ = ["rank_request"]

Id = int | str


def rank_request(call: Rank, store: FeatureSource, *, at_ms: int, most: int) -> RankRequest:
    """What scorers are asked.

    Args:
        store: whose items are listed where the request wants the catalogue. at_ms: now, UTC milliseconds.
        most: candidates, at most.

    Raises:
        RequestError: there are more, or none, or the catalogue has no such attribute.

    Example:
        >>> from interestclock.events.schema import LogSchema
        >>> from interestclock.state import FeatureState, StateConfig
        >>> store = FeatureState(LogSchema(labels=("finish",)), items=None, config=StateConfig())
        >>> call = Rank(user=7, candidates=[3, Candidate(item=4, attributes={"genre": ["rock"]})])
        >>> request = rank_request(call, store, at_ms=0, most=2)
        >>> request.items, request.attributes
        ([3, 4], {4: {'genre': ['rock']}})
    """
    attributes = {}
    if call.catalogue is not None:
        items = _listed(call.catalogue, store, at_ms=at_ms, most=most)
    else:
        given = call.candidates or []
        items = [each.item if isinstance(each, Candidate) else each for each in given]
        attributes = {each.item: each.attributes for each in given if isinstance(each, Candidate)}
    if len(items) > most:
        raise RequestError(f"{len(items):,} candidates; give at most {most:,}")
    return RankRequest(
        user=call.user,
        items=items,
        at_ms=at_ms,
        zone=call.zone,
        utc_offset_minutes=call.utc_offset_minutes,
        local_ms=None if call.local_time is None else local_ms(call.local_time),
        attributes=attributes,
        context=call.context,
        explain=call.explain,
    )


def _listed(catalogue: Catalogue, store: FeatureSource, *, at_ms: int, most: int) -> list[Id]:
    """Items of the store, those that became known last first."""
    having = None
    if catalogue.attribute is not None and catalogue.value is not None:
        having = (catalogue.attribute, catalogue.value)
        if catalogue.attribute not in store.schema.attributes:
            has = ", ".join(store.schema.attributes) or "none"
            raise RequestError(f"items have no attribute '{catalogue.attribute}'; they have {has}")
    if catalogue.limit > most:
        raise RequestError(f"catalogue limit is {catalogue.limit:,}; give at most {most:,}")
    with store.snapshot() as view:
        as_of_ms = max(at_ms, view.complete_from_ms)
        slots = view.list_items(at_ms=as_of_ms, limit=catalogue.limit, having=having)
        items: list[Id | None] = view.ids("item", slots).to_pylist()
    found = [each for each in items if each is not None]
    if not found:
        those = f"item of {having[0]} '{having[1]}'" if having else "item"
        raise RequestError(f"the store knows no {those}; give candidates")
    return found
