"""What could not be used, kept beside the run: one JSON object per line, with the reason."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, TextIO

from interestclock.errors import LogError, system_errors_as
from interestclock.files import force

__all__ = ["DeadLetter", "DeadLetterFile", "Letter"]


class Letter(Protocol):
    """A dataclass; its fields, in their order, make the line."""

    @property
    def reason(self) -> str:
        """What is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """One row that could not be used.

    Args:
        file: where it stands.
        row: its number there, counted from 1 after any header.
        reason: what is wrong with it.
        values: its columns as they were read.

    Example:
        >>> str(DeadLetter(file=Path("a.csv"), row=3, reason="user 'u': empty", values={"u": None}))
        "a.csv, row 3: user 'u': empty"
    """

    file: Path
    row: int
    reason: str
    values: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.file}, row {self.row}: {self.reason}"


class DeadLetterFile:
    """Where dead letters go, of logs and of streams; without a file, the first of them is an error.

    A log that is read again begins the file anew. That of a stream goes on, and is cut back to a
    checkpoint's length when that is taken up.

    Args:
        path: the JSON-lines file, made with the first letter; None refuses that.
        remedy: what to do where it cannot be written.

    Raises:
        LogError: (from all it does) a letter came and there is no file, or the file cannot be written.

    Example:
        >>> import tempfile
        >>> letter = DeadLetter(file=Path("a.csv"), row=3, reason="user 'u': empty", values={"u": None})
        >>> with DeadLetterFile(Path(tempfile.mkdtemp()) / "dead.jsonl") as letters:
        ...     letters.write([letter])
        ...     size = letters.force()
        ...     letters.write([letter])
        ...     letters.truncate(size)
        >>> letters.path.read_text()
        '{"file": "a.csv", "row": 3, "reason": "user \\'u\\': empty", "values": {"u": null}}\\n'
        >>> DeadLetterFile(None).write([letter])
        Traceback (most recent call last):
        interestclock.errors.LogError: a.csv, row 3: user 'u': empty; correct the row, or set such rows
        aside: --dead-letters FILE
    """

    def __init__(self, path: Path | None, *, remedy: str = "name another file") -> None:
        self.path, self._remedy = path, remedy
        self._stream: TextIO | None = None

    def __enter__(self) -> DeadLetterFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def begin(self) -> None:
        """Remove what an earlier run left, and make the folder.

        Raises:
            LogError: the file holds something else than rows that could not be used.
        """
        if self.path is None:
            return
        with self._naming_the_file():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            device = self.path.is_char_device() or self.path.is_fifo()  # /dev/null must outlive a run
            if self.path.exists() and not device:
                _check_own(self.path)
                self.path.unlink()

    def write(self, letters: Sequence[Letter]) -> None:
        """Append the letters, or refuse the first."""
        if not letters:
            return
        if self.path is None:
            raise LogError(f"{letters[0]}; correct the row, or set such rows aside: --dead-letters FILE")
        lines = [json.dumps(vars(each), default=str, ensure_ascii=False) for each in letters]
        with self._naming_the_file():
            if self._stream is None:
                self._stream = self.path.open("a", encoding="utf-8", errors="backslashreplace")
            self._stream.writelines(f"{line}\n" for line in lines)
            self._stream.flush()

    def force(self) -> int:
        """To the disk; gives the file's size in bytes."""
        if self.path is None or not self.path.exists():
            return 0
        with self._naming_the_file():
            force(self.path)
        return self.path.stat().st_size

    def truncate(self, size: int) -> None:
        """Remove what was added after a size was noted."""
        if self.path is not None and self.path.exists() and size < self.path.stat().st_size:
            with self._naming_the_file():
                os.truncate(self.path, size)

    def close(self) -> None:
        """Nothing more is written."""
        stream, self._stream = self._stream, None
        if stream is not None:
            with self._naming_the_file():
                stream.close()

    def _naming_the_file(self) -> AbstractContextManager[None]:
        what = f"{self.path}: dead letters cannot be written there"
        return system_errors_as(LogError, what, remedy=self._remedy)


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
