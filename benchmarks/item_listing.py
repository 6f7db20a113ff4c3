"""What it takes to list items by an attribute's value: in memory, in a store, and by looking at all of them.

    python benchmarks/item_listing.py --items 1000000 --limit 500

Items have three genres of ``--genres`` each; of these one is listed, and the whole catalogue. Beside them
stands what a store without lists would do: read the values of all items and compare.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa

from interestclock.events.schema import LogSchema
from interestclock.state import FeatureState, StateConfig
from interestclock.store import LmdbStore, StoreView, StoreWriter

SCHEMA = LogSchema(labels=("finish",), attributes=("genre",))
AT_MS = 1_700_000_000_000


def table_of(items: int, genres: int) -> pa.Table:
    number_E = np.random.default_rng(0).integers(0, genres, 3 * items)
    names = pa.array([f"g{each}" for each in range(genres)]).take(pa.array(number_E))
    lists = pa.ListArray.from_arrays(np.arange(0, 3 * items + 1, 3, dtype=np.int32), names)
    return pa.table({"item_id": [f"item {each}" for each in range(items)], "attribute.genre": lists})


def median_ms(call: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        began = perf_counter()
        call()
        taken.append(perf_counter() - began)
    return 1_000 * statistics.median(taken)


def scanned(view: StoreView, items: int, limit: int) -> np.ndarray:
    """The newest items of a genre, by reading all of them."""
    slots = np.arange(1, items + 1)
    number = view.named("genre").to_pylist().index("g7") + 1
    has = (view.item_values("genre", slots, at_ms=AT_MS) == number).any(axis=1)
    return slots[has][::-1][:limit]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("items", 100_000), ("genres", 1_000), ("limit", 500), ("times", 20)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    limit, times, genre = options.limit, options.times, ("genre", "g7")
    state = FeatureState(SCHEMA, items=table_of(options.items, options.genres), config=StateConfig())
    began = perf_counter()
    state.admit_catalogue()
    admitted_s, began = perf_counter() - began, perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        with StoreWriter(Path(folder), schema=SCHEMA, config=state.config) as writer:
            writer.apply(state.changes(), position=1, offsets={}, watermark_ms=AT_MS)
        written_s = perf_counter() - began
        size = next(Path(folder).rglob("data.mdb")).stat().st_blocks * 512

        def read(listing: Callable[[StoreView], np.ndarray]) -> np.ndarray:
            with store.snapshot() as view:
                return listing(view)

        with LmdbStore(Path(folder)) as store:
            read(lambda view: view.slots("item", pa.array(["item 0"])))  # names are read
            expected = state.list_items(at_ms=AT_MS, limit=limit, having=genre).tolist()
            calls = {
                "memory, a genre": lambda: state.list_items(at_ms=AT_MS, limit=limit, having=genre),
                "memory, all": lambda: state.list_items(at_ms=AT_MS, limit=limit),
                "store, a genre": lambda: read(
                    lambda view: view.list_items(at_ms=AT_MS, limit=limit, having=genre)
                ),
                "store, all": lambda: read(lambda view: view.list_items(at_ms=AT_MS, limit=limit)),
            }
            assert calls["store, a genre"]().tolist() == expected
            took = {name: median_ms(call, times) for name, call in calls.items()}
            scan = median_ms(lambda: read(lambda view: scanned(view, options.items, limit)), 1)
    print(f"{options.items:,} items, {options.genres:,} genres, at most {limit:,} listed")
    print(f"  known after {admitted_s:.1f} s, in the store after {written_s:.1f} s, {size / 1e6:,.0f} MB")
    for name, each in took.items():
        print(f"  {name}: {each:.2f} ms ({scan / each:,.0f} times as fast as reading all)")
    print(f"  store, reading all: {scan:,.0f} ms")


if __name__ == "__main__":
    main()
