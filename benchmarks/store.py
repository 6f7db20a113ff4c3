"""What a store costs: events a second with it and without, bytes of file, and the time of a read.

    python benchmarks/store.py --users 500 --behaviours 200 --chunk 256

Every event is an exposure that was finished, in batches of ``--batch``, of users at random. A chunk
as long as the longest history is one blob.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa

from interestclock.admission import LabelEvents
from interestclock.events.schema import LogSchema
from interestclock.state import FeatureState, StateConfig
from interestclock.store import FeatureWriter, LmdbStore, RedisStore, StoreWriter, records

SCHEMA = LogSchema(labels=("finish",), attributes=("genre",), clock_attributes=("genre",))
CONFIG = StateConfig()
ITEMS, GENRES = 5_000, 50
FIRST_MS, APART_MS = 1_700_000_000_000, 100


def batch(state: FeatureState, user_N: np.ndarray, first: int) -> None:
    """Ingest exposures of these users, all of them finished at once."""
    serial_N = first + np.arange(user_N.size)
    at_ms_N = FIRST_MS + serial_N * APART_MS
    item_N = serial_N * 7919 % ITEMS
    local_N = at_ms_N // 1_000
    genres = pa.array([[f"g{item % GENRES}"] for item in item_N.tolist()])
    state.ingest(
        pa.table(
            {
                "user_id": user_N,
                "item_id": item_N,
                "timestamp_ms": at_ms_N,
                "second_of_day": (local_N % 86_400).astype(np.int32),
                "day_of_week": ((local_N // 86_400 + 3) % 7).astype(np.int8),
                "attribute.genre": genres,
            }
        )
    )
    ones = np.ones(user_N.size, np.int8)
    state.apply_labels(LabelEvents(known_ms_E=at_ms_N, serial_E=serial_N, label_E=0 * ones, value_E=ones))
    state.close_before_ms(int(at_ms_N[-1]))


def feed(user_N: np.ndarray, size: int, writer: FeatureWriter | None) -> tuple[FeatureState, float]:
    """A state that was fed, followed by a writer or not; and seconds."""
    state = FeatureState(SCHEMA, items=None, config=CONFIG)
    began = perf_counter()
    for first in range(0, user_N.size, size):
        batch(state, user_N[first : first + size], first)
        if writer is not None:
            writer.apply(state.changes(), position=first + size, offsets={}, watermark_ms=FIRST_MS)
    return state, perf_counter() - began


def read_ms(store: LmdbStore | RedisStore, user: int, at_ms: int, times: int = 50) -> dict[str, float]:
    """Median milliseconds of a snapshot that reads a user's history, and of one that reads clocks, too."""
    at_ms_M, taken = np.array([at_ms]), {"history": [], "history and hourly profile": []}
    for name, seconds in taken.items():
        for _ in range(times):
            began = perf_counter()
            with store.snapshot() as view:
                slot = view.slots("user", pa.array([user]))
                clocks_at_ms_M = at_ms_M if "profile" in name else None
                view.read(slot, at_ms_M, clocks_at_ms_M=clocks_at_ms_M)
                view.histories()
            seconds.append(perf_counter() - began)
    return {name: 1_000 * statistics.median(each) for name, each in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("users", 500), ("behaviours", 200), ("batch", 1_024), ("chunk", records.CHUNK)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    records.CHUNK = options.chunk
    user_N = np.random.default_rng(0).permutation(np.repeat(np.arange(options.users), options.behaviours))
    warm, _ = feed(user_N[:2_000], 1_000, None)  # loops are compiled
    warm.read(np.array([1]), np.array([FIRST_MS]), clocks_at_ms_M=np.array([FIRST_MS]))
    _, alone = feed(user_N, options.batch, None)
    with tempfile.TemporaryDirectory() as folder:
        with StoreWriter(Path(folder), schema=SCHEMA, config=CONFIG) as writer:
            _, followed = feed(user_N, options.batch, writer)
            file = next(Path(folder).rglob("data.mdb"))
            with LmdbStore(Path(folder)) as store:
                reads = read_ms(store, 0, FIRST_MS + user_N.size * APART_MS)
        size = file.stat().st_blocks * 512
    print(
        f"{options.users:,} users x {options.behaviours:,}, batches of {options.batch}, chunk {options.chunk}"
    )
    print(f"  events a second: memory {user_N.size / alone:,.0f}, with a store {user_N.size / followed:,.0f}")
    print(f"  bytes of file per behaviour (with its vote): {size / user_N.size:,.0f}")
    for name, each in reads.items():
        print(f"  {name} of {options.behaviours:,}: {each:.2f} ms")


if __name__ == "__main__":
    main()
