"""What others who follow an admitted log go by: up to where it is on the disk, and that it waits for them."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from pathlib import Path

from interestclock.errors import ResultError, system_errors_as
from interestclock.streams import Segments, followers_of
from interestclock.streams.commit_mark import CommitMark, committed
from interestclock.streams.embedded_log_folder import make_folder
from interestclock.streams.followers_behind import FollowersBehind
from interestclock.timeofday import HOUR_MS, TimeSource

__all__ = ["AdmittedFollowers"]

_SILENT_MS = HOUR_MS  # who reads and is behind, as in an archive, says so every few seconds
_log = logging.getLogger("interestclock.admission")


class AdmittedFollowers:
    """Keeps the mark up to which followers read, and says what may go once all of them have passed it.

    Args:
        segments: of the log, which this process alone writes.

    Raises:
        ResultError: the log ends before the mark, and somebody follows it: who read what is missing would
            find other entries in its place; or the mark cannot be written.

    Example:
        >>> import tempfile
        >>> segments = Segments(Path(tempfile.mkdtemp()), prefix="admitted")
        >>> followers = AdmittedFollowers(segments)
        >>> followers.begin(); _ = segments.append([b"entry"]); followers.appended()
        >>> committed(segments.folder), followers.passed(1)
        (1, 1)
        >>> followers.close()
    """

    def __init__(self, segments: Segments) -> None:
        self._segments, self._folder = segments, segments.folder
        self._behind = FollowersBehind(self._folder, silent_ms=_SILENT_MS)
        self._clock = TimeSource()
        self._mark: CommitMark | None = None
        self._check_mark()
        if segments.firsts:
            self.begin()
            segments.append([])  # whole entries that a kill left may not be on the disk yet
            self.appended()

    def begin(self) -> None:
        """Make the mark before there is anything to read.

        Raises:
            ResultError: it cannot be made.
        """
        if self._mark is None:
            with _writable(self._folder):
                make_folder(self._folder)
                self._mark = CommitMark(self._folder)

    def appended(self) -> None:
        """All that the log has is on the disk; where the mark cannot be moved, the next time does."""
        if self._mark is None:
            return
        try:
            self._mark.write(self._segments.position)
        except OSError as error:
            _log.warning("%s: followers cannot be told of new entries yet (%s)", self._folder, error)

    def passed(self, position: int) -> int:
        """Up to which entry, at most this one, no follower needs anything; one not heard of is named."""
        last, now_ms = self._segments.position, self._clock.now_ms()
        return self._behind.passed(position, position=last, now_ms=now_ms)

    def close(self) -> None:
        """Let go of the mark."""
        if self._mark is not None:
            self._mark.close()
            self._mark = None

    def _check_mark(self) -> None:
        """What is missing is asked of the source again, and may be cut into other entries then."""
        try:
            acknowledged = committed(self._folder)
        except ValueError:
            acknowledged = None  # never written whole: the files say it
        last = self._segments.position
        if acknowledged is None or acknowledged <= last:
            return
        ends = f"{self._folder}: the log ends with entry {last}, but {acknowledged} were on the disk"
        if names := [each.name for each in followers_of(self._folder)]:
            raise ResultError(
                f"{ends}, and {', '.join(names)} may have read what is missing; bring the files back from a "
                "copy, or remove followers/NAME.offset of each that starts anew, too"
            )
        _log.warning("%s: what is missing is asked of the source again", ends)


def _writable(folder: Path) -> AbstractContextManager[None]:
    return system_errors_as(
        ResultError,
        f"{folder}: the log cannot be written",
        remedy="make room or see to the folder's permissions, then start again",
    )
