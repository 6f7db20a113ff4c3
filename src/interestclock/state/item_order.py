"""Exposures and what was said of items among them, in the order in which they came."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.state.item_descriptions import Descriptions
from interestclock.timeofday import BEFORE_ALL_MS

__all__ = ["ItemOrder"]

# Shapes: N exposures, T item messages, C both of them, R descriptions.

IntArray = npt.NDArray[np.integer]
_ATTRIBUTE = "attribute."


@dataclass(frozen=True, kw_only=True)
class ItemOrder:
    """Where each exposure and each item message stands among both.

    Args:
        exposures, items: with ``item_id``. place_N, place_T: their places.
    """

    exposures: pa.Table
    items: pa.Table | None
    place_N: npt.NDArray[np.int64]
    place_T: npt.NDArray[np.int64]

    @classmethod
    def of(cls, exposures: pa.Table, items: pa.Table | None, *, first_serial: int) -> ItemOrder:
        """An item message stands before the exposure whose ``serial`` it names, and behind the one before.

        Args:
            first_serial: of these exposures.
        """
        place_N = np.arange(exposures.num_rows)
        if items is None or not items.num_rows:
            return cls(exposures=exposures, items=None, place_N=place_N, place_T=place_N[:0])
        before_T = np.asarray(items["serial"].to_numpy(), np.int64) - first_serial
        place_T = before_T + np.arange(items.num_rows)
        place_N = place_N + np.searchsorted(before_T, place_N, side="right")
        return cls(exposures=exposures, items=items, place_N=place_N, place_T=place_T)

    def ids(self) -> pa.Array | pa.ChunkedArray:
        """Ids of items in order."""
        if self.items is None:
            return self.exposures["item_id"]
        both = pa.concat_arrays([t["item_id"].combine_chunks() for t in (self.exposures, self.items)])
        return both.take(pa.array(self._order()))

    def descriptions(
        self, item_C: IntArray, new_slots: IntArray, *, shown_S: npt.NDArray[np.bool_]
    ) -> Descriptions | None:
        """What is said of items; None where nothing is.

        Args:
            item_C: slots in order. new_slots: those that came with these. shown_S: which were shown before.
        """
        if not new_slots.size and self.items is None:
            return None
        by_slot = np.argsort(item_C, kind="stable")
        first = by_slot[np.searchsorted(item_C, new_slots, sorter=by_slot)]  # ascending, as slots are given
        if self.items is None:
            about = [name for name in self.exposures.column_names if _describes(name)]
            return Descriptions.of_rows(item_C[first], self.exposures.select(about).take(pa.array(first)))
        place_R = np.union1d(first, self.place_T)
        item_R, by_message_R = item_C[place_R], np.isin(place_R, self.place_T)
        shown_R = shown_S[item_R] | self._shown_here(item_C, place_R)
        from_ms_R = np.full(place_R.size, BEFORE_ALL_MS)
        from_ms_R[by_message_R] = np.asarray(self.items["from_ms"].to_numpy(), np.int64)
        reaches_ms_R = np.full(place_R.size, BEFORE_ALL_MS)
        reaches_ms_R[by_message_R] = np.asarray(self.items["newest_ms"].to_numpy(), np.int64) + 1
        return Descriptions(
            item_R=item_R,
            rows=self._rows().take(pa.array(self._order()[place_R])),
            by_message_R=by_message_R,
            first_R=np.isin(place_R, first),
            shown_R=shown_R,
            stated_ms_R=from_ms_R,
            from_ms_R=np.where(shown_R, np.maximum(from_ms_R, reaches_ms_R), from_ms_R),
            final_R=shown_R & (from_ms_R <= reaches_ms_R),
        )

    def _order(self) -> npt.NDArray[np.int64]:
        """Rows of exposures and item messages, end to end, by place."""
        return np.argsort(np.concatenate([self.place_N, self.place_T]))

    def _shown_here(self, item_C: IntArray, place_R: IntArray) -> npt.NDArray[np.bool_]:
        """Whether an exposure of the same item stands before a place."""
        slot_U, first_U = np.unique(item_C[self.place_N], return_index=True)
        item_R = item_C[place_R]
        found_R = np.minimum(np.searchsorted(slot_U, item_R), max(slot_U.size - 1, 0))
        if not slot_U.size:
            return np.zeros(place_R.size, np.bool_)
        before_R: npt.NDArray[np.bool_] = (slot_U[found_R] == item_R) & (
            self.place_N[first_U[found_R]] < place_R
        )
        return before_R

    def _rows(self) -> pa.Table:
        """Ids and attributes of both, end to end; of exposures nothing where an item table has them."""
        assert self.items is not None
        names = [name for name in self.items.column_names if name.startswith(_ATTRIBUTE)]
        columns = {"item_id": [t["item_id"].combine_chunks() for t in (self.exposures, self.items)]}
        for name in names:
            described, rows = self.items[name].combine_chunks(), self.exposures.num_rows
            shown = pa.nulls(rows, described.type)
            if name in self.exposures.column_names:
                shown = self.exposures[name].combine_chunks().cast(described.type)
            columns[name] = [shown, described]
        return pa.table({name: pa.concat_arrays(parts) for name, parts in columns.items()})


def _describes(name: str) -> bool:
    return name == "item_id" or name.startswith(_ATTRIBUTE)
