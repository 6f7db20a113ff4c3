"""Samples per second: our streaming base ranker beside torch-rechub's DCNv2 with its own trainer and loader.

    python benchmarks/trainer.py --json build/bench/trainer.json

Same samples, same five features, 16 wide, 2 cross layers, a 128-64 network, Adam, one thread, one pass. The
two sides take turns, so that a busy machine slows both; what counts is the ratio. Then each of our rankers,
once, as a study runs it.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import torch
from five_features import Samples, read_samples
from rankers import each_ranker
from rechub import rechub
from rich.console import Console
from rich.table import Table
from streaming import ours, share_outside_pytorch

BATCH_SIZES = (128, 1024)
THEIRS, OURS = "torch-rechub", "interest-clock"
SIDES: dict[str, Callable[[Samples, int], float]] = {THEIRS: rechub, OURS: ours}


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(1)
    console, samples = Console(), read_samples()
    console.print(f"{samples.source}: {len(samples):,} samples; {arguments.repeats} repeats, one thread")
    by_batch_size = {str(size): measure(samples, size, arguments.repeats) for size in BATCH_SIZES}
    console.print(comparison_table(by_batch_size))
    by_ranker = each_ranker()
    console.print(ranker_table(by_ranker))
    result = {
        "data": {"source": samples.source, "samples": len(samples), "vocabulary": samples.vocabulary},
        "machine": machine(),
        "batch_size": by_batch_size,
        "rankers": by_ranker,
    }
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(result, indent=2) + "\n")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    parser.add_argument("--repeats", type=int, default=5, help="turns per side and batch size (default 5)")
    return parser.parse_args()


def measure(samples: Samples, batch_size: int, repeats: int) -> dict[str, Any]:
    """Each side's runs in turn, after one that warms up and is not counted."""
    for side in SIDES.values():
        side(samples, batch_size)
    runs: dict[str, list[float]] = {name: [] for name in SIDES}
    for _ in range(repeats):
        for name, side in SIDES.items():
            runs[name].append(side(samples, batch_size))
    ratios = [mine / theirs for mine, theirs in zip(runs[OURS], runs[THEIRS], strict=True)]
    return {
        "samples_per_second": {name: {"median": median(each), "runs": each} for name, each in runs.items()},
        "ratio": {"median": median(ratios), "runs": ratios},
        "share_outside_pytorch": share_outside_pytorch(samples, batch_size),
    }


def machine() -> dict[str, str]:
    versions = {name: version(name) for name in ("torch", THEIRS, OURS)}
    return {"processor": platform.machine(), "python": platform.python_version(), **versions}


def comparison_table(by_batch_size: dict[str, dict[str, Any]]) -> Table:
    shown = Table("batch", *(f"{name}, samples/s" for name in SIDES), "ratio", "outside PyTorch")
    for batch_size, figures in by_batch_size.items():
        speeds = [f"{figures['samples_per_second'][name]['median']:,.0f}" for name in SIDES]
        share = f"{figures['share_outside_pytorch']:.0%}"
        shown.add_row(batch_size, *speeds, f"{figures['ratio']['median']:.2f}", share)
    return shown


def ranker_table(by_ranker: dict[str, dict[str, float]]) -> Table:
    shown = Table("ranker", "samples/s", "seconds")
    for name, figures in by_ranker.items():
        shown.add_row(name, f"{figures['samples_per_second']:,.0f}", f"{figures['seconds']:.1f}")
    return shown


if __name__ == "__main__":
    main()
