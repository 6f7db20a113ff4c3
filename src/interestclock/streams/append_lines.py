"""Lines of a file or a pipe as messages that are appended to a log."""

from __future__ import annotations

from collections.abc import Iterable

from interestclock.errors import LogError
from interestclock.events.message_json import read_message
from interestclock.streams.bulk_append import BulkAppend
from interestclock.streams.event_log import EventLog

__all__ = ["append_lines"]


def append_lines(log: EventLog, lines: Iterable[bytes], *, name: str) -> int:
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
        >>> from interestclock.streams import EmbeddedLogWriter
        >>> said = b'{"label_of": "e1", "label": "like", "value": 1, "known_ms": 1700000180000}'
        >>> with EmbeddedLogWriter(tempfile.mkdtemp()) as writer:
        ...     append_lines(writer, [said, b"", said], name="stdin")
        2
    """
    appends, count = BulkAppend(log), 0
    for number, line in enumerate(lines, 1):
        message = line.strip()
        if not message:
            continue
        try:
            read_message(message)
            appends.append(message)
        except ValueError as error:
            appends.finish()
            raise LogError(
                f"{name}, line {number}: {error}; what stands before it is appended: mend it, and go on with "
                "this line"
            ) from error
        count += 1
    appends.finish()
    return count
