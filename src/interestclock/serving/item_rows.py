"""What items are made of, by a view's slots: looked up by id once, and again where it changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

from interestclock.arrays import with_room
from interestclock.ranking import Ranker
from interestclock.serving.id_index import IdIndex
from interestclock.serving.item_slots import ItemSlots
from interestclock.serving.rank_request import Id
from interestclock.state import FeatureView, Mark

__all__ = ["ItemRows", "NewItems"]

# Shapes: R slots, S slots of a view from 0, V values of an attribute, X values of one by number from 0.

IntArray = npt.NDArray[np.integer]


@dataclass(frozen=True, kw_only=True)
class NewItems:
    """Items that a view does not know.

    Args:
        ids: of items. values: of attributes, texts of each item; one that is left out has none.
    """

    ids: list[int | str]
    values: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)


class ItemRows:
    """Keeps ``ranker.items`` in the slots of a view, and its rows of attribute values in the view's numbers.

    An item is looked up by its id when it is first asked for, and again once the view says that it changed,
    or a snapshot has another id there. One that the snapshot has no row of is made of its attributes alone.

    Args:
        ranker: of one version. items: the snapshot's items by id. values: its values of each attribute.
    """

    def __init__(self, ranker: Ranker, *, items: IdIndex, values: Mapping[str, IdIndex]) -> None:
        self._ranker, self._items, self._values = ranker, items, values
        self._mark: Mark | None = None
        self._slots = ItemSlots()
        self._described_S = np.zeros(1, np.bool_)
        self._number_S = np.zeros(1, np.int64)  # in the snapshot; 0 where it has none
        self._value_SV = {name: np.zeros((1, 1), np.int32) for name in values}  # in the view
        self._rows: Mapping[str, torch.Tensor] = {}
        self._value_row_X = dict.fromkeys(values, _NO_ROW)
        self._renewed = False
        self._top = 0  # no slot behind it was ever described

    def update(self, rows: Mapping[str, torch.Tensor], *, other_items: IntArray) -> None:
        """The snapshot is another one; ``describe`` takes it up.

        Args:
            rows: its rows of ``item`` and ``attribute.NAME``, by its own numbers.
            other_items: its numbers that stand for other items than before.
        """
        self._rows, self._renewed = rows, True
        self._described_S &= (self._number_S > 0) & ~np.isin(self._number_S, other_items)
        self._value_row_X = dict.fromkeys(self._values, _NO_ROW)

    def slots(self, ids: Sequence[Id], view: FeatureView) -> npt.NDArray[np.int64]:
        """Slots of items in a view, int64 (N,); 0 for those that it does not know.

        Raises:
            RequestError, LogError: as ``ItemSlots.of``.
        """
        self._follow(view)
        return self._slots.of(ids, view)

    def describe(self, slot_N: IntArray, view: FeatureView, *, at_ms: int) -> None:
        """Have the ranker know these items as they are now.

        Args:
            slot_N: of the view, in any order, more than once too. at_ms: UTC milliseconds.
        """
        self._follow(view)
        self._know_values(view)
        if self._renewed:
            self._place(np.flatnonzero(self._described_S))
            self._renewed = False
        slot_N = slot_N[slot_N > 0]
        self._reach(int(slot_N.max(initial=0)))
        missing = np.unique(slot_N[~self._described_S[slot_N]]).astype(np.int64)
        if missing.size:
            self._number_S[missing] = self._items.numbers(view.ids("item", missing).to_pylist())
            for name in self._values:
                self._note_values(name, missing, view.item_values(name, missing, at_ms=at_ms))
            self._place(missing)
            self._described_S[missing] = True
            self._top = max(self._top, int(missing[-1]))

    def describe_new(self, new: NewItems) -> npt.NDArray[np.int64]:
        """Slots for items that the view does not know, until others are asked for, int64 (R,)."""
        if not new.ids:
            return np.zeros(0, np.int64)
        slot_R = np.arange(self._top + 1, self._top + 1 + len(new.ids))
        self._reach(int(slot_R[-1]))
        self._number_S[slot_R] = self._items.numbers(new.ids)
        parts = []
        for name, index in self._values.items():
            texts = new.values.get(name, [[]] * len(new.ids))
            width = max(1, *map(len, texts))
            numbers = index.numbers(text for each in texts for text in [*each, *[None] * (width - len(each))])
            parts.append(self._rows[f"attribute.{name}"][torch.from_numpy(numbers)].reshape(-1, width))
        self._place_rows(slot_R, parts)
        return slot_R

    def _follow(self, view: FeatureView) -> None:
        """Forget what the view says is other now."""
        changed = view.items_changed(self._mark)
        if changed.slots is None:
            self._described_S[:] = False
            self._value_row_X = dict.fromkeys(self._values, _NO_ROW)
        else:
            self._described_S[changed.slots[changed.slots < self._described_S.size]] = False
        self._slots.forget(changed.slots)
        self._mark = changed.mark

    def _know_values(self, view: FeatureView) -> None:
        """Rows of the view's attribute values, by its numbers."""
        for name, index in self._values.items():
            texts, known = view.named(name), len(self._value_row_X[name]) - 1
            if len(texts) > known:
                numbers = torch.from_numpy(index.numbers(texts.slice(known).to_pylist()))
                new_X = self._rows[f"attribute.{name}"][numbers]
                self._value_row_X[name] = torch.cat([self._value_row_X[name], new_X])
            self._ranker.table.renumber(f"attribute.{name}", self._value_row_X[name])

    def _note_values(self, name: str, slot_R: IntArray, value_RV: npt.NDArray[np.int32]) -> None:
        have_SV, wide = self._value_SV[name], value_RV.shape[1]
        if wide > have_SV.shape[1]:
            have_SV = np.pad(have_SV, ((0, 0), (0, wide - have_SV.shape[1])))
        have_SV = with_room(have_SV, int(slot_R.max()) + 1)
        have_SV[slot_R], have_SV[slot_R, :wide] = 0, value_RV
        self._value_SV[name] = have_SV

    def _place(self, slot_R: npt.NDArray[np.int64]) -> None:
        values = {
            name: torch.from_numpy(each[slot_R].astype(np.int64)) for name, each in self._value_SV.items()
        }
        self._place_rows(slot_R, [self._value_row_X[name][each] for name, each in values.items()])

    def _place_rows(self, slot_R: npt.NDArray[np.int64], value_rows: list[torch.Tensor]) -> None:
        item_R, items = torch.from_numpy(slot_R), self._ranker.items
        own_R = self._rows["item"][torch.from_numpy(self._number_S[slot_R])]
        items.place_rows(item_R, [own_R.unsqueeze(1), *value_rows])
        self._ranker.table.renumber("item", items.row_NF[:, 0])
        for clock in self._ranker.clock_modules():
            clock.renew(item_R, items)

    def _reach(self, slot: int) -> None:
        self._described_S = with_room(self._described_S, slot + 1)
        self._number_S = with_room(self._number_S, slot + 1)


_NO_ROW = torch.zeros(1, dtype=torch.int64)
