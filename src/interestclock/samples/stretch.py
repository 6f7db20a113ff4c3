"""One stretch of the stream becomes samples: numbered ids, pointers into the past, candidates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.events.schema import LogSchema
from interestclock.histories import Behaviours, KnownBehaviours
from interestclock.samples.candidates import CandidateConfig, sample_candidates
from interestclock.samples.item_attributes import ItemAttributes
from interestclock.samples.padding import padded_lists
from interestclock.samples.vocabulary import Vocabulary

__all__ = ["MISSING", "MOMENT", "REQUEST", "StreamState", "run_starts", "whole_runs"]

MISSING = -1  # a label nobody gave
Columns = dict[str, npt.NDArray[Any]]
_NEVER_KNOWN = np.iinfo(np.int64).max


REQUEST = ("user_id", "request_id")
MOMENT = ("timestamp_ms",)


def whole_runs(chunks: Iterator[pa.Table], names: tuple[str, ...]) -> Iterator[pa.Table]:
    """The same tables, except that a run's first rows move to the next one where it goes on there.

    A run is rows in a row that agree in the named columns: ``REQUEST`` or ``MOMENT``.

    A table is given out when the next one has come, so that where it ends does not depend on what
    follows but for the run at its end.

    Example:
        >>> first = pa.table({"user_id": [1, 1], "request_id": [7, 8]})
        >>> second = pa.table({"user_id": [1, 2], "request_id": [8, 9]})
        >>> [t["request_id"].to_pylist() for t in whole_runs(iter([first, second]), REQUEST)]
        [[7], [8, 8, 9]]
    """
    held: pa.Table | None = None
    for table in chunks:
        if not table.num_rows:
            continue
        if held is None:
            held = table
            continue
        both = pa.concat_tables([held, table])
        starts = np.flatnonzero(run_starts(both, names))
        cut = int(starts[starts <= held.num_rows][-1])
        if cut:
            yield both.slice(0, cut)
        held = both.slice(cut)
    if held is not None:
        yield held


def run_starts(table: pa.Table, names: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """True on the first row of each run; every row is one where a column is not there."""
    starts = np.ones(table.num_rows, dtype=bool)
    if table.num_rows < 2 or not set(names) <= set(table.column_names):
        return starts
    same = np.ones(table.num_rows - 1, dtype=bool)
    for name in names:
        column = table[name].combine_chunks()
        equal = pc.equal(column.slice(1), column.slice(0, table.num_rows - 1))
        same &= equal.fill_null(False).to_numpy(zero_copy_only=False)
    starts[1:] = ~same
    return starts


@dataclass(kw_only=True)
class StreamState:
    """Everything the stream has shown so far that later samples are made from.

    ``take`` must be given the stream's tables in order; what it returns for a row depends on that
    row and on what was known strictly before its time, never on later rows.
    """

    schema: LogSchema
    item_table: pa.Table | None
    candidates: CandidateConfig
    users: Vocabulary = field(default_factory=Vocabulary)
    items: Vocabulary = field(default_factory=Vocabulary)
    contexts: dict[str, Vocabulary] = field(default_factory=dict)
    known: KnownBehaviours = field(default_factory=KnownBehaviours)
    rows: int = 0
    requests: int = 0
    unscored: int = 0
    sampled: int = 0
    labels_known_later: int = 0
    first_ms: int = 0
    last_ms: int = 0

    def __post_init__(self) -> None:
        self.attributes = ItemAttributes(self.schema.attributes, self.item_table)
        for name in (*self.schema.categorical, *self.schema.multivalued):
            self.contexts[name] = Vocabulary()

    def take(self, table: pa.Table) -> tuple[Columns, Columns]:
        """Samples of a table, and its exposures as Eq. 3 counts them."""
        real = self._real_columns(table)
        known_of_user, known_of_all = self.known.observe(
            real["user"], real["timestamp_ms"], self._behaviours(real)
        )
        real["history_length"] = known_of_user
        self._number_requests(table, real)
        main = self.schema.main_label
        self.labels_known_later += int((real[f"known_ms.{main}"] > real["timestamp_ms"]).sum())
        samples = self._with_candidates(real, known_of_all) if self.schema.positive_only else real
        if table.num_rows:
            self.first_ms = self.first_ms if self.rows else int(real["timestamp_ms"][0])
            self.last_ms = int(real["timestamp_ms"][-1])
        self.rows += table.num_rows
        return samples, self._exposures(real)

    def _real_columns(self, table: pa.Table) -> Columns:
        item_id = table["item_id"].combine_chunks()
        columns: Columns = {
            "user": self.users.number(table["user_id"]),
            "item": self.items.number(item_id),
        }
        self.attributes.admit(columns["item"], table, item_id)
        for name in ("timestamp_ms", "second_of_day", "day_of_week"):
            columns[name] = table[name].to_numpy()
        for label in self.schema.labels:
            columns[f"label.{label}"] = table[f"label.{label}"].fill_null(MISSING).to_numpy().astype(np.int8)
            columns[f"known_ms.{label}"] = table[f"known_ms.{label}"].to_numpy()
        for label in self.schema.truths:
            columns[f"truth.{label}"] = table[f"truth.{label}"].to_numpy()
        return columns | self._context_columns(table)

    def _context_columns(self, table: pa.Table) -> Columns:
        columns: Columns = {}
        for name in self.schema.categorical:
            columns[f"categorical.{name}"] = self.contexts[name].number(table[f"categorical.{name}"])
        for name in self.schema.multivalued:
            columns[f"multivalued.{name}"] = _padded(table[f"multivalued.{name}"], self.contexts[name])
        for name in self.schema.numeric:
            values = table[f"numeric.{name}"].fill_null(float("nan")).to_numpy()
            columns[f"numeric.{name}"] = values.astype(np.float32)
        return columns

    def _behaviours(self, real: Columns) -> Behaviours:
        """Exposures with a 1 in an engaged label, known as soon as the first such label is."""
        known_ms = np.full(real["user"].size, _NEVER_KNOWN)
        for label in self.schema.engaged:
            positive = real[f"label.{label}"] == 1
            known_ms = np.where(positive, np.minimum(known_ms, real[f"known_ms.{label}"]), known_ms)
        behaviours = Behaviours(
            user_N=real["user"],
            item_N=real["item"],
            timestamp_ms_N=real["timestamp_ms"],
            second_of_day_N=real["second_of_day"],
            known_ms_N=np.maximum(known_ms, real["timestamp_ms"]),  # no exposure is in its own history
        )
        return behaviours.select(known_ms < _NEVER_KNOWN)

    def _number_requests(self, table: pa.Table, real: Columns) -> None:
        starts = np.ones(table.num_rows, bool) if self.schema.positive_only else run_starts(table, REQUEST)
        real["request"] = self.requests + np.cumsum(starts, dtype=np.int64)
        self.requests += int(starts.sum())

    def _with_candidates(self, real: Columns, known_of_all: npt.NDArray[np.int64]) -> Columns:
        scored = self.known.first_position(real["item"]) < known_of_all
        drawn = sample_candidates(
            first_number=self.rows,
            user_N=real["user"],
            item_N=real["item"],
            timestamp_ms_N=real["timestamp_ms"],
            scored_N=scored,
            known_of_user_N=real["history_length"],
            known_of_all_N=known_of_all,
            known=self.known,
            config=self.candidates,
        )
        self.unscored += int((~scored).sum())
        self.sampled += int((~drawn.chosen_R).sum())
        samples = {name: column[drawn.choice_R] for name, column in real.items()}
        samples["item"] = drawn.item_R
        samples[f"label.{self.schema.main_label}"] = drawn.chosen_R.astype(np.int8)
        return samples

    def _exposures(self, real: Columns) -> Columns:
        exposures = {name: real[name] for name in ("user", "item", "timestamp_ms", "second_of_day")}
        for role, label in self.schema.eq3_labels.items():
            exposures[role] = np.maximum(real[f"label.{label}"], 0)
            exposures[f"known_ms_{role}"] = real[f"known_ms.{label}"]
        return exposures


def _padded(lists: pa.ChunkedArray, vocabulary: Vocabulary) -> npt.NDArray[np.int32]:
    lists = lists.combine_chunks()
    counts = pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False)
    return padded_lists(vocabulary.number(pc.list_flatten(lists)), counts.astype(np.int64))
