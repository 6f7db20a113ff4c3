"""Messages appended to an embedded log and acknowledged per second, and how soon a follower sees them.

    python benchmarks/embedded_log.py --json build/bench/embedded_log.json --folder build/bench

Each caller hands over one message and waits until it is on the disk, over and over: threads, and tasks of one
event loop. In every round each number of callers takes its turn, and so does the floor: a write of the same
message and one wait of this disk (``fsync``). Latencies are of all rounds together. *Seen*: from hand-over to
the follower's poll, which looks every 5 ms, in the same process, at 100 messages a second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from machine import machine
from messages import FULL, SCHEMA
from rich.console import Console
from rich.table import Table

from interestclock.streams import EmbeddedLogSource, EmbeddedLogWriter

MESSAGE = json.dumps(FULL, separators=(",", ":")).encode()
CALLERS = (1, 8, 64)
WAIT = "write and fsync: the floor"


def main() -> None:
    arguments = parse_arguments()
    scratch = arguments.folder / "embedded-log"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    names = [WAIT, *(f"{callers} threads" for callers in CALLERS), f"{CALLERS[-1]} tasks"]
    waits: dict[str, list[list[float]]] = {name: [] for name in names}
    bytes_each: dict[str, float] = {}
    for turn in range(arguments.rounds):
        waits[WAIT].append(floor(scratch / f"floor-{turn}", arguments.seconds))
        for callers in CALLERS:
            folder = scratch / f"threads-{callers}-{turn}"
            waits[f"{callers} threads"].append(by_threads(folder, callers, arguments.seconds))
            bytes_each[f"{callers} threads"] = size_of(folder) / len(waits[f"{callers} threads"][-1])
        folder = scratch / f"tasks-{turn}"
        waits[names[-1]].append(asyncio.run(by_tasks(folder, CALLERS[-1], arguments.seconds)))
        bytes_each[names[-1]] = size_of(folder) / len(waits[names[-1]][-1])
    seen = seen_after(scratch / "seen", arguments.seconds)
    shutil.rmtree(scratch)
    rows = [row(name, rounds, arguments.seconds, bytes_each.get(name)) for name, rounds in waits.items()]
    rows.append(
        {"what": "seen by a follower", "per second": None, **latencies(seen), "bytes a message": None}
    )
    show(rows)
    figures = {"message bytes": len(MESSAGE), "rows": rows, "machine": machine()}
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(figures, indent=1) + "\n")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="where the figures go")
    parser.add_argument("--folder", type=Path, required=True, help="on the disk that is to be measured")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default 5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="of a turn (default 2)")
    return parser.parse_args()


def floor(path: Path, seconds: float) -> list[float]:
    waits = []
    with path.open("ab", buffering=0) as file:
        until = time.perf_counter() + seconds
        while (began := time.perf_counter()) < until:
            file.write(MESSAGE)
            os.fsync(file.fileno())
            waits.append(time.perf_counter() - began)
    return waits


def by_threads(folder: Path, callers: int, seconds: float) -> list[float]:
    waits: list[list[float]] = [[] for _ in range(callers)]
    with EmbeddedLogWriter(folder) as writer:
        until = time.perf_counter() + seconds

        def call(mine: list[float]) -> None:
            while (began := time.perf_counter()) < until:
                writer.append([MESSAGE])
                mine.append(time.perf_counter() - began)

        threads = [threading.Thread(target=call, args=(mine,)) for mine in waits]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return [wait for mine in waits for wait in mine]


async def by_tasks(folder: Path, callers: int, seconds: float) -> list[float]:
    waits = []
    with EmbeddedLogWriter(folder) as writer:
        until = time.perf_counter() + seconds

        async def call() -> None:
            while (began := time.perf_counter()) < until:
                await asyncio.wrap_future(writer.submit([MESSAGE]))
                waits.append(time.perf_counter() - began)

        await asyncio.gather(*(call() for _ in range(callers)))
    return waits


def seen_after(folder: Path, seconds: float) -> list[float]:
    source = EmbeddedLogSource(folder, schema=SCHEMA)
    source.start_after({})
    handed_over, waits = [], []
    with EmbeddedLogWriter(folder) as writer:

        def send() -> None:
            for _ in range(int(100 * seconds)):
                handed_over.append(time.perf_counter())
                writer.submit([MESSAGE])
                time.sleep(0.01)

        sender = threading.Thread(target=send)
        sender.start()
        while len(waits) < int(100 * seconds):
            batch = source.poll(1_024, 1.0)
            now = time.perf_counter()
            if batch is not None:
                first, last = map(int, batch.offset_ranges.ranges["0"])
                waits += [now - handed_over[number - 1] for number in range(first, last + 1)]
        sender.join()
    source.close()
    return waits


def row(name: str, rounds: Sequence[list[float]], seconds: float, bytes_each: float | None) -> dict:
    rates = [len(waits) / seconds for waits in rounds]
    all_waits = [wait for waits in rounds for wait in waits]
    return {
        "what": name,
        "per second": round(median(rates)),
        **latencies(all_waits),
        "bytes a message": None if bytes_each is None else round(bytes_each, 1),
    }


def latencies(waits: Sequence[float]) -> dict[str, float]:
    ordered = sorted(waits)
    return {
        "median ms": round(1e3 * median(ordered), 2),
        "p99 ms": round(1e3 * ordered[int(0.99 * len(ordered))], 2),
    }


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.segment"))


def show(rows: Sequence[dict]) -> None:
    table = Table(*rows[0], title=f"an embedded log, messages of {len(MESSAGE)} bytes")
    for each in rows:
        table.add_row(
            *(
                "" if value is None else f"{value:,}" if not isinstance(value, str) else value
                for value in each.values()
            )
        )
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
