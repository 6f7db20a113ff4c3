"""A month of the whole loop in an hour: is memory flat, and is every event counted once at both ends?

    python benchmarks/closed_loop.py --json build/bench/closed_loop.json

Simulated users, service, log, updater and trainer on one machine, at ``--speed-up``, for ``--days`` of the
loop's time. Each part is killed once in the first quarter. Memory of each process is noted every ``--every``
seconds; *grown* is the median of the last third over that of the third before it. Status 1 where the counts
of both ends are not equal, or a part was not started again just once.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
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
from interestclock.timeofday import DAY_MS

PARTS = ("updater", "trainer", "service")
KILLED_AFTER = {"service": 0.05, "updater": 0.15, "trainer": 0.25}  # of the days
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
        print(f"minute {at_s / 60:.0f}: {' | '.join(numbers.lines())}", file=sys.stderr, flush=True)

    def grown(self, part: str) -> float:
        """How much more it has at the end than a third before, 0.01 is a hundredth."""
        sizes = [each[part] for each in self.rows if part in each]
        third = max(len(sizes) // 3, 1)
        return median(sizes[-third:]) / median(sizes[-2 * third : -third] or sizes[:third]) - 1


class Killer:
    """Kills each part once, when its time has come and all are up."""

    def __init__(self, loop: ClosedLoop, days: float) -> None:
        self.loop, self.began_ms = loop, 0
        self.after_ms = {name: share * days * DAY_MS for name, share in KILLED_AFTER.items()}

    def look(self, numbers: LoopNumbers) -> None:
        """Kill the one that is due."""
        if numbers.doing != "running" or not (numbers.updater and numbers.trainer):
            return
        self.began_ms = self.began_ms or numbers.at_ms
        due = [name for name, after in self.after_ms.items() if numbers.at_ms >= self.began_ms + after]
        if not due or not all(each.up for each in numbers.parts):
            return
        del self.after_ms[due[0]]
        pid = self.loop.supervisor.run_of(due[0]).pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)


def main() -> None:
    arguments = parse_arguments()
    folder = arguments.folder / "closed-loop"
    shutil.rmtree(folder, ignore_errors=True)
    config = LoopConfig(
        size=arguments.size,
        requests_per_day=arguments.requests_per_day,
        speed_up=arguments.speed_up,
        outage_seconds=arguments.outage_seconds,
    )
    memory = Memory(arguments.every)
    with LoopFolder(folder, config=config) as opened:
        loop = ClosedLoop(opened)
        killer = Killer(loop, arguments.days)

        def look(numbers: LoopNumbers) -> None:
            killer.look(numbers)
            memory.look(numbers)

        counts = loop.run(days=arguments.days, report=look)
    shutil.rmtree(folder)
    if counts is None:
        sys.exit("no user came")
    show(loop, counts, memory)
    if arguments.json is not None:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(figures(loop, counts, memory), indent=1) + "\n")
    if not counts.equal:
        sys.exit("the counts of both ends are not equal")
    if any(each.restarts != 1 for each in loop.at_end):
        sys.exit("a part was not started again just once: " + "; ".join(each.words() for each in loop.at_end))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--days", type=float, default=30.0, help="of the loop's time, that users come")
    parser.add_argument("--speed-up", type=float, default=720.0, help="of the loop's clock")
    parser.add_argument("--size", default="small", help="of the simulated world")
    parser.add_argument("--requests-per-day", type=float, default=2_000.0, help="of all users")
    parser.add_argument(
        "--outage-seconds",
        type=float,
        default=60.0,
        help="that the service may be away; lateness follows from it",
    )
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
        "restarts": {each.name: each.restarts for each in loop.at_end},
        "memory_mb": memory.rows,
        "grown": {part: memory.grown(part) for part in PARTS},
        "machine": machine(),
    }


def show(loop: ClosedLoop, counts: LoopCounts, memory: Memory) -> None:
    """The same, to be read."""
    out = Console(width=120)
    users = counts.users
    out.print(
        f"{loop.days:.2f} days in {loop.seconds / 60:.1f} minutes, {users.ranks:,} ranks "
        f"(p50 {users.p50_ms:.0f} ms, p99 {users.p99_ms:.0f} ms), "
        f"unanswered {users.unanswered:,}, skipped {users.skipped:,}",
        highlight=False,
    )
    table = Table("minute", *PARTS, title="resident memory, MB")
    for row in memory.rows:
        table.add_row(f"{row['seconds'] / 60:.1f}", *(f"{row.get(part, 0):,.0f}" for part in PARTS))
    table.add_row("grown", *(f"{memory.grown(part):+.1%}" for part in PARTS))
    out.print(table)
    parts = "; ".join(each.words() for each in loop.at_end)
    lines: Sequence[object] = (*counts.compared(), f"set aside: {counts.set_aside() or 'nothing'}", parts)
    for each in lines:
        out.print(str(each), highlight=False)


if __name__ == "__main__":
    main()
