"""History first, then live: a log to its end, and behind it the stream that it was written from."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import fields, replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from interestclock.errors import ConfigError
from interestclock.events.message_tables import OF_A_LOG, MessageTables
from interestclock.events.schema import EventSource, LogCounts, LogSchema
from interestclock.streams.micro_batch import LiveSource, MicroBatch, OffsetRanges
from interestclock.streams.replay import ReplaySource

__all__ = ["ARCHIVE", "HybridSource"]

ARCHIVE = "archive/0"  # the log's partition; none of a broker has a slash
_ROWS = "0"  # as the log calls it
_log = logging.getLogger("interestclock.source")


class HybridSource:
    """The rows of an archive, then the messages of a stream, as one source.

    The archive is the partition ``archive/0``. While it is read there is no silence and nothing is ahead: its
    micro-batches have no time at which they were polled. Its rows are written down as messages are. From its
    end on the source is the stream, from the beginning of what the broker has; ``EventBuffer``, told that an
    archive comes first, tells what of that is in it.

    Ids are text, as those of messages are: the archive's 7 and a message's 7 or "7" are one user. An archive
    without event ids has ``row PLACE`` instead, which no label of the stream names.

    Where the stream's first exposures are all later than the archive's last, a warning says so, and where
    the archive goes on behind ``from_ms``.

    Args:
        archive: the log to begin with. stream: to go on with; it is not asked before the archive has ended.
        from_ms: what lies before, in the stream, is in the archive, UTC milliseconds; None where event ids
            tell. speed_up: of the archive, as ``ReplaySource`` has it.

    Raises:
        ConfigError: the two have other labels, attributes or context, or get attributes from elsewhere.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from interestclock.events import ColumnMapping, LabelColumn, open_log
        >>> from interestclock.streams import RedisSource
        >>> path = Path(tempfile.mkdtemp()) / "plays.csv"
        >>> _ = path.write_text("event_id,user_id,item_id,timestamp_ms,finish\\ne7,7,1,1700000000000,1\\n")
        >>> mapping = ColumnMapping(
        ...     event_id="event_id", zone="UTC", labels={"finish": LabelColumn(column="finish")})
        >>> stream = RedisSource(host="h", port=1, streams=["plays"], schema=mapping.schema())  # asked later
        >>> source = HybridSource(open_log(path, mapping=mapping), stream)
        >>> batch = source.poll(100, 0.0)
        >>> batch.offset_ranges.ranges, batch.exposures["user_id"].to_pylist(), source.partitions()
        ({'archive/0': ('1', '1')}, ['7'], ())
    """

    def __init__(
        self,
        archive: EventSource,
        stream: LiveSource,
        *,
        from_ms: int | None = None,
        speed_up: float | None = None,
    ) -> None:
        self._archive = ReplaySource(archive, speed_up=speed_up, others_follow=True)
        self._stream, self._from_ms = stream, from_ms
        _check_agree(self._archive, stream)
        self.schema, self.clock = stream.schema, stream.clock
        since = "" if from_ms is None else f" from {_shown(from_ms)}"
        self.name = f"{self._archive.name}, then {stream.name}{since}"
        self._columns = _columns(stream.schema)
        self._last: Mapping[str, str] = {}
        self._archive_ms: int | None = None  # of the archive's last row so far
        self._turned = self._compared = False

    @property
    def ended(self) -> bool:
        """Whether both have given everything."""
        return self._turned and self._stream.ended

    @property
    def log_counts(self) -> LogCounts:
        """The archive's, as far as it was read."""
        return self._archive.log_counts

    def items(self) -> pa.Table | None:
        """The stream's item table: the archive's, with ids as text."""
        return self._stream.items()

    def partitions(self) -> tuple[str, ...]:
        """The stream's, once the archive has ended; none before."""
        return self._stream.partitions() if self._turned else ()

    def at_end(self, partitions: Collection[str]) -> frozenset[str]:
        """The stream's answer."""
        return self._stream.at_end(partitions)

    def start_after(self, last: Mapping[str, str]) -> None:
        """Go on behind a row of the archive, or, where messages were taken already, behind those."""
        self._last = {name: offset for name, offset in last.items() if name != ARCHIVE}
        if self._last:
            self._compared = True
            self._turn()
        elif ARCHIVE in last:
            row = last[ARCHIVE]
            offset_ranges = OffsetRanges(source=self._archive.name, ranges={_ROWS: (row, row)}, messages=1)
            self._record_time(self._archive.reread(offset_ranges))
            self._archive.start_after({_ROWS: row})

    def poll(self, most: int, wait_s: float) -> MicroBatch | None:
        """The next rows of the archive; after its last, new messages."""
        if not self._turned:
            batch = self._archive.poll(most, wait_s)
            if batch is not None:
                self._record_time(batch)
                return self._as_messages(batch)
            if not self._archive.ended:
                return None
            self._turn()
        batch = self._stream.poll(most, wait_s)
        first_ms = None if batch is None or self._compared else _first_ms(batch)
        if first_ms is not None:
            self._compared = True
            self._compare_times(first_ms)
        return batch

    def acknowledge(self, last: Mapping[str, str]) -> None:
        """Tell the stream, as far as it was read."""
        if self._turned:
            self._stream.acknowledge({name: offset for name, offset in last.items() if name != ARCHIVE})

    def close(self) -> None:
        """Let go of both."""
        with closing(self._stream), closing(self._archive):
            pass

    def _turn(self) -> None:
        self._turned = True
        self._stream.start_after(self._last)
        if self._from_ms is not None and self._archive_ms is not None and self._archive_ms >= self._from_ms:
            _log.warning(
                "%s ends at %s, behind --then-from %s: what it has from there on is learned from the stream, "
                "too, unless event ids tell; end it there",
                self._archive.name,
                _shown(self._archive_ms),
                _shown(self._from_ms),
            )

    def _as_messages(self, batch: MicroBatch) -> MicroBatch:
        """Rows as messages would have been: the same columns of the same types, in the same order."""
        rows = batch.exposures
        values = pa.array([OF_A_LOG] * rows.num_rows, pa.string())
        rows = rows.append_column("values", values)
        columns = [
            rows[field.name].cast(field.type)
            if field.name in rows.column_names
            else pa.nulls(rows.num_rows, field.type)
            for field in self._columns
        ]
        exposures = pa.table(columns, self._columns)
        partition = pa.array([ARCHIVE] * rows.num_rows, pa.string())
        return replace(
            batch,
            offset_ranges=replace(batch.offset_ranges, ranges={ARCHIVE: batch.offset_ranges.ranges[_ROWS]}),
            exposures=exposures.append_column("partition", partition),
            labels=batch.labels.append_column("partition", pa.array([], pa.string())),
        )

    def _record_time(self, batch: MicroBatch) -> None:
        self._archive_ms = pc.max(batch.exposures["timestamp_ms"]).as_py()

    def _compare_times(self, first_ms: int) -> None:
        """Say what neither of the two has."""
        end_ms, until = self._archive_ms, self._archive.name
        if self._from_ms is not None and (end_ms is None or self._from_ms > end_ms):
            end_ms, until = self._from_ms, "what --then-from says of the archive"
        if end_ms is not None and first_ms > end_ms:
            _log.warning(
                "%s ends at %s, and %s begins at %s: what happened between, if anything did, is in neither; "
                "give an archive that reaches further, or let the broker keep more",
                until,
                _shown(end_ms),
                self._stream.name,
                _shown(first_ms),
            )


def _first_ms(batch: MicroBatch) -> int | None:
    """When something was first shown; exposures may leave that to their served request."""
    kinds = (batch.exposures, batch.references, batch.served)
    times = [pc.min(each["timestamp_ms"]).as_py() for each in kinds]
    return min((each for each in times if each is not None), default=None)


def _columns(schema: LogSchema) -> pa.Schema:
    return MessageTables(schema).exposures([], []).schema


def _check_agree(archive: ReplaySource, stream: LiveSource) -> None:
    for field in fields(LogSchema):
        of_log, of_stream = (getattr(each.schema, field.name) for each in (archive, stream))
        if of_log != of_stream:
            raise ConfigError(
                f"{field.name} of {archive.name} are {_listed(of_log)}, and of {stream.name} "
                f"{_listed(of_stream)}; let one mapping file serve both"
            )
    if (archive.items() is None) != (stream.items() is None):
        raise ConfigError(
            f"attributes of {archive.name} stand in {'its rows' if archive.items() is None else 'a file'}, "
            f"and of {stream.name} in {'its messages' if stream.items() is None else 'a file'}; take them "
            "from one place: an items file by item_id alone, or [attributes] alone"
        )


def _listed(names: object) -> str:
    if isinstance(names, Mapping):
        names = [f"{term}={label}" for term, label in sorted(names.items())]
    return ", ".join(map(str, names)) or "none" if isinstance(names, (tuple, list)) else str(names)


def _shown(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1_000, UTC).isoformat(timespec="milliseconds")
