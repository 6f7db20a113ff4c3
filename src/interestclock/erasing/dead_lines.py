"""Dead letters that name an erased user go."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from interestclock.erasing.erased_ids import IsErased, names_one_of
from interestclock.files import written_aside

__all__ = ["erase_lines"]


def erase_lines(
    path: Path, is_erased: IsErased, *, names: Callable[[Any, IsErased], bool] = names_one_of
) -> int:
    """Write a file of JSON lines anew without those that name an erased user; gives how many these were.

    Args:
        path: of the file; where there is none, there is nothing to do. is_erased: of an id as text.
        names: whether what a line says names one of them.

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
            if names(_read(line), is_erased):
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
