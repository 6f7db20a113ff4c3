"""The item table as a catalogue: its items are known from the beginning, whoever is shown them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.arrays import Arrays, table_to_bytes
from interestclock.checksums import digest_of_bytes
from interestclock.ids import Identity
from interestclock.state.item_descriptions import Descriptions
from interestclock.state.item_sets import ItemSets

__all__ = ["Catalogue"]

# Shapes: R items.

_KEY = "catalogue"


class Catalogue:
    """Items of an item table that a state knows though nobody was shown them; they stay as long as it does.

    Args:
        table: ``item_id`` and ``attribute.NAME``, or None.

    Example:
        >>> from interestclock.state.item_values import ItemValues
        >>> table = pa.table({"item_id": ["a", "b"], "attribute.genre": [["rock"], ["jazz"]]})
        >>> catalogue, items, values = Catalogue(table), Identity(), ItemValues(("genre",), table)
        >>> sets = ItemSets(values, votes=None, attributes=())
        >>> catalogue.admit(items, sets, serial=0).tolist(), catalogue.admit(items, sets, serial=9).tolist()
        ([1, 2], [])
        >>> catalogue.stays(pa.array(["b", "c"])).tolist(), catalogue.version[-2:]
        ([True, False], '@0')
    """

    def __init__(self, table: pa.Table | None) -> None:
        self._table = table
        self._admitted: pa.Array | None = None  # ids
        self.version = ""  # which table, and before which exposure it was admitted; "" is none

    def admit(self, items: Identity, sets: ItemSets, *, serial: int) -> npt.NDArray[np.int32]:
        """Know all items of the table from now on; gives the slots of those that are new.

        Args:
            items, sets: of the state. serial: of its next exposure.
        """
        if self._table is None:
            self.version = ""
            return np.zeros(0, np.int32)
        self._admitted = self._table["item_id"].combine_chunks()
        item_R, new_slots = items.admit(self._admitted)
        digest = digest_of_bytes(table_to_bytes(self._table).tobytes())
        if new_slots.size or self.version.partition("@")[0] != digest:
            self.version = f"{digest}@{serial}"
        if new_slots.size:
            sets.reach(items.capacity + 1)
            new = np.flatnonzero(np.isin(item_R, new_slots))
            sets.describe(Descriptions.of_rows(item_R[new], self._table.take(pa.array(new))))
        return new_slots

    def stays(self, ids: pa.Array) -> npt.NDArray[np.bool_]:
        """Which items stay, seen or not: those of the table, where it was admitted."""
        if self._admitted is None:
            return np.zeros(len(ids), np.bool_)
        return np.asarray(pc.is_in(ids, value_set=self._admitted))

    def state(self) -> Arrays:
        """For a checkpoint; nothing where nothing was admitted."""
        return {_KEY: np.frombuffer(self.version.encode(), np.uint8)} if self.version else {}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave; the table itself is admitted again."""
        self.version = state[_KEY].tobytes().decode() if _KEY in state else ""
        self._admitted = None
