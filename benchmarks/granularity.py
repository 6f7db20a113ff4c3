"""How fine should a day be cut? The Gaussian Clock with 6, 12, 24, 48 and 96 buckets, on the simulated log.

    python benchmarks/granularity.py --seeds 3 --jobs 2 --json build/bench/granularity.json

The clock's weights count hours and not buckets, so embeddings are of one scale however the day is cut, and
its Gaussian is one hour wide in every row: what differs is how much of the past stands in a bucket, and how
exactly that says when it was. Every row is trained, split and judged as ``compare`` does it; differences are
paired over users.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from machine import machine
from rich.console import Console
from rich.table import Table
from simulated import open_simulated

from interestclock.clock_features import ClockFeatureConfig
from interestclock.defaults import SIMULATOR_SIZES
from interestclock.evaluation import summarise
from interestclock.events import EventSource
from interestclock.samples import PrepareConfig
from interestclock.studies import CompareConfig, compare
from interestclock.studies.evaluation_rows import read_evaluation_rows, read_predictions
from interestclock.studies.progress import StudyProgress, TerminalProgress

BUCKETS = (6, 12, 24, 48, 96)
PUBLISHED = 24
BASE = "base"


def main() -> None:
    arguments = parse_arguments()
    console = Console(width=110)
    with tempfile.TemporaryDirectory() as name:
        source = open_simulated(arguments.size, Path(name) / "log")
        for number, buckets in enumerate(BUCKETS, start=1):
            console.print(f"{buckets} buckets a day ({number} of {len(BUCKETS)})")
            with TerminalProgress(console) as progress:
                train(source, Path(name), buckets, arguments, progress=progress)
        results = together(Path(name), seeds=arguments.seeds, label=source.schema.main_label)
    console.print(table_of(results))
    if arguments.json:
        report = {"figures": results, "size": arguments.size, "machine": machine()}
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="runs of each (default 3)")
    parser.add_argument(
        "--size", choices=SIMULATOR_SIZES, default="small", help="of the simulated log (default small)"
    )
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time (default 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the figures go, too")
    return parser.parse_args()


def train(
    source: EventSource,
    folder: Path,
    buckets: int,
    arguments: argparse.Namespace,
    *,
    progress: StudyProgress,
) -> None:
    """The clock with so many buckets; the base model, which sees none, beside the published ones."""
    config = CompareConfig(
        rankers=(BASE, "gaussian") if buckets == PUBLISHED else ("gaussian",),
        seeds=arguments.seeds,
        jobs=arguments.jobs,
        replicates=2,  # figures are made once, of all together
        prepare=PrepareConfig(clocks=ClockFeatureConfig(buckets_per_day=buckets)),
    )
    compare(source, folder / str(buckets), config=config, progress=progress)


def together(folder: Path, *, seeds: int, label: str) -> dict[str, Any]:
    """Figures of the test part, which is the same exposures however a day is cut."""
    published = folder / str(PUBLISHED) / "predictions"
    exposures, row_N = read_evaluation_rows(published / "exposures.parquet", part="test")
    tasks = tuple(exposures.labels)
    runs = {BASE: (published, BASE)}
    runs |= {str(buckets): (folder / str(buckets) / "predictions", "gaussian") for buckets in BUCKETS}
    predictions = {
        name: [
            read_predictions(predicted / f"{ranker}-seed{seed}.parquet", tasks, row_N)
            for seed in range(seeds)
        ]
        for name, (predicted, ranker) in runs.items()
    }
    return summarise(exposures, predictions, label=label, baseline=BASE)


def table_of(results: dict[str, Any]) -> Table:
    table = Table(
        "buckets", "AUC", f"AUC − {BASE}", f"AUC − {PUBLISHED} buckets", "UAUC",
        title=f"gaussian, label {results['label']}, test part; brackets: 95% interval over users",
    )  # fmt: skip
    for name, row in results["rankers"].items():
        differences = [difference(results, name, other) for other in (BASE, str(PUBLISHED))]
        table.add_row(name, f"{row['auc']['mean']:.4f}", *differences, f"{row['uauc']['mean']:.4f}")
    return table


def difference(results: dict[str, Any], name: str, other: str) -> str:
    if name == other:
        return ""
    one = results["pairs"][f"{name}-{other}"]["auc"]
    return f"{one['mean']:+.4f} \\[{one['ci95'][0]:+.4f}, {one['ci95'][1]:+.4f}]"


if __name__ == "__main__":
    main()
