"""An embedded log of a test: what is in it, and who follows it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from in_memory import REQUESTS

from interestclock.streams import EmbeddedLogSource, EmbeddedLogWriter, MicroBatch, SegmentFollower
from interestclock.streams.commit_mark import committed
from interestclock.streams.embedded_log_folder import PREFIX, read_entry

CALLERS = 4


def followed(folder: Path, group: str = "interestclock") -> EmbeddedLogSource:
    return EmbeddedLogSource(folder, schema=REQUESTS, group=group)


def filled(folder: Path, payloads: Sequence[bytes], **settings: int) -> None:
    with EmbeddedLogWriter(folder, **settings) as writer:
        for payload in payloads:
            writer.submit([payload])


def messages_in(folder: Path) -> list[bytes]:
    """All that is on the disk, in order."""
    entries = SegmentFollower(folder, prefix=PREFIX).read(up_to=committed(folder))
    return [read_entry(folder, entry)[1] for entry in entries]


def polled(source: EmbeddedLogSource, most: int = 20) -> list[MicroBatch]:
    found = []
    while (batch := source.poll(most, 0.0)) is not None:
        found.append(batch)
    return found


def offsets(batches: Sequence[MicroBatch]) -> list[int]:
    """Of bad messages, as nonsense gives them."""
    return [int(bad.offset) for batch in batches for bad in batch.bad]


def append_for_ever(folder: Path, turn: int, told: Connection) -> None:
    """Calls of one to three messages by several callers; each call is told once it is acknowledged."""
    telling = threading.Lock()
    writer = EmbeddedLogWriter(folder, segment_bytes=5_000)

    def call(caller: int) -> None:
        number = 0
        while True:
            messages = [b"%d/%d/%d/%d" % (turn, caller, number, part) for part in range(1 + number % 3)]
            first = writer.append(messages)
            with telling:
                told.send((first, messages))
            number += 1

    threads = [threading.Thread(target=call, args=(caller,)) for caller in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
