"""What worker processes do for the study: one log at a time, one row of results each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from interestclock.events import ColumnMapping, EventSource, open_log
from interestclock.simulator import SimulatorSize
from interestclock.workers import Report
from verdicts.forecasts import forecast
from verdicts.rankers import gains
from verdicts.store import Row
from verdicts.worlds import StudyWorld

GAINS, FORECASTS, TRUTHS = "gains", "forecasts", "truths"
"""What rankers gain in a log, what is foretold of it, and of a fresh one; the last's mean is the truth."""

_EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@dataclass(frozen=True, kw_only=True)
class SimulatedLog:
    """A log of a simulated world."""

    world: StudyWorld
    number: int
    size: SimulatorSize

    @property
    def name(self) -> str:
        return self.world.name

    @contextmanager
    def open(self) -> Iterator[EventSource]:
        with self.world.log(self.number, size=self.size) as source:
            yield source


@dataclass(frozen=True, kw_only=True)
class RealLog:
    """A log out of the folder of real ones."""

    name: str
    data: Path
    number: int = 0

    @contextmanager
    def open(self) -> Iterator[EventSource]:
        if self.name == "groceries":
            mapping = ColumnMapping.from_toml(_EXAMPLES / "groceries.toml")
            yield open_log(self.data / "grocery_transactions.parquet", mapping=mapping)
        else:
            categories = self.data / "nyc_categories.csv"
            yield open_log(self.data / "nyc_checkins.tsv.gz", layout="foursquare", items=categories)


REAL_LOGS = {"check-ins": "nyc_checkins.tsv.gz", "groceries": "grocery_transactions.parquet"}


@dataclass(frozen=True, kw_only=True)
class StudyJob:
    """One row of one kind."""

    kind: str
    log: SimulatedLog | RealLog

    @property
    def key(self) -> tuple[str, int]:
        return self.log.name, self.log.number


def run_job(job: StudyJob, report: Report) -> None:
    """Make the row, and report it."""
    began = time.perf_counter()
    with job.log.open() as source:
        found = gains(source) if job.kind == GAINS else forecast(source)
    world, log = job.key
    row: Row = {"world": world, "log": log, "seconds": round(time.perf_counter() - began, 2), "found": found}
    report((job.kind, row))
