"""Items by an attribute's value: the catalogue, newest first, up to a limit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from interestclock.ids import Identity
from interestclock.state.item_values import ItemValues

__all__ = ["check_listing", "listed_items"]

# Shapes: R items.


def check_listing(names: tuple[str, ...], *, having: tuple[str, str] | None, limit: int) -> None:
    """Refuse what cannot be listed.

    Args:
        names: the attributes. having, limit: as ``FeatureView.list_items`` is given them.

    Raises:
        ValueError: there is no such attribute, or the limit is negative.

    Example:
        >>> check_listing(("genre",), having=("gender", "rock"), limit=10)
        Traceback (most recent call last):
        ValueError: items have no attribute 'gender'; list them by one of genre
    """
    if having is not None and having[0] not in names:
        raise ValueError(
            f"items have no attribute {having[0]!r}; list them by one of {', '.join(names) or 'none'}"
        )
    if limit < 0:
        raise ValueError(f"limit is {limit}; give 0 or more items")


def listed_items(
    items: Identity,
    values: ItemValues,
    *,
    at_ms: int,
    limit: int,
    having: tuple[str, str] | None,
) -> npt.NDArray[np.int32]:
    """Slots of items as ``FeatureView.list_items`` gives them.

    Args:
        items: all that are known. values: what they are. The rest is what that is given.

    Example:
        >>> import pyarrow as pa
        >>> from interestclock.state.item_descriptions import Descriptions
        >>> items, values = Identity(), ItemValues(("genre",), None)
        >>> rows = pa.table({"item_id": ["a", "b", "c"], "attribute.genre": [["rock"], ["jazz"], ["rock"]]})
        >>> _ = values.describe(Descriptions.of_rows(items.admit(rows["item_id"])[0], rows))
        >>> slots = listed_items(items, values, at_ms=0, limit=9, having=("genre", "rock"))
        >>> items.ids(slots).to_pylist(), listed_items(items, values, at_ms=0, limit=1, having=None).tolist()
        (['c', 'a'], [3])
    """
    check_listing(values.names, having=having, limit=limit)
    if having is None:
        item_R = items.known()
    else:
        name, value = having
        item_R = values.having(name, values.vocabularies[name].find(value), at_ms=at_ms)
        item_R = item_R[items.index(item_R) > 0]
    order_R = -items.index(item_R)  # no two have one index
    if limit < item_R.size:
        some_R = np.argpartition(order_R, limit)[:limit]
        item_R, order_R = item_R[some_R], order_R[some_R]
    return item_R[np.argsort(order_R)].astype(np.int32)
