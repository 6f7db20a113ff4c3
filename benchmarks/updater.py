"""What keeping a store current costs, from an embedded log on, and how soon another process sees an event.

    python benchmarks/updater.py --users 500 --exposures 100 --seconds 20 --folder build/bench

Every exposure comes with a label of its own a minute later, so an event is one of the two. In every round
the log is read three ways: into memory as far as features go (parsed, admitted, applied), and by an
updater, with and without the store being written. *Seen*: from the hand-over to an appender until a
snapshot of another process than the updater's has it, once its first seconds are over, which load loops.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import median, quantiles
from unittest.mock import patch

import numpy as np

from interestclock.admission import AdmissionConfig, EventBuffer
from interestclock.events import exposure_message, label_message
from interestclock.events.schema import LogSchema
from interestclock.state import FeatureState
from interestclock.state.apply_admitted import apply_admitted
from interestclock.store import LmdbStore
from interestclock.streams import EmbeddedLogSource, EmbeddedLogWriter
from interestclock.updater import FeatureUpdater, UpdaterConfig

SCHEMA = LogSchema(labels=("finish",), attributes=("genre",), clock_attributes=("genre",))
CONFIG = UpdaterConfig(
    admission=AdmissionConfig(lateness_ms=60_000, label_wait_ms=3_600_000),
    forget_users_after_days=None,
    idle_seconds=3_600,
)
ITEMS, GENRES = 5_000, 50
APART_MS, LABEL_MS = 100, 60_000
WARM_SECONDS = 5.0


def event(place: int, user: int, at_ms: int) -> bytes:
    item = place * 7919 % ITEMS
    return exposure_message(
        event_id=f"e{place}",
        user_id=user,
        item_id=item,
        timestamp_ms=at_ms,
        utc_offset_minutes=60,
        attributes={"genre": [f"g{item % GENRES}"]},
    )


def messages(user_N: np.ndarray, first_ms: int) -> list[bytes]:
    """Exposures, and their labels a minute later, in order."""
    behind = LABEL_MS // APART_MS
    said: list[bytes] = []
    for place in range(user_N.size + behind):
        at_ms = first_ms + place * APART_MS
        if place < user_N.size:
            said.append(event(place, int(user_N[place]), at_ms))
        if place >= behind:
            of = place - behind
            said.append(label_message(label_of=f"e{of}", label="finish", value=1, known_ms=at_ms))
    return said


def in_memory(log: Path, events: int) -> float:
    """Seconds to parse, admit and apply all of a log, writing nothing."""
    source = EmbeddedLogSource(log, schema=SCHEMA, group="memory")
    buffer = EventBuffer(SCHEMA, config=CONFIG.admission)
    state = FeatureState(SCHEMA, items=None, config=CONFIG.state())
    began = time.perf_counter()
    source.start_after({})
    while buffer.counters.received < events:
        batch = source.poll(CONFIG.poll_messages, 1.0)
        assert batch is not None
        for each in buffer.admit(batch.tables(), polled_ms=batch.offset_ranges.polled_ms):
            apply_admitted(state, each)
    taken = time.perf_counter() - began
    source.close()
    return taken


def updated(log: Path, store: Path, events: int) -> float:
    """Seconds of an updater to all of a log in its store, its last checkpoint included."""
    source = EmbeddedLogSource(log, schema=SCHEMA, group="features")
    with FeatureUpdater(source, store, config=CONFIG) as updater:
        began = time.perf_counter()
        updater.run(lambda: setattr(updater, "stopping", updater.buffer.counters.received >= events))
        return time.perf_counter() - began


def rounds(scratch: Path, events: int, times: int) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {"memory": [], "updater, store not written": [], "updater": []}
    for turn in range(times):
        taken["memory"].append(in_memory(scratch / "log", events))
        with patch.object(FeatureUpdater, "_commit", lambda _: None):
            seconds = updated(scratch / "log", scratch / f"without-{turn}", events)
            taken["updater, store not written"].append(seconds)
        taken["updater"].append(updated(scratch / "log", scratch / f"store-{turn}", events))
    return taken


def follow(log: Path, store: Path) -> None:
    """What the other process does, until it is ended."""
    source = EmbeddedLogSource(log, schema=SCHEMA, group="features")
    with FeatureUpdater(source, store, config=CONFIG) as updater:
        updater.run()


def seen_after(log: Path, store: Path, per_second: int, seconds: float) -> list[float]:
    """Of each event, milliseconds from the hand-over until a snapshot has it."""
    command = [sys.executable, __file__, "--follow", str(log), "--into", str(store)]
    handed: list[float] = []
    count = int(per_second * (WARM_SECONDS + seconds))

    def append() -> None:
        group, began = max(per_second // 100, 1), time.monotonic()
        with EmbeddedLogWriter(log) as writer:
            for place in range(count):
                if place % group == 0:
                    time.sleep(max(began + place / per_second - time.monotonic(), 0.0))
                handed.append(time.monotonic())
                writer.submit([event(place, place % 997, time.time_ns() // 1_000_000)])

    with subprocess.Popen(command) as process:
        try:
            while not (store / "features.lmdb" / "data.mdb").exists():
                time.sleep(0.05)
            time.sleep(2.0)
            appending = threading.Thread(target=append)
            appending.start()
            found: list[float] = []
            with LmdbStore(store) as opened:
                while len(found) < count:
                    with opened.snapshot() as view:
                        offset = int(view.offsets.get("0", "0"))
                    now = time.monotonic()
                    found += [1_000 * (now - each) for each in handed[len(found) : offset]]
                    time.sleep(0.002)
            appending.join()
        finally:
            process.kill()
    return found[int(WARM_SECONDS * per_second) :]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("users", 500), ("exposures", 100), ("rounds", 3), ("per-second", 1_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seconds", type=float, default=20.0, help="of the stream that a reader watches")
    parser.add_argument("--folder", type=Path, default=Path("build/bench"))
    parser.add_argument("--follow", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.follow is not None:
        follow(options.follow, options.into)
        return
    scratch = options.folder / "updater"
    shutil.rmtree(scratch, ignore_errors=True)
    user_N = np.random.default_rng(0).permutation(np.repeat(np.arange(options.users), options.exposures))
    first_ms = time.time_ns() // 1_000_000 - (user_N.size + 2 * LABEL_MS // APART_MS) * APART_MS
    said = messages(user_N, first_ms)
    with EmbeddedLogWriter(scratch / "log") as writer:
        for start in range(0, len(said), 4_096):
            writer.append(said[start : start + 4_096])
    in_memory(scratch / "log", min(len(said), 3_000))  # loops are compiled
    taken = rounds(scratch, len(said), options.rounds)
    print(f"{len(said):,} events of {options.users:,} users, {options.rounds} rounds, micro-batches of 4,096")
    for name, seconds in taken.items():
        share = [memory / each for memory, each in zip(taken["memory"], seconds, strict=True)]
        print(f"  {name}: {len(said) / median(seconds):,.0f} events a second, {median(share):.2f} of memory")
    seen = seen_after(scratch / "seen-log", scratch / "seen-store", options.per_second, options.seconds)
    cuts = quantiles(seen, n=100)
    print(
        f"  seen at {options.per_second:,} events a second: median {median(seen):.0f} ms, 95 % within "
        f"{cuts[94]:.0f} ms, 99 % within {cuts[98]:.0f} ms, most {max(seen):.0f} ms"
    )
    shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
