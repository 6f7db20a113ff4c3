"""How long `interestclock.inspect` takes of a frame, and how much memory beside it.

    python benchmarks/frames.py --json build/bench/frames.json

Each frame is inspected in a process of its own: a thousand rows first, which imports and compiles, then all
of them. Memory beside the frame is the highest of the process from there on, less what it held with the frame
made; the system counts it, so that what Arrow, NumPy and Python hold is all in it. Narrow frames have the
five columns that are read, wide ones twelve more, as logs do.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from machine import machine
from rich.console import Console
from rich.table import Table

import interestclock
from interestclock.training.memory import forget_peak, peak_rss_mib

KINDS = ("pandas", "Polars", "Arrow")
WIDTHS = {"narrow": 0, "wide": 12}
USERS, ITEMS = 20_000, 50_000
MIB = 2**20
SAID = {
    "user": "uid",
    "item": "song",
    "time": "played_at",
    "zone": "Europe/Berlin",
    "labels": {"finish": "played_ratio >= 0.8"},
    "attributes": {"genre": "genre"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--kind", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--log", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.kind:
        print(json.dumps(measured(given.log, given.kind)))
        return
    with tempfile.TemporaryDirectory() as folder:
        logs = {width: written(Path(folder), width, given.rows) for width in WIDTHS}
        figures = {
            f"{kind}, {width}": in_a_process(log, kind) for width, log in logs.items() for kind in KINDS
        }
    show(figures)
    if given.json:
        found = {"machine": machine("pandas", "polars", "pyarrow"), "rows": given.rows, "frames": figures}
        given.json.write_text(json.dumps(found, indent=1) + "\n")


def written(folder: Path, width: str, rows: int) -> Path:
    log = folder / f"{width}.parquet"
    pq.write_table(plays(rows, more=WIDTHS[width]), log, row_group_size=2**17)
    return log


def plays(rows: int, *, more: int) -> pa.Table:
    """Ninety days of plays, as one would have them: ids of text, local times with their zone."""
    rng = np.random.default_rng(0)
    genres = np.array(["rock", "pop", "jazz", "folk", "news"])
    seconds = 1_700_000_000 + np.sort(rng.integers(0, 86_400 * 90, rows))
    return pa.table(
        {
            "uid": rng.integers(0, USERS, rows),
            "song": np.char.add("song-", rng.integers(0, ITEMS, rows).astype(str)),
            "played_at": pa.array(seconds * 1_000, pa.timestamp("ms", "Europe/Berlin")),
            "played_ratio": rng.random(rows),
            "genre": genres[rng.integers(0, genres.size, rows)],
            **{f"quantity{number}": rng.random(rows) for number in range(more)},
        }
    )


def in_a_process(log: Path, kind: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--kind", kind, "--log", str(log)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def measured(log: Path, kind: str) -> dict[str, float]:
    """Seconds and memory of inspecting one frame, after a short one."""
    frame = made(log, kind)
    interestclock.inspect(frame[:1_000], **SAID)
    tidy()
    forget_peak()
    before, began, worked = peak_rss_mib(), time.perf_counter(), time.process_time()
    found = interestclock.inspect(frame, **SAID)
    seconds, beside = time.perf_counter() - began, peak_rss_mib() - before
    assert found.found.counts.used == len(frame)
    frame_mib = frame_bytes(frame) / MIB
    return {
        "seconds": round(seconds, 1),
        "processor_seconds": round(time.process_time() - worked, 1),
        "frame_mib": round(frame_mib, 1),
        "beside_mib": round(beside, 1),
        "times_the_frame": round((frame_mib + beside) / frame_mib, 2),
    }


def made(log: Path, kind: str) -> Any:
    """The frame, and nothing else of the file."""
    if kind == "pandas":
        return pd.read_parquet(log)
    return pl.read_parquet(log) if kind == "Polars" else pq.read_table(log)


def frame_bytes(frame: Any) -> int:
    """What the frame's own library says that it takes."""
    if isinstance(frame, pd.DataFrame):
        return int(frame.memory_usage(deep=True).sum())
    return frame.estimated_size() if isinstance(frame, pl.DataFrame) else frame.nbytes


def tidy() -> None:
    """Give back what is held and not used, so that it is not counted as the frame's."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)


def show(figures: dict[str, dict[str, float]]) -> None:
    table = Table(
        "frame", "seconds", "of the processor", "MiB of the frame", "MiB beside it", "times the frame"
    )
    for kind, figure in figures.items():
        table.add_row(kind, *map(str, figure.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
