"""Slots of items in a store, kept from one request to the next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from interestclock.serving.rank_request import Id
from interestclock.serving.request_groups import as_ids
from interestclock.state import FeatureView

__all__ = ["ItemSlots"]

# Shapes: N ids, R slots.


class ItemSlots:
    """Which slot an item has in the views of one store, looked up there when it is first wanted.

    A view says which items became others or are gone since the view before; these are looked up again, and so
    are those that had no slot.

    Example:
        >>> import pyarrow as pa
        >>> from interestclock.events.schema import LogSchema
        >>> from interestclock.state import FeatureState, StateConfig
        >>> state = FeatureState(LogSchema(labels=("finish",)), items=None, config=StateConfig())
        >>> taken = state.ingest(pa.table({
        ...     "user_id": ["ann"], "item_id": ["song"], "timestamp_ms": [60_000], "second_of_day": [60],
        ...     "day_of_week": [3]}))
        >>> ItemSlots().of(["song", "nothing", "song"], state).tolist()
        [1, 0, 1]
    """

    def __init__(self) -> None:
        self._slot_of: dict[Id, int] = {}
        self._id_of: dict[int, Id] = {}

    def forget(self, slot_R: npt.NDArray[np.integer] | None) -> None:
        """Look these up again; None: all."""
        if slot_R is None:
            self._slot_of, self._id_of = {}, {}
            return
        for slot in slot_R.tolist():
            if (known := self._id_of.pop(slot, None)) is not None:
                del self._slot_of[known]

    def of(self, ids: Sequence[Id], view: FeatureView) -> npt.NDArray[np.int64]:
        """Slots of items, int64 (N,); 0 for those that the view does not know.

        Raises:
            RequestError: ids are of two types, or too large. LogError: of another type than the view's.
        """
        slot_of = self._slot_of
        missing = [each for each in dict.fromkeys(ids) if each not in slot_of]
        found: dict[Id, int] = {}
        if missing:
            found = dict(zip(missing, view.slots("item", as_ids(missing)).tolist(), strict=True))
            known = {each: slot for each, slot in found.items() if slot}
            slot_of.update(known)
            self._id_of.update((slot, each) for each, slot in known.items())
        return np.array([slot_of.get(each, 0) for each in ids], np.int64)
