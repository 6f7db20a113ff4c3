"""A stream of messages in memory, and one log told as rows of an archive and as messages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
from in_memory import REQUESTS, MemorySource
from live_stream import exposure_of

from interestclock.events import label_message
from interestclock.streams import Message, MessageParser, MicroBatch, OffsetRanges
from interestclock.timeofday import TimeSource

Timed = tuple[int, bytes]


class MessageStream:
    """One partition, ``plays``, whose offsets count from 1; it ends, as no broker does."""

    name = "plays of a test"
    schema = REQUESTS

    def __init__(self, payloads: Sequence[bytes]) -> None:
        self.payloads = list(payloads)
        self.clock = TimeSource()
        self.ended = False
        self.acknowledged: Mapping[str, str] | None = None
        self._next: int | None = None
        self._parser = MessageParser(REQUESTS)

    def items(self) -> pa.Table | None:
        return None

    def partitions(self) -> tuple[str, ...]:
        return ("plays",)

    def at_end(self, partitions: Collection[str]) -> frozenset[str]:
        return frozenset()

    def start_after(self, last: Mapping[str, str]) -> None:
        assert set(last) <= {"plays"}
        self._next = int(last.get("plays", "0")) + 1

    def poll(self, most: int, wait_s: float) -> MicroBatch | None:
        assert self._next is not None, "nothing said where to begin"
        last = min(self._next + most - 1, len(self.payloads))
        if last < self._next:
            self.ended = True
            return None
        ranges = {"plays": (str(self._next), str(last))}
        messages = last - self._next + 1
        offset_ranges = OffsetRanges(
            source=self.name, ranges=ranges, messages=messages, polled_ms=self.clock.now_ms()
        )
        self._next = last + 1
        return self._arrivals(offset_ranges)

    def _arrivals(self, offset_ranges: OffsetRanges) -> MicroBatch:
        first, last = map(int, offset_ranges.ranges["plays"])
        messages = [
            Message(partition="plays", offset=str(place), payload=self.payloads[place - 1])
            for place in range(first, last + 1)
        ]
        return self._parser.parse(offset_ranges, messages)

    def acknowledge(self, last: Mapping[str, str]) -> None:
        self.acknowledged = dict(last)

    def close(self) -> None:
        pass


def as_archive(events: pa.Table, *, event_ids: bool = True) -> MemorySource:
    """Rows with integer ids, as a log has them; events are named by their row."""
    if event_ids:
        ids = pa.array([f"e{row}" for row in events["log_row"].to_pylist()])
        events = events.append_column("event_id", ids)
    return MemorySource(schema=REQUESTS, events=events)


def as_messages(events: pa.Table) -> list[Timed]:
    """The same told by messages, labels when they are known, each with its time and in the order of these."""
    timed: list[Timed] = []
    for row in events.to_pylist():
        event_id = f"e{row['log_row']}"
        timed.append((row["timestamp_ms"], exposure_of(row, event_id)))
        timed += [
            (
                row[f"known_ms.{label}"],
                label_message(
                    label_of=event_id,
                    label=label,
                    value=row[f"label.{label}"],
                    known_ms=row[f"known_ms.{label}"],
                ),
            )
            for label in REQUESTS.labels
            if row[f"label.{label}"] is not None
        ]
    return sorted(timed, key=lambda each: each[0])


def between_requests(events: pa.Table, share: float) -> int:
    """A row at about such a share of all, with which a request begins and no earlier row has its time."""
    time_ms = events["timestamp_ms"].to_numpy()
    starts = [row for row, (before, at) in enumerate(pairwise(time_ms), 1) if at > before]
    return int(starts[np.searchsorted(starts, share * len(time_ms))])
