"""What each item is, and was: its attribute values, by slot."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.arrays import (
    Arrays,
    below,
    padded_lists,
    texts_as_arrays,
    texts_in,
    under,
    with_room,
)
from interestclock.ids import Vocabulary
from interestclock.state.item_changes import ItemChanges
from interestclock.state.item_descriptions import Descriptions
from interestclock.timeofday import BEFORE_ALL_MS

__all__ = ["ItemValues"]

# Shapes: N rows, R descriptions, S items by slot, V values.


class ItemValues:
    """Attribute values of items: from item messages, the item table, or the row that first shows each.

    Later rows that say otherwise change nothing: what was learned of an item must not depend on what the
    log says of it afterwards. A message does, from its moment on. The first that is said of an item holds for
    all time before it, too. Of two messages the one about the later moment holds, whichever comes first.

    Args:
        names: the attributes. table: ``item_id`` and ``attribute.NAME`` (list<string>), or None.

    Example:
        >>> values = ItemValues(("genre",), None)
        >>> rows = pa.table({"item_id": ["a", "b"], "attribute.genre": [["rock", "jazz"], []]})
        >>> _ = values.describe(Descriptions.of_rows(np.array([1, 2]), rows))
        >>> values.of("genre", np.array([1, 2, 9])).tolist(), values.without
        ([[1, 2], [0, 0], [0, 0]], 1)
        >>> one = np.ones(1, np.bool_)
        >>> _ = values.describe(Descriptions(item_R=np.array([1]), rows=rows.slice(1, 1), by_message_R=one,
        ...     first_R=~one, shown_R=one, stated_ms_R=np.array([50]), from_ms_R=np.array([50]), final_R=one))
        >>> values.of("genre", np.array([1, 1]), at_ms=np.array([49, 50])).tolist(), values.changes.count
        ([[1, 2], [0, 0]], 1)
    """

    def __init__(self, names: tuple[str, ...], table: pa.Table | None) -> None:
        self.names = names
        self.vocabularies = {name: Vocabulary() for name in names}
        self.without = 0  # items that were described by nothing
        self.first_without: str | None = None  # the first of them since this began
        self.changes = ItemChanges(names)
        self._table = table.combine_chunks() if table is not None else None
        self._stated_ms_S = np.zeros(1, np.int64)  # the latest since when as was said, of what holds
        self._value_SV: dict[str, npt.NDArray[np.int32]] = {
            name: np.zeros((1, 1), np.int32) for name in names
        }

    @property
    def bytes_used(self) -> int:
        """Of all values, with what there is to spare; without their names and changes."""
        return self._stated_ms_S.nbytes + sum(each.nbytes for each in self._value_SV.values())

    def with_table(self, descriptions: Descriptions) -> Descriptions:
        """What is said of items, behind what the item table says of those of them that are new."""
        if self._table is None or not (descriptions.by_message_R & descriptions.first_R).any():
            return descriptions
        in_table_R = np.asarray(
            pc.is_valid(pc.index_in(descriptions.rows["item_id"], self._table["item_id"]))
        )
        twice = np.flatnonzero(descriptions.by_message_R & descriptions.first_R & in_table_R)
        order = np.sort(np.concatenate([np.arange(descriptions.item_R.size), twice]))
        first_of_two = np.searchsorted(order, twice)
        by_message_R, first_R = descriptions.by_message_R[order], descriptions.first_R[order]
        stated_ms_R, from_ms_R = descriptions.stated_ms_R[order], descriptions.from_ms_R[order]
        by_message_R[first_of_two] = False
        stated_ms_R[first_of_two] = from_ms_R[first_of_two] = BEFORE_ALL_MS
        first_R[first_of_two + 1] = False
        return Descriptions(
            item_R=descriptions.item_R[order],
            rows=descriptions.rows.take(pa.array(order)),
            by_message_R=by_message_R,
            first_R=first_R,
            shown_R=descriptions.shown_R[order],
            stated_ms_R=stated_ms_R,
            from_ms_R=from_ms_R,
            final_R=descriptions.final_R[order],
        )

    def remark(self) -> str | None:
        """What is to be said of items that came without attributes, if any did."""
        if not self.without:
            return None
        such = "" if self.first_without is None else f", such as {self.first_without}"
        why = "what shows them has none"
        if self._table is not None:
            has = f" (it has {self._table['item_id'][0].as_py()!r})" if len(self._table) else ""
            why = f"they are not in the items file{has}, or without any there"
        return f"{self.without:,} items came without attributes{such}: {why}, and no message did before"

    def describe(self, descriptions: Descriptions) -> dict[str, npt.NDArray[np.int32]]:
        """Note what is said of items; gives the numbers of the values said, int32 (R, V), by attribute.

        Args:
            descriptions: as ``with_table`` gives it.
        """
        if not descriptions.item_R.size or not self.names:
            return {}
        value_RV = {name: self._numbered(name, descriptions) for name in self.names}
        first = np.flatnonzero(descriptions.first_R)
        if first.size:
            found_R = self._set(
                {name: each[first] for name, each in value_RV.items()}, descriptions.item_R[first]
            )
            self.without += int((~found_R).sum())
            if self.first_without is None and not found_R.all():
                self.first_without = repr(descriptions.rows["item_id"][int(first[found_R.argmin()])].as_py())
            items = int(descriptions.item_R[first].max()) + 1
            self._stated_ms_S = with_room(self._stated_ms_S, items)
            self._stated_ms_S[descriptions.item_R[first]] = descriptions.stated_ms_R[first]
        for row in np.flatnonzero(~descriptions.first_R).tolist():
            item, stated_ms = int(descriptions.item_R[row]), int(descriptions.stated_ms_R[row])
            if stated_ms >= self._stated_ms_S[item]:  # else something later was said already
                values = {name: each[row] for name, each in value_RV.items()}
                self._change(
                    item,
                    values,
                    int(descriptions.from_ms_R[row]),
                    stated_ms,
                    final=bool(descriptions.final_R[row]),
                )
        return value_RV

    def of(
        self, name: str, item_N: npt.NDArray[np.integer], *, at_ms: int | npt.NDArray[np.int64] | None = None
    ) -> npt.NDArray[np.int32]:
        """Value numbers of items, int32 (N, V), 0 is none.

        Args:
            at_ms: as they were then, (N,) or one for all, UTC milliseconds; None: as they will be in the end.
        """
        value_NV = self.at_first(name, item_N)
        self.changes.apply(name, value_NV, item_N, at_ms)
        return value_NV

    def at_first(self, name: str, item_R: npt.NDArray[np.integer]) -> npt.NDArray[np.int32]:
        """Value numbers of items before any change, int32 (R, V), 0 is none."""
        value_SV = self._value_SV[name]
        known_R = item_R < len(value_SV)
        value_RV: npt.NDArray[np.int32] = value_SV[np.where(known_R, item_R, 0)]
        return value_RV

    def having(self, name: str, number: int, *, at_ms: int) -> npt.NDArray[np.int64]:
        """Slots that have a value of an attribute as of a moment, ascending, those of items that left, too.

        Args:
            number: of the value; none has 0.
        """
        value_SV = self._value_SV[name]
        has_S = np.zeros(len(value_SV), np.bool_)
        for value_S in value_SV.T if number else ():
            has_S |= value_S == number
        if number:
            changed = self.changes.items()
            has_S[changed] = (self.of(name, changed, at_ms=at_ms) == number).any(axis=1)
        return np.flatnonzero(has_S)

    def width(self, name: str) -> int:
        """How many values of an attribute an item may have."""
        return int(self._value_SV[name].shape[1])

    def forget(self, item_R: npt.NDArray[np.integer]) -> None:
        """Items left: their slots may be others'."""
        self.changes.forget(item_R)

    def drop_before(self, at_ms: int) -> npt.NDArray[np.int64]:
        """Nobody asks any more what items were before a moment; gives those that had changed by then."""
        became = self.changes.drop_before(at_ms)
        for item, (stated_ms, values) in became.items():
            one = np.array([item])
            self._set({name: each[np.newaxis] for name, each in values.items()}, one)
            self._stated_ms_S[one] = np.maximum(self._stated_ms_S[one], stated_ms)
        return np.array(list(became), np.int64)

    def named(self, name: str) -> pa.Array:
        """An attribute's values as text, the one with number n at n - 1."""
        return self.vocabularies[name].values().cast(pa.string())

    def state(self) -> Arrays:
        """For a checkpoint."""
        state = under("values", self._value_SV) | {"without": np.array(self.without)}
        state |= {"stated_ms": self._stated_ms_S} | under("changes", self.changes.state())
        for name in self.names:
            state |= under(f"names/{name}", texts_as_arrays(self.named(name)))
        return state

    def restore(self, state: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Take over what ``state`` gave."""
        self.without = int(state["without"])
        self._value_SV = {name: np.array(each) for name, each in below("values", state).items()}
        self._stated_ms_S = np.array(state["stated_ms"])
        self.changes.restore(below("changes", state))
        for name in self.names:
            self.vocabularies[name] = Vocabulary()
            self.vocabularies[name].number(texts_in(below(f"names/{name}", state)))

    def _numbered(self, name: str, descriptions: Descriptions) -> npt.NDArray[np.int32]:
        """Numbers of an attribute's values, of rows out of the item table where there is one."""
        column = f"attribute.{name}"
        if self._table is None:
            lists = descriptions.rows[column].combine_chunks()
        else:
            place_R = pc.index_in(descriptions.rows["item_id"], self._table["item_id"])
            lists = self._table[column].combine_chunks()
            if descriptions.by_message_R.any():
                own = pa.array(len(lists) + np.arange(descriptions.item_R.size, dtype=np.int32))
                lists = pa.concat_arrays([lists, descriptions.rows[column].combine_chunks().cast(lists.type)])
                place_R = pc.if_else(pa.array(descriptions.by_message_R), own, place_R)
            lists = lists.take(place_R)
        counts = pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        return padded_lists(self.vocabularies[name].number(pc.list_flatten(lists)), counts)

    def _set(
        self, value_RV: Mapping[str, npt.NDArray[np.int32]], item_R: npt.NDArray[np.integer]
    ) -> npt.NDArray[np.bool_]:
        """These items are that, from the first on; gives which of them are anything."""
        found_R = np.zeros(item_R.size, np.bool_)
        for name, each_RV in value_RV.items():
            self._make_room(name, int(item_R.max()) + 1, each_RV.shape[1])
            self._value_SV[name][item_R] = 0
            self._value_SV[name][item_R, : each_RV.shape[1]] = each_RV
            found_R |= (each_RV > 0).any(axis=1)
        return found_R

    def _change(
        self,
        item: int,
        values: dict[str, npt.NDArray[np.int32]],
        from_ms: int,
        stated_ms: int,
        *,
        final: bool,
    ) -> None:
        """An item is this from a moment on; kept, if it is that already, where an earlier change may come."""
        if self.changes.is_past(item, from_ms=from_ms, stated_ms=stated_ms):
            return
        one = np.array([item])
        before = {name: self.of(name, one, at_ms=from_ms)[0] for name in self.names}
        differs = any(_values(before[name]) != _values(each) for name, each in values.items())
        self.changes.count += differs
        if differs or not final:
            for name, each in values.items():
                self._make_room(name, item + 1, each.size)
            self.changes.add(item, values, from_ms=from_ms, stated_ms=stated_ms)

    def _make_room(self, name: str, items: int, width: int) -> None:
        value_SV = self._value_SV[name]
        if width > value_SV.shape[1]:
            value_SV = np.pad(value_SV, ((0, 0), (0, width - value_SV.shape[1])))
        self._value_SV[name] = with_room(value_SV, items)


def _values(value_V: npt.NDArray[np.int32]) -> list[int]:
    values: list[int] = value_V[value_V > 0].tolist()
    return values
