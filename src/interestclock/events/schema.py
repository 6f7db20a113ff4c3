"""What an event log says, whatever it was written in.

Every source yields the same *event table*, a ``pyarrow.Table`` in time order with these columns:

===================  ==============================  ====================================================
column               type                            meaning
===================  ==============================  ====================================================
``user_id``          int64 or string (one per log)   who saw the item
``item_id``          int64 or string (one per log)   what was shown (or chosen, in a positive-only log)
``timestamp_ms``     int64                           UTC milliseconds of the exposure
``second_of_day``    int32                           local wall-clock second, 0..86399
``day_of_week``      int8                            local weekday, 0 = Monday
``zone``             string, nullable, may be absent IANA zone that told local time, where no offset did
``request_id``       int64 or string, may be absent  exposures shown together carry the same value
``event_id``         string, nullable, may be absent what labels and duplicates of the event name it by
``log_row``          int64                           row of the log it came from, counted from 1
``label.NAME``       int8, nullable                  1, 0, or null where the label is missing
``known_ms.NAME``    int64                           UTC milliseconds at which that label became known
``attribute.NAME``   list<string>                    the item's values, only where they stand in the rows
``KIND.NAME``        as the kind has it              context, of a kind out of ``events.context``
``outcome.NAME``     float64, nullable               measured, never trained on
``truth.NAME``       float64                         the label's true probability (simulated logs only)
===================  ==============================  ====================================================

The *item table* has ``item_id`` and one ``attribute.NAME`` (list<string>) per attribute.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from interestclock.errors import ConfigError, check_names
from interestclock.events.context import ContextNames

__all__ = ["EQ3_ROLES", "EventSource", "LogCounts", "LogSchema"]

_LONGEST_NAME = 150  # bytes; file systems have 255, and more is put before and behind
_OF_DUPLICATES = ("disagreeing", "merged")
EQ3_ROLES = ("like", "finish", "skip", "dislike")


@dataclass(frozen=True, kw_only=True)
class LogSchema(ContextNames):
    """The names a log gives its labels, attributes and context, and the part each plays.

    Args:
        labels: tasks, in the log's order. A positive-only log has one: the name of its event.
        positive_only: every row is a choice; what was not chosen is not in the log.
        attributes: multi-valued item attributes.
        clock_attributes: those of ``attributes`` whose preferences by hour make the clocks (Eq. 3); none
            where no label counts as one of its terms.
        eq3_labels: which label counts as which term of Eq. 3; keys out of like, finish, skip, dislike.
        engaged: a history holds the exposures with a 1 in any of these labels; unless told, those that
            count as finish and like, or the first label where none does.
        (and names of context, as ``ContextNames`` has them)
        outcomes: measured but never trained on.
        truths: labels whose true probability the log knows (simulated logs).
        label_expressions: label -> expression of other columns that it is made of, of those that are.

    Raises:
        ConfigError: a name is used that the log does not have.

    Example:
        >>> schema = LogSchema(labels=("finish", "like"), attributes=("genre",), clock_attributes=("genre",))
        >>> schema.eq3_labels, schema.engaged, schema.main_label
        ({'like': 'like', 'finish': 'finish'}, ('finish', 'like'), 'finish')
    """

    labels: tuple[str, ...]
    positive_only: bool = False
    attributes: tuple[str, ...] = ()
    clock_attributes: tuple[str, ...] = ()
    eq3_labels: Mapping[str, str] = field(default_factory=dict)
    engaged: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    truths: tuple[str, ...] = ()
    label_expressions: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lists = ("labels", "attributes", "clock_attributes", "engaged", "outcomes", "truths")
        for name in (*lists, *self.context):
            check_names(name, getattr(self, name))
        if not self.labels:
            raise ConfigError("the log names no label; name one, for example --label-column finish=COLUMN")
        if self.positive_only and len(self.labels) != 1:
            raise ConfigError(f"a positive-only log has one label, not {len(self.labels)}")
        if not self.eq3_labels:
            roles = (
                {"finish": self.labels[0]}
                if self.positive_only
                else {role: role for role in EQ3_ROLES if role in self.labels}
            )
            object.__setattr__(self, "eq3_labels", roles)
        if not self.engaged:
            object.__setattr__(self, "engaged", self._default_engaged())
        self._check_eq3()
        self._check_names()
        if not self.eq3_labels:
            object.__setattr__(self, "clock_attributes", ())

    def _default_engaged(self) -> tuple[str, ...]:
        liked = tuple(self.eq3_labels[role] for role in ("finish", "like") if role in self.eq3_labels)
        return liked or (self.labels[0],)

    def _check_eq3(self) -> None:
        for term in self.eq3_labels:
            if term not in EQ3_ROLES:
                raise ConfigError(
                    f"'{term}' is no term of Eq. 3; write TERM=LABEL with a term out of "
                    f"{', '.join(EQ3_ROLES)}, for example finish={self.labels[0]}"
                )

    def _check_names(self) -> None:
        known: dict[str, tuple[str, ...]] = {"label": self.labels, "attribute": self.attributes}
        wanted = [("label", name) for name in (*self.eq3_labels.values(), *self.engaged, *self.truths)]
        wanted += [("label", name) for name in self.label_expressions]
        wanted += [("attribute", name) for name in self.clock_attributes]
        for kind, name in wanted:
            if name not in known[kind]:
                has = ", ".join(known[kind]) or "none"
                raise ConfigError(f"no {kind} '{name}' in this log; it has {has}")
        for name in (*self.labels, *self.attributes, *self.with_ids, *self.numeric, *self.outcomes):
            if not name:
                raise ConfigError("a label, an attribute or a part of context has an empty name; name it")
        for name in (*self.labels, *self.attributes, *self.with_ids):
            if "/" in name:
                raise ConfigError(f"'{name}' has a slash; names become names of files: write another")
            if len(name.encode()) > _LONGEST_NAME:
                raise ConfigError(
                    f"'{name[:20]}...' is {len(name.encode()):,} bytes long; names become names of files: "
                    f"give at most {_LONGEST_NAME}"
                )

    @property
    def main_label(self) -> str:
        """The label a comparison is about unless told otherwise: finish, else the first."""
        return "finish" if "finish" in self.labels else self.labels[0]


@dataclass(frozen=True, kw_only=True)
class JoinCounts:
    """What of a log was looked up in its items file, and what was not in it.

    Args:
        items: different keys that were looked up. rows: how often.
        items_missing, rows_missing: of these, those without an entry, and so without attributes.

    Example:
        >>> JoinCounts(items=20, items_missing=5, rows=100, rows_missing=3).share_of_items
        0.25
    """

    items: int
    items_missing: int
    rows: int
    rows_missing: int

    @property
    def share_of_items(self) -> float:
        """Of the keys, those that are missing."""
        return self.items_missing / max(1, self.items)

    @property
    def share_of_rows(self) -> float:
        """Of the rows, those whose key is missing."""
        return self.rows_missing / max(1, self.rows)


@dataclass(kw_only=True)
class LogCounts:
    """What became of each row a source read; the parts add up to ``read``.

    A row that could not be read and takes in several lines of a file counts as that many. Of the
    ``duplicates``, ``disagreeing`` had other labels than the row that was kept, and ``merged`` had, too, and
    went into it. ``remarks`` are sentences on the log as a whole: what was left out of it, and what it lacks.
    ``join`` is what of it was looked up in an items file, if there is one.

    Example:
        >>> counts = LogCounts(read=5, used=3, duplicates=1, dead_letters=1)
        >>> counts.add_up()
        True
    """

    read: int = 0
    used: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    disagreeing: int = 0
    merged: int = 0
    remarks: list[str] = field(default_factory=list)
    join: JoinCounts | None = None

    def numbers(self) -> dict[str, int]:
        """The counts by name; some of duplicates, and of a join what it misses, only where there are any.

        Example:
            >>> LogCounts(read=1, used=1).numbers()
            {'read': 1, 'used': 1, 'duplicates': 0, 'dead_letters': 0}
        """
        numbers = {name: value for name, value in vars(self).items() if isinstance(value, int)}
        numbers = {name: value for name, value in numbers.items() if value or name not in _OF_DUPLICATES}
        if self.join is None or not self.join.rows_missing:
            return numbers
        return numbers | {"items_missing": self.join.items_missing, "rows_missing": self.join.rows_missing}

    def add_up(self) -> bool:
        """Whether every row read is accounted for."""
        return self.read == self.used + self.duplicates + self.dead_letters


class EventSource(Protocol):
    """A log that can be streamed once, in time order, in bounded memory."""

    @property
    def schema(self) -> LogSchema:
        """The names the log gives its labels, attributes and context."""

    @property
    def counts(self) -> LogCounts:
        """What became of each row; final once ``chunks`` is exhausted."""

    def items(self) -> pa.Table | None:
        """The item table, or None where attributes stand in the log's rows (or there are none)."""

    def chunks(self, rows: int = 65_536) -> Iterator[pa.Table]:
        """Event tables in time order (ties in the log's order), about ``rows`` rows each."""

    def fingerprint(self) -> str:
        """A SHA-256 over the content of every input file, to name the input in a result."""
