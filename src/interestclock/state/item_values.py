"""What each item is: its attribute values, by slot."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.arrays import Arrays, below, padded_lists, table_from_bytes, table_to_bytes, under
from interestclock.ids import Vocabulary

__all__ = ["ItemValues"]

# Shapes: N rows, R items, I items by slot, V values.


class ItemValues:
    """Attribute values of items: from the item table, or from the row that first showed each.

    Later rows that say otherwise change nothing: what was learned of an item must not depend on what the
    log says of it afterwards.

    Args:
        names: the attributes. table: ``item_id`` and ``attribute.NAME`` (list<string>), or None.

    Example:
        >>> values = ItemValues(("genre",), None)
        >>> rows = pa.table({"item_id": ["a", "b"], "attribute.genre": [["rock", "jazz"], []]})
        >>> values.describe(np.array([1, 2]), rows)
        >>> values.of("genre", np.array([1, 2, 9])).tolist(), values.without
        ([[1, 2], [0, 0], [0, 0]], 1)
    """

    def __init__(self, names: tuple[str, ...], table: pa.Table | None) -> None:
        self.names = names
        self.vocabularies = {name: Vocabulary() for name in names}
        self.without = 0  # items that were described by nothing
        self._table = table.combine_chunks() if table is not None else None
        self._value_IV: dict[str, npt.NDArray[np.int32]] = {
            name: np.zeros((1, 1), np.int32) for name in names
        }

    @property
    def bytes_used(self) -> int:
        """Of all values, with what there is to spare; without their names."""
        return sum(each.nbytes for each in self._value_IV.values())

    def describe(self, item_R: npt.NDArray[np.integer], rows: pa.Table) -> None:
        """Note the values of items that come to these slots now; a row of ``rows`` for each."""
        if not item_R.size or not self.names:
            return
        source, place_R = rows, pa.array(np.arange(item_R.size))
        if self._table is not None:
            source, place_R = self._table, pc.index_in(rows["item_id"], self._table["item_id"])
        found_R = np.zeros(item_R.size, np.bool_)
        for name in self.names:
            lists = source[f"attribute.{name}"].take(place_R).combine_chunks()
            counts = pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
            value_RV = padded_lists(self.vocabularies[name].number(pc.list_flatten(lists)), counts)
            self._make_room(name, int(item_R.max()) + 1, value_RV.shape[1])
            self._value_IV[name][item_R] = 0
            self._value_IV[name][item_R, : value_RV.shape[1]] = value_RV
            found_R |= counts > 0
        self.without += int((~found_R).sum())

    def of(self, name: str, item_N: npt.NDArray[np.integer]) -> npt.NDArray[np.int32]:
        """Value numbers of items, int32 (N, V), 0 is none."""
        value_IV = self._value_IV[name]
        known_N = item_N < len(value_IV)
        value_NV: npt.NDArray[np.int32] = value_IV[np.where(known_N, item_N, 0)]
        return value_NV

    def named(self, name: str) -> pa.Array:
        """An attribute's values as text, the one with number n at n - 1."""
        return self.vocabularies[name].values().cast(pa.string())

    def state(self) -> Arrays:
        """For a checkpoint."""
        state = under("values", self._value_IV) | {"without": np.array(self.without)}
        for name in self.names:
            state[f"names/{name}"] = table_to_bytes(pa.table({"value": self.named(name)}))
        return state

    def restore(self, state: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Take over what ``state`` gave."""
        self.without = int(state["without"])
        self._value_IV = {name: np.array(each) for name, each in below("values", state).items()}
        for name, content in below("names", state).items():
            self.vocabularies[name] = Vocabulary()
            self.vocabularies[name].number(table_from_bytes(content)["value"])

    def _make_room(self, name: str, items: int, width: int) -> None:
        value_IV = self._value_IV[name]
        have, wide = value_IV.shape
        if items > have or width > wide:
            rows = max(items, have + have // 2) if items > have else have
            grown_IV = np.zeros((rows, max(width, wide)), np.int32)
            grown_IV[:have, :wide] = value_IV
            self._value_IV[name] = grown_IV
