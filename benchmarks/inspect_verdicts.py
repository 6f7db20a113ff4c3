"""Is what ``inspect`` foretells what comparing rankers then finds?

    python benchmarks/inspect_verdicts.py --out build/verdicts --jobs 2

Simulated worlds of 100 users and 20,000 exposures a log, in which the time of day means nothing, a little or
much, to all alike or to each his own. On five, thresholds were fixed; twenty others judge. Of each log: the
forecast, and what seven rankers gain, one seed each. The truth of a forecast is its mean over a hundred fresh
logs of the world.

Every log's result is kept in the folder as it comes: the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy: each job has one core

from verdicts.jobs import (
    FORECASTS,
    GAINS,
    REAL_LOGS,
    TRUTHS,
    RealLog,
    SimulatedLog,
    StudyJob,
    run_job,
)
from verdicts.store import Row, Store, keep_settings
from verdicts.table import markdown
from verdicts.worlds import EFFECTS, SIZE, TINY, WORLDS, StudyWorld, fresh_log

from interestclock.simulator import SimulatorSize
from interestclock.training import warm_up
from interestclock.workers import Workers

KINDS = (GAINS, FORECASTS, TRUTHS)
PARTS = tuple(WORLDS)
_REPOSITORY = Path(__file__).resolve().parents[1]


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what is not done yet, then write the table of all there is."""
    options = parse_arguments(arguments)
    worlds = {part: WORLDS[part][: options.worlds] for part in options.parts}
    size = TINY if options.tiny else SIZE
    exposures = round(size.days * size.exposures_per_day)
    keep_settings(options.out, {"users": size.users, "exposures": exposures, "effects": EFFECTS})
    stores = {kind: Store(options.out, kind) for kind in KINDS}
    real, missing = real_logs(options.data)
    jobs = [
        *simulated_jobs(worlds, size=size, logs=options.logs, fresh=options.fresh),
        *(StudyJob(kind=kind, log=log) for log in real for kind in (GAINS, FORECASTS)),
    ]
    wanted = [job for job in jobs if job.kind in options.kinds and job.key not in stores[job.kind].rows]
    run(wanted, stores, processes=options.jobs)
    table = markdown(worlds, [log.name for log in real], missing=missing, **stores)
    (options.out / "table.md").write_text(table, encoding="utf-8")
    print(table)


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where results are kept")
    parser.add_argument("--jobs", type=int, default=2, help="logs at a time (default 2)")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="worlds to fix or judge on")
    parser.add_argument("--worlds", type=int, metavar="N", help="the first so many worlds of each part")
    parser.add_argument("--logs", type=int, default=10, metavar="N", help="logs of each world (default 10)")
    parser.add_argument(
        "--fresh", type=int, default=100, metavar="N", help="that tell the truth (default 100)"
    )
    parser.add_argument(
        "--kinds", nargs="+", choices=KINDS, default=KINDS, help="what to compute (default all)"
    )
    parser.add_argument("--tiny", action="store_true", help="very small worlds: does it run?")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of the check-ins and the groceries")
    return parser.parse_args(arguments)


def simulated_jobs(
    worlds: dict[str, list[StudyWorld]], *, size: SimulatorSize, logs: int, fresh: int
) -> list[StudyJob]:
    """Log by log, so that after each round all worlds stand equal."""
    every = [world for part in worlds.values() for world in part]
    judged = [
        StudyJob(kind=kind, log=SimulatedLog(world=world, number=number, size=size))
        for number in range(logs)
        for world in every
        for kind in (FORECASTS, GAINS)
    ]
    truths = [
        StudyJob(kind=TRUTHS, log=SimulatedLog(world=world, number=fresh_log(number), size=size))
        for number in range(fresh)
        for world in every
    ]
    return judged + truths


def real_logs(data: Path | None) -> tuple[list[RealLog], list[str]]:
    """Those that are there, and why others are left out."""
    folder = data or Path(os.environ.get("INTERESTCLOCK_DATA", _REPOSITORY.parent / "shared" / "data"))
    there = [RealLog(name=name, data=folder) for name, file in REAL_LOGS.items() if (folder / file).exists()]
    missing = [f"{name}, for want of {file} in the folder of --data" for name, file in REAL_LOGS.items()]
    return there, [text for text, name in zip(missing, REAL_LOGS, strict=True) if not _has(there, name)]


def _has(logs: Sequence[RealLog], name: str) -> bool:
    return any(log.name == name for log in logs)


def run(jobs: Sequence[StudyJob], stores: dict[str, Store], *, processes: int) -> None:
    """Each job in the first process that is free; rows are kept as they come, with word of how far it is."""
    began, done = time.monotonic(), 0
    left = {kind: sum(job.kind == kind for job in jobs) for kind in KINDS}
    took: dict[str, list[float]] = {kind: [] for kind in KINDS}

    def received(message: tuple[str, Row]) -> None:
        nonlocal done
        kind, row = message
        stores[kind].add(row)
        done, left[kind] = done + 1, left[kind] - 1
        took[kind].append(row["seconds"])
        usual = {each: sum(seconds[-20:]) / len(seconds[-20:]) for each, seconds in took.items() if seconds}
        ahead = sum(count * usual.get(each, 0.0) for each, count in left.items()) / processes
        print(
            f"{done} of {len(jobs)}: {kind} of {row['world']} log {row['log']}, {row['seconds']:.1f} s; "
            f"{(time.monotonic() - began) / 60:.0f} min so far, about {ahead / 60:.0f} to go",
            flush=True,
        )

    if jobs:
        with Workers(min(processes, len(jobs)), prepare=warm_up) as workers:
            workers.run([partial(run_job, job) for job in jobs], received)


if __name__ == "__main__":
    main()
