"""What items became later than they were first described, and since when."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.arrays import Arrays, table_from_bytes, table_to_bytes, with_room

__all__ = ["Change", "ItemChanges"]

# Shapes: N rows, R items, V values.

Values = Mapping[str, npt.NDArray[np.int32]]  # (V,) by attribute
_from_ms = itemgetter(0)


class Change(NamedTuple):
    """What an item is from a moment on."""

    from_ms: int  # since when it counts
    stated_ms: int  # since when it is so, as was said
    values: Values


class ItemChanges:
    """Changes of items, few beside the items there are: each names all values from a moment on.

    Args:
        names: the attributes.

    Example:
        >>> changes = ItemChanges(("genre",))
        >>> changes.add(7, {"genre": np.array([3], np.int32)}, from_ms=50, stated_ms=20)
        >>> value_NV = np.array([[1], [1], [2]], np.int32)
        >>> changes.apply("genre", value_NV, np.array([7, 7, 8]), np.array([49, 50, 50]))
        >>> value_NV.tolist(), changes.between(10, 50), changes.is_past(7, from_ms=60, stated_ms=10)
        ([[1], [3], [2]], [7], True)
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self.count = 0  # of items that became something else, ever
        self._names = names
        self._of: dict[int, list[Change]] = {}  # by item, in order
        self._has_S = np.zeros(1, np.bool_)  # which items have any
        self._order: list[tuple[int, int]] = []  # moment and item, ascending

    def is_past(self, item: int, *, from_ms: int, stated_ms: int) -> bool:
        """Whether what would count from a moment on is older than something that counts by then."""
        versions = self._of.get(item, [])
        known = bisect_right(versions, from_ms, key=_from_ms)
        return any(each.stated_ms > stated_ms for each in versions[:known])

    def add(self, item: int, values: Values, *, from_ms: int, stated_ms: int) -> None:
        """An item is this from a moment on; of two at one moment the later added holds.

        Args:
            from_ms: since when it counts. stated_ms: since when it is so, as was said; UTC milliseconds.
        """
        self._has_S = with_room(self._has_S, item + 1)
        self._has_S[item] = True
        insort(self._of.setdefault(item, []), Change(from_ms, stated_ms, values), key=_from_ms)
        insort(self._order, (from_ms, item))

    def apply(
        self,
        name: str,
        value_NV: npt.NDArray[np.int32],
        item_N: npt.NDArray[np.integer],
        at_ms: int | npt.NDArray[np.int64] | None,
    ) -> None:
        """Set the values of items that had changed by a moment; None: by the end of time."""
        for row in np.flatnonzero(self.changed(item_N)).tolist():
            versions = self._of[int(item_N[row])]
            known = len(versions)
            if at_ms is not None:
                at = int(at_ms if isinstance(at_ms, int) else at_ms[row])
                known = bisect_right(versions, at, key=_from_ms)
            if known:
                values = versions[known - 1].values[name]
                value_NV[row] = 0
                value_NV[row, : values.size] = values

    def versions(self, item: int) -> list[Change]:
        """All changes of an item that are kept, in order."""
        return list(self._of.get(item, []))

    def items(self) -> npt.NDArray[np.int64]:
        """All items that have changes that are kept, ascending."""
        return np.flatnonzero(self._has_S)

    def changed(self, item_N: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
        """Which items have changes that are kept."""
        inside_N = item_N < self._has_S.size
        changed_N: npt.NDArray[np.bool_] = self._has_S[np.where(inside_N, item_N, 0)] & inside_N
        return changed_N

    def between(self, after_ms: int, until_ms: int) -> list[int]:
        """Items that changed behind a moment and by another one, whichever is earlier, each once."""
        first, last = sorted((after_ms, until_ms))
        start = bisect_right(self._order, first, key=_from_ms)
        stop = bisect_right(self._order, last, key=_from_ms)
        return sorted({item for _, item in self._order[start:stop]})

    def drop_before(self, at_ms: int) -> dict[int, tuple[int, Values]]:
        """Nobody asks for earlier moments: gives what items are by then, and since when as was said."""
        stop = bisect_right(self._order, at_ms, key=_from_ms)
        became: dict[int, tuple[int, Values]] = {}
        for item in sorted({item for _, item in self._order[:stop]}):
            versions = self._of[item]
            known = bisect_right(versions, at_ms, key=_from_ms)
            latest_ms = max(each.stated_ms for each in versions[:known])
            became[item] = latest_ms, versions[known - 1].values
            self._of[item] = versions[known:]
            if not self._of[item]:
                del self._of[item]
                self._has_S[item] = False
        del self._order[:stop]
        return became

    def forget(self, item_R: npt.NDArray[np.integer]) -> None:
        """Items left."""
        gone = {int(item) for item in item_R[self.changed(item_R)]}
        for item in gone:
            del self._of[item]
            self._has_S[item] = False
        if gone:
            self._order = [each for each in self._order if each[1] not in gone]

    def state(self) -> Arrays:
        """For a checkpoint."""
        rows = [(item, *each) for item, versions in sorted(self._of.items()) for each in versions]
        columns = {
            "item": pa.array([item for item, *_ in rows], pa.int64()),
            "from_ms": pa.array([from_ms for _, from_ms, _, _ in rows], pa.int64()),
            "stated_ms": pa.array([stated_ms for _, _, stated_ms, _ in rows], pa.int64()),
        }
        for name in self._names:
            values = [each[name].tolist() for *_, each in rows]
            columns[f"attribute.{name}"] = pa.array(values, pa.list_(pa.int32()))
        return {"count": np.array(self.count), "changes": table_to_bytes(pa.table(columns))}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self._of, self._order, self._has_S = {}, [], np.zeros(1, np.bool_)
        for each in table_from_bytes(state["changes"]).to_pylist():
            values = {name: np.array(each[f"attribute.{name}"], np.int32) for name in self._names}
            self.add(each["item"], values, from_ms=each["from_ms"], stated_ms=each["stated_ms"])
        self.count = int(state["count"])
