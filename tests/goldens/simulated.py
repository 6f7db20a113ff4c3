"""``compare`` on a small simulated log, whose labels become known later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from goldens.extract import compared
from interestclock.events import open_log
from interestclock.simulator import SimulatorSize, write_simulated_log
from interestclock.studies import CompareConfig
from interestclock.training import TrainConfig

__all__ = ["COMPARED", "values"]

COMPARED = CompareConfig(
    rankers=("base", "hour", "naive", "adaptive", "gaussian", "longterm"),
    seeds=1,
    replicates=10,
    train=TrainConfig(batch_size=32),
)


def values(folder: Path) -> dict[str, Any]:
    size = SimulatorSize(users=25, items=200, days=12, exposures_per_day=125)
    write_simulated_log(folder / "log", size=size, seed=3)
    return compared(open_log(folder / "log"), folder / "results", config=COMPARED)
