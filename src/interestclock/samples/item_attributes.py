"""What is known of each item: its attribute values, fixed when the stream first shows it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.samples.padding import padded_lists
from interestclock.samples.vocabulary import Vocabulary

__all__ = ["ItemAttributes", "carried_values"]


class ItemAttributes:
    """Attribute values of items by dense item number, as of each item's first row.

    Where the log comes with an item table the values stand there, otherwise in the row that first
    shows the item. Later rows that say otherwise change nothing: what was learned of an item must
    not depend on what the log says of it afterwards.

    Args:
        names: the attributes. table: ``item_id`` and ``attribute.NAME`` (list<string>), or None.

    Example:
        >>> seen = ItemAttributes(("genre",), None)
        >>> rows = pa.table({"attribute.genre": pa.array([["rock", "jazz"], []])})
        >>> seen.admit(np.array([1, 2]), rows, pa.array(["a", "b"]))
        >>> seen.padded("genre").tolist()
        [[0, 0], [1, 2], [0, 0]]
    """

    def __init__(self, names: tuple[str, ...], table: pa.Table | None) -> None:
        self.names = names
        self.vocabularies = {name: Vocabulary() for name in names}
        self._table = table.combine_chunks() if table is not None else None
        self._flat: dict[str, list[npt.NDArray[np.int32]]] = {name: [] for name in names}
        self._counts: dict[str, list[npt.NDArray[np.int64]]] = {name: [] for name in names}
        self._items = 0
        self.without = 0

    def admit(self, item_N: npt.NDArray[np.integer], rows: pa.Table, item_id_N: pa.Array) -> None:
        """Note the attributes of items that these rows show for the first time (numbers above the last)."""
        distinct_U, first_U = np.unique(item_N, return_index=True)
        first_U = first_U[distinct_U > self._items]
        self._items += first_U.size
        if first_U.size == 0 or not self.names:
            return
        source, place_U = self._where(rows, item_id_N, first_U)
        found = np.zeros(first_U.size, dtype=bool)
        for name in self.names:
            lists = source.column(f"attribute.{name}").take(place_U)
            lists = lists.combine_chunks() if isinstance(lists, pa.ChunkedArray) else lists
            counts = pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
            self._flat[name].append(self.vocabularies[name].number(pc.list_flatten(lists)))
            self._counts[name].append(counts)
            found |= counts > 0
        self.without += int((~found).sum())

    def padded(self, name: str) -> npt.NDArray[np.int32]:
        """Value numbers by item number, int32, shape (items + 1, most values an item has); 0 is none."""
        counts = np.concatenate([[0], *self._counts[name]]).astype(np.int64)
        flat = np.concatenate([np.zeros(0, np.int32), *self._flat[name]])
        return padded_lists(flat, counts)

    def _where(
        self, rows: pa.Table, item_id_N: pa.Array, first_U: npt.NDArray[np.integer]
    ) -> tuple[pa.Table, pa.Array]:
        """The table that holds the new items' attributes, and each one's row in it (null: none)."""
        if self._table is None:
            return rows, pa.array(first_U)
        return self._table, pc.index_in(item_id_N.take(pa.array(first_U)), self._table["item_id"])


def carried_values(attribute: str, padded_IV: npt.NDArray[np.integer], values: pa.Array) -> pa.Table:
    """One row for each value an item carries: ``item`` (dense number), ``attribute``, ``value``.

    Args:
        attribute: its name. padded_IV: value numbers by item number, 0 is none.
        values: the attribute's values; the one with number n stands at n - 1.
    """
    item, _ = np.nonzero(padded_IV)
    number = padded_IV[padded_IV > 0]
    return pa.table(
        {
            "item": pa.array(item, pa.int32()),
            "attribute": pa.array([attribute] * item.size, pa.string()),
            "value": values.cast(pa.string()).take(pa.array(number - 1)),
        }
    )
