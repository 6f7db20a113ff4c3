"""What became of a log's rows, in the words of a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interestclock.events.schema import LogCounts

__all__ = ["counts_in_words"]


def counts_in_words(counts: LogCounts, dead_letters: Path) -> Iterator[str]:
    """A line of counts, and what is said of the log.

    Args:
        counts: of the log. dead_letters: where rows were set aside, if any were.

    Example:
        >>> from interestclock.events.schema import LogCounts
        >>> counts = LogCounts(read=3, used=2, duplicates=1, disagreeing=1, remarks=["it is short"])
        >>> list(counts_in_words(counts, Path("dead.jsonl")))[0]
        '3 rows read: 2 used, 1 duplicates (with other labels: 1 dropped), 0 malformed'
    """
    apart = (("merged", counts.merged), ("dropped", counts.disagreeing))
    differ = ", ".join(f"{count:,} {name}" for name, count in apart if count)
    differ = f" (with other labels: {differ})" if differ else ""
    where = f" (set aside in {dead_letters})" if counts.dead_letters and dead_letters.exists() else ""
    yield (
        f"{counts.read:,} rows read: {counts.used:,} used, {counts.duplicates:,} duplicates{differ}, "
        f"{counts.dead_letters:,} malformed{where}"
    )
    yield from counts.remarks
