"""What stands in the folder of an embedded log."""

from __future__ import annotations

import struct
from pathlib import Path

from interestclock.errors import ResultError
from interestclock.files import force
from interestclock.streams.commit_mark import COMMITTED
from interestclock.streams.segment_files import Entry
from interestclock.streams.segment_header import files_of

__all__ = [
    "HEADER",
    "PREFIX",
    "check_folder",
    "entry_bytes",
    "make_folder",
    "read_entry",
]

PREFIX = "log"
HEADER = b"interestclock log 1"  # of each file: time of the append and message, see entry_bytes
_FOLLOWERS = "followers"
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
    if names and not names & {COMMITTED, _FOLLOWERS, "lock"} and not files_of(folder, PREFIX):
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
