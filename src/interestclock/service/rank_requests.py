"""A request off the wire as scorers have it."""

from __future__ import annotations

from collections.abc import Sequence

from interestclock.client import Candidate, Catalogue, Rank
from interestclock.client.fields import local_ms
from interestclock.errors import RequestError
from interestclock.serving import FeatureSource, RankRequest

__all__ = ["rank_request"]

Id = int | str


def rank_request(
    call: Rank, store: FeatureSource, *, at_ms: int, most: int, request_id: str | None = None
) -> RankRequest:
    """What scorers are asked.

    Args:
        store: whose items are listed where the request wants the catalogue. at_ms: now, UTC milliseconds.
        most: candidates, at most. request_id: by which exposures will name the request.

    Raises:
        RequestError: there are more, or none, items have no such attribute, or one has two sets of them.

    Example:
        >>> from interestclock.events.schema import LogSchema
        >>> from interestclock.state import FeatureState, StateConfig
        >>> schema = LogSchema(labels=("finish",), attributes=("genre",))
        >>> store = FeatureState(schema, items=None, config=StateConfig())
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
        attributes = _attributes(given, store)
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
        request_id=request_id,
    )


def _attributes(given: Sequence[Id | Candidate], store: FeatureSource) -> dict[Id, dict[str, list[str]]]:
    """What a request says of items, in case the store does not know them."""
    attributes: dict[Id, dict[str, list[str]]] = {}
    for each in given:
        if not isinstance(each, Candidate):
            continue
        for name in each.attributes:
            _check_attribute(name, store)
        if attributes.setdefault(each.item, each.attributes) != each.attributes:
            raise RequestError(f"candidate {each.item!r} comes with two sets of attributes; give it once")
    return attributes


def _check_attribute(name: str, store: FeatureSource) -> None:
    if name not in store.schema.attributes:
        has = ", ".join(store.schema.attributes) or "none"
        raise RequestError(f"items have no attribute '{name}'; they have {has}")


def _listed(catalogue: Catalogue, store: FeatureSource, *, at_ms: int, most: int) -> list[Id]:
    """Items of the store, those that became known last first."""
    having = None
    if catalogue.attribute is not None and catalogue.value is not None:
        having = (catalogue.attribute, catalogue.value)
        _check_attribute(catalogue.attribute, store)
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
