"""What a file of a segmented log is called, how it begins, and how it comes into being: whole or not."""

from __future__ import annotations

import os
import re
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from interestclock.errors import ResultError
from interestclock.files import written_aside

__all__ = ["REMEDY", "create", "file_name", "files_of", "read_header"]

# A file: magic, format, number of its first entry, length of the header | header | CRC-32 of both | entries
_MAGIC, _FORMAT = b"ICSEGMNT", 1
_HEADER = struct.Struct("<8sHQI")
_SUM = struct.Struct("<I")
REMEDY = "bring the file back from a copy, or start anew in another folder"


def file_name(prefix: str, first: int) -> str:
    """Of a log's file, by the number of its first entry.

    Example:
        >>> file_name("log", 7)
        'log-0000000000000007.segment'
    """
    return f"{prefix}-{first:016d}.segment"


def files_of(folder: Path, prefix: str, ending: str = "") -> dict[int, Path]:
    """Files of a log by the number of their first entry; those with ``ASIDE`` for an ending are none yet."""
    name = re.compile(rf"{re.escape(prefix)}-([0-9]{{16}})\.segment{re.escape(ending)}")
    found = ((name.fullmatch(path.name), path) for path in folder.iterdir())
    return {int(each[1]): path for each, path in found if each}


def create(path: Path, *, first: int, header: bytes) -> int:
    """Make a file without entries, whole or not at all; gives its size.

    Its name is on the disk once the folder is forced there.

    Raises:
        OSError: it cannot be written; nothing is left of it.
    """
    header_bytes = _HEADER.pack(_MAGIC, _FORMAT, first, len(header)) + header
    with written_aside(path, force_name=False) as aside:
        aside.write_bytes(header_bytes + _SUM.pack(zlib.crc32(header_bytes)))
    return len(header_bytes) + _SUM.size


def read_header(stream: BinaryIO, path: Path, *, first: int) -> tuple[bytes, int]:
    """The header, and where the first entry begins.

    Raises:
        ResultError: the file is of another log or format, damaged, or another's name was given to it.
    """
    start = stream.read(_HEADER.size)
    if len(start) < _HEADER.size or not start.startswith(_MAGIC):
        raise ResultError(f"{path}, byte 0: no file of this log, or damaged; {REMEDY}")
    _, number_of_format, begins, length = _HEADER.unpack(start)
    end = _HEADER.size + length + _SUM.size
    rest = stream.read(length + _SUM.size) if end <= os.fstat(stream.fileno()).st_size else b""
    if not rest or zlib.crc32(start + rest[:length]) != _SUM.unpack(rest[length:])[0]:
        raise ResultError(f"{path}, byte 0: the header is damaged; {REMEDY}")
    if number_of_format != _FORMAT:
        raise ResultError(
            f"{path}: format {number_of_format}, this version reads {_FORMAT}; go on with the version that "
            "wrote it, or start anew in another folder"
        )
    if begins != first:
        raise ResultError(f"{path}: it begins with entry {begins}; give it back the name it had")
    return rest[:length], end
