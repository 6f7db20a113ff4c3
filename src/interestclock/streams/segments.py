"""An append-only log in files: what was acknowledged comes back as it was, or an error says where not."""

from __future__ import annotations

import logging
import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import pairwise
from pathlib import Path

from interestclock.errors import ResultError, system_errors_as
from interestclock.files import ASIDE, force
from interestclock.streams.segment_files import Entry, extend, framed, measure, read
from interestclock.streams.segment_header import create, file_name, files_of, read_header

__all__ = ["Segments"]

_log = logging.getLogger("interestclock.segments")


class Segments:
    """Entries of bytes, numbered from 1, in files that are each named by the number of their first entry.

    What ``append`` has returned for is on the disk. An entry that a crash cut short at the end of the log was
    never acknowledged: it is passed over with a warning, and cut off before anything is written. (Whole
    entries before it, of a group that was being written, stay.) Any other damage is an error that names file
    and byte, as soon as what is damaged is asked for; a file that holds nothing that is asked for is not
    opened. Until something is written, no file is changed.

    One object writes; what it reads ends with what it had acknowledged when it was asked. Others read with a
    ``SegmentFollower``.

    Args:
        folder: made when something is written. prefix: files are called ``PREFIX-NUMBER.segment``.
        segment_bytes: a file that has reached this size is followed by another.

    Raises:
        ResultError: the last file is damaged, or (from what writes) the disk is full or broken.
        ValueError: ``segment_bytes`` is not positive.

    Example:
        >>> import tempfile
        >>> segments = Segments(Path(tempfile.mkdtemp()), prefix="log")
        >>> segments.append([b"one", b"two"]), segments.append([b"three"]), segments.position
        (1, 3, 3)
        >>> [(entry.number, entry.content) for entry in segments.read_after(1)]
        [(2, b'two'), (3, b'three')]
    """

    def __init__(self, folder: str | Path, *, prefix: str, segment_bytes: int = 1 << 26) -> None:
        if segment_bytes <= 0:
            raise ValueError(f"segment_bytes is {segment_bytes}; give a size above 0, for example 67108864")
        self.folder, self.segment_bytes = Path(folder), segment_bytes
        self._prefix = prefix
        self.position = 0
        self.header = b""
        self._size = 0  # of the last file
        self._named = False  # whether its name is on the disk
        self._mended = False  # whether what a crash left is in order
        self._torn_bytes: int | None = None  # of the last file, with the entry that was cut short
        self._made_again = False  # whether the last file has to be, which held no entry
        self._firsts = sorted(files_of(self.folder, prefix)) if self.folder.exists() else []
        self._reopen_last()

    @property
    def last_file_is_empty(self) -> bool:
        """Whether the last entry, if there is any, stands in an older file."""
        return not self._firsts or self._firsts[-1] > self.position

    @property
    def first(self) -> int:
        """The number of the oldest entry that is kept, or of the next one where none is."""
        return self._firsts[0] if self._firsts else 1

    @property
    def firsts(self) -> tuple[int, ...]:
        """The numbers with which the files begin, in order."""
        return tuple(self._firsts)

    def append(self, entries: Sequence[bytes]) -> int:
        """Write entries with one wait for the disk, all or none of them; gives the number of the first.

        Raises:
            ResultError: they cannot be written; what was acknowledged before is untouched.
        """
        self._mend()
        if not self._firsts or self._size >= self.segment_bytes:
            self.new_segment()
        first, path = self.position + 1, self._path(self._firsts[-1])
        content = framed(first, entries)
        with _writable(path):
            self._force_name()
            extend(path, content, size=self._size)
        self.position += len(entries)
        self._size += len(content)
        return first

    def read_after(self, position: int) -> Iterator[Entry]:
        """The entries behind a position, in order, one in memory at a time.

        Raises:
            ResultError: some are there no more; (from the iterator) one is damaged, or a file is missing.
        """
        if self.position < position:
            raise ResultError(
                f"{self.folder}: the log ends with entry {self.position}, but {position} was read before: "
                "files are missing; bring them back from a copy, or start anew in another folder"
            )
        if self._firsts and position + 1 < self._firsts[0]:
            raise ResultError(
                f"{self.folder}: the log begins with entry {self._firsts[0]}, but {position + 1} is needed; "
                "bring the older files back from a copy, or start anew in another folder"
            )
        if self.position == position:
            return iter(())
        return self._read(position, self.position, self._firsts.copy())

    def problems_before(self, position: int) -> list[str]:
        """What is wrong with files that hold nothing behind a position, a line each; they are read for it."""
        problems = []
        for first, next_first in pairwise(self._firsts):
            if next_first > position + 1:
                break
            try:
                for _ in read(self._path(first), first=first, after=first - 1, stop=next_first, closed=True):
                    pass
            except (ResultError, OSError) as error:
                problems.append(str(error))
        return problems

    def new_segment(self, header: bytes | None = None) -> None:
        """The next entry begins a file of its own.

        Args:
            header: what the file says ahead of its entries; None is what the one before says.

        Raises:
            ResultError: the file cannot be made.
        """
        self._mend()
        header = self.header if header is None else header
        first = self.position + 1
        if self._firsts and self._firsts[-1] == first and header == self.header:
            return  # it has no entry yet
        with _writable(self._path(first)):
            self._size = create(self._path(first), first=first, header=header)
        self.header, self._named = header, False
        if not self._firsts or self._firsts[-1] != first:
            self._firsts.append(first)

    def drop_before(self, position: int) -> None:
        """Remove files that hold nothing behind a position; the last one stays.

        Raises:
            ResultError: one cannot be removed.
        """
        while len(self._firsts) > 1 and self._firsts[1] <= position + 1:
            path = self._path(self._firsts[0])
            with system_errors_as(
                ResultError,
                f"{path}: it is needed no more, and cannot be removed",
                remedy="see to the folder's permissions, then start again: nothing is lost",
            ):
                self._force_name()  # or a power cut might leave neither this file nor the last
                path.unlink(missing_ok=True)
            del self._firsts[0]

    def _read(self, position: int, last: int, firsts: list[int]) -> Iterator[Entry]:
        place = max(bisect_right(firsts, position + 1) - 1, 0)
        stops = [*firsts[place + 1 :], last + 1]
        for first, stop in zip(firsts[place:], stops, strict=True):
            if first > last:
                return  # it has no entry
            path = self._path(first)
            with system_errors_as(
                ResultError,
                f"{path}: it cannot be read",
                remedy="bring it back from a copy, or start anew in another folder",
            ):
                yield from read(path, first=first, after=position, stop=stop, closed=first != firsts[-1])

    def _reopen_last(self) -> None:
        if not self._firsts:
            return
        first = self._firsts[-1]
        path = self._path(first)
        try:
            measured = measure(path, first=first)
        except ResultError as error:
            header = self._header_before(path)
            if header is None:
                raise
            _log.warning("%s. It held no entry, and is made again", error)
            self.position, self.header, self._size = first - 1, header, path.stat().st_size
            self._made_again = True
            return
        if measured.whole_bytes < measured.size:
            _log.warning(
                "%s: the last %d bytes are an entry that was cut short while it was written; they are cut "
                "off, and nothing was made of them",
                path,
                measured.size - measured.whole_bytes,
            )
            self._torn_bytes = measured.size
        self.position = first - 1 + measured.entries
        self.header, self._size = measured.header, measured.whole_bytes

    def _header_before(self, path: Path) -> bytes | None:
        """The header of the file before the last; None where the last may have held an entry."""
        if len(self._firsts) == 1:
            return None
        before = self._firsts[-2]
        with self._path(before).open("rb") as stream:
            header, size = read_header(stream, self._path(before), first=before)
        return header if path.stat().st_size == size else None

    def _mend(self) -> None:
        """Put in order what a crash left, once, as soon as something is to be written."""
        if self._mended:
            return
        with _writable(self.folder):
            if not self.folder.exists():
                self.folder.mkdir(parents=True)
                force(self.folder.parent)
            for left in files_of(self.folder, self._prefix, ASIDE).values():
                left.unlink()
            if self._firsts:
                self._mend_last(self._path(self._firsts[-1]))
        self._mended = True

    def _mend_last(self, path: Path) -> None:
        if self._made_again:
            create(path, first=self._firsts[-1], header=self.header)
            force(self.folder)
        elif self._torn_bytes == path.stat().st_size:  # else another process has written since
            os.truncate(path, self._size)
        force(path)  # whole entries of a process that was killed may not be on the disk either

    def _force_name(self) -> None:
        if not self._named:
            force(self.folder)
            self._named = True

    def _path(self, first: int) -> Path:
        return self.folder / file_name(self._prefix, first)


def _writable(path: Path) -> AbstractContextManager[None]:
    return system_errors_as(
        ResultError,
        f"{path}: the log cannot be written",
        remedy="make room or mend the disk, then start again: what was acknowledged before is kept",
    )
