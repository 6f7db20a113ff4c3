"""What a live source brings, and which messages these were."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import pyarrow as pa

from interestclock.events.message_tables import ERASURES, ITEMS, OUTCOMES, REFERENCES, SERVED
from interestclock.events.schema import LogCounts, LogSchema
from interestclock.timeofday import TimeSource

__all__ = ["BadMessage", "LiveSource", "MicroBatch", "OfALog", "OffsetRanges", "Rereadable", "Source"]


@dataclass(frozen=True, kw_only=True)
class OffsetRanges:
    """Which messages, out of all that a source has.

    Args:
        source: the source's own name for itself. messages: how many.
        ranges: partition -> first and last offset, inclusive; a partition without messages is absent.
        polled_ms: when, by the source's clock, UTC milliseconds; None for what lay in a log.

    Example:
        >>> OffsetRanges(source="plays.parquet", ranges={"0": ("1", "500")}, messages=500).messages
        500
    """

    source: str
    ranges: Mapping[str, tuple[str, str]]
    messages: int
    polled_ms: int | None = None


@dataclass(frozen=True, kw_only=True)
class BadMessage:
    """A message that could not be read: where it stands, why, and what it said.

    Example:
        >>> BadMessage(partition="0", offset="7", reason="no JSON", payload="{").reason
        'no JSON'
    """

    partition: str
    offset: str
    reason: str
    payload: str


@dataclass(frozen=True, kw_only=True)
class MicroBatch:
    """The messages of one poll, as tables; ``arrival`` numbers them from 0 in an order that offsets decide.

    Args:
        offset_ranges: which they are.
        exposures: columns of the event table that the schema names, ``event_id`` and ``arrival``; labels that
            did not come along are null. Of messages, also ``position`` int32 and ``values``, the raw columns
            as JSON text, which keeps 1, 1.0, true and "1" apart; both null where not said.
        labels: ``event_id``, ``label``, ``value`` int8, ``known_ms`` int64, ``arrival``. All tables have
            ``partition``, text; without it, all are of one.
        bad: those that could not be read.
        items: ``item_id``, ``from_ms`` int64, ``arrival``, ``attribute.NAME`` list<string>: the whole item as
            it is from then on.
        outcomes: ``event_id``, ``outcome``, ``value`` float64 (a flag is 0 or 1), ``known_ms`` int64,
            ``arrival``.
        served: ``request_id``, ``user_id``, ``timestamp_ms``, ``utc_offset_minutes``, ``second_of_day``,
            ``day_of_week``, ``zone``; ``arm``, ``ranker``, ``version``, ``admitted_offset``, text or null;
            ``item_ids``, ``scores``, ``propensities``, lists of one length, best place first; ``arrival``.
        references: exposures that leave who or when to their served request: ``event_id``, ``request_id``,
            ``item_id``; what is null is the request's to say: ``user_id``, ``timestamp_ms``,
            ``utc_offset_minutes``, ``zone``, and ``known_ms.NAME`` of a label that came along; the other
            columns as exposures have them, without local time.
        erasures: ``user_id``, ``timestamp_ms`` int64, ``arrival``: users of whom nothing stays until then;
            null, where a message stood that was erased.
    """

    offset_ranges: OffsetRanges
    exposures: pa.Table
    labels: pa.Table
    bad: tuple[BadMessage, ...] = ()
    items: pa.Table = field(default_factory=ITEMS.empty_table)
    outcomes: pa.Table = field(default_factory=OUTCOMES.empty_table)
    served: pa.Table = field(default_factory=SERVED.empty_table)
    references: pa.Table = field(default_factory=REFERENCES.empty_table)
    erasures: pa.Table = field(default_factory=ERASURES.empty_table)

    def tables(self) -> dict[str, pa.Table]:
        """Messages by kind, those without a row left out but for exposures.

        Example:
            >>> offset_ranges = OffsetRanges(source="test", ranges={}, messages=0)
            >>> labels = pa.table({"arrival": [0]})
            >>> list(MicroBatch(offset_ranges=offset_ranges, exposures=labels[:0], labels=labels).tables())
            ['exposures', 'labels']
        """
        kinds = ("exposures", "labels", "items", "outcomes", "served", "references", "erasures")
        tables = {kind: getattr(self, kind) for kind in kinds}
        return {kind: table for kind, table in tables.items() if table.num_rows or kind == "exposures"}


class Source(Protocol):
    """Where events come from, whoever admits them."""

    @property
    def schema(self) -> LogSchema:
        """The names of labels, attributes and context."""

    @property
    def name(self) -> str:
        """What the source is called; another name is another source."""

    @property
    def clock(self) -> TimeSource | None:
        """What tells when messages are polled; None of a log, whose time stands still while nothing comes."""

    @property
    def ended(self) -> bool:
        """Whether a finite source has given everything."""

    def items(self) -> pa.Table | None:
        """The item table, or None where attributes come with exposures (or there are none)."""

    def start_after(self, last: Mapping[str, str]) -> None:
        """Partition -> last offset that was ingested already; called once, before anything is asked for."""

    def acknowledge(self, last: Mapping[str, str]) -> None:
        """Everything up to these offsets is on the disk; it need not be kept for us."""

    def close(self) -> None:
        """Let go of connections."""


class LiveSource(Source, Protocol):
    """Events as they come, each handed out once."""

    def partitions(self) -> tuple[str, ...]:
        """All that are read, as offset ranges name them; none before they are known, and none of a log."""

    def at_end(self, partitions: Collection[str]) -> frozenset[str]:
        """Those of which there is nothing at this moment that was not polled; asks the broker."""

    def poll(self, most: int, wait_s: float) -> MicroBatch | None:
        """New messages, at most so many; None if none came within so many seconds."""


@runtime_checkable
class OfALog(Protocol):
    """A source that reads a log, to its end or up to a stream behind it.

    Example:
        >>> class Replay:
        ...     log_counts = LogCounts()
        >>> isinstance(Replay(), OfALog)
        True
    """

    @property
    def log_counts(self) -> LogCounts:
        """What became of the log's rows so far, and what is said of it."""


@runtime_checkable
class Rereadable(Protocol):
    """A source whose messages stay where they are, so that their place stands for them; all are exposures."""

    def reread(self, offset_ranges: OffsetRanges) -> MicroBatch:
        """The messages of these offset ranges, the same to the bit."""
