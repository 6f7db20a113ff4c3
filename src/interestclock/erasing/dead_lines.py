"""Dead letters that name an erased user go."""

from __future__ import annotations

import json
from pathlib import Path

from interestclock.erasing.erased_ids import IsErased, names_one_of
from interestclock.files import written_aside

__all__ = ["erase_lines"]


def erase_lines(path: Path, is_erased: IsErased) -> int:
    """Write a file of JSON lines anew without those that name an erased user; gives how many these were.

    Args:
        path: of the file; where there is none, there is nothing to do. is_erased: of an id as text.

    Raises:
        OSError: it cannot be written; it is as it was.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "dead-letters.jsonl"
        >>> _ = path.write_text('{"payload": "{7"}\\n{"payload": "{8"}\\n')
        >>> erase_lines(path, {"7"}.__contains__), path.read_text()
        (1, '{"payload": "{8"}\\n')
    """
    if not path.exists():
        return 0
    gone = 0
    with path.open("rb") as lines, written_aside(path) as aside, aside.open("wb") as stream:
        for line in lines:
            if names_one_of(_read(line), is_erased):
                gone += 1
            else:
                stream.write(line)
        stream.flush()
    return gone


def _read(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return line.decode("utf-8", "replace")
