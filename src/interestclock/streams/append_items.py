"""An item table into a log: a catalogue loaded, or loaded again, while followers run."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from interestclock.errors import LogError
from interestclock.events.item_messages import item_messages
from interestclock.streams.bulk_append import BulkAppend
from interestclock.streams.event_log import EventLog

__all__ = ["append_items"]

_REPORT_EVERY = 1_000


def append_items(
    log: EventLog,
    items: pa.Table,
    *,
    from_ms: int,
    report: Callable[[int], None] | None = None,
) -> int:
    """Append an item message for each row of a table; gives how many are on the disk.

    A table that is appended again changes nothing that can be read of its items.

    Args:
        items: as ``read_items`` gives it. from_ms: since when items are so whose row does not say; UTC
            milliseconds.
        report: called with how many were handed over so far, after every thousandth.

    Raises:
        LogError: no message can hold an item; those before it are on the disk.
        ResultError: the disk is full or broken.

    Example:
        >>> import tempfile
        >>> from interestclock.streams import EmbeddedLogWriter
        >>> table = pa.table({"item_id": ["7", "8"], "attribute.genre": [["rock", "live"], []]})
        >>> with EmbeddedLogWriter(tempfile.mkdtemp()) as writer:
        ...     append_items(writer, table, from_ms=9)
        2
    """
    appends, count = BulkAppend(log), 0
    try:
        for message in item_messages(items, from_ms=from_ms):
            appends.append(message)
            count += 1
            if report is not None and count % _REPORT_EVERY == 0:
                report(count)
    except (LogError, ValueError) as error:
        appends.finish()
        raise LogError(
            f"{error}; {count:,} items before it are appended: append the whole file again, which changes "
            "nothing of these"
        ) from error
    appends.finish()
    return count
