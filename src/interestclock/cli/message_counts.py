"""What became of a stream's messages, in the words of a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

__all__ = ["message_counts_in_words"]


def message_counts_in_words(counts: Mapping[str, int], folder: Path) -> Iterator[str]:
    """A line of counts, and one each of what they do not say by themselves.

    Args:
        counts: as ``Counters`` has them. folder: the trainer's or updater's.

    Example:
        >>> from interestclock.admission import Counters
        >>> counts = Counters(received=3, learned=2, duplicates=1, item_changes=1).counts()
        >>> list(message_counts_in_words(counts, Path("trainer")))
        ['3 messages: 2 learned, 1 duplicates', '1 items became something else']
    """
    parts = dict(counts)
    received, along = parts.pop("received"), parts.pop("given_labels_late", 0)
    changes = parts.pop("item_changes", 0)
    ahead, most_ms = parts.pop("known_ahead", 0), parts.pop("known_ahead_most_ms", 0)
    named = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in parts.items() if count)
    yield f"{received:,} messages: {named or 'none used'}"
    if along:
        yield (
            f"{along:,} labels that came along were known after --label-wait-minutes: they count as not given"
        )
    if changes:
        yield f"{changes:,} items became something else"
    if ahead:
        yield (
            f"{ahead:,} labels or outcomes say they were known up to {most_ms / 1_000:,.1f} s after they "
            "arrived, and count as known then: a producer's clock runs ahead"
        )
    letters = folder / "dead-letters.jsonl"
    unread = parts.get("dead_letters", 0)
    if unread and letters.exists():
        yield f"why {unread:,} messages could not be read stands in {letters}: {_first(letters)}"


def _first(letters: Path) -> str:
    """The first message's reason."""
    with letters.open(encoding="utf-8") as stream:
        reason: str = json.loads(stream.readline())["reason"]
    return f"{reason}, for example"
