"""Which ids have a row of a ranker's table: earned as batches show them, lost when unused or gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import torch

from interestclock.arrays import Arrays, below, padded_lists, under, whole_tensor
from interestclock.embeddings import RowChanges, RowLedger
from interestclock.events.context import CONTEXT_KINDS
from interestclock.events.schema import LogSchema
from interestclock.ids import Identity
from interestclock.live.config import LiveConfig
from interestclock.live.touched import WEIGHT, Touched
from interestclock.ranking import Ranker
from interestclock.state import FeatureState, Ingested, Left
from interestclock.timeofday import BEFORE_ALL_MS, utc_day_start_ms
from interestclock.training.learner import Learner

__all__ = ["EmbeddingRows"]

# Shapes: B exposures, R slots.

IntArray = npt.NDArray[np.integer]


class EmbeddingRows:
    """Keeps a ranker's table and item descriptions in step with a state and with what batches show.

    Users and items go by the state's slots. Context has its own identity here: nobody else names it.

    Args:
        ranker: whose table. learner: whose optimiser has to forget what rows stood for.
        state: whose ids. config: when ids earn rows and lose them.
        moved: called when rows were given or taken, so that what was predicted with them is asked again.
    """

    def __init__(
        self,
        ranker: Ranker,
        learner: Learner,
        state: FeatureState,
        *,
        config: LiveConfig,
        moved: Callable[[], None],
    ) -> None:
        self.touched = Touched()
        self._ranker, self._learner, self._state, self._moved = ranker, learner, state, moved
        schema = state.schema
        self.contexts = {name: Identity() for name in schema.with_ids}
        self.ledgers = {"user": RowLedger(policy=config.users), "item": RowLedger(policy=config.items)}
        self.ledgers |= {f"context.{name}": RowLedger(policy=config.contexts) for name in self.contexts}
        self._expired_day_ms = 0
        self._items_as_of_ms = BEFORE_ALL_MS  # which of their descriptions items have
        self._items_newest_ms = BEFORE_ALL_MS  # the latest that they had
        self._grow()

    def identity(self, kind: str) -> Identity:
        """Of ids of a kind: ``user``, ``item``, ``context.NAME``."""
        if kind in ("user", "item"):
            return self._state.users if kind == "user" else self._state.items
        return self.contexts[kind.removeprefix("context.")]

    def follow(self, ingested: Ingested) -> None:
        """Users and items came to the state."""
        for kind, new_slots in (("user", ingested.new_users), ("item", ingested.new_items)):
            self.touched.record(kind, new_slots)
        self._grow()
        self._describe_items(np.concatenate([ingested.new_items, ingested.items_described]))

    def describe_as_of(self, at_ms: int) -> None:
        """Let items be what they were at a moment: of a batch that is predicted, or learned later.

        What changes on the way back and forth is no change for a snapshot.
        """
        changed = self._state.values.changes.between(self._items_as_of_ms, at_ms)
        new = at_ms > self._items_newest_ms
        self._items_as_of_ms, self._items_newest_ms = at_ms, max(at_ms, self._items_newest_ms)
        self._describe_items(np.array(changed, np.int64), touch=new)

    def pass_midnight(self, complete_ms: int) -> None:
        """Nobody asks any more what items were before a moment."""
        self.describe_as_of(max(complete_ms, self._items_as_of_ms))

    def release(self, left: Left) -> None:
        """Users and items left the state: their slots may be others' from now on."""
        for kind, slot_R in (("user", left.users), ("item", left.items)):
            self._free_rows(kind, slot_R)
            self.ledgers[kind].forget(slot_R)
        self._describe_items(left.items)

    def observe(self, rows: pa.Table, *, protected_from_ms: int) -> dict[str, IntArray]:
        """A batch is shown: count its ids, and move rows as that asks for.

        Args:
            rows: exposures in time order, with slots of their users and items.
            protected_from_ms: ids seen since then keep their rows.

        Returns:
            Numbers of their contexts, (B,) or (B, V), by name; 0 where there is none.
        """
        timestamp_ms_B = rows["timestamp_ms"].to_numpy()
        changes = self._expire(int(timestamp_ms_B[0]), protected_from_ms)
        for kind in ("user", "item"):
            slot_B = rows[kind].to_numpy()
            observed = self.ledgers[kind].observe(slot_B, timestamp_ms_B, protected_from_ms=protected_from_ms)
            changes[kind].append(observed)
        numbers = {}
        for name in self.contexts:
            numbers[name] = self._observe_context(name, rows, changes, protected_from_ms)
        self._grow()
        for kind, all_changes in changes.items():
            for change in all_changes:
                self._free_rows(kind, change.left)
                self._give_rows(kind, change.admitted)
        return numbers

    def record_gradients(self) -> None:
        """A batch was learned: the rows it moved are touched."""
        gradient = self._ranker.table.weight.grad
        if gradient is not None:
            self.touched.record(WEIGHT, gradient._indices()[0].numpy())

    def state(self) -> Arrays:
        """For a checkpoint."""
        state: Arrays = {"expired_day_ms": np.array(self._expired_day_ms)}
        state["items_as_of_ms"] = np.array([self._items_as_of_ms, self._items_newest_ms])
        for kind, ledger in self.ledgers.items():
            state |= under(f"ledgers/{kind}", ledger.state())
        for name, identity in self.contexts.items():
            state |= under(f"contexts/{name}", identity.state())
        return state

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave; the ranker has its rows already."""
        self._expired_day_ms = int(state["expired_day_ms"])
        self._items_as_of_ms, self._items_newest_ms = state["items_as_of_ms"].tolist()
        for kind, ledger in self.ledgers.items():
            ledger.restore(below(f"ledgers/{kind}", state))
        for name, identity in self.contexts.items():
            identity.restore(below(f"contexts/{name}", state))

    def _expire(self, now_ms: int, protected_from_ms: int) -> dict[str, list[RowChanges]]:
        """Once a day of the stream: ids that were not seen for long lose their rows."""
        day_ms = int(utc_day_start_ms(now_ms))
        if day_ms == self._expired_day_ms:
            return {kind: [] for kind in self.ledgers}
        self._expired_day_ms = day_ms
        changes = {}
        for kind, ledger in self.ledgers.items():
            left = ledger.expire(now_ms, protected_from_ms=protected_from_ms)
            changes[kind] = [RowChanges(left=left, admitted=left[:0])]
            if kind.startswith("context."):
                self.identity(kind).release(left)
        return changes

    def _observe_context(
        self, name: str, rows: pa.Table, changes: dict[str, list[RowChanges]], protected_from_ms: int
    ) -> IntArray:
        """Numbers of a context's values; those that find no room have none."""
        kind, identity = f"context.{name}", self.contexts[name]
        ids, at_ms, counts = _values_of(rows, self._state.schema, name)
        slot_N, new_slots = identity.admit(ids)
        observed = self.ledgers[kind].observe(slot_N, at_ms, protected_from_ms=protected_from_ms)
        changes[kind].append(observed)
        identity.release(observed.left)
        refused = new_slots[self.ledgers[kind].origin(new_slots) == 0]
        identity.release(refused)
        slot_N = np.where(np.isin(slot_N, refused), 0, slot_N).astype(np.int32)
        self.touched.record(kind, new_slots)
        return slot_N if counts is None else padded_lists(slot_N, counts)

    def _free_rows(self, kind: str, slot_R: IntArray) -> None:
        if not slot_R.size:
            return
        table = self._ranker.table
        row_R = table.release(kind, whole_tensor(slot_R))
        self._learner.forget_rows(table.weight, row_R)
        self.touched.record(kind, slot_R)
        self.touched.record(WEIGHT, row_R.numpy())
        self._describe_items(slot_R if kind == "item" else slot_R[:0])
        self._moved()

    def _give_rows(self, kind: str, slot_R: IntArray) -> None:
        if not slot_R.size:
            return
        origin_R = torch.from_numpy(self.ledgers[kind].origin(slot_R))
        row_R = self._ranker.table.admit(kind, whole_tensor(slot_R), origin_R=origin_R)
        self.touched.record(kind, slot_R)
        self.touched.record(WEIGHT, row_R.numpy())
        self._describe_items(slot_R if kind == "item" else slot_R[:0])
        self._moved()

    def _grow(self) -> None:
        """Know every id there is, and have rows for attribute values, which are few and stay."""
        table = self._ranker.table
        table.reserve({kind: self.identity(kind).capacity for kind in self.ledgers})
        sizes = {f"attribute.{n}": len(v) for n, v in self._state.values.vocabularies.items()}
        layout = table.layout()
        first = {feature: len(layout[feature]) if feature in layout else 1 for feature in sizes}
        table.grow(sizes)
        for feature in [each for each in sizes if first[each] <= sizes[each]]:
            new = torch.arange(first[feature], sizes[feature] + 1)
            self.touched.record(feature, new.numpy())
            self.touched.record(WEIGHT, table.rows(feature, new).numpy())
            self._moved()

    def _describe_items(self, slot_R: IntArray, *, touch: bool = True) -> None:
        if not slot_R.size:
            return
        slot_R = np.unique(slot_R)
        value_of = {
            name: torch.from_numpy(
                self._state.values.of(name, slot_R, at_ms=self._items_as_of_ms).astype(np.int64)
            )
            for name in self._state.schema.attributes
        }
        item_R = whole_tensor(slot_R)
        self._ranker.items.redescribe(item_R, value_of)
        if touch:
            self.touched.record("item", slot_R)
        for clock in self._ranker.clock_modules():
            clock.renew(item_R, self._ranker.items)


def _values_of(
    rows: pa.Table, schema: LogSchema, name: str
) -> tuple[pa.Array, npt.NDArray[np.int64], npt.NDArray[np.int64] | None]:
    """A context's values, when each was seen, and how many each row has if that may be several."""
    timestamp_ms_B = rows["timestamp_ms"].to_numpy()
    kind = next(kind for kind in CONTEXT_KINDS if name in schema.context[kind.name])
    values = rows[f"{kind.name}.{name}"].combine_chunks()
    if not kind.several:
        return values, timestamp_ms_B, None
    counts = pc.list_value_length(values).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    return pc.list_flatten(values), np.repeat(timestamp_ms_B, counts), counts
