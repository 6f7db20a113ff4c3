"""What is said of a log's duplicates."""

from __future__ import annotations

from collections.abc import Iterator

from interestclock.events.mapping import ColumnMapping
from interestclock.events.schema import LogCounts

__all__ = ["duplicate_remarks"]

_FEW = 20  # rows of which half may be duplicates without a word


def duplicate_remarks(
    counts: LogCounts, mapping: ColumnMapping, example: str | None, *, forgotten: bool
) -> Iterator[str]:
    """Sentences on rows that are one event and have other labels, and on event ids that seem to be none.

    Args:
        counts: of the log. mapping: of it. example: two such rows, in words.
        forgotten: whether it has more event ids than are remembered.

    Example:
        >>> counts = LogCounts(read=2, used=1, duplicates=1, disagreeing=1)
        >>> mapping = ColumnMapping(zone="UTC", labels={})
        >>> for remark in duplicate_remarks(counts, mapping, "a.csv, row 2 (like 1)", forgotten=False):
        ...     print(remark)
        1 of the duplicates has other labels than the first row of its user, item and time, which counts:
        a.csv, row 2 (like 1); --duplicates merge makes one row of them
    """
    of = "event_id" if mapping.event_id is not None else "user, item and time"
    if mapping.event_id is None and mapping.request is not None:
        of = "user, item, time and request"
    if counts.merged:
        yield (
            f"{counts.merged:,} of the duplicates had other labels than the first row of the same {of}, and "
            f"were merged with it: {example}"
        )
    if counts.disagreeing:
        several = counts.disagreeing > 1
        remedy = "--duplicates merge makes one row of them"
        if mapping.duplicates == "merge" or mapping.event_id is not None:
            remedy = "--duplicates merge makes one row of those whose times agree, too"
        yield (
            f"{counts.disagreeing:,} of the duplicates {'have' if several else 'has'} other labels than the "
            f"first row of {'the same' if several else 'its'} {of}, which counts: {example}; {remedy}"
        )
    rows = counts.used + counts.duplicates
    if mapping.event_id is not None and rows >= _FEW and 2 * counts.duplicates >= rows:
        yield (
            f"column '{mapping.event_id}': {counts.duplicates:,} of {rows:,} rows have an event id that an "
            "earlier row has, and are no events of their own; if it does not name one event, leave event_id "
            "out"
        )
    if forgotten:
        yield (
            f"column '{mapping.event_id}': of rows with one event id that are more than 8 million rows "
            "apart, each counts"
        )
