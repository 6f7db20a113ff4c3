"""Exposures in time order become batches: ids numbered, features as of each exposure's own moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import torch

from interestclock.arrays import Arrays, below, padded_lists, under
from interestclock.embeddings import IdTable
from interestclock.events.schema import EQ3_ROLES, LogSchema
from interestclock.features import LiveClocks
from interestclock.histories import Histories, LiveHistories
from interestclock.histories.known import Behaviours
from interestclock.samples import Batch
from interestclock.samples.batch import moment_starts
from interestclock.samples.live import LabelEvents, OpenExposures
from interestclock.samples.sample_maker import REQUEST, run_starts
from interestclock.state.item_values import ItemValues
from interestclock.timeofday import utc_day_start_ms
from interestclock.training.live.config import LiveConfig

__all__ = ["IdChanges", "LiveFeatures"]

# Shapes: B exposures, M moments, E label events, R numbers.

IntArray = npt.NDArray[np.integer]
_NO_ITEM = -1  # a behaviour whose item no table holds: never found
_NONE = np.zeros(0, np.int32)
_NO_TIMES = np.zeros(0, np.int64)


@dataclass(frozen=True, kw_only=True)
class IdChanges:
    """Numbers of one kind of id that left, came, and earned a row; to be taken in this order."""

    left: npt.NDArray[np.int32]
    came: npt.NDArray[np.int32]
    admitted: npt.NDArray[np.int32]

    def __bool__(self) -> bool:
        return bool(self.left.size or self.came.size or self.admitted.size)


class LiveFeatures:
    """Everything the stream has shown so far that later batches are made from.

    ``take`` must be given the stream's exposures in time order; what it returns for one depends on it and on
    what was known strictly before its moment.

    Args:
        schema: the log's names. items: the item table, or None. config: of the trainer.
        needs_clocks: whether the ranker reads Eq. 3's preferences.
    """

    def __init__(
        self, schema: LogSchema, *, items: pa.Table | None, config: LiveConfig, needs_clocks: bool
    ) -> None:
        self.schema, self.config = schema, config
        self.tables = {"user": IdTable(policy=config.users), "item": IdTable(policy=config.items)}
        for name in (*schema.categorical, *schema.multivalued):
            self.tables[f"context.{name}"] = IdTable(policy=config.contexts)
        self.values = ItemValues(schema.attributes, items)
        self.histories = LiveHistories(longest=config.longest)
        self.clocks: LiveClocks | None = None
        if needs_clocks:
            self.clocks = LiveClocks(attributes=schema.clock_attributes, config=config.clocks)
        self._requests = 0
        self._expired_day_ms = 0

    def view(self) -> Histories:
        """The histories as batches point into them."""
        return self.histories.view(users=self.tables["user"].statistics.capacity)

    def sizes(self) -> dict[str, int]:
        """Largest number of each kind of id that has one."""
        return {name: table.statistics.capacity for name, table in self.tables.items()}

    def value_sizes(self) -> dict[str, int]:
        """Largest number of each attribute's values."""
        return {f"attribute.{name}": len(each) for name, each in self.values.vocabularies.items()}

    def number(
        self, rows: pa.Table, *, protected_from_ms: int
    ) -> tuple[dict[str, IntArray], dict[str, IdChanges]]:
        """Numbers of a batch's ids, and how the tables changed; ``change`` has to follow.

        Args:
            rows: exposures in time order. protected_from_ms: ids seen since then stay.
        """
        timestamp_ms_N = rows["timestamp_ms"].to_numpy()
        left = self._expire(int(timestamp_ms_N[0]), protected_from_ms=protected_from_ms)
        numbers: dict[str, IntArray] = {}
        changes: dict[str, IdChanges] = {}
        for kind, table in self.tables.items():
            ids, at_ms, counts = _ids_of(rows, kind, timestamp_ms_N)
            sighted = table.sight(ids, at_ms, protected_from_ms=protected_from_ms)
            numbers[kind] = sighted.number_N if counts is None else padded_lists(sighted.number_N, counts)
            changes[kind] = IdChanges(
                left=np.union1d(left.get(kind, _NONE), sighted.evicted).astype(np.int32),
                came=sighted.new,
                admitted=sighted.admitted,
            )
        return numbers, changes

    def hear(self, labels: LabelEvents, *, open_: OpenExposures) -> None:
        """Note labels of exposures taken before, ahead of ``change``: while numbers stand for those who left.

        Args:
            labels: known before all exposures to come, each given once. open_: where their labels come in.
        """
        self.histories.observe(_NONE, _NO_TIMES, self._engaged(open_, labels))
        if self.clocks is not None:
            self._vote(self.clocks, open_, labels)

    def change(
        self, rows: pa.Table, numbers: Mapping[str, IntArray], changes: Mapping[str, IdChanges]
    ) -> None:
        """Forget who left, and describe the items that came; what ``number`` took and gave."""
        self._forget(changes["user"].left, changes["item"].left)
        self._describe(rows, numbers["item"], changes["item"].came)

    def take(
        self, rows: pa.Table, numbers: Mapping[str, IntArray], *, open_: OpenExposures, labels: LabelEvents
    ) -> Batch:
        """The batch that these exposures are.

        Args:
            rows: exposures in time order. numbers: of their ids, from ``number``.
            open_: where their labels come in. labels: known before the last of them, each given once.
        """
        serial_B, timestamp_ms_B = rows["serial"].to_numpy(), rows["timestamp_ms"].to_numpy()
        second_B = rows["second_of_day"].to_numpy()
        user_B, item_B = numbers["user"], numbers["item"]
        open_.describe(serial_B, user_N=user_B, item_N=item_B, second_N=second_B)
        known_B = self.histories.observe(user_B, timestamp_ms_B, self._engaged(open_, labels))
        if self.clocks is not None:
            self._vote(self.clocks, open_, labels)
        return self._batch(rows, numbers, known_B, until_ms_B=open_.column("until_ms", serial_B))

    def trim(self, *, needed_from_ms: int) -> None:
        """Let go of behaviours that no exposure from a moment on can see."""
        self.histories.trim(needed_from_ms=needed_from_ms)

    def state(self) -> Arrays:
        """For a checkpoint."""
        state = under("values", self.values.state()) | under("histories", self.histories.state())
        for name, table in self.tables.items():
            state |= under(f"ids.{name}", table.state())
        if self.clocks is not None:
            state |= under("clocks", self.clocks.state())
        return state | {"numbers": np.array([self._requests, self._expired_day_ms])}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self.values.restore(below("values", state))
        self.histories.restore(below("histories", state))
        for name, table in self.tables.items():
            table.restore(below(f"ids.{name}", state))
        if self.clocks is not None:
            self.clocks.restore(below("clocks", state))
        self._requests, self._expired_day_ms = state["numbers"].tolist()

    def _expire(self, now_ms: int, *, protected_from_ms: int) -> dict[str, npt.NDArray[np.int32]]:
        """Once a day of the stream: numbers whose ids were not seen for long."""
        day_ms = int(utc_day_start_ms(now_ms))
        if day_ms == self._expired_day_ms:
            return {}
        self._expired_day_ms = day_ms
        return {
            kind: table.expire(now_ms, protected_from_ms=protected_from_ms)
            for kind, table in self.tables.items()
        }

    def _forget(self, user_R: npt.NDArray[np.int32], item_R: npt.NDArray[np.int32]) -> None:
        if item_R.size:
            self.histories.forget_items(item_R)
        if user_R.size:
            self.histories.forget_users(user_R)
            if self.clocks is not None:
                self.clocks.forget_users(user_R)

    def _describe(self, rows: pa.Table, item_B: IntArray, came_R: npt.NDArray[np.int32]) -> None:
        """Attributes of items that are new, from the row that first shows each."""
        if not came_R.size:
            return
        number_U, first_U = np.unique(item_B, return_index=True)
        wanted = np.isin(number_U, came_R)
        self.values.describe(number_U[wanted], rows.take(pa.array(first_U[wanted])))

    def _engaged(self, open_: OpenExposures, labels: LabelEvents) -> Behaviours:
        """Exposures with a 1 in an engaged label, known as soon as the first such label is."""
        wanted = [self.schema.labels.index(name) for name in self.schema.engaged]
        ones = labels.taken(np.flatnonzero((labels.value_E == 1) & np.isin(labels.label_E, wanted)))
        ones = ones.taken(np.flatnonzero(open_.engage(ones.serial_E)))
        of_user = ones.taken(np.flatnonzero(open_.column("user", ones.serial_E) > 0))
        item_N = open_.column("item", of_user.serial_E)
        return Behaviours(
            user_N=open_.column("user", of_user.serial_E),
            item_N=np.where(item_N > 0, item_N, _NO_ITEM),
            timestamp_ms_N=open_.column("timestamp_ms", of_user.serial_E),
            second_of_day_N=open_.column("second_of_day", of_user.serial_E),
            known_ms_N=of_user.known_ms_E,
        )

    def _vote(self, clocks: LiveClocks, open_: OpenExposures, labels: LabelEvents) -> None:
        """Give Eq. 3 the labels that are 1 and one of its terms."""
        term_of = np.full(len(self.schema.labels), -1, np.int8)
        for role, label in self.schema.eq3_labels.items():
            term_of[self.schema.labels.index(label)] = EQ3_ROLES.index(role)
        counted = (labels.value_E == 1) & (term_of[labels.label_E] >= 0)
        votes = labels.taken(np.flatnonzero(counted & (open_.column("user", labels.serial_E) > 0)))
        item_N = open_.column("item", votes.serial_E)
        for name in self.schema.clock_attributes:
            vocabulary = self.values.vocabularies[name]
            if len(vocabulary) != clocks.values_named(name):
                clocks.name_values(name, vocabulary.values().cast(pa.string()))
        clocks.add(
            user_N=open_.column("user", votes.serial_E),
            values_NV={name: self.values.of(name, item_N) for name in self.schema.clock_attributes},
            timestamp_ms_N=open_.column("timestamp_ms", votes.serial_E),
            second_of_day_N=open_.column("second_of_day", votes.serial_E),
            known_ms_N=votes.known_ms_E,
            term_N=term_of[votes.label_E],
        )

    def _batch(
        self, rows: pa.Table, numbers: Mapping[str, IntArray], known_B: IntArray, *, until_ms_B: IntArray
    ) -> Batch:
        whole = {
            name: torch.from_numpy(rows[name].to_numpy().astype(np.int64))
            for name in ("timestamp_ms", "second_of_day", "day_of_week")
        }
        user_B = torch.from_numpy(numbers["user"].astype(np.int64))
        known = torch.from_numpy(known_B.astype(np.int64))
        starts_B = moment_starts(user_B, *whole.values(), known)
        first_M = starts_B.nonzero().squeeze(1)
        histories, recent = self.view(), self.config.ranker.recent
        start_M, stop_M = histories.newest(user_B[first_M], known[first_M], most=recent)
        return Batch(
            user_B=user_B,
            item_B=torch.from_numpy(numbers["item"].astype(np.int64)),
            request_B=self._number_requests(rows),
            timestamp_ms_B=whole["timestamp_ms"],
            second_of_day_B=whole["second_of_day"],
            day_of_week_B=whole["day_of_week"],
            known_ms_B=torch.from_numpy(until_ms_B),
            known_behaviours_B=known,
            moment_of_B=starts_B.cumsum(0) - 1,
            first_M=first_M,
            recent_MN=histories.items_between(start_M, stop_M, width=recent),
            labels={},
            categorical=self._contexts(numbers, self.schema.categorical),
            multivalued=self._contexts(numbers, self.schema.multivalued),
            numeric={
                name: torch.from_numpy(rows[f"numeric.{name}"].to_numpy().astype(np.float32))
                for name in self.schema.numeric
            },
            clocks=self._clocks_as_of(user_B[first_M].numpy(), whole["timestamp_ms"][first_M].numpy()),
        )

    def _contexts(self, numbers: Mapping[str, IntArray], names: tuple[str, ...]) -> dict[str, torch.Tensor]:
        return {name: torch.from_numpy(numbers[f"context.{name}"].astype(np.int64)) for name in names}

    def _clocks_as_of(self, user_M: IntArray, time_ms_M: npt.NDArray[np.int64]) -> dict[str, torch.Tensor]:
        if self.clocks is None:
            return {}
        if self.config.clocks_of_day:
            time_ms_M = utc_day_start_ms(time_ms_M)
        read = self.clocks.read(user_M, time_ms_M)
        return {name: torch.from_numpy(clock_MHV.astype(np.int64)) for name, clock_MHV in read.items()}

    def _number_requests(self, rows: pa.Table) -> torch.Tensor:
        starts_B = run_starts(rows, REQUEST)
        request_B = self._requests + np.cumsum(starts_B, dtype=np.int64)
        self._requests = int(request_B[-1])
        return torch.from_numpy(request_B)


def _ids_of(
    rows: pa.Table, kind: str, timestamp_ms_N: npt.NDArray[np.int64]
) -> tuple[pa.Array, npt.NDArray[np.int64], npt.NDArray[np.int64] | None]:
    """A batch's ids of one kind, when each was seen, and how many each row has if that may be several."""
    if kind in ("user", "item"):
        return rows[f"{kind}_id"].combine_chunks(), timestamp_ms_N, None
    name = kind.removeprefix("context.")
    if f"categorical.{name}" in rows.column_names:
        return rows[f"categorical.{name}"].combine_chunks(), timestamp_ms_N, None
    lists = rows[f"multivalued.{name}"].combine_chunks()
    counts = pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    return pc.list_flatten(lists), np.repeat(timestamp_ms_N, counts), counts
