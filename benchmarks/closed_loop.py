"""A month of the whole loop in an hour: is memory flat, and is every event counted once at both ends?

    python benchmarks/closed_loop.py --json build/bench/closed_loop.json

Simulated users, service, log, updater and trainer on one machine, at ``--speed-up``, for ``--days`` of the
loop's time. Memory of each process is noted every ``--every`` seconds; *grown* is the median of the last
third over that of the third before it. Status 1 where the counts of both ends are not equal.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from machine import machine
from rich.console import Console
from rich.table import Table

from interestclock.closed_loop import ClosedLoop, LoopConfig, LoopCounts, LoopFolder, LoopNumbers

PARTS = ("updater", "trainer", "service")
MB = 1e6


@dataclass
class Memory:
    """Resident megabytes of each part, and seconds since the first user came."""

    every_s: float
    began_s: float | None = None
    rows: list[dict[str, float]] = field(default_factory=list)

    def look(self, numbers: LoopNumbers) -> None:
        """Note what there is, if it is time."""
        if not numbers.users.ranks:
            return
        now_s = time.monotonic()
        self.began_s = self.began_s or now_s
        at_s = now_s - self.began_s
        if self.rows and at_s < self.rows[-1]["seconds"] + self.every_s:
            return
        parts = {each.name: each.resident_bytes / MB for each in numbers.parts}
        self.rows.append({"seconds": at_s, **parts})

    def grown(self, part: str) -> float:
        """How much more it has at the end than a third before, 0.01 is a hundredth."""
        sizes = [each[part] for each in self.rows if part in each]
        third = max(len(sizes) // 3, 1)
        return median(sizes[-third:]) / median(sizes[-2 * third : -third] or sizes[:third]) - 1


def main() -> None:
    arguments = parse_arguments()
    folder = arguments.folder / "closed-loop"
    shutil.rmtree(folder, ignore_errors=True)
    config = LoopConfig(
        size=arguments.size, requests_per_day=arguments.requests_per_day, speed_up=arguments.speed_up
    )
    memory = Memory(arguments.every)
    with LoopFolder(folder, config=config) as opened:
        loop = ClosedLoop(opened)
        counts = loop.run(days=arguments.days, report=memory.look)
    shutil.rmtree(folder)
    if counts is None:
        sys.exit("no user came")
    show(loop, counts, memory)
    if arguments.json is not None:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(figures(loop, counts, memory), indent=1) + "\n")
    if not counts.equal:
        sys.exit("the counts of both ends are not equal")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--days", type=float, default=30.0, help="of the loop's time, that users come")
    parser.add_argument("--speed-up", type=float, default=720.0, help="of the loop's clock")
    parser.add_argument("--size", default="small", help="of the simulated world")
    parser.add_argument("--requests-per-day", type=float, default=2_000.0, help="of all users")
    parser.add_argument("--every", type=float, default=60.0, help="seconds between two looks at memory")
    parser.add_argument("--folder", type=Path, default=Path("build/bench"), help="where the loop runs")
    parser.add_argument("--json", type=Path, help="where figures go")
    return parser.parse_args()


def figures(loop: ClosedLoop, counts: LoopCounts, memory: Memory) -> dict[str, Any]:
    """All that was measured."""
    return {
        "days": loop.days,
        "seconds": loop.seconds,
        "ranks": counts.users.ranks,
        "unanswered": counts.users.unanswered,
        "skipped": counts.users.skipped,
        "p50_ms": counts.users.p50_ms,
        "p99_ms": counts.users.p99_ms,
        "counts": {f"{each.what}, {each.first}, {each.second}": each.counts for each in counts.compared()},
        "set_aside": counts.set_aside(),
        "memory_mb": memory.rows,
        "grown": {part: memory.grown(part) for part in PARTS},
        "machine": machine(),
    }


def show(loop: ClosedLoop, counts: LoopCounts, memory: Memory) -> None:
    """The same, to be read."""
    out = Console(width=120)
    out.print(f"{loop.days:.2f} days in {loop.seconds / 60:.1f} minutes, {counts.users.ranks:,} ranks")
    table = Table("minute", *PARTS, title="resident memory, MB")
    for row in memory.rows:
        table.add_row(f"{row['seconds'] / 60:.1f}", *(f"{row.get(part, 0):,.0f}" for part in PARTS))
    table.add_row("grown", *(f"{memory.grown(part):+.1%}" for part in PARTS))
    out.print(table)
    lines: Sequence[object] = (*counts.compared(), f"set aside: {counts.set_aside() or 'nothing'}")
    for each in lines:
        out.print(str(each), highlight=False)


if __name__ == "__main__":
    main()
