"""Follow an embedded log: a folder of files, for which one machine needs no broker."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from pathlib import Path

import pyarrow as pa

from interestclock.errors import ResultError
from interestclock.events.schema import LogSchema
from interestclock.streams.commit_mark import on_disk
from interestclock.streams.embedded_log_folder import PREFIX, check_folder, read_entry
from interestclock.streams.log_followers import FollowerOffset, check_follower_name
from interestclock.streams.messages import Message, MessageParser
from interestclock.streams.micro_batch import MicroBatch, OffsetRanges
from interestclock.streams.segment_files import Entry
from interestclock.streams.segment_follower import SegmentFollower
from interestclock.streams.segment_header import files_of
from interestclock.timeofday import TimeSource

__all__ = ["EmbeddedLogSource", "embedded_log_ends"]

_PARTITION = "0"


def embedded_log_ends(folder: str | Path) -> dict[str, str]:
    """The last offset of an embedded log that is on the disk, by its one partition.

    Raises:
        ResultError: its mark is damaged.

    Example:
        >>> import tempfile
        >>> from interestclock.streams import EmbeddedLogWriter
        >>> folder = Path(tempfile.mkdtemp())
        >>> with EmbeddedLogWriter(folder) as writer:
        ...     _ = writer.append([b"{}", b"{}"])
        >>> embedded_log_ends(folder)
        {'0': '2'}
    """
    return {_PARTITION: str(on_disk(Path(folder)) or 0)}


_LOOK_AGAIN_S = 0.005  # a look is one small read
_log = logging.getLogger("interestclock.source")


class EmbeddedLogSource:
    """Entries of the log in a folder, as an ``EmbeddedLogWriter`` appends them, here or in another process.

    The log is one partition, ``0``; an offset is an entry's number, from 1. Only entries that are on the disk
    are given out. How far a follower has come stands in the folder, under its name: what it did not
    acknowledge is kept for it. Where to go on is for ``start_after`` to say, all the same.

    Args:
        folder: of the log; it need not be there yet. schema: names that messages may use.
        items: item attributes, or None. zone: of exposures that say nothing of local time.
        group: the follower's name; one process follows under it.
        clock: what tells when messages are taken; None: the one on the wall.

    Raises:
        ConfigError: the name cannot be a file's.
        ResultError: the folder holds something else; (from what reads) what comes next was removed or is
            damaged, or another process follows under that name.

    Example:
        >>> import tempfile
        >>> from interestclock.streams import EmbeddedLogWriter
        >>> folder = Path(tempfile.mkdtemp()) / "plays"
        >>> source = EmbeddedLogSource(folder, schema=LogSchema(labels=("finish",)))
        >>> source.start_after({})
        >>> said = b'{"label_of": "e1", "label": "finish", "value": 1, "known_ms": 1700000180000}'
        >>> with EmbeddedLogWriter(folder) as writer:
        ...     _ = writer.append([said])
        >>> batch = source.poll(most=100, wait_s=1.0)
        >>> batch.offset_ranges.ranges, batch.labels["event_id"].to_pylist()
        ({'0': ('1', '1')}, ['e1'])
        >>> source.acknowledge({"0": "1"}); source.close()
    """

    ended = False

    def __init__(
        self,
        folder: str | Path,
        *,
        schema: LogSchema,
        items: pa.Table | None = None,
        zone: str | None = None,
        group: str = "interestclock",
        clock: TimeSource | None = None,
    ) -> None:
        check_follower_name(group)
        folder = Path(folder)
        check_folder(folder)
        self.folder = folder.resolve()
        self.name = f"log://{self.folder}"
        self.clock = clock or TimeSource()
        self.schema, self._items, self._group = schema, items, group
        self._parser = MessageParser(schema, zone=zone)
        self._offset: FollowerOffset | None = None
        self._entries = SegmentFollower(self.folder, prefix=PREFIX)
        self._begins = True  # nothing is known to have been read
        self._seen: int | None = None  # the entry up to which all that the log has was looked at
        self._drained = False

    def items(self) -> pa.Table | None:
        """The item table it was given."""
        return self._items

    def partitions(self) -> tuple[str, ...]:
        """The one there is."""
        return (_PARTITION,)

    def at_end(self, partitions: Collection[str]) -> frozenset[str]:
        """The log, where nothing is on the disk behind what was polled."""
        marked = on_disk(self.folder)
        ended = self._drained if marked is None else marked <= self._entries.position
        return frozenset(partitions) if ended else frozenset()

    def start_after(self, last: Mapping[str, str]) -> None:
        """Go on behind an entry; with the oldest that is kept where none is named."""
        if self._offset is None:
            self._offset = FollowerOffset(self.folder, self._group)
        position = int(last.get(_PARTITION, "0"))
        self._offset.write(position)  # before anything is read: from here on it is kept
        self._begins, self._seen, self._drained = not position, None, False
        self._entries = SegmentFollower(self.folder, prefix=PREFIX, position=position)
        if not files_of(self.folder, PREFIX):
            _log.warning("%s: no log is there yet; waiting for one", self.name)

    def poll(self, most: int, wait_s: float) -> MicroBatch | None:
        """New entries."""
        until_s = time.monotonic() + wait_s
        while not (entries := self._new(most)):
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return None
            time.sleep(min(left_s, _LOOK_AGAIN_S))
        return self._micro_batch(entries)

    def acknowledge(self, last: Mapping[str, str]) -> None:
        """Note it in the folder; where that cannot be written, the next time does."""
        if self._offset is None or _PARTITION not in last:
            return
        try:
            self._offset.write(int(last[_PARTITION]))
        except ResultError as error:
            _log.warning("%s", error)

    def close(self) -> None:
        """Let another process follow under this name; the log waits for it."""
        if self._offset is not None:
            self._offset.release()
            self._offset = None

    def _new(self, most: int) -> list[Entry]:
        files = files_of(self.folder, PREFIX) if self.folder.exists() else {}
        marked = on_disk(self.folder)  # after the files, for which whoever writes has made the mark before
        if not files or (marked is not None and marked in (self._seen, self._entries.position)):
            return []
        if self._begins:
            self._entries = SegmentFollower(self.folder, prefix=PREFIX, position=min(files) - 1)
        entries = list(islice(self._entries.read(up_to=marked), most))
        self._drained = len(entries) < most
        if entries:
            self._begins = False
        if self._drained:
            self._seen = marked
        return entries

    def _micro_batch(self, entries: Sequence[Entry]) -> MicroBatch:
        polled_ms = self.clock.now_ms()
        messages = [
            Message(
                partition=_PARTITION,
                offset=str(entry.number),
                payload=read_entry(self.folder, entry)[1],
            )
            for entry in entries
        ]
        ranges = {_PARTITION: (messages[0].offset, messages[-1].offset)}
        offset_ranges = OffsetRanges(
            source=self.name, ranges=ranges, messages=len(messages), polled_ms=polled_ms
        )
        return self._parser.parse(offset_ranges, messages)
