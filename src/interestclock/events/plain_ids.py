"""Whether some columns of a text file hold nothing but plain integers, told without splitting its rows."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from interestclock.events.file_formats import compression_of
from interestclock.mapping_keys import CsvFormat

__all__ = ["hold_plain_integers"]

_BLOCK_BYTES = 1 << 20
_LIKE_ASCII = ("utf-8", "ascii", "iso8859-1", "cp1252")
_LINE_END = re.compile(rb"[\r\n]")


def hold_plain_integers(path: Path, places: Sequence[int], text: CsvFormat) -> bool:
    """Whether in every line the fields at some places are integers without a sign, or empty, but not all.

    So are those of every row, for each begins with a line; lines that are no rows count, too. False says
    nothing: then each row has to be looked at.

    Args:
        path: a text file, packed or not. places: of the columns, from 0. text: how it is written, its
            delimiter included.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.csv"
        >>> _ = path.write_text("user,item,note\\n1,7,a\\n12,,b\\n")
        >>> comma = CsvFormat(delimiter=",")
        >>> hold_plain_integers(path, [0, 1], comma), hold_plain_integers(path, [2], comma)
        (True, False)
    """
    if codecs.lookup(text.encoding).name not in _LIKE_ASCII:
        return False
    from interestclock.events.digit_fields import (  # noqa: PLC0415 (numba is slow to import)
        are_digits,
    )

    wanted = np.zeros(max(places) + 1, np.bool_)
    wanted[list(places)] = True
    found = np.zeros(wanted.size, np.bool_)
    delimiter, quote = ord(text.delimiter or ","), ord('"') if text.quoted else -1
    header = text.columns is None
    with _opened(path) as file:
        for room, stop in _lines(file):
            if header and not _blank_header(room, stop, quoted=text.quoted):
                return False
            header = False
            if not are_digits(np.frombuffer(room, np.uint8, stop), wanted, found, delimiter, quote):
                return False
    return bool(found[list(places)].all())


def _opened(path: Path) -> pa.NativeFile:
    file = pa.OSFile(str(path))
    packed = compression_of(path)
    return file if packed is None else pa.CompressedInputStream(file, packed)


def _lines(file: pa.NativeFile) -> Iterator[tuple[bytearray, int]]:
    """Whole lines, about a block of them at a time: a room that begins with them, and where they stop.

    The room is the same each time, as long as it holds a line: memory that is near, and never copied.
    """
    room, filled = bytearray(_BLOCK_BYTES), 0
    while read := file.readinto(memoryview(room)[filled:]):
        stop = room.rfind(b"\n", filled, filled + read) + 1
        filled += read
        if stop:
            yield room, stop
            room[: filled - stop], filled = room[stop:filled], filled - stop
        elif filled == len(room):
            room = room + bytes(filled)  # another one: arrays of this one may be held
    if filled:
        yield room, filled


def _blank_header(room: bytearray, stop: int, *, quoted: bool) -> bool:
    """Make empty lines of the first one; false where it is not told fast how far it goes."""
    end = _LINE_END.search(room, 0, stop)
    if end is None or (quoted and room.count(b'"', 0, end.start()) % 2):
        return False
    room[: end.start()] = b"\n" * end.start()
    return True
