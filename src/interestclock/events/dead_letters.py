"""Rows that could not be used, kept beside the run: one JSON object per line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from interestclock.errors import LogError

__all__ = ["DeadLetter", "DeadLetterFile"]


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """One row that could not be used.

    Args:
        path: its file.
        row: its number there, counted from 1 after any header.
        reason: what is wrong with it.
        values: its columns as they were read.

    Example:
        >>> str(DeadLetter(path=Path("a.csv"), row=3, reason="user 'u': empty", values={"u": None}))
        "a.csv, row 3: user 'u': empty"
    """

    path: Path
    row: int
    reason: str
    values: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.path}, row {self.row}: {self.reason}"


class DeadLetterFile:
    """Where dead letters go; without a file, the first of them is an error.

    The file is written from its start by every run, and removed where a run has no dead letter.

    Args:
        path: the JSON-lines file; None refuses the first dead letter.

    Raises:
        LogError: a row cannot be used and there is no file, or the file cannot be written or holds
            something else.

    Example:
        >>> with DeadLetterFile(None) as letters:
        ...     letters.write([DeadLetter(path=Path("a.csv"), row=3, reason="user 'u': empty", values={})])
        Traceback (most recent call last):
        interestclock.errors.LogError: a.csv, row 3: user 'u': empty; correct the row, or set such rows
        aside: --dead-letters FILE
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stream: TextIO | None = None

    def __enter__(self) -> DeadLetterFile:
        if self._path is not None:
            with self._telling():
                self._path.parent.mkdir(parents=True, exist_ok=True)
                device = self._path.is_char_device() or self._path.is_fifo()  # /dev/null must outlive a run
                if self._path.exists() and not device:
                    _check_own(self._path)
                    self._path.unlink()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            with self._telling():
                stream.close()

    def write(self, letters: Sequence[DeadLetter]) -> None:
        """Append the letters, or refuse the first.

        Raises:
            LogError: there is no file to write to, or it cannot be written.

        Example:
            >>> DeadLetterFile(None).write([])
        """
        if letters and self._path is None:
            raise LogError(f"{letters[0]}; correct the row, or set such rows aside: --dead-letters FILE")
        for letter in letters:
            line = {"file": str(letter.path), "row": letter.row, "reason": letter.reason}
            text = json.dumps({**line, "values": letter.values}, default=str, ensure_ascii=False)
            with self._telling():
                self._open().write(f"{text}\n")

    def _open(self) -> TextIO:
        if self._stream is None:
            assert self._path is not None
            self._stream = self._path.open("w", encoding="utf-8", errors="backslashreplace")
        return self._stream

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise LogError(
                f"{self._path}: dead letters cannot be written there ({error}); name another file"
            ) from error


def _check_own(path: Path) -> None:
    """Dead letters of an earlier run may be replaced; what is not one may not."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        first = stream.readline()
    try:
        own = not first or {"file", "row", "reason"} <= json.loads(first).keys()
    except (ValueError, AttributeError):
        own = False
    if not own:
        raise LogError(f"{path} is there and holds no dead letters; name another file for them")
