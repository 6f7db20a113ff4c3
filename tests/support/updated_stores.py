"""A feature updater on an embedded log, and what its store has to say at an offset."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from embedded_logs import messages_in
from in_memory import DAY_MS, HOUR_MS, REQUESTS, START_MS
from live_stream import timed_messages
from stored_state import features_by_id

from interestclock.admission import AdmissionConfig, EventBuffer
from interestclock.clock_features import ClockFeatureConfig
from interestclock.events import item_message
from interestclock.relay import open_publication
from interestclock.state import FeatureState
from interestclock.state.apply_admitted import apply_admitted
from interestclock.store import StoreView, open_store
from interestclock.streams import EmbeddedLogSource, EmbeddedLogWriter, Message, MessageParser, OffsetRanges
from interestclock.updater import FeatureUpdater, UpdaterConfig

CONFIG = UpdaterConfig(  # of a stream of long ago: nobody is let go, whatever else the machine does meanwhile
    admission=AdmissionConfig(lateness_ms=60_000, label_wait_ms=HOUR_MS),
    clocks=ClockFeatureConfig(window_days=2),
    longest=30,
    keep_hours=30,
    forget_users_after_days=1.5,
    most_state_users=7,
    checkpoint_messages=200,
    poll_messages=20,
    idle_seconds=3_600,
)
USERS = pa.array([*map(str, range(1, 9)), "nobody"])
ITEMS = pa.array([*map(str, range(100, 125)), "nothing"])


def payloads(seed: int = 3, *, requests: int = 300) -> list[bytes]:
    """Four days of eight users; items become something else now and then."""
    timed = timed_messages(seed, requests=requests)
    first_ms, last_ms = timed[0][0], timed[-1][0]
    draw = np.random.default_rng(seed)
    for at_ms in draw.integers(first_ms, last_ms, 40).tolist():
        genres = [f"g{each}" for each in draw.integers(0, 9, 3)]
        said = item_message(item=int(draw.integers(100, 125)), attributes={"genre": genres}, from_ms=at_ms)
        timed.append((at_ms, said))
    return [payload for _, payload in sorted(timed, key=lambda each: each[0])]


class Log(NamedTuple):
    """An embedded log, and how many messages are in it."""

    folder: Path
    messages: int


def embedded(folder: Path, seed: int = 3, *, requests: int = 300) -> Log:
    """An embedded log of made-up messages."""
    told = payloads(seed, requests=requests)
    with EmbeddedLogWriter(folder) as writer:
        writer.append(told)
    return Log(folder, len(told))


def source_of(log: Path, items: pa.Table | None = None) -> EmbeddedLogSource:
    return EmbeddedLogSource(log, schema=REQUESTS, items=items, group="features")


def update(
    log: Path,
    messages: int,
    folder: Path,
    resume: bool = True,
    config: UpdaterConfig = CONFIG,
    *,
    items: pa.Table | None = None,
    store: str | None = None,
    kept_for: tuple[str, ...] = (),
) -> None:
    """Until so many messages were taken; it goes on where it stopped in any case."""
    source = source_of(log, items)
    with FeatureUpdater(source, folder, config=config, store=store, kept_for=kept_for) as updater:

        def tell() -> None:
            updater.stopping = updater.buffer.counters.received >= messages

        updater.run(tell)


def update_and_publish(log: Path, messages: int, url: str, folder: Path, resume: bool) -> None:
    """The same, for a process of its own, with what it admits published to a broker."""
    publication = open_publication(url)
    with FeatureUpdater(source_of(log), folder, config=CONFIG, publication=publication) as updater:
        updater.run(lambda: setattr(updater, "stopping", updater.buffer.counters.received >= messages))


def state_at(
    log: Path, offset: int, config: UpdaterConfig = CONFIG, items: pa.Table | None = None
) -> FeatureState:
    """What a state in memory is when it was fed all messages up to an offset, at once."""
    buffer = EventBuffer(REQUESTS, config=config.admission)
    state = FeatureState(REQUESTS, items=items, config=config.state())
    state.admit_catalogue()
    told = messages_in(log)[:offset]
    if not told:
        return state
    ranges = OffsetRanges(
        source="", ranges={"0": ("1", str(offset))}, messages=offset, polled_ms=START_MS + 400 * DAY_MS
    )
    parsed = MessageParser(REQUESTS).parse(
        ranges,
        [Message(partition="0", offset=str(place), payload=each) for place, each in enumerate(told, 1)],
    )
    opening = buffer.tick(awaited=("0",), polled_ms=START_MS + 400 * DAY_MS)
    admitted = buffer.admit(parsed.tables(), bad=len(parsed.bad), polled_ms=ranges.polled_ms)
    for each in [*opening, *admitted]:
        apply_admitted(state, each)
    return state


def said_by(view: FeatureState | StoreView) -> dict[str, Any]:
    """Everything, as of moments from the first that can be read on, of those who are and are not known."""
    first_ms = max(START_MS, view.complete_from_ms)
    times_ms = [first_ms, first_ms + HOUR_MS + 1, first_ms + 20 * HOUR_MS, first_ms + 3 * DAY_MS]
    return features_by_id(view, times_ms, users=USERS, items=ITEMS, attributes=REQUESTS.attributes)


@contextmanager
def seen(where: str | Path) -> Iterator[StoreView]:
    with open_store(where) as store, store.snapshot() as view:
        yield view


def offset_of(view: StoreView) -> int:
    return int(view.offsets.get("0", "0"))
