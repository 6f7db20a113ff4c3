"""A small comparison with a name that has to be escaped."""

from __future__ import annotations

from pathlib import Path

from interestclock.events import open_log
from interestclock.simulator import SimulatorSize, write_simulated_log
from interestclock.studies import CompareConfig, compare

RANKERS = ("base", "hour", "hour+gaussian")
TITLE = "Plays <script>alert(1)</script> & more"


def simulated_log(folder: Path) -> Path:
    write_simulated_log(folder, size=SimulatorSize(users=30, items=300, days=12, exposures_per_day=250))
    return folder


def compared(log: Path, out: Path) -> Path:
    compare(open_log(log), out, config=CompareConfig(rankers=RANKERS, seeds=2, replicates=50), title=TITLE)
    return out
