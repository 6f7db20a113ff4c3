"""Ids of requests in the type that a view's ids have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from interestclock.errors import RequestError
from interestclock.ids import id_as
from interestclock.serving.rank_request import Id, RankRequest
from interestclock.serving.request_groups import as_ids, check_ids
from interestclock.state import FeatureView

__all__ = ["as_the_view_has"]


def as_the_view_has(request: RankRequest, view: FeatureView) -> RankRequest:
    """The same request, with the ids of user and items in the type that the view's have.

    Raises:
        RequestError: the view's are integers, and one of these is none; items are of two types.
    """
    check_ids(request.items)
    users, items = view.id_type("user"), view.id_type("item")
    if not (_is_other(request.user, users) or _is_other(request.items[0], items)):
        return request
    (user,) = _as(users, [request.user], "user")
    meant = _as(items, request.items, "item")
    meant_by = dict(zip(request.items, meant, strict=True))
    attributes = {meant_by[item]: values for item, values in request.attributes.items() if item in meant_by}
    return replace(request, user=user, items=meant, attributes=attributes)


def _is_other(given: Id, type_name: str | None) -> bool:
    return type_name is not None and isinstance(given, str) != (type_name == "string")


def _as(type_name: str | None, ids: Sequence[Id], what: str) -> list[Id]:
    if type_name is None:
        return list(ids)
    as_ids(ids)  # none is too large
    found = [id_as(each, text=type_name == "string") for each in ids]
    meant = [each for each in found if each is not None]
    if len(meant) < len(found):
        strange = ids[found.index(None)]
        raise RequestError(
            f"{what} {strange!r} is none: the store's log has whole numbers of 64 bits as {what} ids, and a "
            'text stands for one that it spells, 7 and "7" are the same; give ids as the log has them'
        )
    return meant
