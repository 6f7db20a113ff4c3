"""Peak memory of preparing and training at 1x and 4x the length of a stream, users and items unchanged.

Each step runs in a process of its own. What may grow is what the design says: the feature state (a behaviour
and votes per engaged exposure) and tables (one row per id). What else grows is reported as
``other_growth_mib``.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from safetensors import safe_open

from interestclock.events import open_log
from interestclock.samples import PrepareConfig, SampleFolder, prepare_samples
from interestclock.simulator import SimulatorSize, write_simulated_log
from interestclock.studies.rankers import lineup
from interestclock.training import RunPlan, TrainConfig, run_ranker
from interestclock.training.memory import peak_rss_mib

LENGTHS = (1, 4)
RANKERS = ("base", "longterm")
MIB = 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, required=True, metavar="FILE")
    parser.add_argument("--days", type=int, default=60, help="length of the shorter stream")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        figures = {f"{times}x": measure(times * arguments.days, Path(temporary)) for times in LENGTHS}
    report = {"lengths": figures, "other_growth_mib": other_growth(*figures.values())}
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(report, indent=1))
    print(json.dumps(report, indent=1))


def measure(days: int, temporary: Path) -> dict[str, float]:
    """Peak resident memory of each step, beside what the state and tables account for."""
    folder = temporary / f"{days}-days"
    alone(simulate, folder, days)
    figures = {"import_mib": alone(nothing), "prepare_mib": alone(prepare, folder)}
    for ranker in RANKERS:
        figures[f"{ranker}_mib"] = alone(train, folder, ranker)
    samples = SampleFolder(folder / "samples")
    return figures | {
        "samples": samples.manifest.counts["samples"],
        "state_mib": (folder / "samples" / "state.safetensors").stat().st_size / MIB,
        "tables_mib": tables_mib(folder / "rankers" / "base-seed0" / "ranker.safetensors"),
    }


def other_growth(short: dict[str, float], long: dict[str, float]) -> dict[str, float]:
    """What each step grew by, less what the state and tables grew by."""
    allowed = sum(long[name] - short[name] for name in ("state_mib", "tables_mib"))
    steps = ("prepare_mib", *(f"{ranker}_mib" for ranker in RANKERS))
    return {step: round(long[step] - short[step] - allowed, 1) for step in steps}


def alone(step: Callable[..., float], *arguments: object) -> float:
    """Run a step in a fresh process."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return round(pool.submit(step, *arguments).result(), 1)


def nothing() -> float:
    return peak_rss_mib()


def simulate(folder: Path, days: int) -> float:
    size = SimulatorSize(users=500, items=2_500, days=days, exposures_per_day=3_000)
    write_simulated_log(folder / "log", size=size)
    return peak_rss_mib()


def prepare(folder: Path) -> float:
    torch.set_num_threads(1)
    prepare_samples(open_log(folder / "log"), folder / "samples", config=PrepareConfig())
    return peak_rss_mib()


def train(folder: Path, ranker: str) -> float:
    for part in ("predictions", "rankers"):
        (folder / part).mkdir(exist_ok=True)
    plan = RunPlan(
        ranker=ranker,
        config=lineup([ranker])[ranker],
        train=TrainConfig(),
        samples=folder / "samples",
        out=folder,
        label="finish",
    )
    return run_ranker(plan, lambda _: None).peak_rss_mib


def tables_mib(weights: Path) -> float:
    """The embedding table and Adam's two moments of it."""
    with safe_open(weights, framework="pt") as file:
        rows, dim = file.get_slice("table.weight").get_shape()
    return 3 * rows * dim * 4 / MIB


if __name__ == "__main__":
    main()
