"""What stands in the folder of an embedded log."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

from interestclock.errors import ResultError
from interestclock.files import force
from interestclock.streams.segment_files import Entry
from interestclock.streams.segment_header import files_of

__all__ = [
    "HEADER",
    "PREFIX",
    "CommitMark",
    "check_folder",
    "committed",
    "entry_bytes",
    "make_folder",
    "read_entry",
]

PREFIX = "log"
HEADER = b"interestclock log 1"  # of each file: time of the append and message, see entry_bytes
_COMMITTED, _FOLLOWERS = "committed", "followers"
_TIME_MS = struct.Struct("<q")


def entry_bytes(time_ms: int, message: bytes) -> bytes:
    """An entry: when it was appended, 8 bytes, UTC milliseconds; then the message as it was given.

    Example:
        >>> len(entry_bytes(1_700_000_000_000, b"{}"))
        10
    """
    return _TIME_MS.pack(time_ms) + message


def read_entry(folder: Path, entry: Entry) -> tuple[int, bytes]:
    """Time and message of an entry.

    Raises:
        ResultError: its file says another format.

    Example:
        >>> read_entry(Path("log"), Entry(number=1, content=entry_bytes(5, b"{}"), header=HEADER))
        (5, b'{}')
    """
    if entry.header != HEADER:
        raise ResultError(
            f"{folder}: the file of entry {entry.number} says {entry.header[:40]!r}, this version reads "
            f"{HEADER!r}; go on with the version that wrote it, or start anew in another folder"
        )
    return _TIME_MS.unpack_from(entry.content)[0], entry.content[_TIME_MS.size :]


def check_folder(folder: Path) -> None:
    """Refuse a folder of something else before anything is put into it.

    Raises:
        ResultError: it is a file, or holds files and no log.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ResultError(f"{folder} is a file; an embedded log needs a folder of its own")
    names = {path.name for path in folder.iterdir()}
    if names and not names & {_COMMITTED, _FOLLOWERS, "lock"} and not files_of(folder, PREFIX):
        raise ResultError(
            f"{folder} holds {min(names)} and no embedded log; give the log a folder of its own"
        )


def make_folder(folder: Path) -> None:
    """Make a folder that may be there, and wait until its name is on the disk.

    Raises:
        OSError: it cannot be made.
    """
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        force(each.parent)


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
        self._descriptor = os.open(folder / _COMMITTED, os.O_RDWR | os.O_CREAT, 0o644)

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
        content = (folder / _COMMITTED).read_bytes()
    except FileNotFoundError:
        return None
    if not content:
        return 0  # made a moment ago
    line, _, summed = content.partition(b" ")
    if f"{zlib.crc32(line):08x}\n".encode() != summed:
        raise ValueError(f"{folder / _COMMITTED} is damaged")
    return int(line)
