"""Samples per second: our streaming base ranker beside torch-rechub's DCNv2 with its own trainer and loader.

    python benchmarks/trainer.py --json build/bench/trainer.json

Same samples, same five features, 16 wide, 2 cross layers, a 128-64 network, Adam, one thread, one pass. The
two sides take turns, so that a busy machine slows both; what counts is the ratio.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import torch
from check_ins import Samples, read_check_ins, supplied_folder
from rechub import rechub
from rich.console import Console
from rich.table import Table

BATCH_SIZES = (128, 1024)
SIDES: dict[str, Callable[[Samples, int], float]] = {"torch-rechub": rechub}


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(1)
    samples = read_check_ins(supplied_folder())
    print(f"{samples.source}: {len(samples):,} samples; {arguments.repeats} repeats, one thread", flush=True)
    result = {
        "data": {"source": samples.source, "samples": len(samples), "vocabulary": samples.vocabulary},
        "machine": machine(),
        "batch_size": {str(size): measure(samples, size, arguments.repeats) for size in BATCH_SIZES},
    }
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(result, indent=2) + "\n")
    Console().print(table(result["batch_size"]))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    parser.add_argument("--repeats", type=int, default=5, help="turns per side and batch size (default 5)")
    return parser.parse_args()


def measure(samples: Samples, batch_size: int, repeats: int) -> dict[str, dict[str, object]]:
    """Each side's runs in turn, after one that warms up and is not counted."""
    runs: dict[str, list[float]] = {name: [] for name in SIDES}
    for repeat in range(repeats + 1):
        for name, side in SIDES.items():
            samples_per_second = side(samples, batch_size)
            if repeat:
                runs[name].append(samples_per_second)
    return {
        name: {"samples_per_second": statistics.median(each), "runs": each} for name, each in runs.items()
    }


def machine() -> dict[str, str]:
    versions = {name: version(name) for name in ("torch", "torch-rechub", "interest-clock")}
    return {
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        **versions,
    }


def table(by_batch_size: dict[str, dict[str, dict[str, object]]]) -> Table:
    shown = Table("batch", *(f"{name}, samples/s" for name in SIDES), title="median of the repeats")
    for batch_size, sides in by_batch_size.items():
        shown.add_row(batch_size, *(f"{sides[name]['median']:,.0f}" for name in SIDES))
    return shown


if __name__ == "__main__":
    main()
