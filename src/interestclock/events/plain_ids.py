"""Whether some columns of a text file hold nothing but plain integers, told without splitting its rows."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

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
    with _opened(path) as file:
        lines = _lines(file)
        if text.columns is None and (begin := next(lines, None)) is not None:
            end = _LINE_END.search(begin)
            if end is None or (text.quoted and begin.count(b'"', 0, end.start()) % 2):
                return False
            lines = _behind(begin[end.end() :], lines)
        checked = (
            are_digits(np.frombuffer(each, np.uint8), wanted, found, delimiter, quote) for each in lines
        )
        return all(checked) and bool(found[list(places)].all())


def _opened(path: Path) -> BinaryIO:
    file: BinaryIO = pa.OSFile(str(path))
    packed = compression_of(path)
    return file if packed is None else pa.CompressedInputStream(file, packed)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Whole lines, about a block of them at a time."""
    rest = b""
    while block := file.read(_BLOCK_BYTES):
        end = block.rfind(b"\n") + 1
        if end:
            yield rest + block[:end]
            rest = block[end:]
        else:
            rest += block
    if rest:
        yield rest


def _behind(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from others
