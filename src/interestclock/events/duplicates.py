"""Drop what a log says twice, in a stream already sorted by time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.timeofday import BEFORE_ALL_MS

__all__ = ["DuplicateFilter"]


class DuplicateFilter:
    """Keeps the first of each event.

    With event ids, two rows are one event where the ids agree and their times lie within the lateness; rows
    without an id are kept. Without event ids, where user, item, time and request agree.

    Args:
        lateness_ms: how long an event id is remembered.
        event_id: name of the column of event ids, None where the log has none.

    Example:
        >>> row = {"user_id": [1, 1], "item_id": [2, 2], "timestamp_ms": [5, 5]}
        >>> twice = pa.table({**row, "log_row": [1, 2]})
        >>> DuplicateFilter(lateness_ms=0, event_id=None).keep_first(twice)["log_row"].to_pylist()
        [1]
    """

    def __init__(self, *, lateness_ms: int, event_id: str | None) -> None:
        self._lateness_ms = lateness_ms
        self._event_id = event_id
        self._kept_ms: dict[str, int] = {}

    def keep_first(self, events: pa.Table) -> pa.Table:
        """The rows that say something new; all rows of one millisecond must come in one call.

        Args:
            events: sorted by time, later than those of the calls before.
        """
        if not events.num_rows:
            return events
        if self._event_id is None:
            keys = ["user_id", "item_id", "timestamp_ms"]
            keys += ["request_id"] if "request_id" in events.column_names else []
            return _first_of(events, keys)
        return self._first_of_ids(events, self._event_id)

    def _first_of_ids(self, events: pa.Table, event_id: str) -> pa.Table:
        """Walks the rows one by one: an id counts from the last row that was kept under it."""
        ids, times = events[event_id].to_pylist(), events["timestamp_ms"].to_pylist()
        kept_N = np.ones(events.num_rows, bool)
        for position, (name, time) in enumerate(zip(ids, times, strict=True)):
            if name is None:
                continue
            kept_N[position] = time - self._kept_ms.get(name, BEFORE_ALL_MS) > self._lateness_ms
            if kept_N[position]:
                self._kept_ms[name] = time
        oldest_ms = times[-1] - self._lateness_ms
        self._kept_ms = {name: time for name, time in self._kept_ms.items() if time >= oldest_ms}
        return events.filter(pa.array(kept_N))


def _first_of(events: pa.Table, keys: list[str]) -> pa.Table:
    groups = events.group_by(keys, use_threads=False).aggregate([("log_row", "min")])
    if groups.num_rows == events.num_rows:
        return events
    return events.filter(pc.is_in(events["log_row"], value_set=groups["log_row_min"].combine_chunks()))
