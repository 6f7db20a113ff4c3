"""Entries in a file of a segmented log: each carries its own checksums."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from interestclock.errors import ResultError
from interestclock.streams.segment_header import REMEDY, read_header

__all__ = ["Entry", "Frame", "Measured", "content_of", "extend", "framed", "frames", "measure", "read"]

# An entry: length, CRC-32 of the content, CRC-32 of its number and of these two | content
# The frame has a checksum of its own, so that a flipped bit in a length is not taken for a write that a
# crash cut short: only bytes that are missing at the end are that.
_FRAME = struct.Struct("<III")
_FRAMED = struct.Struct("<QII")
_MOST_BYTES = 2**32 - 1
_BUFFER_BYTES = 1 << 20


class Entry(NamedTuple):
    """An entry, and the header of the file that holds it.

    Example:
        >>> Entry(number=1, content=b"first", header=b"").content
        b'first'
    """

    number: int
    content: bytes
    header: bytes


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What stands in a file.

    Args:
        header: as it was given. entries: that are whole. whole_bytes: where the last of them ends.
        size: of the file; what lies behind ``whole_bytes`` is an entry that was cut short.

    Example:
        >>> Measured(header=b"", entries=0, whole_bytes=26, size=26).entries
        0
    """

    header: bytes
    entries: int
    whole_bytes: int
    size: int


class Frame(NamedTuple):
    """Where an entry stands in its file: its frame at ``offset``, then so many bytes, up to ``end``."""

    number: int
    offset: int
    length: int
    content_sum: int
    end: int


def framed(first: int, contents: Sequence[bytes]) -> bytes:
    """Entries as they stand in a file.

    Args:
        first: number of the first of them.

    Raises:
        ValueError: one is 4 GiB long or longer.

    Example:
        >>> len(framed(1, [b"abc", b""]))
        27
    """
    pieces = []
    for number, content in enumerate(contents, start=first):
        if len(content) > _MOST_BYTES:
            raise ValueError(f"an entry of {len(content):,} bytes; give at most {_MOST_BYTES:,}, in parts")
        content_sum = zlib.crc32(content)
        pieces += [
            _FRAME.pack(len(content), content_sum, _frame_sum(number, len(content), content_sum)),
            content,
        ]
    return b"".join(pieces)


def extend(path: Path, content: bytes, *, size: int) -> None:
    """Write to the end of a file and wait for the disk; all of it or nothing.

    Args:
        size: that the file has.

    Raises:
        OSError: it cannot be written; it is as long as it was, unless the disk refused that too.
        ResultError: it has another size, which is left as it is.
    """
    # Never makes a file, which would lack its header; and holds nothing back that closing would write once
    # more, behind what was undone.
    with path.open("r+b", buffering=0) as stream:
        found = stream.seek(0, os.SEEK_END)
        if found != size:
            raise ResultError(
                f"{path}: {found:,} bytes, {size:,} were written: another process wrote to it, or a write "
                "could not be undone; stop the other, then start again"
            )
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[stream.write(rest) :]
            os.fsync(stream.fileno())
        except BaseException:
            with suppress(OSError):
                os.truncate(stream.fileno(), size)
            raise


def measure(path: Path, *, first: int) -> Measured:
    """Count a file's entries by their frames; contents are not read.

    Raises:
        ResultError: the header or a frame is damaged.
    """
    with path.open("rb", buffering=_BUFFER_BYTES) as stream:
        header, end = read_header(stream, path, first=first)
        entries = 0
        for frame in frames(stream, path, first, end):
            entries, end = entries + 1, frame.end
        return Measured(header=header, entries=entries, whole_bytes=end, size=_size(stream))


def read(path: Path, *, first: int, after: int, stop: int, closed: bool) -> Iterator[Entry]:
    """Entries of a file behind a number; of those before it only the frames are looked at.

    Args:
        first: number of the file's first entry. after: entries up to this one are passed over.
        stop: number at which to end. closed: whether the file must end there too.

    Raises:
        ResultError: what is needed is damaged, or not there.
    """
    with path.open("rb", buffering=_BUFFER_BYTES) as stream:
        header, end = read_header(stream, path, first=first)
        number = first
        found = frames(stream, path, first, end)
        while number < stop and (frame := next(found, None)):
            if number > after:
                yield Entry(number, content_of(stream, path, frame), header)
            number, end = number + 1, frame.end
        size = _size(stream)
        if number < stop:
            raise ResultError(
                f"{path}, byte {end}: entry {number} should stand here, and entries up to {stop - 1} behind "
                f"it: {_what_is_missing(end, size)}; bring the files back from a copy, or start anew in "
                "another folder"
            )
        if closed and end != size:
            raise ResultError(f"{path}, byte {end}: {size - end} bytes that belong to no entry; {REMEDY}")


def _what_is_missing(end: int, size: int) -> str:
    if end == size:
        return "the file ends, so it was cut short, or the file that followed is missing"
    return "the file was cut short"


def frames(stream: BinaryIO, path: Path, first: int, offset: int) -> Iterator[Frame]:
    """Frames of entries that are whole; the stream stands at the content when one is given out.

    Args:
        first: number of the entry at ``offset``.

    Raises:
        ResultError: a frame is damaged.
    """
    size, number = _size(stream), first
    while offset + _FRAME.size <= size:
        stream.seek(offset)
        length, content_sum, frame_sum = _FRAME.unpack(stream.read(_FRAME.size))
        if frame_sum != _frame_sum(number, length, content_sum):
            raise ResultError(f"{path}, byte {offset}: entry {number} is damaged; {REMEDY}")
        end = offset + _FRAME.size + length
        if end > size:
            return
        yield Frame(number, offset, length, content_sum, end)
        offset, number = end, number + 1


def content_of(stream: BinaryIO, path: Path, frame: Frame) -> bytes:
    """What an entry holds; the stream stands behind its frame.

    Raises:
        ResultError: it is damaged.
    """
    content = stream.read(frame.length)
    if zlib.crc32(content) != frame.content_sum:
        raise ResultError(f"{path}, byte {frame.offset}: entry {frame.number} is damaged; {REMEDY}")
    return content


def _frame_sum(number: int, length: int, content_sum: int) -> int:
    return zlib.crc32(_FRAMED.pack(number, length, content_sum))


def _size(stream: BinaryIO) -> int:
    return os.fstat(stream.fileno()).st_size
