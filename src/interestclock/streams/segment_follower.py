"""Read a segmented log that another process writes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from interestclock.errors import ResultError
from interestclock.streams.segment_files import Entry, content_of, frames
from interestclock.streams.segment_header import file_name, files_of, read_header

__all__ = ["SegmentFollower"]


class SegmentFollower:
    """Gives out each entry behind a position once, as far as the log goes by then; changes no file.

    The writer may append, begin files and remove old ones meanwhile. An entry that is only half there is not
    there yet. (One that is all there may be given out a moment before its writer knows that it is on the
    disk.)

    Args:
        folder, prefix: of ``Segments``; they need not be there yet. position: the last entry that was read
            before.

    Raises:
        ResultError: (from ``read``) what comes next was removed, is damaged, or the log ends before the
            position.

    Example:
        >>> import tempfile
        >>> from interestclock.streams import Segments
        >>> folder = Path(tempfile.mkdtemp())
        >>> segments, follower = Segments(folder, prefix="log"), SegmentFollower(folder, prefix="log")
        >>> segments.append([b"one", b"two"]), [entry.content for entry in follower.read()]
        (1, [b'one', b'two'])
        >>> segments.append([b"three"]), [entry.number for entry in follower.read()], follower.position
        (3, [3], 3)
    """

    def __init__(self, folder: str | Path, *, prefix: str, position: int = 0) -> None:
        self.folder, self.position = Path(folder), position
        self._prefix = prefix
        self._place: tuple[int, int, int] | None = None  # file, number and byte behind what was read

    def read(self, *, up_to: int | None = None) -> Iterator[Entry]:
        """What has come; ``position`` is that of the entry last given out.

        Args:
            up_to: the last entry that is known to be on the disk; those behind it are left for later, and one
                up to it has to be there. None: whole entries are given out.
        """
        while firsts := self._firsts():
            file = firsts[max(bisect_right(firsts, self.position + 1) - 1, 0)]
            before = self.position
            self._check_begins(file)
            with suppress(FileNotFoundError):  # removed since: then what is needed is in another, or gone
                yield from self._read_file(file, up_to)
                if file == firsts[-1]:
                    self._check_ends(file, up_to)
                    return
                if up_to is not None and self.position >= up_to:
                    return
                if self.position == before and self._firsts() == firsts:
                    raise self._missing(f"no whole entry {before + 1} in {self._path(file).name}")
        if self.position:
            raise self._missing("the folder has no files of this log")

    def _read_file(self, file: int, up_to: int | None) -> Iterator[Entry]:
        path = self._path(file)
        with path.open("rb") as stream:
            header, offset = read_header(stream, path, first=file)
            number = file
            if self._place is not None and self._place[0] == file:
                _, number, offset = self._place
            for frame in frames(stream, path, number, offset):
                if up_to is not None and frame.number > max(up_to, self.position):
                    return
                self._place = file, frame.number + 1, frame.end
                if frame.number > self.position:
                    content = content_of(stream, path, frame)
                    self.position = frame.number
                    yield Entry(frame.number, content, header)

    def _firsts(self) -> list[int]:
        try:
            return sorted(files_of(self.folder, self._prefix))
        except FileNotFoundError:
            return []

    def _check_begins(self, first: int) -> None:
        if self.position + 1 < first:
            raise self._missing(f"the log begins with entry {first}")

    def _check_ends(self, file: int, up_to: int | None) -> None:
        """All of the last file's frames were seen, or all up to there."""
        last = file - 1 if self._place is None or self._place[0] != file else self._place[1] - 1
        if last < self.position:
            raise self._missing(f"the log ends with entry {last}, though {self.position} was read before")
        if up_to is not None and self.position < up_to:
            raise self._missing(f"the log ends with entry {last}, though {up_to} were acknowledged")

    def _missing(self, what: str) -> ResultError:
        return ResultError(
            f"{self.folder}: {what}; entry {self.position + 1} is needed: start anew from what is there, or "
            "bring the files back from a copy"
        )

    def _path(self, first: int) -> Path:
        return self.folder / file_name(self._prefix, first)
