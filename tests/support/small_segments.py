"""A segmented log small enough to damage byte by byte."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from interestclock.streams import Segments


def name(first: int) -> str:
    return f"log-{first:016d}.segment"


def opened(folder: Path, **settings_of: int) -> Segments:
    return Segments(folder, prefix="log", **settings_of)


def contents(segments: Segments, position: int = 0) -> list[bytes]:
    return [entry.content for entry in segments.read_after(position)]


def three_files(folder: Path) -> list[bytes]:
    """Entries 1 and 2, 3 and 4, 5 and 6."""
    segments, entries = opened(folder), [b"entry %d" % number for number in range(1, 7)]
    for first in (0, 2, 4):
        segments.new_segment(b"header")
        segments.append(entries[first : first + 2])
    return entries


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """What is longer cannot be written, as on a full disk: the bytes before it are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
