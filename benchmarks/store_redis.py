"""A store on Redis beside one on LMDB: events a second, bytes, and the time of a request, on one machine.

    python benchmarks/store_redis.py --users 500 --behaviours 200

Events are those of ``store.py``. The server is a ``redis-server`` of this script's own on this machine, which
writes an append-only file and waits for the disk each second, or each time (``--fsync always``). A request is
a snapshot that reads a user's history and hourly profile, and ``--candidates`` items by id with their values.
"""

from __future__ import annotations

import argparse
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa
import redis

from interestclock.store import FeatureWriter, LmdbStore, RedisStore, open_store, open_writer
from store import APART_MS, CONFIG, FIRST_MS, ITEMS, SCHEMA, feed, read_ms


def serve(folder: Path, fsync: str) -> tuple[subprocess.Popen[bytes], int]:
    """A server on a free port, and that."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    settings = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    settings += ["--appendonly", "yes", "--appendfsync", fsync, "--loglevel", "warning"]
    process = subprocess.Popen(["redis-server", *settings], stdout=subprocess.DEVNULL)
    client = redis.Redis(port=port)
    while True:
        try:
            client.ping()
        except redis.exceptions.ConnectionError:
            time.sleep(0.02)
        else:
            return process, port


def request_ms(store: LmdbStore | RedisStore, user: int, candidates: int, at_ms: int) -> float:
    """Median milliseconds of a request."""
    items, at_ms_M, seconds = pa.array(range(candidates)), np.array([at_ms]), []
    for _ in range(100):
        began = perf_counter()
        with store.snapshot() as view:
            view.read(view.slots("user", pa.array([user])), at_ms_M, clocks_at_ms_M=at_ms_M)
            view.histories()
            view.item_values("genre", view.slots("item", items), at_ms=at_ms)
        seconds.append(perf_counter() - began)
    return 1_000 * statistics.median(seconds)


def measure(name: str, where: str | Path, user_N: np.ndarray, options: argparse.Namespace) -> float:
    """Feed a store, read it and say what that took; events a second."""
    at_ms = FIRST_MS + user_N.size * APART_MS
    writer: FeatureWriter
    with open_writer(where, schema=SCHEMA, config=CONFIG, owner="benchmark") as writer:
        _, seconds = feed(user_N, options.batch, writer)
    with open_store(where) as store:
        reads, request = read_ms(store, 0, at_ms), request_ms(store, 0, options.candidates, at_ms)
    print(f"  {name}: {user_N.size / seconds:,.0f} events a second with the state")
    for what, each in reads.items():
        print(f"    {what} of {options.behaviours:,}: {statistics.median(each):.2f} ms")
    print(f"    a request of {options.candidates:,} candidates: {request:.2f} ms")
    return user_N.size / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("users", 500), ("behaviours", 200), ("batch", 1_024), ("candidates", 500)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--fsync", choices=("everysec", "always"), default="everysec")
    options = parser.parse_args()
    user_N = np.random.default_rng(0).permutation(np.repeat(np.arange(options.users), options.behaviours))
    feed(user_N[:2_000], 1_000, None)  # loops are compiled
    print(f"{options.users:,} users x {options.behaviours:,} of {ITEMS:,} items, batches of {options.batch}")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "redis").mkdir()
        process, port = serve(Path(folder) / "redis", options.fsync)
        try:
            client = redis.Redis(port=port)
            before = client.info("memory")["used_memory"]
            lmdb = measure("LMDB", Path(folder) / "lmdb", user_N, options)
            on_redis = measure(f"Redis, fsync {options.fsync}", f"redis://127.0.0.1:{port}", user_N, options)
            used = client.info("memory")["used_memory"] - before
        finally:
            process.terminate()
            process.wait()
    print(f"  Redis is {on_redis / lmdb:.2f} of LMDB's events a second")
    print(f"  {used / options.users:,.0f} bytes of the server's memory a user, items and all")


if __name__ == "__main__":
    main()
