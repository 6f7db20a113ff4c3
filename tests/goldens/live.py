"""Live runs that stop half way and go on: a log with its labels, and messages with all that befalls them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from in_memory import DAY_MS, HOUR_MS, REQUESTS, MemorySource, requests_log
from live_stream import timed_messages

from goldens.extract import final_state, run_in_two, snapshots, what_was_predicted
from interestclock.clocks import LongTermConfig
from interestclock.embeddings import IdPolicy
from interestclock.events.live import (
    Arrivals,
    Cut,
    Message,
    MessageParser,
    ReplaySource,
    exposure_message,
    label_message,
)
from interestclock.ranking import GaussianConfig, RankerConfig
from interestclock.samples.live import IntakeConfig
from interestclock.training import TrainConfig
from interestclock.training.live import LiveConfig

__all__ = ["of_messages", "of_requests"]

MINUTE_MS = 60_000
_LONG_TERM = LongTermConfig(behaviours=3, longest=12, heads=2, latent_dim=4, output_dim=4)
_RANKER = RankerConfig(clocks=(GaussianConfig(), _LONG_TERM), dim=4, recent=3, hidden=(8,), tower_width=4)


def _config(**changes: Any) -> LiveConfig:
    return LiveConfig(
        ranker=_RANKER,
        train=TrainConfig(batch_size=16, learning_rate=0.01),
        longest=12,
        snapshot_minutes=480,
        checkpoint_minutes=300,
        full_snapshot_hours=48,
        **changes,
    )


def of_requests(folder: Path) -> dict[str, Any]:
    """A log with its labels; clocks as of the start of the day; users and items come and go."""
    log = requests_log(6, requests=120, users=15, items=30, days=5, delay_ms=63 * MINUTE_MS)
    config = _config(
        intake=IntakeConfig(label_wait_ms=HOUR_MS),
        users=IdPolicy(sightings=3, unused_days=1),
        items=IdPolicy(sightings=2, most=27, unused_days=2),
        clocks_of_day=True,
        arrivals=30,
    )
    sources = (ReplaySource(MemorySource(schema=REQUESTS, events=log), name="requests") for _ in range(2))
    run = run_in_two(*sources, folder / "run", config=config, stop_after=6)
    return what_was_predicted(run) | final_state(run) | snapshots(folder / "run" / "snapshots")


def of_messages(folder: Path) -> dict[str, Any]:
    """Messages out of order, twice, late, ahead, of nobody, unreadable; clocks as of now; no id leaves."""
    config = _config(intake=IntakeConfig(lateness_ms=HOUR_MS, label_wait_ms=HOUR_MS), arrivals=40)
    stream = _stream()
    run = run_in_two(*(MessageList(stream) for _ in range(2)), folder / "run", config=config, stop_after=9)
    return what_was_predicted(run) | final_state(run) | snapshots(folder / "run" / "snapshots")


@dataclass(kw_only=True)
class _Sent:
    """A message and when it arrives."""

    at_ms: int
    payload: bytes


def _stream() -> list[_Sent]:
    """In order of arrival: most within the lateness, a few beyond it, a few of their own kind."""
    random = np.random.default_rng(9)
    sent = []
    for place, (event_ms, payload) in enumerate(timed_messages(5, requests=60)):
        delay_ms = 3 * HOUR_MS if place % 53 == 17 else int(random.integers(0, 40)) * MINUTE_MS
        sent.append(_Sent(at_ms=event_ms + delay_ms, payload=payload))
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

    def __init__(self, stream: list[_Sent]) -> None:
        self._stream, self._parser, self._next = stream, MessageParser(REQUESTS), 0

    @property
    def ended(self) -> bool:
        return self._next == len(self._stream)

    def items(self) -> pa.Table | None:
        return None

    def start_after(self, last: Mapping[str, str]) -> None:
        self._next = int(last.get("0", "-1")) + 1

    def poll(self, most: int, wait_s: float) -> Arrivals | None:
        first, self._next = self._next, min(self._next + most, len(self._stream))
        return self._arrivals(first, self._next) if first < self._next else None

    def reread(self, cut: Cut) -> Arrivals:
        first, last = (int(each) for each in cut.ranges["0"])
        return self._arrivals(first, last + 1)

    def acknowledge(self, last: Mapping[str, str]) -> None:
        pass

    def close(self) -> None:
        pass

    def _arrivals(self, first: int, stop: int) -> Arrivals:
        cut = Cut(
            source=self.name,
            ranges={"0": (str(first), str(stop - 1))},
            messages=stop - first,
            taken_ms=self._stream[stop - 1].at_ms,
        )
        messages = [
            Message(partition="0", offset=str(place), payload=self._stream[place].payload)
            for place in range(first, stop)
        ]
        return self._parser.parse(cut, messages)
