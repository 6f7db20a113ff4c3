"""Producers' clocks that run ahead: what lies too far ahead is set aside, and what was known is bounded."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.admission.counters import Counters
from interestclock.admission.dispositions import Disposition
from interestclock.admission.judged import (
    Dispositions,
    Tables,
    arrival_ms,
    by_kind,
    in_order,
    known_times,
    times_of,
)
from interestclock.arrays import whole_column, with_columns

__all__ = ["bounded", "too_far_ahead", "with_ahead"]

# Shapes: X messages of one kind.

_ERASED_UNTIL = ("erasures", "timestamp_ms")


def too_far_ahead(
    tables: Tables, *, newest_ms: int, ahead_ms: int
) -> dict[str, npt.NDArray[np.bool_]] | None:
    """What lies too far ahead of a clock, and of the newest event before it as well, by kind (X,).

    Args:
        tables: of a micro-batch. ahead_ms: how far ahead is too far.
        newest_ms: UTC milliseconds of the clock, or of the newest event if that is later.

    Returns:
        None where nothing does.

    Example:
        >>> labels = pa.table({"known_ms": [50, 10], "arrival": [0, 1]})
        >>> too_far_ahead({"labels": labels}, newest_ms=20, ahead_ms=5)["labels"].tolist()
        [True, False]
    """
    stated = [_stated_ms(kind, table) for kind, table in tables.items()]
    if all(each.max() <= newest_ms + ahead_ms for each in stated):
        return None  # as nearly always: no look at each
    times, (happened, order) = np.concatenate(stated), in_order(tables)
    ahead, known = np.zeros(times.size, np.bool_), known_times(tables)
    for place in order.tolist():
        ahead[place] = times[place] > newest_ms + ahead_ms
        if not ahead[place] and not known[place]:  # what was known is bounded, and moves it no further
            newest_ms = max(newest_ms, int(happened[place]))
    return by_kind(tables, ahead)


def with_ahead(ahead_X: npt.NDArray[np.bool_], disposition_X: Dispositions) -> Dispositions:
    """The dispositions of all, given those of what is not too far ahead."""
    all_X = np.full(ahead_X.size, Disposition.AHEAD, np.int8)
    all_X[~ahead_X] = disposition_X
    return all_X


def bounded(tables: Tables, *, polled_ms: int, newest_ms: int, counters: Counters) -> Tables:
    """Nothing was known later than it arrived, or than what came before it happened if that is later.

    Nor is a user erased until later.

    Args:
        tables: of a micro-batch. polled_ms: when it was polled. newest_ms: the newest event before it.
        counters: count what is said to be known later than it was taken.

    Example:
        >>> tables = {"labels": pa.table({"known_ms": [50, 10], "arrival": [0, 1]})}
        >>> tables = bounded(tables, polled_ms=20, newest_ms=0, counters=Counters())
        >>> tables["labels"]["known_ms"].to_pylist()
        [20, 10]
    """
    names = {
        kind: [each for each in table.column_names if _is_bounded(kind, each)]
        for kind, table in tables.items()
    }
    latest = [pc.max(tables[kind][name]).as_py() for kind, those in names.items() for name in those]
    if all(each is None or each <= polled_ms for each in latest):
        return tables  # as nearly always
    most_ms = arrival_ms(tables, newest_ms=max(polled_ms, newest_ms))
    return {
        kind: with_columns(
            table,
            {name: _bound(table[name], most_ms[kind], polled_ms, counters) for name in names[kind]},
        )
        for kind, table in tables.items()
    }


def _bound(
    known_ms: pa.ChunkedArray, most_ms_X: npt.NDArray[np.int64], polled_ms: int, counters: Counters
) -> pa.Array:
    """When things were known, at most then."""
    stated_ms_X = known_ms.fill_null(polled_ms).to_numpy()
    ahead_ms_X = stated_ms_X - polled_ms
    counters.known_ahead += int(np.count_nonzero(ahead_ms_X > 0))
    counters.known_ahead_most_ms = max(counters.known_ahead_most_ms, int(ahead_ms_X.max(initial=0)))
    return pa.array(np.minimum(stated_ms_X, most_ms_X), mask=np.asarray(pc.is_null(known_ms)))


def _is_bounded(kind: str, name: str) -> bool:
    """Whether a column says when something was known, or until when a user is erased."""
    return name.partition(".")[0] == "known_ms" or (kind, name) == _ERASED_UNTIL


def _stated_ms(kind: str, table: pa.Table) -> npt.NDArray[np.int64]:
    """A kind's times; of erasures, which are no moments of the stream, until when they reach."""
    if kind == _ERASED_UNTIL[0]:
        return whole_column(table, _ERASED_UNTIL[1])
    return times_of(kind, table)
