"""A text file as a stream of UTF-8: unpacked and decoded on the way, its lines counted."""

from __future__ import annotations

import atexit
import codecs
import io
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from interestclock.errors import LogError
from interestclock.events.file_formats import compression_of

__all__ = ["UNREADABLE", "TextStream"]

UNREADABLE = "\ufdd0"  # stands for bytes that are no text; no character of any language has this place
_UNREADABLE_BYTES = UNREADABLE.encode()
_LAST_READ_SECONDS = 0.05
_HEAD_BYTES = 4_096
_COUNTED_BYTES = 1 << 16  # at once: larger arrays get new memory each time, which takes longer than to count
_OF_ASCII = ("utf-8", "ascii", "iso8859-1", "cp1252")
_MARK = "interestclock.mark"


def _mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return UNREADABLE, error.end


codecs.register_error(_MARK, _mark)


_closed_early = threading.Event()


@atexit.register
def _let_arrow_end() -> None:
    """Arrow's thread may come once more for what it looks ahead for, and must not find Python gone."""
    if _closed_early.is_set():
        time.sleep(_LAST_READ_SECONDS)


class TextStream(io.RawIOBase):
    """A file's text; bytes that its encoding has no character for are ``UNREADABLE``, so they cost a row.

    ``quoted`` and ``unreadable`` say whether there was a double quote, and such bytes, so far.

    Args:
        path: the file; packed with gzip, bz2 or zstd or not.
        encoding: of the text.

    Raises:
        LogError: (as it is read) it begins as no text does.

    Example:
        >>> import gzip, tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.csv.gz"
        >>> _ = path.write_bytes(gzip.compress("a,b\\nCafé,\\n".encode("latin-1")))
        >>> with TextStream(path, "latin-1") as stream:
        ...     stream.read(100).decode(), stream.lines
        ('a,b\\nCafé,\\n', 2)
    """

    def __init__(self, path: Path, encoding: str) -> None:
        super().__init__()
        self._path, self._encoding = path, encoding
        packed = compression_of(path)
        file: BinaryIO = pa.OSFile(str(path))
        self._file = file if packed is None else pa.CompressedInputStream(file, packed)
        self._decoder = codecs.getincrementaldecoder(encoding)(_MARK)
        self._ascii_is_itself = codecs.lookup(encoding).name in _OF_ASCII
        self._ready = b""
        self._last = b"\n"
        self._began = self._ended = self._is_closed = False
        self._lock = threading.Lock()
        self._ended_lines = 0
        self.quoted = self.unreadable = False

    def __enter__(self) -> TextStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def readable(self) -> bool:
        """Yes."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """``size`` bytes of the text, fewer only at its end: a short block could not hold its rows."""
        with self._lock:
            return b"" if self._is_closed else self._read(size)

    def _read(self, size: int) -> bytes:
        raw = b" "
        while len(self._ready) < size and raw:
            raw = self._file.read(size - len(self._ready))
            self._ready += self._as_utf8(raw)
        if not raw and (self._ready[-1:] or self._last) != b"\n":
            self._ready += b"\n"  # Arrow does not take a header without an end for one
        some, self._ready = self._ready[:size], self._ready[size:]
        self._count(some)
        self._ended = not some
        return some

    def close(self) -> None:
        """Nothing more is read; a read of Arrow's own thread, which looks ahead, is waited for."""
        with self._lock:
            self._is_closed = True
            self._file.close()
        if not self._ended:
            _closed_early.set()
        super().close()

    @property
    def lines(self) -> int:
        """How many lines that hold something were read so far, the last of them perhaps not whole."""
        return self._ended_lines + (self._last != b"\n")

    def _count(self, some: bytes) -> None:
        if not self._began:
            self._began = bool(some)
            self._refuse_no_text(some[:_HEAD_BYTES])
        self.quoted = self.quoted or b'"' in some
        self.unreadable = self.unreadable or (not some.isascii() and _UNREADABLE_BYTES in some)
        for start in range(0, len(some), _COUNTED_BYTES):
            self._count_lines(some[start : start + _COUNTED_BYTES])

    def _count_lines(self, some: bytes) -> None:
        code_N = np.frombuffer(some, np.uint8)
        code_N = code_N[code_N != ord("\r")] if b"\r" in some else code_N
        end_N = code_N == ord("\n")
        self._ended_lines += int(np.count_nonzero(end_N[1:] > end_N[:-1]))
        self._ended_lines += int(end_N[:1].any() and self._last != b"\n")
        self._last = code_N[-1:].tobytes() or self._last

    def _as_utf8(self, raw: bytes) -> bytes:
        if self._ascii_is_itself and raw.isascii() and not self._decoder.getstate()[0]:
            return raw
        return self._decoder.decode(raw, final=not raw).encode()

    def _refuse_no_text(self, head: bytes) -> None:
        if b"\0" in head:
            begins = head.decode("utf-8", "replace")[:8].replace(UNREADABLE, "\ufffd")
            raise LogError(
                f"{self._path}: is no text in {self._encoding} (it begins with {begins!a}); give a "
                "Parquet, Feather, CSV or TSV file, or the text's encoding under [csv] in the mapping file, "
                'for example encoding = "utf-16"'
            )
