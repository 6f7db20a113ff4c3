"""A log that lies in files, replayed as if it came now."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.errors import ConfigError, LogError, ResultError
from interestclock.events.limits import NO_ID, TEXT_BYTES, too_long
from interestclock.events.schema import EventSource, LogCounts, LogSchema
from interestclock.events.validation import EVENT_ID
from interestclock.streams.messages import LABELS
from interestclock.streams.micro_batch import MicroBatch, OffsetRanges

__all__ = ["ReplaySource"]

_PARTITION = "0"


class ReplaySource:
    """Rows in the log's order, with the labels they have; an offset is a row's place, from 1.

    An exposure's ``event_id`` is the log's. In a log without, it is the row's place; where only some rows are
    without, or ids of others may follow, it is ``row PLACE``, which no other id is likely to be.

    Args:
        log: any event source. name: what it is called where it is written down.
        speed_up: how many times faster than it happened; None is as fast as it is asked for.
        monotonic_s: a clock that no one sets. others_follow: whether ids of others may follow.

    Raises:
        ConfigError: ``speed_up`` is not positive.
        LogError: (from what reads) an id or a value is longer than 256 bytes, or −2⁶³.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from interestclock.events import ColumnMapping, open_log
        >>> path = Path(tempfile.mkdtemp()) / "plays.csv"
        >>> _ = path.write_text("user_id,item_id,timestamp_ms\\n7,3,1000\\n7,4,2000\\n")
        >>> log = open_log(path, mapping=ColumnMapping(zone="UTC", positive_only="play"))
        >>> ReplaySource(log).poll(most=1, wait_s=0).exposures["event_id"].to_pylist()
        ['1']
    """

    def __init__(
        self,
        log: EventSource,
        *,
        speed_up: float | None = None,
        name: str | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
        others_follow: bool = False,
    ) -> None:
        if speed_up is not None and not speed_up > 0:
            raise ConfigError(f"speed_up is {speed_up}; give a number above 0, for example 60")
        self._log, self._speed_up, self._monotonic_s = log, speed_up, monotonic_s
        self._others_follow = others_follow
        self.name = name or f"log {log.fingerprint()[:16]}"
        self.ended = False
        self.clock = None
        self._next = 1
        self._rows = _Rows(log)
        self._began: tuple[float, int] | None = None  # when, and at which event time

    @property
    def schema(self) -> LogSchema:
        """The log's names."""
        return self._log.schema

    @property
    def log_counts(self) -> LogCounts:
        """The log's, as far as it was read."""
        return self._log.counts

    def items(self) -> pa.Table | None:
        """The log's item table."""
        return self._log.items()

    def partitions(self) -> tuple[str, ...]:
        """None that could be silent."""
        return ()

    def at_end(self, partitions: Collection[str]) -> frozenset[str]:  # noqa: ARG002  the protocol's
        """None that could be silent."""
        return frozenset()

    def start_after(self, last: Mapping[str, str]) -> None:
        """Go on behind a row."""
        self._next = int(last.get(_PARTITION, "0")) + 1

    def poll(self, most: int, wait_s: float) -> MicroBatch | None:
        """The next rows; with a speed, those whose time has come."""
        rows = self._rows.at(self._next, most)
        if not rows.num_rows:
            self.ended = True
            return None
        rows = self._whose_time_has_come(rows, wait_s)
        if not rows.num_rows:
            return None
        batch = self._micro_batch(rows, self._next)
        self._next += rows.num_rows
        return batch

    def reread(self, offset_ranges: OffsetRanges) -> MicroBatch:
        """The rows of a micro-batch.

        Raises:
            ResultError: the log is another one, or ends before them.
        """
        first, last = (int(each) for each in offset_ranges.ranges[_PARTITION])
        rows = self._rows.at(first, last - first + 1)
        if offset_ranges.source != self.name or rows.num_rows != offset_ranges.messages:
            raise ResultError(
                f"{self.name} does not hold rows {first} to {last} of {offset_ranges.source}; give the log "
                "that was replayed before, unchanged"
            )
        return self._micro_batch(rows, first)

    def acknowledge(self, last: Mapping[str, str]) -> None:
        """Files stay."""

    def close(self) -> None:
        """Nothing is open."""

    def _micro_batch(self, rows: pa.Table, first: int) -> MicroBatch:
        _check_ids(rows, first)
        offset_ranges = OffsetRanges(
            source=self.name,
            ranges={_PARTITION: (str(first), str(first + rows.num_rows - 1))},
            messages=rows.num_rows,
        )
        return MicroBatch(
            offset_ranges=offset_ranges,
            exposures=self._with_ids(rows, first).append_column(
                "arrival", pa.array(np.arange(rows.num_rows))
            ),
            labels=LABELS.empty_table(),
        )

    def _with_ids(self, rows: pa.Table, first: int) -> pa.Table:
        """Every row with an ``event_id``: its own, or one that follows from its place."""
        place = pa.array(np.arange(first, first + rows.num_rows).astype(str))
        row = pc.binary_join_element_wise("row", place, " ")
        if EVENT_ID not in rows.column_names:
            return rows.append_column(EVENT_ID, row if self._others_follow else place)
        own = rows[EVENT_ID].cast(pa.string())
        return rows.set_column(rows.column_names.index(EVENT_ID), EVENT_ID, pc.coalesce(own, row))

    def _whose_time_has_come(self, rows: pa.Table, wait_s: float) -> pa.Table:
        if self._speed_up is None:
            return rows
        time_ms = rows["timestamp_ms"].to_numpy()
        if self._began is None:
            self._began = self._monotonic_s(), int(time_ms[0])
        began_s, began_ms = self._began
        due_s = (int(time_ms[0]) - began_ms) / 1_000 / self._speed_up - (self._monotonic_s() - began_s)
        if due_s > 0:
            time.sleep(min(due_s, wait_s))
        now_ms = began_ms + (self._monotonic_s() - began_s) * 1_000 * self._speed_up
        return rows.slice(0, int(np.searchsorted(time_ms, now_ms, side="right")))


def _check_ids(rows: pa.Table, first: int) -> None:
    """What a server's table of ids can hold: text that is not too long, and integers beside what is none."""
    for name in rows.column_names:
        values = pc.list_flatten(rows[name]) if pa.types.is_list(rows[name].type) else rows[name]
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            if too_long(values) is not None:
                raise LogError(
                    f"rows {first} to {first + rows.num_rows - 1}: {name} holds a text of "
                    f"{pc.max(pc.binary_length(values)).as_py():,} bytes; give at most {TEXT_BYTES}, for "
                    "example a digest"
                )
        elif name in ("user_id", "item_id") and pc.min(values).as_py() == NO_ID:
            raise LogError(f"{name} is {NO_ID} in a row behind {first}: that number stands for no id")


class _Rows:
    """Rows of a log by place, read forwards; going back starts over."""

    def __init__(self, log: EventSource) -> None:
        self._log = log
        self._chunks: Iterator[pa.Table] = iter(())
        self._held, self._first = pa.table({}), 1
        self._start()

    def at(self, first: int, most: int) -> pa.Table:
        if first < self._first:
            self._start()
        while self._first + self._held.num_rows < first + most:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            unneeded = min(max(0, first - self._first), self._held.num_rows)
            self._held = (
                pa.concat_tables([self._held.slice(unneeded), chunk]) if self._held.num_columns else chunk
            )
            self._first += unneeded
        return self._held.slice(max(0, first - self._first), most)

    def _start(self) -> None:
        self._chunks = self._log.chunks()
        self._held, self._first = pa.table({}), 1
