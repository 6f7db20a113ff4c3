"""A store built of a log by the updater: events a second, and what each part of its folder takes.

    python benchmarks/store_build.py --users 20000 --behaviours 1000 --folder build/bench --seconds 540

Each exposure of the log is finished. A run stops by itself after ``--seconds``; the next one with the same
options goes on, so a large store is built in several. ``--poll-messages`` is the updater's own.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from machine import machine

from interestclock.events import open_log
from interestclock.streams import ReplaySource
from interestclock.updater import FeatureUpdater, UpdaterConfig

MAPPING = """
log = "part-*.parquet"
user = "user_id"
item = "item_id"
time = "timestamp_ms"
zone = "UTC"
clock_attributes = ["genre"]

[labels]
finish = "finish"

[attributes]
genre = "genre"
"""
ITEMS, GENRES = 5_000, 50
FIRST_MS, APART_MS = 1_700_000_000_000, 100
ROWS = 1_000_000


def write_log(folder: Path, users: int, behaviours: int) -> None:
    """Rows of users at random, in time order, a part of a million rows after the other."""
    draw, total = np.random.default_rng(0), users * behaviours
    folder.mkdir(parents=True)
    genre_of = np.array([f"g{item % GENRES}" for item in range(ITEMS)], object)
    (folder / "log.toml").write_text(MAPPING, encoding="utf-8")
    for first in range(0, total, ROWS):
        serial_N = np.arange(first, min(first + ROWS, total))
        item_N = serial_N * 7919 % ITEMS
        rows = {
            "user_id": draw.integers(0, users, serial_N.size),
            "item_id": item_N,
            "timestamp_ms": FIRST_MS + serial_N * APART_MS,
            "finish": np.ones(serial_N.size, np.int8),
            "genre": genre_of[item_N],
        }
        pq.write_table(pa.table(rows), folder / f"part-{first // ROWS:05}.parquet")


def build(log: Path, store: Path, *, poll_messages: int, seconds: float) -> dict[str, float]:
    """Until the log ends or the time is over."""
    config = UpdaterConfig(
        poll_messages=poll_messages, checkpoint_messages=5_000_000, forget_users_after_days=None
    )
    opened = time.perf_counter()
    with FeatureUpdater(ReplaySource(open_log(log)), store, config=config) as updater:
        began, taken_before = 0.0, 0

        def report() -> None:
            nonlocal began, taken_before
            if not began:
                began, taken_before = time.perf_counter(), updater.buffer.counters.received
            updater.stopping = time.perf_counter() - opened > seconds

        updater.run(report)
        received = updater.buffer.counters.received
        return {
            "events": received,
            "ended": not updater.stopping,
            "seconds until it went on": began - opened,
            "events a second": (received - taken_before) / (time.perf_counter() - began),
        }


def bytes_of(store: Path) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for path in store.rglob("*"):
        if path.is_file():
            part = path.relative_to(store).parts[0]
            sizes[part] = sizes.get(part, 0) + path.stat().st_size
    return sizes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (("users", 2_000), ("behaviours", 100), ("poll-messages", 65_536)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seconds", type=float, default=540.0)
    parser.add_argument("--folder", type=Path, default=Path("build/bench"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--anew", action="store_true", help="remove what an earlier run left")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    name = f"store-{options.users}-{options.behaviours}-{options.poll_messages}"
    log, store = options.folder / f"log-{options.users}-{options.behaviours}", options.folder / name
    if options.anew:
        shutil.rmtree(store, ignore_errors=True)
    if not log.exists():
        write_log(log, options.users, options.behaviours)
    built = build(log, store, poll_messages=options.poll_messages, seconds=options.seconds)
    total = options.users * options.behaviours
    print(f"{name}: {built['events']:,} of {total:,} events, {built['events a second']:,.0f} a second")
    sizes = bytes_of(store)
    for part, size in sorted(sizes.items()):
        print(f"  {part}: {size:,} bytes, {size / max(built['events'], 1):,.1f} an event")
    if options.json is not None:
        content = {"build": name, **built, "bytes": sizes, "machine": machine()}
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
