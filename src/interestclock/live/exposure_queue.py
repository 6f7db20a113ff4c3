"""Exposures between being admitted and being predicted: in time order, cut into batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.arrays import Arrays, table_from_bytes, table_to_bytes, whole_column
from interestclock.samples.sample_maker import REQUEST, run_starts
from interestclock.timeofday import AFTER_ALL_MS, BEFORE_ALL_MS

__all__ = ["ExposureQueue"]

# Shapes: R exposures that the watermark has passed.


class ExposureQueue:
    """Gives exposures out once the watermark has passed them, of equal times the earlier admitted first.

    A batch is as many whole requests as fit (at least one); or, where so many do not come, what was shown
    within ``fill_ms`` of its first exposure, once the watermark has passed that. How a stream is cut into
    calls changes no batch.

    Args:
        most: rows of a batch. fill_ms: for how long it is filled, at most, in the stream's own time.
        together: columns in which rows of one request agree.
        expand: what becomes of exposures that the watermark has passed, such as candidates beside a choice;
            rows whose ``scored`` is false go along and do not count.

    Example:
        >>> queue = ExposureQueue(most=2, fill_ms=100)
        >>> queue.add(pa.table({"timestamp_ms": [30, 10, 20, 500], "serial": [0, 1, 2, 3]}))
        >>> queue.advance(131)
        >>> [queue.next_batch()["serial"].to_pylist() for _ in range(2)], queue.next_batch()
        ([[1, 2], [0]], None)
    """

    def __init__(
        self,
        *,
        most: int,
        fill_ms: int,
        together: tuple[str, ...] = REQUEST,
        expand: Callable[[pa.Table], pa.Table] = lambda rows: rows,
    ) -> None:
        self.most, self.fill_ms = most, fill_ms
        self.together, self._expand = together, expand
        self.watermark_ms = BEFORE_ALL_MS
        self._ended = False
        self._held: pa.Table | None = None  # the watermark has not passed them
        self._passed: pa.Table | None = None
        self._time_ms_R = np.zeros(0, np.int64)
        self._ends_R = np.zeros(0, np.int64)  # where requests end among those passed
        self._scored_R = np.zeros(1, np.int64)  # rows that count before each, and before the end

    def __len__(self) -> int:
        """Exposures in it."""
        held = 0 if self._held is None else self._held.num_rows
        if self._passed is None or not self._passed.num_rows:
            return held
        # Rows of one exposure stand together.
        return held + 1 + int(np.count_nonzero(np.diff(whole_column(self._passed, "serial"))))

    @property
    def first_ms(self) -> int | None:
        """The earliest exposure in it, UTC milliseconds."""
        tables = [each for each in (self._held, self._passed) if each is not None and each.num_rows]
        return min((int(whole_column(each, "timestamp_ms").min()) for each in tables), default=None)

    def add(self, exposures: pa.Table) -> None:
        """Take exposures that were admitted: ``timestamp_ms``, ``serial`` and whatever else."""
        if exposures.num_rows:
            self._held = exposures if self._held is None else pa.concat_tables([self._held, exposures])

    def advance(self, watermark_ms: int) -> None:
        """Nothing of an earlier moment comes any more."""
        self.watermark_ms = watermark_ms
        if self._held is None or not self._held.num_rows:
            return
        held = self._held.combine_chunks()
        timestamp_ms_N = whole_column(held, "timestamp_ms")
        passed_N = timestamp_ms_N < watermark_ms
        if not passed_N.any():
            return
        order = np.lexsort((whole_column(held, "serial"), timestamp_ms_N))
        released = self._expand(held.take(pa.array(order[passed_N[order]])))
        self._held = held.filter(pa.array(~passed_N))
        self._set_passed(released if self._passed is None else pa.concat_tables([self._passed, released]))

    def erase(self, user_R: npt.NDArray[np.int64]) -> int:
        """Exposures of users go; gives how many.

        Args:
            user_R: slots, as rows have them in ``user``.
        """
        before = len(self)
        if self._held is not None:
            self._held = self._without(self._held, user_R)
        if self._passed is not None:
            self._set_passed(self._without(self._passed, user_R))
        return before - len(self)

    def end(self) -> None:
        """The stream is over: whatever is left is given out."""
        self._ended = True
        self.advance(AFTER_ALL_MS)

    def next_batch(self) -> pa.Table | None:
        """The next batch; None where none is complete yet."""
        if self._passed is None or not self._ends_R.size:
            return None
        fill_until_ms = int(self._time_ms_R[0]) + self.fill_ms
        within = int(np.searchsorted(self._time_ms_R, fill_until_ms, side="right"))
        closed = self._ends_R if self._ended else self._ends_R[:-1]  # the last request may still grow
        closed = closed[closed <= within]
        if closed.size and self._scored_R[closed[-1]] >= self.most:
            return self._give_out(self._fitting(closed))
        if self._ended or fill_until_ms < self.watermark_ms:
            return self._give_out(self._fitting(np.append(self._ends_R[self._ends_R < within], within)))
        return None

    def state(self) -> Arrays:
        """For a checkpoint."""
        tables = {"held": self._held, "passed": self._passed}
        state: Arrays = {"watermark_ms": np.array(self.watermark_ms)}
        return state | {name: table_to_bytes(each) for name, each in tables.items() if each is not None}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what ``state`` gave."""
        self.watermark_ms = int(state["watermark_ms"])
        self._held = table_from_bytes(state["held"]) if "held" in state else None
        if "passed" in state:
            self._set_passed(table_from_bytes(state["passed"]))

    @staticmethod
    def _without(rows: pa.Table, user_R: npt.NDArray[np.int64]) -> pa.Table:
        if not rows.num_rows:
            return rows
        return rows.filter(pa.array(~np.isin(whole_column(rows, "user"), user_R)))

    def _fitting(self, end_R: npt.NDArray[np.int64]) -> int:
        """The last end up to which exposures fit a batch; the first one where none does."""
        fitting = int(np.searchsorted(self._scored_R[end_R], self.most, side="right"))
        return int(end_R[max(fitting - 1, 0)])

    def _give_out(self, stop: int) -> pa.Table:
        assert self._passed is not None
        batch = self._passed.slice(0, stop).combine_chunks()
        self._passed, self._time_ms_R = self._passed.slice(stop), self._time_ms_R[stop:]
        self._scored_R = self._scored_R[stop:] - self._scored_R[stop]
        self._ends_R = self._ends_R[self._ends_R > stop] - stop
        return batch

    def _set_passed(self, passed: pa.Table) -> None:
        self._passed, self._time_ms_R = passed, whole_column(passed, "timestamp_ms")
        scored_R = np.ones(passed.num_rows, np.bool_)
        if "scored" in passed.column_names:
            scored_R = passed["scored"].to_numpy(zero_copy_only=False)
        self._scored_R = np.concatenate([[0], np.cumsum(scored_R)])
        starts = np.flatnonzero(run_starts(passed, self.together))
        self._ends_R = np.append(starts[1:], passed.num_rows) if passed.num_rows else starts
