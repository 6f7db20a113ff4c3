"""Whether entries of a Redis stream were trimmed before they were read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["TrimmedUnread", "entry_number"]


class TrimmedUnread:
    """Tells of each stream, reply by reply, whether entries may be gone that nobody read.

    Trimming takes the oldest first: as long as the last entry read is there, so is what follows. Where it is
    gone, all that follows is there if no more are gone than were read, which a server's count of all entries
    there ever were (from Redis 7 on) tells.

    Example:
        >>> entry = (b"5-0", {})
        >>> info = {"first-entry": entry, "length": 1, "entries-added": 3, "last-generated-id": b"5-0"}
        >>> trimmed = TrimmedUnread()
        >>> trimmed.possible("plays", info, last="1-0"), trimmed.possible("plays", info, last="5-0")
        (True, False)
        >>> trimmed.count("plays", [entry], info)
        >>> later = info | {"first-entry": (b"6-0", {}), "entries-added": 4, "last-generated-id": b"6-0"}
        >>> trimmed.possible("plays", later, last="5-0")
        False
    """

    def __init__(self) -> None:
        self._entries: dict[
            str, int
        ] = {}  # by stream: how many there ever were up to what was read, where known

    def possible(self, stream: str, info: Mapping[str, Any], *, last: str) -> bool:
        """Whether any may be gone behind an entry.

        Args:
            info: what the server says of the stream. last: the entry read last.
        """
        first = info["first-entry"]
        if first and entry_number(first[0]) <= entry_number(last.encode()):
            return False
        added, before = info.get("entries-added"), self._entries.get(stream)
        return added is None or before is None or before != int(added - info["length"])

    def count(self, stream: str, entries: Sequence[tuple[bytes, Any]], info: Mapping[str, Any]) -> None:
        """Note how many entries there ever were up to the last of these, if that can be known."""
        added, first = info.get("entries-added"), info["first-entry"]
        if added is None:
            return
        if info["last-generated-id"] == entries[-1][0]:
            self._entries[stream] = added
        elif first and first[0] == entries[0][0]:
            self._entries[stream] = added - info["length"] + len(entries)
        elif stream in self._entries:
            self._entries[stream] += len(entries)


def entry_number(entry_id: bytes) -> tuple[int, int]:
    """An entry's milliseconds, and its place among those of the same.

    Example:
        >>> entry_number(b"1700000000000-2")
        (1700000000000, 2)
    """
    milliseconds, _, place = entry_id.partition(b"-")
    return int(milliseconds), int(place or 0)
