"""Requests as a scorer puts them to a view: of moments that it knows, of ids of one type, in groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.errors import RequestError
from interestclock.serving.rank_request import Id, RankRequest
from interestclock.state import FeatureView

__all__ = ["Slots", "apart", "as_ids", "check_times", "users_of"]

# Shapes: M requests.

Slots = npt.NDArray[np.int32]


def check_times(requests: Sequence[RankRequest], view: FeatureView) -> None:
    """Refuse requests as of a moment that the view is not complete for.

    Raises:
        RequestError: one is.
    """
    for each in requests:
        if each.at_ms < view.complete_from_ms:
            raise RequestError(
                f"features as of {each.at_ms} are asked for, but they are kept from "
                f"{view.complete_from_ms} on (UTC milliseconds); ask as of now"
            )


def users_of(requests: Sequence[RankRequest], view: FeatureView) -> Slots:
    """Slots of users, 0 for those that the view does not know."""
    return view.slots("user", as_ids([each.user for each in requests]))


def apart(requests: Sequence[RankRequest], user_M: Slots) -> Iterator[tuple[list[RankRequest], Slots]]:
    """Requests that are scored together: of users that the view does not know, one at a time."""
    groups: dict[Id | None, list[int]] = {}
    for place, (request, slot) in enumerate(zip(requests, user_M.tolist(), strict=True)):
        groups.setdefault(None if slot else request.user, []).append(place)
    for places in groups.values():
        yield [requests[place] for place in places], user_M[places]


def as_ids(ids: Sequence[Id]) -> pa.Array:
    """Ids of one type.

    Raises:
        RequestError: they are of two, or too large.

    Example:
        >>> as_ids([7, 8]).type, as_ids(["a"]).type
        (DataType(int64), DataType(string))
    """
    kinds = {type(each) for each in ids}
    if not kinds <= {int} and not kinds <= {str}:
        raise RequestError("ids are texts and integers, or neither; give one type, as the log has it")
    try:
        return pa.array(ids, pa.int64() if kinds == {int} else pa.string())
    except (OverflowError, pa.ArrowInvalid) as error:
        raise RequestError(
            f"an id is no integer of 64 bits ({error}); give ids as the log has them"
        ) from error
