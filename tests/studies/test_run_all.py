"""All runs of a comparison, one after another in a process that stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch

from interestclock.errors import InterestClockError
from interestclock.events import open_log
from interestclock.ranking import RankerConfig
from interestclock.samples import PrepareConfig, prepare_samples
from interestclock.simulator import SimulatorSize, write_simulated_log
from interestclock.studies.progress import Quiet
from interestclock.studies.rankers import lineup
from interestclock.studies.run_all import run_all
from interestclock.training import RunCost, RunPlan, RunProgress, TrainConfig, warm_up
from interestclock.workers import Workers


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run_all")
    size = SimulatorSize(users=8, items=200, days=6, exposures_per_day=60)
    write_simulated_log(folder / "log", size=size)
    prepare_samples(open_log(folder / "log"), folder / "samples", config=PrepareConfig())
    return folder / "samples"


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers(1, prepare=warm_up) as workers:
        yield workers


def plan(ranker: str, samples: Path, out: Path, *, threads: int = 1) -> RunPlan:
    for part in ("predictions", "rankers"):
        (out / part).mkdir(parents=True, exist_ok=True)
    return RunPlan(
        ranker=ranker,
        config=lineup([ranker])[ranker],
        train=TrainConfig(threads=threads, order="daily-shuffled"),
        samples=samples,
        out=out,
        label="finish",
    )


class Heard(Quiet):
    def __init__(self) -> None:
        self.phases: list[tuple[str, int, int]] = []
        self.said: list[RunProgress | RunCost] = []

    def phase(self, what: str, done: int, total: int) -> None:
        self.phases.append((what, done, total))

    def running(self, run: RunProgress) -> None:
        self.said.append(run)

    def finished(self, cost: RunCost) -> None:
        self.said.append(cost)


def test_a_run_is_the_same_whatever_ran_before_it(samples: Path, workers: Workers, tmp_path: Path) -> None:
    """To the bit: third in a worker, after one with other threads and one of its own kind, or the first."""
    last = plan("gaussian+longterm", samples, tmp_path / "third")
    before = [
        plan("base", samples, tmp_path / "first", threads=2),
        plan("gaussian+longterm", samples, tmp_path / "second"),
    ]
    run_all([*before, last], workers=workers, progress=Quiet())
    fresh = plan("gaussian+longterm", samples, tmp_path / "fresh")
    with Workers(1, prepare=torch.get_num_threads) as one:
        run_all([fresh], workers=one, progress=Quiet())
    names = ("predictions/gaussian+longterm-seed0.parquet", "rankers/gaussian+longterm-seed0")
    third, alone = (pq.read_table(each.out / names[0]) for each in (last, fresh))
    assert third.equals(alone)
    files = sorted(path.name for path in (fresh.out / names[1]).iterdir())
    assert files
    for file in files:
        assert (last.out / names[1] / file).read_bytes() == (fresh.out / names[1] / file).read_bytes()


def test_progress_hears_of_every_run(samples: Path, workers: Workers, tmp_path: Path) -> None:
    progress = Heard()
    plans = [plan(ranker, samples, tmp_path / "out") for ranker in ("base", "hour")]
    costs = run_all(plans, workers=workers, progress=progress)
    assert [cost.ranker for cost in costs] == ["base", "hour"]
    assert progress.phases == [("training", done, 2) for done in range(3)]
    assert [each for each in progress.said if isinstance(each, RunCost)] == costs
    assert all(0 < cost.auc < 1 for cost in costs)
    assert {each.run for each in progress.said if isinstance(each, RunProgress)} == {
        "base-seed0",
        "hour-seed0",
    }


def test_what_a_run_refuses_names_the_run() -> None:
    nowhere = RunPlan(
        ranker="base",
        config=RankerConfig(),
        train=TrainConfig(),
        samples=Path("nowhere"),
        out=Path("nowhere"),
        label="finish",
    )
    plans = [nowhere, replace(nowhere, ranker="hour")]
    with (
        pytest.raises(InterestClockError, match="base-seed0: nowhere holds no prepared samples"),
        Workers(1, prepare=warm_up) as workers,
    ):
        run_all(plans, workers=workers, progress=Quiet())
