"""A small log of plays for features of a model of one's own, read in any order of its rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from interestclock.events import ColumnMapping, open_log
from interestclock.events.schema import EventSource

ROWS = 600
START_S = 1_700_000_000
GENRES = (["rock"], ["jazz", "soul"], [], ["folk", "rock", "dub"])
ANY_ORDER_MS = 10**12


def plays(*, seed: int = 0, rows: int = ROWS) -> pa.Table:
    """Two weeks of plays, three a moment; in order, each row once."""
    random = np.random.default_rng(seed)
    song = random.integers(0, 40, rows)
    missing = random.random(rows) < 0.1
    return pa.table(
        {
            "user_id": [f"u{user}" for user in random.integers(0, 6, rows)],
            "item_id": [f"song {each} {place % 3}" for place, each in enumerate(song)],
            "timestamp_ms": [START_S + 6_000 * (place // 3) for place in range(rows)],
            "finish": pa.array((random.random(rows) < 0.5).astype(np.int8), mask=missing),
            "like": (random.random(rows) < 0.2).astype(np.int8),
            "genre": [GENRES[each % 4] for each in song],
            "device": [("tv", None, "phone")[each % 3] for each in song],
            "tags": [[["new", "loud"], [], ["old"]][place % 3] for place in range(rows)],
            "age": [None if place % 5 == 0 else place / 4 for place in range(rows)],
        }
    )


def opened(log: pa.Table, folder: Path, **rest: object) -> EventSource:
    """The log as a source that reads it from a file, in whatever order its rows stand."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(log, folder / "plays.parquet")
    mapping = ColumnMapping(
        zone="Europe/Berlin",
        attributes={"genre": "genre"},
        categorical={"device": "device"},
        multivalued={"tags": "tags"},
        numeric={"age": "age"},
        **rest,
    )
    if mapping.positive_only is None:
        mapping = mapping.with_options(labels=["finish", "like"])
    return open_log(
        folder / "plays.parquet",
        mapping=mapping,
        lateness_ms=ANY_ORDER_MS,
        dead_letters=folder / "dead.jsonl",
    )
