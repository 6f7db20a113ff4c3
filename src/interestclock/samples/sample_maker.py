"""Rows of a log become samples: slots for ids, numbers for context, candidates beside choices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.admission import AdmissionConfig, EventBuffer, LabelEvents
from interestclock.arrays import with_columns
from interestclock.clock_features import ClockFeatureConfig
from interestclock.errors import LatenessError
from interestclock.events.schema import LogSchema
from interestclock.ids import Vocabulary
from interestclock.samples.candidates import CandidateConfig, candidates_beside
from interestclock.samples.context import context_of_table
from interestclock.state import FeatureState, StateConfig
from interestclock.timeofday import AFTER_ALL_MS

__all__ = ["MISSING", "REQUEST", "SAME_TIME", "SampleMaker", "run_starts", "whole_runs"]

MISSING = -1  # a label nobody gave
Columns = dict[str, npt.NDArray[Any]]


REQUEST = ("user_id", "request_id")
SAME_TIME = ("timestamp_ms",)


def whole_runs(chunks: Iterator[pa.Table], names: tuple[str, ...]) -> Iterator[pa.Table]:
    """The same tables, except that a run's first rows move to the next one where it goes on there.

    A run is rows in a row that agree in the named columns: ``REQUEST`` or ``SAME_TIME``.

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
        boundary = int(starts[starts <= held.num_rows][-1])
        if boundary:
            yield both.slice(0, boundary)
        held = both.slice(boundary)
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
class SampleMaker:
    """A whole log, table by table: admitted, its state, and its rows as a ranker will be asked of them.

    ``make`` must be given the log's tables in order; what it returns for a row depends on that row and on
    what was known strictly before its time, never on later rows.

    Args:
        schema: the log's names. item_table: of the log, or None.
        candidates: sampled beside each choice of a log of choices; None samples none, and every row is a
            sample, also a choice that is not scored. clocks: how Eq. 3 counts.
        longest: behaviours that each user's history keeps; None keeps all.

    Raises:
        LatenessError: (from ``make``) a row is older than one before it.
    """

    schema: LogSchema
    item_table: pa.Table | None
    candidates: CandidateConfig | None
    clocks: ClockFeatureConfig
    longest: int | None = None
    contexts: dict[str, Vocabulary] = field(default_factory=dict)
    rows: int = 0
    requests: int = 0
    unscored: int = 0
    sampled: int = 0
    labels_known_later: int = 0
    first_ms: int = 0
    last_ms: int = 0

    def __post_init__(self) -> None:
        forever = StateConfig(clocks=self.clocks, longest=self.longest, forget_after_days=None)
        self.state = FeatureState(self.schema, items=self.item_table, config=forever)
        at_once = AdmissionConfig(label_wait_ms=0, labels_come_along=True)
        self._buffer = EventBuffer(self.schema, config=at_once)
        for name in self.schema.with_ids:
            self.contexts[name] = Vocabulary()

    def make(self, table: pa.Table) -> tuple[Columns, Columns]:
        """Samples of a table, and the log's own exposures among them."""
        real = self._real_columns(table)
        self._number_requests(table, real)
        main = self.schema.main_label
        self.labels_known_later += int((real[f"known_ms.{main}"] > real["timestamp_ms"]).sum())
        samples = real
        if self.schema.positive_only and self.candidates is not None:
            samples = self._with_candidates(real, self.candidates)
        if table.num_rows:
            self.first_ms = self.first_ms if self.rows else int(real["timestamp_ms"][0])
            self.last_ms = int(real["timestamp_ms"][-1])
        self.rows += table.num_rows
        return samples, self._exposures(real)

    def sizes(self) -> dict[str, int]:
        """The largest number of each kind of id so far."""
        values = {f"attribute.{name}": len(v) for name, v in self.state.values.vocabularies.items()}
        contexts = {f"context.{name}": len(v) for name, v in self.contexts.items()}
        return {"user": len(self.state.users), "item": len(self.state.items), **values, **contexts}

    def _real_columns(self, table: pa.Table) -> Columns:
        exposures, labels = self._admitted(table)
        ingested = self.state.ingest(exposures)
        columns: Columns = {"user": ingested.user_N, "item": ingested.item_N}
        for name in ("timestamp_ms", "second_of_day", "day_of_week", "log_row"):
            columns[name] = table[name].to_numpy()
        for label in self.schema.labels:
            columns[f"label.{label}"] = table[f"label.{label}"].fill_null(MISSING).to_numpy().astype(np.int8)
            columns[f"known_ms.{label}"] = table[f"known_ms.{label}"].to_numpy()
        for label in self.schema.truths:
            columns[f"truth.{label}"] = table[f"truth.{label}"].to_numpy()
        self.state.apply_labels(labels)
        self.state.close_before_ms(AFTER_ALL_MS)
        numbers = context_of_table(table, self.schema, lambda name, ids: self.contexts[name].number(ids))
        return columns | numbers

    def _admitted(self, table: pa.Table) -> tuple[pa.Table, LabelEvents]:
        """A table's exposures and labels, admitted in memory: all, since a log's rows are in order."""
        place_N = np.arange(self.rows, self.rows + table.num_rows)
        names = {"event_id": pa.array(place_N.astype(str)), "arrival": pa.array(place_N - self.rows)}
        pieces = self._buffer.admit({"exposures": with_columns(table, names)})
        exposures = [piece.exposures for piece in pieces if piece.exposures is not None]
        labels = LabelEvents.none()
        for piece in pieces:
            labels = labels.joined(piece.labels)
        if sum(each.num_rows for each in exposures) < table.num_rows:
            raise LatenessError(
                "some rows are older than those before them; a source gives its rows in time order: sort "
                "them by timestamp_ms before they are cut into tables"
            )
        return (pa.concat_tables(exposures) if exposures else table), labels

    def _number_requests(self, table: pa.Table, real: Columns) -> None:
        starts = np.ones(table.num_rows, bool) if self.schema.positive_only else run_starts(table, REQUEST)
        real["request"] = self.requests + np.cumsum(starts, dtype=np.int64)
        self.requests += int(starts.sum())

    def _with_candidates(self, real: Columns, config: CandidateConfig) -> Columns:
        drawn, scored_N = candidates_beside(real, self.state, first_number=self.rows, config=config)
        self.unscored += int((~scored_N).sum())
        self.sampled += int((~drawn.chosen_R).sum())
        samples = {name: column[drawn.choice_R] for name, column in real.items()}
        samples["item"] = drawn.item_R
        samples["log_row"] = np.where(drawn.chosen_R, samples["log_row"], 0)
        samples[f"label.{self.schema.main_label}"] = drawn.chosen_R.astype(np.int8)
        return samples

    def _exposures(self, real: Columns) -> Columns:
        exposures = {name: real[name] for name in ("user", "item", "timestamp_ms", "second_of_day")}
        for role, label in self.schema.eq3_labels.items():
            exposures[role] = np.maximum(real[f"label.{label}"], 0)
            exposures[f"known_ms_{role}"] = real[f"known_ms.{label}"]
        return exposures
