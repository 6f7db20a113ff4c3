"""Restore time order within a stated lateness, holding back only what may still be overtaken."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.errors import ConfigError, LatenessError

__all__ = ["SORT_IT", "Reorderer", "TimeOrder", "at_least"]

SORT_IT = "duckdb -c \"COPY (FROM 'LOG' ORDER BY TIME_COLUMN) TO 'sorted.parquet'\""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TimeOrder:
    """Refuses a row that stands too far behind the newest before it.

    Args:
        lateness_ms: how much older than the newest row before it a row may be.
        name_row: turns a ``log_row`` into words for a message.
        remedy: what to do, for a row that is so many milliseconds older than the newest before it.

    Raises:
        LatenessError: (from ``check``) a row is older than that.

    Example:
        >>> order = TimeOrder(lateness_ms=0, name_row=lambda row: f"row {row}", remedy=lambda _: "sort it")
        >>> order.check(pa.table({"timestamp_ms": [0, 2_000], "log_row": [1, 2]}))
        2000
        >>> order.check(pa.table({"timestamp_ms": [1_000], "log_row": [3]}))
        Traceback (most recent call last):
        interestclock.errors.LatenessError: row 3 is of 1970-01-01 00:00:01 UTC, 0:00:01 before row 2 of ...
    """

    def __init__(
        self, *, lateness_ms: int, name_row: Callable[[int], str], remedy: Callable[[int], str]
    ) -> None:
        self._lateness_ms, self._name_row, self._remedy = lateness_ms, name_row, remedy
        self._newest: tuple[int, int] | None = None  # its time and its row

    def check(self, events: pa.Table) -> int:
        """The newest time so far, UTC milliseconds, with the next rows of the log, of which there is one."""
        time_N, row_N = _times(events), events["log_row"].to_numpy()
        first = time_N[:1] if self._newest is None else np.array([self._newest[0]])
        newest_N = np.maximum.accumulate(np.concatenate([first, time_N]))[:-1]
        late = np.flatnonzero(time_N < newest_N - self._lateness_ms)
        if len(late):
            self._refuse(int(late[0]), time_N, row_N, int(newest_N[late[0]]))
        if self._newest is None or time_N.max() > self._newest[0]:
            self._newest = (int(time_N.max()), int(row_N[time_N.argmax()]))
        return self._newest[0]

    def _refuse(
        self, at: int, time_N: npt.NDArray[np.int64], row_N: npt.NDArray[np.int64], newest_ms: int
    ) -> None:
        before = np.flatnonzero(time_N[:at] == newest_ms)
        newest_row = int(row_N[before[0]]) if len(before) else self._newest[1] if self._newest else 0
        gap_ms = newest_ms - int(time_N[at])
        raise LatenessError(
            f"{self._name_row(int(row_N[at]))} is of {_utc(int(time_N[at]))}, "
            f"{timedelta(milliseconds=gap_ms)} before {self._name_row(newest_row)} of {_utc(newest_ms)}; "
            f"{self._remedy(gap_ms)}"
        )


class Reorderer:
    """Sorts a stream of event tables by time; ties keep the log's order.

    An event is released once no event within the lateness can still come before it, and all events of one
    millisecond are released together.

    Args:
        lateness_ms: how much older than the newest event before it a row may be.
        name_row: turns a ``log_row`` into words for a message.
        remedy: what to do about a row so many milliseconds behind; None: allow for that, or sort.

    Raises:
        ConfigError: the lateness is negative.
        LatenessError: a row is older than that.

    Example:
        >>> reorder = Reorderer(lateness_ms=5, name_row=lambda row: f"row {row}")
        >>> table = pa.table({"timestamp_ms": [10, 20, 16], "log_row": [1, 2, 3]})
        >>> reorder.push(table)["timestamp_ms"].to_pylist(), reorder.flush()["timestamp_ms"].to_pylist()
        ([10], [16, 20])
    """

    def __init__(
        self,
        *,
        lateness_ms: int,
        name_row: Callable[[int], str],
        remedy: Callable[[int], str | None] = lambda _: None,
    ) -> None:
        if lateness_ms < 0:
            raise ConfigError(f"lateness is {lateness_ms} ms; give 0 or more")
        self._lateness_ms = lateness_ms
        self._remedy_for = remedy
        self._order = TimeOrder(lateness_ms=lateness_ms, name_row=name_row, remedy=self._remedy)
        self._held: pa.Table | None = None

    def push(self, events: pa.Table) -> pa.Table:
        """Take the next rows of the log; give those whose turn has come, in time order."""
        if not events.num_rows:
            return events
        newest_ms = self._order.check(events)
        held = _by_time(events if self._held is None else pa.concat_tables([self._held, events]))
        ready = int(np.searchsorted(_times(held), newest_ms - self._lateness_ms, side="left"))
        self._held = held.slice(ready)
        return held.slice(0, ready)

    def flush(self) -> pa.Table | None:
        """The rows still held back, in time order; None where there never were any."""
        held, self._held = self._held, None
        return held

    def _remedy(self, gap_ms: int) -> str:
        return (
            f"the stated lateness is {timedelta(milliseconds=self._lateness_ms)}. "
            f"{self._remedy_for(gap_ms) or _allow_or_sort(gap_ms)}"
        )


def _allow_or_sort(gap_ms: int) -> str:
    return f"Allow more ({at_least(gap_ms)}), or sort the log by time first: {SORT_IT}"


def at_least(gap_ms: int) -> str:
    """What a row so far behind the newest asks for.

    Example:
        >>> at_least(60_001)
        'here at least --lateness-minutes 2'
    """
    return f"here at least --lateness-minutes {math.ceil(gap_ms / 60_000)}"


def _by_time(events: pa.Table) -> pa.Table:
    time_N = _times(events)
    if bool(np.all(time_N[1:] >= time_N[:-1])):
        return events
    return events.take(pa.array(np.lexsort((events["log_row"].to_numpy(), time_N))))


def _times(events: pa.Table) -> npt.NDArray[np.int64]:
    times: npt.NDArray[np.int64] = events["timestamp_ms"].to_numpy()
    return times


def _utc(timestamp_ms: int) -> str:
    return f"{_EPOCH + timedelta(milliseconds=timestamp_ms):%Y-%m-%d %H:%M:%S} UTC"
