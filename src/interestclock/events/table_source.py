"""A log in files or a frame as a stream in time order: read, checked, ordered, freed of duplicates, cut."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from interestclock.errors import ConfigError, InterestClockError, LogError
from interestclock.events.chunking import rechunk
from interestclock.events.column_faults import ColumnFaults
from interestclock.events.dead_letters import DeadLetter, DeadLetterFile
from interestclock.events.described import check_described
from interestclock.events.disorder import Disorder
from interestclock.events.duplicate_remarks import duplicate_remarks
from interestclock.events.duplicates import DuplicateFilter
from interestclock.events.frame_blocks import FrameBlocks
from interestclock.events.held_frame import HeldFrame, log_called
from interestclock.events.item_join import ItemJoin
from interestclock.events.items import ITEM_KEY, attach_attributes, read_items
from interestclock.events.label_shorthand import refuse_ambiguous
from interestclock.events.log_blocks import LogBlocks
from interestclock.events.log_files import LogPath, log_files
from interestclock.events.mapping import ColumnMapping
from interestclock.events.raw_tables import RawBlock
from interestclock.events.reorder import Reorderer
from interestclock.events.row_times import check_times
from interestclock.events.schema import LogCounts, LogSchema
from interestclock.events.time_watch import TimeWatch
from interestclock.events.validation import EVENT_ID, infer_types, validate
from interestclock.events.values import parse_categorical

__all__ = ["TableSource"]


class TableSource:
    """An event log in Parquet, Feather, CSV or TSV files, or in a frame; an ``EventSource``.

    ``chunks`` may be called again: it starts over, counts included.

    Args:
        path: a file, a folder, a pattern such as ``plays-*.csv``, or several of these (``log_files``); or
            what is held of a frame.
        mapping: what the columns mean; ``mapping.items`` is the items file.
        items: a frame in its place.
        lateness_ms: how far a row may stand behind the newest before it.
        dead_letters: JSON-lines file for rows that cannot be used; None refuses the first of them.

    Raises:
        ConfigError: the mapping names no label, no way to tell local time, or attributes of an items file
            without the file; dead letters would overwrite the log.
        LogError: the log or the items file cannot be read as described, or the log is empty.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "plays.csv"
        >>> _ = path.write_text("user_id,item_id,timestamp_ms\\n7,a,1970-01-01T09:00:00\\n")
        >>> source = TableSource(path, ColumnMapping(zone="Asia/Kolkata", positive_only="play"))
        >>> [chunk["second_of_day"].to_pylist() for chunk in source.chunks()], source.counts.used
        ([[52200]], 1)
    """

    def __init__(
        self,
        path: LogPath | HeldFrame,
        mapping: ColumnMapping,
        *,
        items: HeldFrame | None = None,
        lateness_ms: int = 0,
        dead_letters: str | Path | None = None,
    ) -> None:
        self._items_from: LogPath | HeldFrame | None = mapping.items if items is None else items
        self._blocks = _blocks_of(path, mapping, self._items_from)
        self._called = self._blocks.called
        check_described(self._called, self._blocks.columns(), mapping)
        self._schema = mapping.schema()
        self._mapping, self._lateness_ms = mapping, lateness_ms
        self._dead_letters = None if dead_letters is None else Path(dead_letters)
        _spare_the_input(self._blocks.files, mapping.items, self._dead_letters)
        expressions = self._schema.label_expressions.values()
        refuse_ambiguous(self._called, expressions, self._blocks.file_types)
        self._counts = LogCounts()
        self._labels_seen: set[str] = set()
        self._lines_in_quotes = 0
        self._example: str | None = None  # of rows that are one event and have other labels
        self._watch, self._faults = self._new_watch(), ColumnFaults(mapping)
        first = self._blocks.first()
        check_times(
            self._blocks.times(first), mapping, mapping.time_unit
        )  # before all of it is read for its ids
        self._disorder = Disorder(first, mapping)
        self._ids = self._blocks.id_types()
        self._types = infer_types(first, mapping, self._ids)
        self._looked_up = bool(mapping.attributes) or mapping.items_match is not None
        self._items = self._read_items()
        self._join = self._new_join()

    @property
    def schema(self) -> LogSchema:
        """The names the log gives its labels, attributes and context."""
        return self._schema

    @property
    def mapping(self) -> ColumnMapping:
        """Which column of the files means what."""
        return self._mapping

    def file_types(self) -> dict[str, pa.DataType | None]:
        """Columns of the first file and their types; None for those of text, which do not say."""
        return self._blocks.file_types()

    @property
    def counts(self) -> LogCounts:
        """What became of each row; final once ``chunks`` is exhausted."""
        return self._counts

    def items(self) -> pa.Table | None:
        """The item table, or None where attributes stand in the log's rows (or there are none)."""
        return None if self._looked_up else self._items

    def fingerprint(self) -> str:
        """A SHA-256 over the content of the log's files and the items file, in reading order.

        Of a frame it is one over names, types and values of the columns that are read.
        """
        own = self._blocks.fingerprint()
        if not isinstance(self._items_from, HeldFrame):
            return own
        return hashlib.sha256((own + self._items_from.fingerprint()).encode()).hexdigest()

    def chunks(self, rows: int = 65_536) -> Iterator[pa.Table]:
        """Event tables in time order (ties in the log's order), about ``rows`` rows each.

        Raises:
            LogError: a file ends early, a row cannot be used and there is no dead-letter file, or no row at
                all could be used.
            LatenessError: a row is older than the lateness allows.
        """
        self._counts = LogCounts(remarks=[*self._blocks.remarks(), *self._ids.remarks])
        self._watch = self._new_watch()
        self._labels_seen, self._lines_in_quotes, self._example = set(), 0, None
        self._faults, self._join = ColumnFaults(self._mapping), self._new_join()
        with DeadLetterFile(self._dead_letters) as letters, self._remarks_with_errors():
            letters.begin()
            yield from rechunk(self._in_order(letters), rows)
        self._watch.close()
        self._faults.refuse(self._called)
        if not self._counts.used:
            raise LogError(f"{self._called}: none of its {self._counts.read} rows can be used; {self._why()}")
        self._counts.remarks += self._remarks_on_rows()
        if self._join is not None:
            self._join.refuse()
            self._counts.join = self._join.counts()
            self._counts.remarks += self._join.remarks()

    @contextmanager
    def _remarks_with_errors(self) -> Iterator[None]:
        """What was said of the log so far may be why it is refused."""
        try:
            yield
        except InterestClockError as error:
            self._watch.close()
            for remark in self._counts.remarks:
                error.add_note(remark)
            raise

    def _remarks_on_rows(self) -> list[str]:
        remarks = self._faults.remarks()
        if self._lines_in_quotes:
            remarks += [
                f"{self._lines_in_quotes:,} lines stand inside quoted values and are no rows; where "
                "no value has several lines, a quote is left open"
            ]
        return remarks + [
            f"label '{name}' is missing in every row; nothing can be learned of it"
            for name in self._schema.labels
            if name not in self._labels_seen
        ]

    def _in_order(self, letters: DeadLetterFile) -> Iterator[pa.Table]:
        reorder = Reorderer(
            lateness_ms=self._lateness_ms,
            name_row=self._blocks.name_row,
            remedy=lambda gap_ms: self._watch.remedy_for_late(gap_ms) or self._disorder.remedy(gap_ms),
        )
        duplicates = DuplicateFilter(
            event_id=None if self._mapping.event_id is None else EVENT_ID,
            labels=self._schema.labels,
            outcomes=self._schema.outcomes,
            merge=self._mapping.duplicates == "merge",
        )
        blocks = self._blocks.numbered()
        for block, rows_before in blocks:
            self._counts.read += block.rows_read
            events, dead = self._checked(block, rows_before)
            if dead and self._dead_letters is None:
                self._look_at_the_rest(blocks)
            letters.write(dead)
            self._lines_in_quotes += block.lines_in_quotes
            self._counts.dead_letters += block.rows_read - events.num_rows
            yield self._kept(duplicates, reorder.push(events))
        last = reorder.flush()
        if last is not None:
            yield self._kept(duplicates, last)
        self._counts.remarks += duplicate_remarks(
            self._counts, self._mapping, self._example, forgotten=duplicates.has_forgotten
        )

    def _look_at_the_rest(self, blocks: Iterator[tuple[RawBlock, int]]) -> None:
        """A row is refused, and with it the log: tell whether it is the row's fault or its column's."""
        for block, rows_before in blocks:
            self._checked(block, rows_before)
        self._faults.refuse(self._called)

    def _new_join(self) -> ItemJoin | None:
        if self._items is None or self._items_from is None:
            return None
        column = self._mapping.items_match or self._mapping.item
        keys = self._items[ITEM_KEY].combine_chunks()
        others = (self._types.user, self._types.request or self._types.user)
        whole = not self._looked_up and all(map(pa.types.is_integer, others))
        return ItemJoin(log_called(self._items_from), column=column, keys=keys, may_be_integers=whole)

    def _new_watch(self) -> TimeWatch:
        return TimeWatch(self._mapping, lateness_ms=self._lateness_ms, remarks=self._counts.remarks)

    def _checked(self, block: RawBlock, rows_before: int) -> tuple[pa.Table, list[DeadLetter]]:
        events, dead = validate(
            block,
            self._mapping,
            self._types,
            rows_before=rows_before,
            watch=self._watch,
            faults=self._faults,
        )
        if self._items is None or self._join is None:
            return events, dead
        if not self._looked_up:
            self._join.add(events["item_id"].combine_chunks())
            return events, dead
        match = block.table.column(self._mapping.items_match or self._mapping.item)
        wanted = events["log_row"].to_numpy() - rows_before
        rows = pa.array(block.row_N.searchsorted(wanted))
        keys = parse_categorical(match.take(rows).combine_chunks()).values
        self._join.add(keys)
        return attach_attributes(events, self._items, keys), dead

    def _kept(self, duplicates: DuplicateFilter, events: pa.Table) -> pa.Table:
        kept = duplicates.keep(events)
        self._counts.duplicates += kept.duplicates
        self._counts.merged += kept.merged
        self._counts.disagreeing += kept.disagreeing
        self._counts.used += kept.events.num_rows
        if kept.example is not None and self._example is None:
            self._example = self._in_words(events, kept.example)
        for name in self._schema.labels:
            if (
                name not in self._labels_seen
                and kept.events[f"label.{name}"].null_count < kept.events.num_rows
            ):
                self._labels_seen.add(name)
        return kept.events

    def _in_words(self, events: pa.Table, example: tuple[int, int]) -> str:
        """Two rows that are one event, with what each says."""
        words = []
        for log_row in filter(None, example):
            row = pc.index(events["log_row"], log_row).as_py()
            labels = {name: events[f"label.{name}"][row].as_py() for name in self._schema.labels}
            values = [f"{name} {'missing' if each is None else each}" for name, each in labels.items()]
            words.append(f"{self._blocks.name_row(log_row)} ({', '.join(values)})")
        return " beside ".join(words)

    def _read_items(self) -> pa.Table | None:
        if self._items_from is None or not self._mapping.item_attributes:
            return None
        kind = pa.string() if self._looked_up else self._types.item
        return read_items(self._items_from, self._mapping, kind)

    def _why(self) -> str:
        where = f"the reasons stand in {self._dead_letters}" if self._dead_letters else "it is empty"
        column = self._faults.why()
        return where if column is None else f"{where}; {column}"


def _spare_the_input(files: tuple[Path, ...], items: Path | None, dead_letters: Path | None) -> None:
    if dead_letters is None:
        return
    inputs = [file.resolve() for file in (*files, items) if file is not None]
    if dead_letters.resolve() in inputs:
        raise ConfigError(f"{dead_letters}: dead letters would overwrite the log; name another file")


def _blocks_of(
    log: LogPath | HeldFrame, mapping: ColumnMapping, items: LogPath | HeldFrame | None
) -> LogBlocks | FrameBlocks:
    _require_items(log_called(log), mapping, items)
    return FrameBlocks(log, mapping) if isinstance(log, HeldFrame) else LogBlocks(log, mapping)


def _require_items(path: str, mapping: ColumnMapping, items: LogPath | HeldFrame | None) -> None:
    if mapping.item_attributes and items is None:
        names = ", ".join(mapping.item_attributes)
        raise ConfigError(f"{path}: attributes {names} stand in an items file; name it (--items FILE)")
    if items is not None and not mapping.item_attributes:
        if not isinstance(items, HeldFrame):
            log_files(items)  # a file that is not there is the first thing to say
        raise ConfigError(
            f"{log_called(items)}: no attribute of the items file is named; name one (--item-attribute genre)"
        )
