"""Drop what a log says twice, or make one row of it, in a stream already sorted by time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.arrays import with_columns
from interestclock.events.seen_ids import SeenIds

__all__ = ["DuplicateFilter", "Kept"]

# Shapes: N rows of one call, J labels.

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_MISSING = -1
_LATEST_MS = np.iinfo(np.int64).max
_ODD = np.uint64(0x9E3779B97F4A7C15)  # spreads labels over the bits of an id's hash


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What was kept of some rows.

    Args:
        events: one row of each event. duplicates: how many others there were.
        merged: of these, those with other labels than the first row, that went into it.
        disagreeing: those with other labels, that were dropped.
        example: ``log_row`` of the first such row, and of the one that was kept, 0 where that came before.

    Example:
        >>> Kept(events=pa.table({})).duplicates
        0
    """

    events: pa.Table
    duplicates: int = 0
    merged: int = 0
    disagreeing: int = 0
    example: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class _Groups:
    """Which rows are one event: of each row the first, -1 where that came in an earlier call."""

    first_N: Ints
    hash_N: Ints | None  # of ids; None: rows are told by what stands in them


class DuplicateFilter:
    """Keeps one row of each event, the first.

    With event ids, rows are one event where the ids agree, whatever their times; rows without an id are kept.
    Without event ids, where user, item, time and request agree. Labels of rows that are one event may
    differ, as where each action has a row: these are counted, and merged if that is asked for, where the
    times agree, too. Of the labels of one name, and of outcomes, the largest counts (1 over 0, 0 over a
    missing one), known since the first of those that say it; so neither the order nor the cut matters.

    Args:
        event_id: name of the column of event ids, None where the log has none.
        labels, outcomes: names. merge: whether labels are merged.
        seen, labelled: for event ids, those that came, and those that came with their labels.

    Example:
        >>> row = {"user_id": [1, 1], "item_id": [2, 2], "timestamp_ms": [5, 5]}
        >>> twice = pa.table({**row, "log_row": [1, 2], "label.like": pa.array([None, 1], pa.int8()),
        ...                   "known_ms.like": [5, 9]})
        >>> kept = DuplicateFilter(event_id=None, labels=["like"]).keep(twice)
        >>> kept.events["log_row"].to_pylist(), kept.duplicates, kept.disagreeing, kept.example
        ([1], 1, 1, (2, 1))
        >>> kept = DuplicateFilter(event_id=None, labels=["like"], merge=True).keep(twice)
        >>> kept.events["label.like"].to_pylist(), kept.events["known_ms.like"].to_pylist(), kept.merged
        ([1], [9], 1)
    """

    def __init__(
        self,
        *,
        event_id: str | None,
        labels: Sequence[str] = (),
        outcomes: Sequence[str] = (),
        merge: bool = False,
        seen: SeenIds | None = None,
        labelled: SeenIds | None = None,
    ) -> None:
        self._event_id, self._merge = event_id, merge
        self._labels, self._outcomes = tuple(labels), tuple(outcomes)
        self._seen, self._labelled = seen or SeenIds(), labelled or SeenIds()

    @property
    def has_forgotten(self) -> bool:
        """Whether the log has had more event ids than are remembered."""
        return self._seen.has_forgotten

    def keep(self, events: pa.Table) -> Kept:
        """The rows that say something new; all rows of one millisecond must come in one call.

        Args:
            events: sorted by time, later than those of the calls before.
        """
        if not events.num_rows:
            return Kept(events=events)
        groups = self._by_content(events) if self._event_id is None else self._by_id(events, self._event_id)
        kept_N = groups.first_N == np.arange(events.num_rows)
        if kept_N.all() and groups.hash_N is None:
            return Kept(events=events)
        label_NJ = self._labels_of(events)
        if kept_N.all():
            self._note(groups, label_NJ, kept_N)
            return Kept(events=events)
        return self._compared(events, groups, label_NJ, kept_N)

    def _compared(
        self, events: pa.Table, groups: _Groups, label_NJ: npt.NDArray[np.int8], kept_N: Bools
    ) -> Kept:
        """Of rows with duplicates: whose labels differ, and what becomes of them."""
        time_N = events["timestamp_ms"].to_numpy()
        joins_N = ~kept_N & (groups.first_N >= 0) & (time_N == time_N[groups.first_N]) & self._merge
        differs_N = np.zeros(kept_N.size, bool)
        here_N = ~kept_N & (groups.first_N >= 0)
        differs_N[here_N] = (label_NJ[here_N] != label_NJ[groups.first_N[here_N]]).any(1)
        merged_N = joins_N & differs_N
        merged = self._merged(events, groups.first_N, kept_N | joins_N) if merged_N.any() else events
        merged_NJ = self._labels_of(merged)
        self._note(groups, merged_NJ, kept_N)
        differs_N[here_N] = (label_NJ[here_N] != merged_NJ[groups.first_N[here_N]]).any(1)
        before_N = groups.first_N < 0
        differs_N[before_N] = ~self._had_these_labels(groups, label_NJ, before_N)
        disagrees_N = differs_N & ~joins_N
        return Kept(
            events=merged.filter(pa.array(kept_N)),
            duplicates=int(np.count_nonzero(~kept_N)),
            merged=int(np.count_nonzero(merged_N)),
            disagreeing=int(np.count_nonzero(disagrees_N)),
            example=_example(events, groups.first_N, disagrees_N if disagrees_N.any() else merged_N),
        )

    def _by_content(self, events: pa.Table) -> _Groups:
        keys = ["user_id", "item_id", "timestamp_ms"]
        keys += ["request_id"] if "request_id" in events.column_names else []
        groups = events.group_by(keys, use_threads=False).aggregate([("log_row", "min")])
        own_N = np.arange(events.num_rows)
        if groups.num_rows == events.num_rows:
            return _Groups(first_N=own_N, hash_N=None)
        code_N = np.zeros(events.num_rows, np.int64)
        for key in keys:
            each = events[key].combine_chunks().dictionary_encode(null_encoding="encode")
            code_N = code_N * len(each.dictionary) + np.asarray(each.indices)
            code_N = np.unique(code_N, return_inverse=True)[1].astype(np.int64)
        _, first_U, group_N = np.unique(code_N, return_index=True, return_inverse=True)
        return _Groups(first_N=first_U[group_N], hash_N=None)

    def _by_id(self, events: pa.Table, event_id: str) -> _Groups:
        ids = events[event_id].to_pylist()
        hash_N = np.fromiter(map(hash, ids), np.int64, len(ids))
        own_N = np.arange(len(ids))
        none_N = np.asarray(pc.is_null(events[event_id].combine_chunks()))
        _, first_U, group_N = np.unique(hash_N, return_index=True, return_inverse=True)
        first_N = np.where(none_N, own_N, first_U[group_N])
        first_N[self._seen.holds(hash_N) & ~none_N] = -1
        self._seen.add(hash_N[(first_N == own_N) & ~none_N])
        return _Groups(first_N=first_N, hash_N=hash_N)

    def _labels_of(self, events: pa.Table) -> npt.NDArray[np.int8]:
        """(N, J), -1 where one is missing."""
        label_NJ = np.empty((events.num_rows, len(self._labels)), np.int8)
        for at, name in enumerate(self._labels):
            label_NJ[:, at] = events[f"label.{name}"].fill_null(_MISSING).to_numpy()
        return label_NJ

    def _note(self, groups: _Groups, label_NJ: npt.NDArray[np.int8], kept_N: Bools) -> None:
        if groups.hash_N is not None:
            self._labelled.add(_with_labels(groups.hash_N[kept_N], label_NJ[kept_N]))

    def _had_these_labels(self, groups: _Groups, label_NJ: npt.NDArray[np.int8], rows_N: Bools) -> Bools:
        """Whether rows whose event came in an earlier call have its labels."""
        if groups.hash_N is None:
            return np.ones(int(rows_N.sum()), bool)
        return self._labelled.holds(_with_labels(groups.hash_N[rows_N], label_NJ[rows_N]))

    def _merged(self, events: pa.Table, first_N: Ints, those_N: Bools) -> pa.Table:
        """The table, with what rows of one event say in the first of them."""
        rows = np.flatnonzero(those_N)
        to = first_N[rows]
        columns: dict[str, pa.Array] = {}
        for name in self._labels:
            value_N = events[f"label.{name}"].fill_null(_MISSING).to_numpy().astype(np.int8)
            most_N = value_N.copy()
            np.maximum.at(most_N, to, value_N[rows])
            known_ms_N = events[f"known_ms.{name}"].to_numpy()
            says = value_N[rows] == most_N[to]
            since_N = np.where(most_N > value_N, _LATEST_MS, known_ms_N)
            np.minimum.at(since_N, to[says], known_ms_N[rows[says]])
            columns[f"label.{name}"] = pa.array(most_N, mask=most_N == _MISSING)
            columns[f"known_ms.{name}"] = pa.array(since_N)
        for name in self._outcomes:
            measured_N = events[f"outcome.{name}"].fill_null(-np.inf).to_numpy().copy()
            np.maximum.at(measured_N, to, measured_N[rows])
            columns[f"outcome.{name}"] = pa.array(measured_N, mask=np.isneginf(measured_N))
        return with_columns(events, columns)


def _with_labels(hash_N: Ints, label_NJ: npt.NDArray[np.int8]) -> Ints:
    """One hash of an id and the labels that came with it."""
    both_N = hash_N.view(np.uint64).copy()
    for label_N in label_NJ.T:
        both_N = both_N * _ODD + (label_N + 2).astype(np.uint64)
    return both_N.view(np.int64)


def _example(events: pa.Table, first_N: Ints, rows_N: Bools) -> tuple[int, int] | None:
    if not rows_N.any():
        return None
    row_N, at = events["log_row"].to_numpy(), int(rows_N.argmax())
    return int(row_N[at]), int(row_N[first_N[at]]) if first_N[at] >= 0 else 0
