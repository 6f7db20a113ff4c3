"""Live runs that stop half way and go on: a log with its labels, and messages with all that befalls them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from in_memory import DAY_MS, HOUR_MS, REQUESTS, MemorySource, requests_log
from live_stream import timed_messages

from goldens.extract import final_state, run_in_two, snapshots, what_was_predicted
from interestclock.admission import AdmissionConfig
from interestclock.clocks import GaussianConfig, LongTermConfig
from interestclock.embeddings import IdPolicy
from interestclock.events import exposure_message, label_message
from interestclock.live import LiveConfig
from interestclock.ranking import RankerConfig
from interestclock.streams import Message, MessageParser, MicroBatch, OffsetRanges, ReplaySource
from interestclock.training import TrainConfig

__all__ = ["of_messages", "of_requests"]

MINUTE_MS, QUARTER_MS = 60_000, 900_000
LONGEST = 12
MONTH_HOURS = 24 * 30


def _config(*, behaviours: int, **changes: Any) -> LiveConfig:
    """A small ranker, whose search hands so many of the longest history to attention."""
    search = LongTermConfig(behaviours=behaviours, longest=LONGEST, heads=2, latent_dim=4, output_dim=4)
    clocks = (GaussianConfig(), search)
    return LiveConfig(
        ranker=RankerConfig(clocks=clocks, dim=4, recent=3, hidden=(8,), tower_width=4),
        train=TrainConfig(batch_size=16, learning_rate=0.01),
        longest=LONGEST,
        keep_hours=MONTH_HOURS,
        batch_minutes=60 * MONTH_HOURS,  # batches are full, however long that takes
        snapshot_minutes=480,
        checkpoint_minutes=300,
        full_snapshot_hours=48,
        **changes,
    )


def of_requests(folder: Path) -> dict[str, Any]:
    """A log with its labels; clocks as of the start of the day; users and items come and go.

    Items without a row are alike, so which of them a search finds may hang on how a processor rounds: here it
    finds all.
    """
    log = _with_ties(requests_log(6, requests=200, users=10, items=30, days=5, delay_ms=63 * MINUTE_MS))
    config = _config(
        behaviours=LONGEST,
        admission=AdmissionConfig(label_wait_ms=HOUR_MS),
        users=IdPolicy(min_count=3, unused_days=1),
        items=IdPolicy(min_count=2, most=27, unused_days=2),
        clocks_of_day=True,
        poll_messages=30,
    )
    sources = (ReplaySource(MemorySource(schema=REQUESTS, events=log), name="requests") for _ in range(2))
    run = run_in_two(*sources, folder / "run", config=config, stop_after=10)
    return what_was_predicted(run) | final_state(run) | snapshots(folder / "run" / "snapshots")


def of_messages(folder: Path) -> dict[str, Any]:
    """Messages out of order, twice, late, ahead, of nobody, unreadable; clocks as of now; no id leaves."""
    intake = AdmissionConfig(lateness_ms=HOUR_MS, label_wait_ms=HOUR_MS)
    config = _config(behaviours=3, admission=intake, poll_messages=40)
    stream = _stream()
    run = run_in_two(*(MessageList(stream) for _ in range(2)), folder / "run", config=config, stop_after=17)
    return what_was_predicted(run) | final_state(run) | snapshots(folder / "run" / "snapshots")


def _with_ties(log: pa.Table) -> pa.Table:
    """Every other row's labels are known at a quarter of an hour, which is when requests come."""
    for name in [each for each in log.column_names if each.startswith("known_ms.")]:
        known_ms = log[name].to_numpy().copy()
        known_ms[::2] -= known_ms[::2] % QUARTER_MS
        log = log.set_column(log.column_names.index(name), name, pa.array(known_ms))
    return log


def _tied(payload: bytes) -> bytes:
    """The same of a label's message."""
    said = json.loads(payload)
    if "label_of" in said:
        said["known_ms"] -= said["known_ms"] % QUARTER_MS
    return json.dumps(said).encode()


@dataclass(kw_only=True)
class _Sent:
    """A message and when it arrives."""

    at_ms: int
    payload: bytes


def _stream() -> list[_Sent]:
    """In order of arrival: most within the lateness, a few beyond it, a few of their own kind."""
    random = np.random.default_rng(9)
    sent = []
    for place, (event_ms, payload) in enumerate(timed_messages(5, requests=120)):
        delay_ms = 3 * HOUR_MS if place % 53 == 17 else int(random.integers(0, 40)) * MINUTE_MS
        sent.append(_Sent(at_ms=event_ms + delay_ms, payload=_tied(payload) if place % 2 else payload))
    middle_ms = sent[len(sent) // 2].at_ms
    ahead = exposure_message(
        event_id="ahead", user_id=1, item_id=100, timestamp_ms=middle_ms + 9 * DAY_MS, zone="UTC"
    )
    orphan = label_message(label_of="nobody", label="finish", value=1, known_ms=middle_ms)
    sent += [_Sent(at_ms=middle_ms, payload=each) for each in (ahead, orphan, b"\xff", b"[]")]
    return sorted(sent, key=lambda each: each.at_ms)


class MessageList:
    """A live source of messages that lie in a list, each taken when the last of its poll has arrived."""

    schema = REQUESTS
    name = "messages"
    clock = None

    def __init__(self, stream: list[_Sent]) -> None:
        self._stream, self._parser, self._next = stream, MessageParser(REQUESTS), 0

    @property
    def ended(self) -> bool:
        return self._next == len(self._stream)

    def items(self) -> pa.Table | None:
        return None

    def partitions(self) -> tuple[str, ...]:
        return ("0",)

    def start_after(self, last: Mapping[str, str]) -> None:
        self._next = int(last.get("0", "-1")) + 1

    def poll(self, most: int, wait_s: float) -> MicroBatch | None:
        first, self._next = self._next, min(self._next + most, len(self._stream))
        return self._arrivals(first, self._next) if first < self._next else None

    def acknowledge(self, last: Mapping[str, str]) -> None:
        pass

    def close(self) -> None:
        pass

    def _arrivals(self, first: int, stop: int) -> MicroBatch:
        offset_ranges = OffsetRanges(
            source=self.name,
            ranges={"0": (str(first), str(stop - 1))},
            messages=stop - first,
            polled_ms=self._stream[stop - 1].at_ms,
        )
        messages = [
            Message(partition="0", offset=str(place), payload=self._stream[place].payload)
            for place in range(first, stop)
        ]
        return self._parser.parse(offset_ranges, messages)
