"""The messages of a micro-batch in the order in which they came, each judged by its own time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.admission.dispositions import Disposition
from interestclock.admission.watermark import Watermark
from interestclock.arrays import whole_column
from interestclock.timeofday import DAY_MS

__all__ = [
    "NO_TIME_MS",
    "ONE_PARTITION",
    "Dispositions",
    "Judged",
    "Tables",
    "arrival_ms",
    "by_kind",
    "in_order",
    "known_times",
    "times_of",
]

# Shapes: T messages of all kinds in the order of their arrival, X messages of one kind in their table's.

Dispositions = npt.NDArray[np.int8]
Times = npt.NDArray[np.int64]
Tables = Mapping[str, pa.Table]  # by kind, as ``MicroBatch`` calls them
NO_TIME_MS = np.iinfo(np.int64).min
_TIME = {
    "exposures": "timestamp_ms",
    "labels": "known_ms",
    "outcomes": "known_ms",
    "served": "timestamp_ms",
    "references": "timestamp_ms",  # null where it is left to the request
    "items": None,  # says since when an item is so, which is no moment of the stream
    "erasures": None,  # says until when a user is erased, likewise
}
_PARTITION, ONE_PARTITION = "partition", "0"  # of a source that has no more


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Dispositions by kind, and where each message stands.

    A message without a time of its own moves no watermark and is never late: ``USED``, for others to judge.

    Args:
        dispositions: kind -> int8 (X,), of the rows of its table. places: kind -> int64 (X,), among all T.
        at_ms_T: where the watermark stood once each message was seen.
        newest_ms_T: the newest event time before each. active_partitions: partitions that a time came from.

    Example:
        >>> labels = pa.table({"known_ms": [50, 10], "arrival": [0, 1]})
        >>> judged = Judged.of({"labels": labels}, Watermark(lateness_ms=20), in_archive_before_ms=None)
        >>> judged.dispositions["labels"].tolist(), judged.at_ms_T.tolist(), judged.active_partitions
        ([0, 1], [30, 30], ('0',))
    """

    dispositions: dict[str, Dispositions]
    places: dict[str, npt.NDArray[np.int64]]
    at_ms_T: Times
    newest_ms_T: Times
    active_partitions: tuple[str, ...]

    @classmethod
    def of(cls, tables: Tables, watermark: Watermark, *, in_archive_before_ms: int | None) -> Judged:
        """Judge a micro-batch; the watermark moves on.

        Args:
            tables: kind -> messages, with ``arrival``. watermark: as of the messages before.
            in_archive_before_ms: what is older is ``IN_ARCHIVE``, late or not; None: nothing is.
        """
        time_ms_T, order = in_order(tables)
        timed = order[time_ms_T[order] != NO_TIME_MS]
        names, partition_T = _partitions(tables)
        before_ms, newest_ms = watermark.at_ms, watermark.newest_ms
        disposition_T = np.full(time_ms_T.size, Disposition.USED, np.int8)
        used_T, at_T = watermark.passed(time_ms_T[timed], names, partition_T[timed])
        disposition_T[timed] = used_T
        if in_archive_before_ms is not None:
            disposition_T[(time_ms_T < in_archive_before_ms) & (time_ms_T != NO_TIME_MS)] = (
                Disposition.IN_ARCHIVE
            )
        place_T = np.empty(order.size, np.int64)
        place_T[order] = np.arange(order.size)
        at_ms_T = np.full(order.size, before_ms)
        at_ms_T[place_T[timed]] = at_T
        newest_ms_T = np.full(order.size + 1, newest_ms)
        newest_ms_T[place_T[timed] + 1] = time_ms_T[timed]
        return cls(
            dispositions={kind: each.copy() for kind, each in by_kind(tables, disposition_T).items()},
            places=by_kind(tables, place_T),
            at_ms_T=np.maximum(np.maximum.accumulate(at_ms_T), before_ms),
            newest_ms_T=np.maximum(np.maximum.accumulate(newest_ms_T), newest_ms)[:-1],
            active_partitions=tuple(names[each] for each in np.unique(partition_T[timed]).tolist()),
        )

    def pieces(self, before_ms: int) -> Iterator[slice]:
        """Places, cut where the watermark passes a midnight (UTC): the message that moves it comes behind.

        And before erasures: one begins a piece, or stands behind others with which it begins.
        """
        passes = np.flatnonzero(np.diff(self.at_ms_T // DAY_MS, prepend=before_ms // DAY_MS)).tolist()
        erasures = self.places.get("erasures", np.zeros(0, np.int64))
        erases = erasures[~np.isin(erasures - 1, erasures)].tolist()
        for start, stop in itertools.pairwise(sorted({0, *passes, *erases, self.at_ms_T.size})):
            yield slice(start, stop)

    def within(self, kind: str, piece: slice) -> npt.NDArray[np.bool_] | None:
        """Which messages of a kind stand in a piece; None where that is all there is."""
        if piece.stop - piece.start == self.at_ms_T.size:
            return None
        mine_X: npt.NDArray[np.bool_] = (self.places[kind] >= piece.start) & (self.places[kind] < piece.stop)
        return mine_X


def in_order(tables: Tables) -> tuple[Times, npt.NDArray[np.int64]]:
    """Times of all messages, kind after kind, ``NO_TIME_MS`` where one has none; and their order."""
    times = [times_of(kind, table) for kind, table in tables.items()]
    arrival_T = [whole_column(table, "arrival") for table in tables.values()]
    return np.concatenate(times), np.argsort(np.concatenate(arrival_T), kind="stable")


def known_times(tables: Tables) -> npt.NDArray[np.bool_]:
    """Which of all messages, kind after kind, say when something was known, not when it happened."""
    return np.concatenate(
        [np.full(table.num_rows, _TIME[kind] == "known_ms") for kind, table in tables.items()]
    )


def arrival_ms(tables: Tables, *, newest_ms: int) -> dict[str, Times]:
    """The newest that had happened when each message arrived, itself included, int64 (X,) by kind.

    Args:
        newest_ms: before all of them, UTC milliseconds.
    """
    time_ms_T, order = in_order(tables)
    happened_ms_T = np.where(known_times(tables), NO_TIME_MS, time_ms_T)
    newest_ms_T = np.empty_like(time_ms_T)
    newest_ms_T[order] = np.maximum(np.maximum.accumulate(happened_ms_T[order]), newest_ms)
    return by_kind(tables, newest_ms_T)


def by_kind(tables: Tables, values_T: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
    """What was said of all messages, kind after kind, by kind (X,); shares memory."""
    ends = np.cumsum([table.num_rows for table in tables.values()])[:-1]
    return dict(zip(tables, np.split(values_T, ends), strict=True))


def times_of(kind: str, table: pa.Table) -> Times:
    """A kind's event times, UTC milliseconds; ``NO_TIME_MS`` where there is none."""
    name = _TIME[kind]
    if name is None:
        return np.full(table.num_rows, NO_TIME_MS)
    times = table[name]
    return np.asarray((times.fill_null(NO_TIME_MS) if times.null_count else times).to_numpy(), np.int64)


def _partitions(tables: Tables) -> tuple[list[str], npt.NDArray[np.int32]]:
    """Names of partitions, and which of them each message came from, kind after kind."""
    rows = sum(table.num_rows for table in tables.values())
    columns = [
        table[_PARTITION].combine_chunks() for table in tables.values() if _PARTITION in table.column_names
    ]
    if not columns:
        return [ONE_PARTITION], np.zeros(rows, np.int32)
    coded = pa.concat_arrays(columns).dictionary_encode()
    return coded.dictionary.to_pylist(), coded.indices.to_numpy()
