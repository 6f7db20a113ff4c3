"""What a store costs: events a second with it and without, bytes written and kept, and the time of reads.

    python benchmarks/store.py --part apply --part written --part sizes --part reads --json FILE
    python benchmarks/store.py --part apply --users 500 --behaviours 200 --chunk 1024

Every event is an exposure that was finished, in batches of ``--batch``, of users at random.

apply: a state that a writer follows against one that none does, in turns: with a commit for each batch, and
as an updater that is behind commits (``CommitPace``), until all is on the disk. written: bytes handed to the
file for each event, by the size of batches. sizes: bytes of a compacted file for a user, and for a behaviour
and its vote, out of three sizes. reads: a snapshot that reads a history of 10,000, without and with the
hourly profile as of now.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa
from machine import machine

from interestclock.admission import LabelEvents
from interestclock.events.schema import LogSchema
from interestclock.state import FeatureState, StateConfig
from interestclock.store import FeatureWriter, LmdbStore, RedisStore, StoreWriter, records
from interestclock.store.compact import compact
from interestclock.updater.commit_pace import CommitPace

SCHEMA = LogSchema(labels=("finish",), attributes=("genre",), clock_attributes=("genre",))
CONFIG = StateConfig()
ITEMS, GENRES = 5_000, 50
FIRST_MS, APART_MS = 1_700_000_000_000, 100
GENRE_LISTS = pa.array([[f"g{item % GENRES}"] for item in range(ITEMS)])
BULK_BATCH = 65_536
Figures = dict[str, float]


def batch(state: FeatureState, user_N: np.ndarray, first: int) -> None:
    """Ingest exposures of these users, all of them finished at once."""
    batch_at(state, user_N, first, FIRST_MS + (first + np.arange(user_N.size)) * APART_MS)


def batch_at(state: FeatureState, user_N: np.ndarray, first: int, at_ms_N: np.ndarray) -> None:
    """The same at moments of their own."""
    serial_N = first + np.arange(user_N.size)
    item_N = at_ms_N // APART_MS * 7919 % ITEMS
    local_N = at_ms_N // 1_000
    state.ingest(
        pa.table(
            {
                "user_id": user_N,
                "item_id": item_N,
                "timestamp_ms": at_ms_N,
                "second_of_day": (local_N % 86_400).astype(np.int32),
                "day_of_week": ((local_N // 86_400 + 3) % 7).astype(np.int8),
                "attribute.genre": GENRE_LISTS.take(pa.array(item_N)),
            }
        )
    )
    ones = np.ones(user_N.size, np.int8)
    state.apply_labels(LabelEvents(known_ms_E=at_ms_N, serial_E=serial_N, label_E=0 * ones, value_E=ones))
    state.close_before_ms(int(at_ms_N[-1]))


class EachBatch(CommitPace):
    """A commit for each batch, as of an updater that is not behind."""

    def due(self, *, more: bool) -> bool:
        return True


def feed(
    user_N: np.ndarray, size: int, writer: FeatureWriter | None, pace: CommitPace | None = None
) -> tuple[FeatureState, float]:
    """A state that was fed, followed by a writer or not; and seconds, until all of it is written."""
    state, pace = FeatureState(SCHEMA, items=None, config=CONFIG), pace or EachBatch()
    began = perf_counter()
    for first in range(0, user_N.size, size):
        batch(state, user_N[first : first + size], first)
        if writer is not None and pace.due(more=first + size < user_N.size):
            with pace.commit():
                writer.apply(state.changes(), position=first + size, offsets={}, watermark_ms=FIRST_MS)
    return state, perf_counter() - began


READS = ("history", "hourly profile", "history and hourly profile")


def read_ms(store: LmdbStore | RedisStore, user: int, at_ms: int, times: int = 50) -> dict[str, list[float]]:
    """Milliseconds of snapshots, each of which reads a user's history, or clocks, or both; in turns."""
    at_ms_M = np.array([at_ms])
    taken: dict[str, list[float]] = {name: [] for name in READS}
    for _ in range(times):
        for name, milliseconds in taken.items():
            began = perf_counter()
            with store.snapshot() as view:
                slot = view.slots("user", pa.array([user]))
                history, profile = ("history" in name), ("profile" in name)
                view.read(slot, at_ms_M if history else None, clocks_at_ms_M=at_ms_M if profile else None)
                if history:
                    view.histories()
            milliseconds.append(1_000 * (perf_counter() - began))
    return taken


@contextmanager
def new_writer() -> Iterator[tuple[StoreWriter, Path]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        StoreWriter(Path(folder), schema=SCHEMA, config=CONFIG) as writer,
    ):
        yield writer, Path(folder)


def users_of(users: int, behaviours: int) -> np.ndarray:
    return np.random.default_rng(0).permutation(np.repeat(np.arange(users), behaviours))


def apply_part(users: int, behaviours: int, size: int, rounds: int) -> Figures:
    """Rounds of the three one after the other; medians, and of the ratios within a round."""
    user_N, paces = users_of(users, behaviours), {"each batch": EachBatch, "behind": CommitPace}
    taken: dict[str, list[float]] = {name: [] for name in ("memory", *paces)}
    for _ in range(rounds):
        taken["memory"].append(feed(user_N, size, None)[1])
        for name, pace in paces.items():
            with new_writer() as (writer, _):
                taken[name].append(feed(user_N, size, writer, pace())[1])
    figures = {f"{name}, events a second": user_N.size / statistics.median(taken[name]) for name in taken}
    for name in paces:
        ratios = [alone / each for alone, each in zip(taken["memory"], taken[name], strict=True)]
        figures |= {f"{name}, of memory": statistics.median(ratios), f"{name}, of memory, least": min(ratios)}
    return figures


def written_part(users: int, behaviours: int) -> Figures:
    """Bytes for each event; fewer events where each is a commit of its own."""
    figures = {}
    for size in (1, 100, 1_000):
        user_N = users_of(users, behaviours)[: min(users * behaviours, 3_000 * size)]
        with new_writer() as (writer, _):
            before = _bytes_written()
            feed(user_N, size, writer)
            figures[f"batches of {size:,}"] = (_bytes_written() - before) / user_N.size
    return figures


def sizes_part() -> Figures:
    """Bytes of a compacted file, solved for a user, a behaviour and what is there anyhow."""
    shapes, sizes = ((1_000, 10), (1_000, 400), (20_000, 10)), []
    for users, behaviours in shapes:
        with tempfile.TemporaryDirectory() as name:
            with StoreWriter(Path(name), schema=SCHEMA, config=CONFIG) as writer:
                state, _ = feed(users_of(users, behaviours), BULK_BATCH, None)
                writer.apply(state.changes(), position=1, offsets={}, watermark_ms=FIRST_MS)
            sizes.append(compact(Path(name))[1])
    rows = np.array([(1, users, users * behaviours) for users, behaviours in shapes])
    there, user, behaviour = np.linalg.solve(rows, np.array(sizes)).tolist()
    return {"bytes of a user": user, "bytes of a behaviour and its vote": behaviour, "bytes anyhow": there}


def reads_part(behaviours: int = 10_000, times: int = 200) -> Figures:
    with new_writer() as (writer, folder):
        feed(users_of(4, behaviours), 1_000, writer)
        with LmdbStore(folder) as store:
            taken = read_ms(store, 0, FIRST_MS + 4 * behaviours * APART_MS, times)
    figures = {}
    for name, each in taken.items():
        figures |= {f"{name}, ms": statistics.median(each), f"{name}, least ms": min(each)}
    return figures


def _bytes_written() -> int:
    """That this process handed to files; Linux says it."""
    lines = Path("/proc/self/io").read_text(encoding="utf-8").splitlines()
    return int(dict(line.split(": ") for line in lines)["wchar"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parts = ("apply", "written", "sizes", "reads")
    parser.add_argument("--part", action="append", choices=parts, help="may be given several times")
    for name, default in (
        ("users", 500),
        ("behaviours", 200),
        ("batch", 1_024),
        ("rounds", 5),
        ("chunk", records.CHUNK),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    records.CHUNK = options.chunk
    warm, _ = feed(users_of(20, 100), 1_000, None)  # loops are compiled
    warm.read(np.array([1]), np.array([FIRST_MS]), clocks_at_ms_M=np.array([FIRST_MS]))
    shape = (options.users, options.behaviours)
    runs = {
        "apply": lambda: apply_part(*shape, options.batch, options.rounds),
        "written": lambda: written_part(*shape),
        "sizes": sizes_part,
        "reads": reads_part,
    }
    print(f"{shape[0]:,} users x {shape[1]:,}, batches of {options.batch:,}, chunk {options.chunk}")
    found: dict[str, Figures] = {}
    for part in options.part or ("apply", "reads"):
        found[part] = runs[part]()
        print(f"{part}:")
        for name, figure in found[part].items():
            print(f"  {name}: {figure:,.2f}" if figure < 100 else f"  {name}: {figure:,.0f}")
    if options.json is not None:
        content = {"options": {**vars(options), "json": None}, **found, "machine": machine()}
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
