"""A store of many users built at once in bounded memory: events a second, bytes, and whether it is right.

    python benchmarks/store_bulk.py --users 1000000 --behaviours 100 --parts 64 --folder build/bench

Every event is an exposure that was finished; users take turns at random. They come in parts by their ids,
each part in the order of time: the state has the users of one part, one apply writes them behind those that
are there, and the state forgets them (items, values and sets stay). So memory holds one part. At the end
users of several parts are read, and held against a state that was fed their events alone; the file is
measured as it is and compacted. Nothing goes on from such a store: an updater needs all users in memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa
from machine import machine

from interestclock.admission import Erasures, UserHashes
from interestclock.state import FeatureState
from interestclock.store import LmdbStore, StoreView, StoreWriter
from interestclock.store.compact import compact
from store import APART_MS, BULK_BATCH, CONFIG, FIRST_MS, SCHEMA, batch_at, feed, users_of

Part = tuple[np.ndarray, np.ndarray]  # users and moments, in order


def part_of(number: int, parts: int, users: int, behaviours: int) -> Part:
    """One part's users, each so many times at random, at every so many-th moment of all events."""
    low, high = (users * each // parts for each in (number, number + 1))
    user_N = np.random.default_rng(number).permutation(np.repeat(np.arange(low, high), behaviours))
    return user_N, FIRST_MS + (np.arange(user_N.size) * parts + number) * APART_MS


def fed(state: FeatureState, part: Part, first: int) -> int:
    """Ingest a part; the number of the next exposure."""
    user_N, at_ms_N = part
    for begin in range(0, user_N.size, BULK_BATCH):
        some = slice(begin, begin + BULK_BATCH)
        batch_at(state, user_N[some], first + begin, at_ms_N[some])
    state.close_before_ms(int(at_ms_N[-1]) + 1)
    return first + user_N.size


def forget_users(state: FeatureState, user_N: np.ndarray) -> None:
    """Have the state without them, and the store with them."""
    state.unfollow()
    ids = tuple(map(str, np.unique(user_N).tolist()))
    state.erase(Erasures(until_ms={}, hashes=UserHashes(), user_ids=ids))
    state.follow()


def build(folder: Path, users: int, behaviours: int, parts: int) -> dict[str, float]:
    """Seconds of the state, of the store, and of forgetting; each apply is on the disk."""
    state, first = FeatureState(SCHEMA, items=None, config=CONFIG), 0
    seconds = {"state": 0.0, "store": 0.0, "forgetting": 0.0}
    with StoreWriter(folder, schema=SCHEMA, config=CONFIG) as writer:
        for number in range(parts):
            part, began = part_of(number, parts, users, behaviours), perf_counter()
            first = fed(state, part, first)
            applying = perf_counter()
            writer.apply(state.changes(), position=number + 1, offsets={}, watermark_ms=FIRST_MS)
            forgetting = perf_counter()
            forget_users(state, part[0])
            seconds["state"] += applying - began
            seconds["store"] += forgetting - applying
            seconds["forgetting"] += perf_counter() - forgetting
            print(f"part {number + 1} of {parts}: {seconds}", flush=True)
    return seconds


def said_of(view: FeatureState | StoreView, user: int, at_ms: int) -> tuple[object, ...]:
    """What is read of a user: how many behaviours, their moments and items, the best genres of each hour."""
    slot, at_ms_M = view.slots("user", pa.array([user])), np.array([at_ms])
    features = view.read(slot, at_ms_M, clocks_at_ms_M=at_ms_M)
    kept, names = view.user_histories.of_user(int(slot[0])), view.named("genre").to_pylist()
    best = [names[each - 1] if each else None for each in features.clocks["genre"][0].ravel().tolist()]
    items = view.ids("item", kept["item"]).to_pylist()
    return features.known_M.tolist(), kept["timestamp_ms"].tolist(), items, best


def check(folder: Path, users: int, behaviours: int, parts: int) -> int:
    """Hold some users against a state that was fed their events alone; how many."""
    at_ms = FIRST_MS + users * behaviours * APART_MS
    with LmdbStore(folder) as store, store.snapshot() as view:
        for number in np.linspace(0, parts - 1, 8).astype(int).tolist():
            user_N, at_ms_N = part_of(number, parts, users, behaviours)
            user, alone = int(user_N[0]), FeatureState(SCHEMA, items=None, config=CONFIG)
            own = user_N == user
            fed(alone, (user_N[own], at_ms_N[own]), 0)
            assert said_of(view, user, at_ms) == said_of(alone, user, at_ms), user
    return 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (("users", 20_000), ("behaviours", 100), ("parts", 4)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--folder", type=Path, default=Path("build/bench"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    feed(users_of(20, 100), 1_000, None)  # loops are compiled
    folder, shape = options.folder / "store-bulk", (options.users, options.behaviours, options.parts)
    shutil.rmtree(folder, ignore_errors=True)
    events, seconds = options.users * options.behaviours, build(folder, *shape)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024  # before the file is read
    checked = check(folder, *shape)
    before, after = compact(folder)
    figures = {
        **{f"{name}, seconds": each for name, each in seconds.items()},
        "events a second": events / sum(seconds.values()),
        "bytes of file an event": before / events,
        "bytes of file an event, compacted": after / events,
        "bytes of memory at most": memory,
        "users held against a state": checked,
    }
    print(f"{options.users:,} users x {options.behaviours}, {options.parts} parts")
    for name, figure in figures.items():
        print(f"  {name}: {figure:,.2f}")
    if options.json is not None:
        content = {"users x behaviours, parts": shape, **figures, "machine": machine()}
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
