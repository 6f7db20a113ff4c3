"""What becomes of messages, decided as they come, and decided again of what was written down of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.admission.admitted import Admitted
from interestclock.admission.admitted_entry import AdmittedEntry
from interestclock.admission.dispositions import Disposition
from interestclock.admission.event_buffer import EventBuffer
from interestclock.admission.judged import ONE_PARTITION
from interestclock.errors import ResultError
from interestclock.events.message_tables import no_messages
from interestclock.streams import MicroBatch, OffsetRanges, Rereadable, Source

__all__ = ["EntryDecisions"]

_DISPOSITION = "verdict"  # as admitted logs call it


class EntryDecisions:
    """Has a buffer admit micro-batches, or entries that another one wrote down; writes nothing.

    Args:
        source: whose messages. buffer: decides; it has what came before. where: of the entries, for errors.

    Raises:
        ResultError: (from ``again``) another disposition comes out.

    Example:
        >>> from interestclock.admission import AdmissionConfig
        >>> from interestclock.events.schema import LogSchema
        >>> from interestclock.streams import RedisSource
        >>> schema = LogSchema(labels=("finish",))
        >>> source = RedisSource(host="h", port=1, streams=["plays"], schema=schema)
        >>> buffer = EventBuffer(schema, config=AdmissionConfig())
        >>> quiet = AdmittedEntry(first_arrival=0, source=source.name, polled_ms=9_000, awaited=())
        >>> decisions = EntryDecisions(source, buffer=buffer, where="admitted")
        >>> [each.watermark_ms for each in decisions.again(1, quiet)]
        [9000]
    """

    def __init__(self, source: Source, *, buffer: EventBuffer, where: str) -> None:
        self._source, self._buffer, self._where = source, buffer, where

    def decide(self, batch: MicroBatch, *, whole: bool) -> tuple[AdmittedEntry, list[Admitted]]:
        """What a micro-batch is written down as, and what is used of it.

        Args:
            whole: the messages stand in the entry; else their place in the source stands for them.
        """
        first_arrival, offset_ranges = self._buffer.counters.received, batch.offset_ranges
        admitted = self._buffer.admit(batch.tables(), bad=len(batch.bad), polled_ms=offset_ranges.polled_ms)
        dispositions = {kind: pa.array(each) for kind, each in self._buffer.dispositions.items()}
        tables = {
            kind: _with_partition(each).append_column(_DISPOSITION, dispositions[kind])
            for kind, each in batch.tables().items()
            if whole and each.num_rows
        }
        entry = AdmittedEntry(
            first_arrival=first_arrival,
            source=offset_ranges.source,
            ranges=offset_ranges.ranges,
            polled_ms=offset_ranges.polled_ms,
            tables=tables,
            dispositions=None if whole else dispositions["exposures"],
            dead=batch.bad,
        )
        return entry, admitted

    def again(self, number: int, entry: AdmittedEntry, *, part: bool = False) -> list[Admitted]:
        """What an entry gives; it has to be what it gave.

        Args:
            number: of the entry.
            part: it is cut out of one: what waits at its end may have been decided there, so is not compared.
        """
        if entry.awaited is not None and entry.polled_ms is not None:
            return self._buffer.tick(awaited=entry.awaited, polled_ms=entry.polled_ms)
        if entry.erased:
            return self._buffer.erase(entry.erased)
        now, admitted = self.decide(self._batch(entry), whole=entry.dispositions is None)
        if not part:
            self._check_same(number, entry, now)
        return admitted

    def _batch(self, entry: AdmittedEntry) -> MicroBatch:
        messages = entry.messages if entry.dispositions is None else len(entry.dispositions)
        offset_ranges = OffsetRanges(
            source=entry.source, ranges=entry.ranges, messages=messages, polled_ms=entry.polled_ms
        )
        if entry.dispositions is not None and isinstance(self._source, Rereadable):
            found = self._source.reread(offset_ranges)
            return MicroBatch(
                offset_ranges=offset_ranges, exposures=found.exposures, labels=found.labels, bad=entry.dead
            )
        tables = {kind: table.drop_columns([_DISPOSITION]) for kind, table in entry.tables.items()}
        return MicroBatch(offset_ranges=offset_ranges, bad=entry.dead, **self._no_messages() | tables)

    def _no_messages(self) -> dict[str, pa.Table]:
        """Tables as a parser makes them; an entry has none without rows."""
        return {
            kind: table.append_column("partition", pa.array([], pa.string()))
            for kind, table in no_messages(self._source.schema).items()
        }

    def _check_same(self, number: int, then: AdmittedEntry, now: AdmittedEntry) -> None:
        dispositions_now = _dispositions(now)
        for kind, then_X in _dispositions(then).items():
            now_X = dispositions_now[kind]
            if not np.array_equal(then_X, now_X):
                row = int(np.flatnonzero(then_X != now_X)[0])
                raise ResultError(
                    f"{self._where}: entry {number}: row {row + 1} of its {kind} was "
                    f"{Disposition(then_X[row]).name} when it was admitted and is "
                    f"{Disposition(now_X[row]).name} now; go on with the version that wrote it, or start "
                    "anew in another folder"
                )


def _with_partition(table: pa.Table) -> pa.Table:
    """Rows that say which partition they are of, those of a log, too, which is one."""
    if "partition" in table.column_names:
        return table
    return table.append_column("partition", pa.array([ONE_PARTITION] * table.num_rows, pa.string()))


def _dispositions(entry: AdmittedEntry) -> dict[str, npt.NDArray[np.int8]]:
    """Of the messages of each kind, in order."""
    if entry.dispositions is not None:
        return {"rows": entry.dispositions.to_numpy()}
    return {kind: table[_DISPOSITION].to_numpy() for kind, table in entry.tables.items()}
