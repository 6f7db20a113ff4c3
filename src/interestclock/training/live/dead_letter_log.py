"""Messages of a live stream that could not be read: one JSON object per line, with the reason."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from interestclock.errors import ResultError
from interestclock.events.live import BadMessage

__all__ = ["DeadLetterLog"]


class DeadLetterLog:
    """Grows with the stream, and is cut back to a checkpoint's length when that is taken up.

    Args:
        path: of the file; made with the first letter.

    Raises:
        ResultError: (from ``add``) it cannot be written.

    Example:
        >>> import tempfile
        >>> log = DeadLetterLog(Path(tempfile.mkdtemp()) / "dead-letters.jsonl")
        >>> log.add([BadMessage(partition="0", offset="7", reason="no JSON", payload="{")])
        >>> size = log.force()
        >>> log.add([BadMessage(partition="0", offset="9", reason="no JSON", payload="[")])
        >>> log.cut_back(size)
        >>> log.path.read_text()
        '{"partition": "0", "offset": "7", "reason": "no JSON", "payload": "{"}\\n'
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, letters: Sequence[BadMessage]) -> None:
        """Append letters."""
        if not letters:
            return
        lines = [
            json.dumps(
                {
                    "partition": each.partition,
                    "offset": each.offset,
                    "reason": each.reason,
                    "payload": each.payload,
                },
                ensure_ascii=False,
            )
            for each in letters
        ]
        try:
            with self.path.open("a", encoding="utf-8", errors="backslashreplace") as stream:
                stream.write("".join(f"{line}\n" for line in lines))
        except OSError as error:
            raise ResultError(
                f"{self.path}: dead letters cannot be written ({error}); make room, then go on with --resume"
            ) from error

    def force(self) -> int:
        """To the disk; gives its size in bytes."""
        if not self.path.exists():
            return 0
        with self.path.open("rb") as stream:
            os.fsync(stream.fileno())
        return self.path.stat().st_size

    def cut_back(self, size: int) -> None:
        """Remove what was added after a size was noted."""
        if self.path.exists() and size < self.path.stat().st_size:
            os.truncate(self.path, size)
