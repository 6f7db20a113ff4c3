"""Lines of a file or a pipe as messages of an embedded log."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future

from interestclock.errors import LogError, QueueFullError
from interestclock.events.message_json import read_message
from interestclock.streams.embedded_log_writer import EmbeddedLogWriter

__all__ = ["append_lines"]

_MOST_WAITING = 4_096  # lines


def append_lines(writer: EmbeddedLogWriter, lines: Iterable[bytes], *, name: str) -> int:
    """Append a message for each line that is not empty, as they come; gives how many are on the disk.

    A line is read as a follower will read it, but for names of labels, outcomes, attributes and context,
    which a mapping file has.

    Args:
        name: what the lines are called in errors.

    Raises:
        LogError: a line is no message; those before it are on the disk, and none behind it is.
        ResultError: the disk is full or broken.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> said = b'{"label_of": "e1", "label": "like", "value": 1, "known_ms": 1700000180000}'
        >>> with EmbeddedLogWriter(Path(tempfile.mkdtemp())) as writer:
        ...     append_lines(writer, [said, b"", said], name="stdin")
        2
    """
    waiting: deque[Future[int]] = deque()
    count = 0
    for number, line in enumerate(lines, 1):
        message = line.strip()
        if not message:
            continue
        try:
            read_message(message)
            _submit(writer, message, waiting)
        except ValueError as error:
            _settle(waiting, most=0)
            raise LogError(
                f"{name}, line {number}: {error}; what stands before it is appended: mend it, and go on with "
                "this line"
            ) from error
        count += 1
        _settle(waiting, most=_MOST_WAITING)
    _settle(waiting, most=0)
    return count


def _submit(writer: EmbeddedLogWriter, message: bytes, waiting: deque[Future[int]]) -> None:
    while True:
        try:
            waiting.append(writer.submit([message]))
        except QueueFullError:
            if not waiting:
                raise
            waiting.popleft().result()
        else:
            return


def _settle(waiting: deque[Future[int]], *, most: int) -> None:
    while len(waiting) > most:
        waiting.popleft().result()
