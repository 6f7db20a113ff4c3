"""Up to which entry a log is on the disk: a mark that its writer moves and followers read."""

from __future__ import annotations

import os
import time
import zlib
from pathlib import Path

from interestclock.errors import ResultError

__all__ = ["COMMITTED", "CommitMark", "committed", "on_disk"]

COMMITTED = "committed"
_LOOK_AGAIN_S = 0.005
_TORN_READS = 100  # of a line that is being written, in a row: no writer takes so long


class CommitMark:
    """Up to which entry the log is on the disk, for followers in other processes.

    Without it they would read what is being written, and what a full disk then takes back. It is a line in a
    file that is written in place and not waited for: after a power cut it may be behind, never ahead.

    Args:
        folder: of the log.

    Raises:
        ResultError: it cannot be made.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> mark = CommitMark(folder)
        >>> mark.write(7); committed(folder)
        7
        >>> mark.close()
    """

    def __init__(self, folder: Path) -> None:
        self._descriptor = os.open(folder / COMMITTED, os.O_RDWR | os.O_CREAT, 0o644)

    def write(self, number: int) -> None:
        """Everything up to this entry is on the disk.

        Raises:
            OSError: it cannot be written.
        """
        line = f"{number:016d}"
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, f"{line} {zlib.crc32(line.encode()):08x}\n".encode())

    def force(self) -> None:
        """Wait until what it says is on the disk.

        Raises:
            OSError: the disk refuses.
        """
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


def committed(folder: Path) -> int | None:
    """The entry up to which a log is on the disk; None where nothing says so, as in a copy of its files.

    Raises:
        ValueError: the line is half written, or damaged.

    Example:
        >>> committed(Path("nowhere")) is None
        True
    """
    try:
        content = (folder / COMMITTED).read_bytes()
    except FileNotFoundError:
        return None
    if not content:
        return 0  # made a moment ago
    line, _, summed = content.partition(b" ")
    if f"{zlib.crc32(line):08x}\n".encode() != summed:
        raise ValueError(f"{folder / COMMITTED} is damaged")
    return int(line)


def on_disk(folder: Path) -> int | None:
    """As ``committed``, of a log that somebody writes: a line that is half written is looked at again.

    Raises:
        ResultError: it stays damaged.

    Example:
        >>> on_disk(Path("nowhere")) is None
        True
    """
    for _ in range(_TORN_READS):
        try:
            return committed(folder)
        except ValueError:
            time.sleep(_LOOK_AGAIN_S)
    raise ResultError(
        f"{folder / COMMITTED} is damaged; whoever appends mends it as it starts, or remove it if nobody does"
    )
