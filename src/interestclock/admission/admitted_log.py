"""The admitted log: what was taken, in order, with what became of it; all state is made from it alone."""

from __future__ import annotations

import shutil
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

from interestclock.admission.admitted_bytes import Schemas, decoded, entry_to_bytes
from interestclock.admission.admitted_entry import AdmittedEntry
from interestclock.admission.admitted_followers import AdmittedFollowers
from interestclock.errors import ResultError
from interestclock.files import force
from interestclock.streams.commit_mark import on_disk
from interestclock.streams.segment_files import Entry
from interestclock.streams.segment_follower import SegmentFollower
from interestclock.streams.segment_header import files_of
from interestclock.streams.segments import Segments

__all__ = ["ADMITTED", "AdmittedFollower", "AdmittedLog", "copy_admitted"]

ADMITTED = "admitted"  # what its files are called


class AdmittedLog:
    """Micro-batches and ticks, numbered from 1, on the disk once ``append`` has returned.

    A file says the tables' schemas once: a table with another one begins another file, so a kind keeps its
    columns from one entry to the next. In entries of 1,024 messages a label takes 22 bytes, a small exposure
    30 and one with all its context 75; in entries of one 357, 407 and 629; a row whose log can be read again
    0.1 to 0.3 (``benchmarks/admitted_log.py``).

    Args:
        folder: made when something is written; see ``Segments`` for what is found there.
        segment_bytes: a file that has reached this size is followed by another.
        followed: others read it while it is written, each under a name: they see what is on the disk, and
            what they have not passed stays.

    Raises:
        ResultError: it is damaged, of another format, or lacks what followers may have read.

    Example:
        >>> import tempfile
        >>> import pyarrow as pa
        >>> from interestclock.admission import Disposition
        >>> log = AdmittedLog(Path(tempfile.mkdtemp()))
        >>> dispositions = pa.array([Disposition.USED, Disposition.LATE], pa.int8())
        >>> log.append(AdmittedEntry(
        ...     first_arrival=0, source="plays.parquet", ranges={"0": ("1", "2")}, dispositions=dispositions))
        1
        >>> log.append(AdmittedEntry(first_arrival=2, source="wall", polled_ms=9_000, awaited=()))
        2
        >>> [(number, entry.messages) for number, entry in log.read_after(0)], log.next_arrival
        ([(1, 2), (2, 0)], 2)
    """

    def __init__(self, folder: str | Path, *, segment_bytes: int = 1 << 26, followed: bool = False) -> None:
        self._segments = Segments(folder, prefix=ADMITTED, segment_bytes=segment_bytes)
        header = self._segments.header
        self._schemas = Schemas.from_bytes(header) if header else Schemas.none()
        self._next_arrival = self._find_next_arrival()
        self._followers = AdmittedFollowers(self._segments) if followed else None

    @property
    def position(self) -> int:
        """The number of the last entry; 0 where there is none."""
        return self._segments.position

    @property
    def first(self) -> int:
        """The number of the oldest entry that is kept, or of the next one where none is."""
        return self._segments.first

    @property
    def last_file_is_empty(self) -> bool:
        """Whether the next entry has its file already, as behind ``new_segment``."""
        return self._segments.last_file_is_empty

    @property
    def next_arrival(self) -> int | None:
        """The arrival number of the next message; None where no entry is left to tell, or it is damaged."""
        return self._next_arrival

    def append(self, entry: AdmittedEntry) -> int:
        """Write an entry to the disk; gives its number.

        Raises:
            ResultError: it cannot be written; the log is as it was.
            ValueError: its arrival numbers do not follow those of the entry before.
        """
        if self.next_arrival is not None and entry.first_arrival != self.next_arrival:
            raise ValueError(
                f"first_arrival is {entry.first_arrival}; behind entry {self.position} it is "
                f"{self.next_arrival}"
            )
        self._begin()
        if not self._segments.header or self._schemas.lack(entry.tables):
            schemas = self._schemas.joined(entry.tables)
            self._segments.new_segment(schemas.to_bytes())
            self._schemas = schemas
        number = self._segments.append([entry_to_bytes(entry, self._schemas)])
        self._next_arrival = entry.next_arrival
        if self._followers is not None:
            self._followers.appended()
        return number

    def read_after(self, position: int) -> Iterator[tuple[int, AdmittedEntry]]:
        """The entries behind a position, in order, each with its number.

        Raises:
            ResultError: some are there no more; (from the iterator) one is damaged, or a file is missing.
        """
        return decoded(self._segments.read_after(position))

    def problems_before(self, position: int) -> list[str]:
        """What is wrong with files that hold nothing behind a position, a line each; they are read for it."""
        return self._segments.problems_before(position)

    def new_segment(self) -> None:
        """The next entry begins a file of its own, so that those before it can be removed.

        Raises:
            ResultError: the file cannot be made.
        """
        self._begin()
        self._segments.new_segment(self._schemas.to_bytes())

    def drop_before(self, position: int) -> None:
        """Remove files that hold nothing behind a position, and nothing that a follower has not passed.

        Raises:
            ResultError: one cannot be removed.
        """
        if self._followers is not None:
            position = self._followers.passed(position)
        self._segments.drop_before(position)

    def close(self) -> None:
        """Nothing more is written."""
        if self._followers is not None:
            self._followers.close()

    def _begin(self) -> None:
        if self._followers is not None:
            self._followers.begin()

    def _find_next_arrival(self) -> int | None:
        if not self.position:
            return 0
        if self._segments.first > self.position:  # the last file has none, and those before it are gone
            return None
        try:
            ((_, last),) = self.read_after(self.position - 1)
        except ResultError:
            if self._segments.last_file_is_empty:
                return None  # whoever needs the older file is told; who goes on behind it knows the number
            raise
        return last.next_arrival


def copy_admitted(folder: Path, to: Path, *, position: int) -> None:
    """Copy the files of a log that hold entries behind a position, onto the disk; the log is only read.

    Its last entry may come half written where somebody writes it; it is cut off where the copy is opened.

    Args:
        folder: of the log. to: a folder; what is in it goes.

    Raises:
        FileNotFoundError: some of these entries are there no more. OSError: they cannot be copied.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> log = AdmittedLog(folder / "log")
        >>> log.append(AdmittedEntry(first_arrival=0, source="wall", polled_ms=9_000, awaited=()))
        1
        >>> copy_admitted(folder / "log", folder / "copy", position=0)
        >>> AdmittedLog(folder / "copy").position
        1
    """
    files = files_of(folder, ADMITTED)
    firsts = sorted(files)
    begin = bisect_right(firsts, position + 1) - 1
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir(parents=True)
    if begin < 0:
        raise FileNotFoundError(f"{folder} has no entry {position + 1}")
    for first in firsts[begin:]:
        force(Path(shutil.copy(files[first], to)))
    force(to)


class AdmittedFollower:
    """Reads an admitted log that another process writes, as far as it is on the disk; changes no file.

    Of a log that is not ``followed``, and of a copy, it reads whole entries to the end.

    Args:
        folder: of the log; it need not be there yet. position: the last entry that was read before.

    Raises:
        ResultError: (from ``read``) what comes next was removed, is damaged, or the log ends before the
            position.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> log, follower = AdmittedLog(folder), AdmittedFollower(folder)
        >>> log.append(AdmittedEntry(first_arrival=0, source="wall", polled_ms=9_000, awaited=()))
        1
        >>> [(number, entry.polled_ms) for number, entry in follower.read()], list(follower.read())
        ([(1, 9000)], [])
    """

    def __init__(self, folder: str | Path, *, position: int = 0) -> None:
        self._segments = SegmentFollower(folder, prefix=ADMITTED, position=position)

    @property
    def position(self) -> int:
        """The number of the entry last given out."""
        return self._segments.position

    def read(self) -> Iterator[tuple[int, AdmittedEntry]]:
        """The entries that have come, in order, each with its number."""
        return decoded(self.read_encoded())

    def read_encoded(self) -> Iterator[Entry]:
        """The same as they stand in the files."""
        folder = self._segments.folder
        there = folder.exists() and files_of(folder, ADMITTED)
        marked = on_disk(folder) if there else 0  # behind the files, before which the mark was made
        if (not there and not self.position) or marked == self.position:
            return iter(())
        return self._segments.read(up_to=marked)
