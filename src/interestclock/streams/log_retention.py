"""When files of an embedded log go: old enough, and passed by every follower."""

from __future__ import annotations

from itertools import islice

from interestclock.streams.embedded_log_folder import read_entry
from interestclock.streams.followers_behind import FollowersBehind
from interestclock.streams.segments import Segments

__all__ = ["LogRetention"]

_FILES = 8  # so many, at least, of what is kept: with the oldest goes an eighth


class LogRetention:
    """Lets a log's files go that are older than what is kept, unless a follower has not passed them.

    A file begins when the one before is an eighth of what is kept old, if not before. A file that a follower
    alone holds is warned of with the follower's name and lag, once an hour.

    Args:
        segments: the log. keep_ms: how long entries are kept, whoever has passed them.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from interestclock.streams.embedded_log_folder import HEADER, PREFIX, entry_bytes
        >>> segments = Segments(Path(tempfile.mkdtemp()), prefix=PREFIX)
        >>> segments.new_segment(HEADER)
        >>> segments.append([entry_bytes(1_000, b"old")])
        1
        >>> retention = LogRetention(segments, keep_ms=8_000)
        >>> retention.apply(now_ms=2_000); segments.first
        1
        >>> retention.apply(now_ms=20_000); segments.first
        2
    """

    def __init__(self, segments: Segments, *, keep_ms: int) -> None:
        self._segments, self._keep_ms = segments, keep_ms
        self._begins_ms: dict[int, int] = {}  # by a file's first entry: when that was appended
        self._behind = FollowersBehind(segments.folder)

    def apply(self, *, now_ms: int) -> None:
        """Begin a file if it is time, and let go of what may go.

        Raises:
            ResultError: a file cannot be made, read or removed.
        """
        firsts = self._segments.firsts
        if firsts and now_ms - self._begin_ms(firsts[-1], now_ms) >= self._keep_ms // _FILES:
            self._segments.new_segment()
        old = self._old(now_ms)
        if old < self._segments.first:
            return
        self._segments.drop_before(self._behind.passed(old, position=self._segments.position, now_ms=now_ms))
        self._begins_ms = {
            first: begins for first, begins in self._begins_ms.items() if first >= self._segments.first
        }

    def _old(self, now_ms: int) -> int:
        """The last entry of the files that hold nothing of later than is kept; 0 where there is none.

        Of all files that follow one with an old beginning counts: a clock that was wrong for a while holds
        nothing for long.
        """
        later = self._segments.firsts[1:]
        old = [first for first in later if self._begin_ms(first, now_ms) <= now_ms - self._keep_ms]
        return max(old, default=1) - 1

    def _begin_ms(self, first: int, now_ms: int) -> int:
        """When a file's first entry was appended; of one without, when it was first seen."""
        if first not in self._begins_ms:
            if first > self._segments.position:
                self._begins_ms[first] = now_ms
            else:
                (entry,) = islice(self._segments.read_after(first - 1), 1)
                self._begins_ms[first] = read_entry(self._segments.folder, entry)[0]
        return self._begins_ms[first]
