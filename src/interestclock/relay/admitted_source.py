"""A source that was admitted already: its entries, one by one, as another process wrote them down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import pyarrow as pa

from interestclock.admission import AdmissionConfig, AdmittedEntry
from interestclock.errors import LogError, ResultError
from interestclock.events.schema import LogSchema
from interestclock.relay.admitted_settings import AdmittedSettings

__all__ = ["ENTRY", "AdmittedSource", "Entries", "entries_gone", "nothing_published"]

ENTRY = "entry"  # the one partition there is; its offsets are numbers of entries


class Entries(Protocol):
    """Where entries of an admitted log are read: its folder, or what was published of it."""

    @property
    def name(self) -> str:
        """The address."""

    @property
    def settings(self) -> AdmittedSettings:
        """Of what they are, and how they were admitted."""

    def items(self) -> pa.Table | None:
        """The item table beside the events, or None."""

    def start_after(self, position: int) -> None:
        """Go on behind an entry, 0 before the first; called once, before the first ``next``."""

    def next(self, wait_s: float) -> tuple[int, AdmittedEntry] | None:
        """The next entry with its number; None where none came within so many seconds."""

    def acknowledge(self, position: int) -> None:
        """Everything up to this entry is on the reader's disk."""

    def close(self) -> None:
        """Let go of what is open."""


class AdmittedSource:
    """Micro-batches and ticks of an admitted log, each once and in order, from the first on.

    There is no clock: what silence means was decided by who admitted. Offsets are numbers of entries, and a
    reader that writes each into a log of its own has the same numbers there.

    Args:
        entries: where they are read.

    Raises:
        ResultError: (from ``next_entry``) the entry that comes next is there no more.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from interestclock.admission import AdmittedLog
        >>> from interestclock.relay import FolderEntries
        >>> store = Path(tempfile.mkdtemp())
        >>> _ = (store / "config.json").write_text('{"holds": "store", "source": "log:///plays", "schema": '
        ...     '{"labels": ["finish"]}, "config": {"admission": {"label_wait_ms": 0}}}')
        >>> _ = AdmittedLog(store / "admitted", followed=True).append(
        ...     AdmittedEntry(first_arrival=0, source="log:///plays", polled_ms=9_000, awaited=()))
        >>> source = AdmittedSource(FolderEntries(store, group="trainer"))
        >>> source.start_after({})
        >>> source.next_entry(wait_s=0.0).polled_ms, source.next_entry(wait_s=0.0)
        (9000, None)
        >>> source.schema.labels, source.admission.label_wait_ms
        (('finish',), 0)
        >>> source.close()
    """

    clock = None
    ended = False

    def __init__(self, entries: Entries) -> None:
        self._entries, self._settings = entries, entries.settings
        self._position = 0

    @property
    def name(self) -> str:
        """The address."""
        return self._entries.name

    @property
    def schema(self) -> LogSchema:
        """Names, of the source that was admitted."""
        return self._settings.schema

    @property
    def admission(self) -> AdmissionConfig:
        """How it was admitted, and has to be again."""
        return self._settings.admission

    def items(self) -> pa.Table | None:
        """The item table of the source that was admitted."""
        return self._entries.items()

    def start_after(self, last: Mapping[str, str]) -> None:
        """Go on behind an entry; with the first where none is named."""
        self._position = int(last.get(ENTRY, "0"))
        self._entries.start_after(self._position)

    def next_entry(self, wait_s: float) -> AdmittedEntry | None:
        """The next one; None where none came within so many seconds."""
        while (found := self._entries.next(wait_s)) is not None:
            number, entry = found
            if number > self._position:  # a publisher that was killed may have said one twice
                self._check_next(number)
                self._position = number
                return entry
        return None

    def acknowledge(self, last: Mapping[str, str]) -> None:
        """These are on the disk."""
        if ENTRY in last:
            self._entries.acknowledge(int(last[ENTRY]))

    def close(self) -> None:
        """Let go of what is open."""
        self._entries.close()

    def _check_next(self, number: int) -> None:
        if number > self._position + 1:
            raise entries_gone(self.name, first=number, needed=self._position + 1)


def entries_gone(name: str, *, first: int, needed: int) -> ResultError:
    """The error of one who needs an entry that is there no more.

    Example:
        >>> print(entries_gone("admitted:///store", first=7, needed=1))
        admitted:///store begins with entry 7, and entry 1 is needed: start on the state of a trainer ...
    """
    return ResultError(
        f"{name} begins with entry {first}, and entry {needed} is needed: start on the state of a trainer "
        "that has read it (train --state-from), or let 'features follow' admit the history again in another "
        "folder, with --keep-for and this trainer's --group"
    )


def nothing_published(name: str) -> LogError:
    """The error of a stream without a record, which would say what its entries are.

    Example:
        >>> print(nothing_published("admitted+redis://host:6379/plays"))
        admitted+redis://host:6379/plays: nothing is published there; start 'features follow ...' first
    """
    return LogError(
        f"{name}: nothing is published there; start 'features follow ... --admitted "
        f"{name.removeprefix('admitted+')}' first"
    )
