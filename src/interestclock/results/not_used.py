"""Rows of a log that came to nothing, in words."""

from __future__ import annotations

from interestclock.events import LogCounts

__all__ = ["not_used"]


def not_used(counts: LogCounts) -> list[str]:
    """How many rows were left out, and why; nothing where none was. What was merged with another is not.

    Example:
        >>> not_used(LogCounts(read=10, used=7, duplicates=2, dead_letters=1))
        ['3 of 10 rows are left out: 2 repeat an event, 1 cannot be used (dead letters)']
        >>> not_used(LogCounts(read=10, used=9, duplicates=1, merged=1))
        []
    """
    repeated = counts.duplicates - counts.merged
    left_out = repeated + counts.dead_letters
    if not left_out:
        return []
    parts = [
        f"{count:,} {why[count > 1]}"
        for count, why in (
            (repeated, ("repeats an event", "repeat an event")),
            (counts.dead_letters, ("cannot be used (dead letters)",) * 2),
        )
        if count
    ]
    verb = "are" if left_out > 1 else "is"
    return [f"{left_out:,} of {counts.read:,} rows {verb} left out: {', '.join(parts)}"]
