"""A log, a store behind it, one who serves from it and a trainer, a message at a time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from admitted_trainers import TRAINER, admitted_source, trained
from in_memory import HOUR_MS, START_MS
from updated_stores import update

from interestclock.events import exposure_message, label_message
from interestclock.samples import BatchMaker, RequestRecord, RequestRecords, Rows, request_features
from interestclock.skew import SkewReport, measure_skew
from interestclock.store import LmdbStore
from interestclock.streams import EmbeddedLogWriter, embedded_log_ends

MINUTE_MS = 60_000
OFFSET_MINUTES = -300
CONFIG = replace(TRAINER, sample_requests=1.0)
MOST = CONFIG.ranker.reads_behaviours
NOW_MS = START_MS + 10 * HOUR_MS


def shown(name: str, at_ms: int, *, user: int = 1, item: int = 100, request: str | None = None) -> bytes:
    return exposure_message(
        event_id=name,
        user_id=user,
        item_id=item,
        timestamp_ms=at_ms,
        request_id=request,
        utc_offset_minutes=OFFSET_MINUTES,
        attributes={"genre": [f"g{item % 7}"]},
    )


def finished(name: str, known_ms: int) -> bytes:
    return label_message(label_of=name, label="finish", value=1, known_ms=known_ms)


class Stream:
    """A log, the store behind it, one who serves from it; in the end a trainer learns all of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.messages = folder, 0
        self.log, self.store = folder / "log", folder / "store"
        self.served = RequestRecords(folder / "served")

    def append(self, *messages: bytes) -> None:
        with EmbeddedLogWriter(self.log) as writer:
            writer.append(list(messages))
        self.messages += len(messages)

    def apply(self) -> None:
        update(self.log, self.messages, self.store, kept_for=("trainer",))

    def serve(self, name: str, at_ms: int, *, user: int = 1, ends: bool = True) -> None:
        """What a scorer does, but for the scores."""
        with LmdbStore(self.store) as store, store.snapshot() as view:
            slot, one = view.slots("user", pa.array([str(user)])), np.ones(1, np.int64)
            local = at_ms // 1_000 + OFFSET_MINUTES * 60
            rows = Rows(
                user_B=slot.astype(np.int64),
                item_B=0 * one,
                request_B=one,
                timestamp_ms_B=one * at_ms,
                second_of_day_B=one * (local % 86_400),
                day_of_week_B=one * ((local // 86_400 + 3) % 7),
                known_ms_B=one,
            )
            batch = BatchMaker(recent=3, clocks=True, clocks_of_day=False).make(rows, view)
            features = request_features(batch, view.histories(), view, request=0, most=MOST)
            position = view.position
        self.served.add(
            RequestRecord(
                request_id=name,
                user=str(user),
                features=features,
                clocks_of_day=False,
                most=MOST,
                position=position,
                log_ends=embedded_log_ends(self.log) if ends else None,
            )
        )

    def end(self) -> SkewReport:
        """Time goes on until the trainer has predicted all; then compare."""
        self.append(shown("end", NOW_MS + 5 * HOUR_MS, user=7))
        self.apply()
        trained(admitted_source(self.store), self.folder / "trainer", self.messages, config=CONFIG)
        return measure_skew(
            self.store, served=[self.folder / "served"], trained=self.folder / "trainer" / "requests"
        )


def stream_in(folder: Path) -> Stream:
    """Somebody finished a song an hour ago, and the store knows."""
    stream = Stream(folder)
    before_ms = NOW_MS - HOUR_MS
    stream.append(shown("e0", before_ms), finished("e0", before_ms + MINUTE_MS))
    stream.append(shown("e1", NOW_MS - 2 * MINUTE_MS, item=101))
    stream.apply()
    return stream
