"""What a served request costs: bytes in the log and in the updater's admitted log, and time to hand it over.

    python benchmarks/served_log.py --json build/bench/served_log.json --folder build/bench

Answers with so many items, of ids as text of 10 bytes or as whole numbers, with and without exploration (with
it, each item has its propensity). *Built*: the message made of an answer; *handed over*: given to the log's
queue, which writes it behind the caller's back. *In the log*: of an embedded log's files. *Admitted*: of the
updater's ``admitted/``, in entries of 1,024 messages.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path
from statistics import median

import numpy as np
from machine import machine
from rich.console import Console
from rich.table import Table

from interestclock.client import Rank, Ranked, RankedItem, WallClock
from interestclock.events.schema import LogSchema
from interestclock.service import Exploration, ServedLog, served_message_of
from interestclock.streams import EmbeddedLogSource, EmbeddedLogWriter
from interestclock.updater import FeatureUpdater, UpdaterConfig

START_MS = 1_780_000_000_000
CLOCK = WallClock(second_of_day=64_800, day_of_week=6, utc_offset_minutes=120, source="zone")
CALL = Rank(user="user 123456", candidates=["any"], zone="Europe/Berlin")


def main() -> None:
    arguments = parse_arguments()
    scratch = arguments.folder / "served-log"
    shutil.rmtree(scratch, ignore_errors=True)
    rows = [
        measured(scratch / f"{top}-{text}-{share}", top, text, share, requests=arguments.requests)
        for top in (20, 500)
        for text in (True, False)
        for share in (0.0, 0.05)
    ]
    shutil.rmtree(scratch)
    table = Table(*rows[0], title="a served request")
    for each in rows:
        table.add_row(*(f"{value:,}" if not isinstance(value, str) else value for value in each.values()))
    Console(width=120).print(table)
    if arguments.json is not None:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps({"rows": rows, "machine": machine()}, indent=1) + "\n")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--requests", type=int, default=2_048, help="of each kind")
    parser.add_argument("--folder", type=Path, default=Path("build/bench"), help="where logs are written")
    parser.add_argument("--json", type=Path, help="where figures go")
    return parser.parse_args()


def measured(folder: Path, top: int, text: bool, share: float, *, requests: int) -> dict[str, str | float]:
    draw, exploration = np.random.default_rng(0), Exploration(share=share)
    answers = [answer(number, top, text, exploration, draw) for number in range(requests)]
    built_s, handed_over_s, sizes = [], [], []
    with EmbeddedLogWriter(folder / "log", most_waiting_bytes=1 << 28) as writer:
        served = ServedLog(writer)
        for each in answers:
            began_s = time.perf_counter()
            message = served_message_of(CALL, each)
            built_s.append(time.perf_counter() - began_s)
            began_s = time.perf_counter()
            assert served.append(message)
            handed_over_s.append(time.perf_counter() - began_s)
            sizes.append(len(message))
        served.close()
    return {
        "items": top,
        "ids": "text" if text else "numbers",
        "explored": f"{share:.0%}",
        "message bytes": round(sum(sizes) / requests),
        "bytes in the log": round(size_of(folder / "log") / requests),
        "bytes admitted": round(admitted_bytes(folder, requests) / requests),
        "built us": round(1e6 * median(built_s)),
        "handed over us": round(1e6 * median(handed_over_s)),
    }


def answer(number: int, top: int, text: bool, exploration: Exploration, draw: np.random.Generator) -> Ranked:
    request_id = f"{number:016d}"
    scores = np.sort(draw.random(top))[::-1].astype(np.float32).tolist()
    ids = draw.choice(10**6, top, replace=False).tolist()
    order = exploration.order(request_id, candidates=top, most=top)
    propensities = order.propensities or [None] * top
    return Ranked(
        request_id=request_id,
        at_ms=START_MS + number,
        ranker="ranker",
        version="00000123-delta",
        local_time=CLOCK,
        weights={"finish": 1.0},
        known_behaviours=100,
        admitted_offset="123456",
        items=[
            RankedItem(
                item=f"song {ids[rank]:05d}"[:10] if text else ids[rank],
                score=scores[rank],
                probabilities={"finish": scores[rank]},
                propensity=propensity,
            )
            for rank, propensity in zip(order.ranks, propensities, strict=True)
        ],
    )


def admitted_bytes(folder: Path, requests: int) -> int:
    """Before a checkpoint lets go of them."""
    source = EmbeddedLogSource(folder / "log", schema=LogSchema(labels=("finish",)))
    config = UpdaterConfig(idle_seconds=3_600, checkpoint_messages=10**9)
    with FeatureUpdater(source, folder / "store", config=config) as updater:
        found = 0

        def look() -> None:
            nonlocal found
            if not updater.stopping and updater.buffer.counters.received >= requests:
                found, updater.stopping = size_of(folder / "store" / "admitted"), True

        updater.run(look)
    return found


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.segment"))


if __name__ == "__main__":
    main()
