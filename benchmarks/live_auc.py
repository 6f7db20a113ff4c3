"""What live features and small tables cost or gain in AUC, on the simulated log, all in streaming order.

    python benchmarks/live_auc.py --json build/bench/live_auc.json

*Clocks*: the Gaussian Clock with Eq. 3 as of the start of the day, and as of now. *Tables*: ids that leave
when they were not seen for some days, or when the table is full; the base model, whose embeddings are all it
has. AUC of finish over the last eighth of the stream, predicted before it was learned.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from statistics import mean

import torch
from machine import machine
from rich.console import Console
from rich.table import Table
from simulated import open_simulated
from stream import First, polled
from torch import Tensor

from interestclock.admission import AdmissionConfig
from interestclock.embeddings import IdPolicy
from interestclock.live import LiveConfig, LiveTrainer
from interestclock.metrics.exposure_metrics import auc
from interestclock.samples import Batch
from interestclock.studies.rankers import lineup
from interestclock.training import PROBABILITY, PredictedBatch, TrainConfig

ALL = 10_000_000
CLOCKS = {"as of the start of the day": True, "as of now": False}
TABLES = {
    "nothing leaves": IdPolicy(),
    "unused for 30 days": IdPolicy(unused_days=30),
    "unused for 7 days": IdPolicy(unused_days=7),
    "at most 1,000 items": IdPolicy(most=1_000),
    "a row after 3 sightings": IdPolicy(min_count=3),
}


class Kept:
    """Keeps what was predicted, and what came of it."""

    def __init__(self) -> None:
        self.probabilities: list[Tensor] = []
        self.labels: list[Tensor] = []

    def predicted(self, predicted: PredictedBatch) -> None:
        pass

    def learned(self, batch: Batch) -> None:
        self.probabilities.append(batch.carried[PROBABILITY])
        self.labels.append(batch.labels["finish"])

    def last_eighth(self) -> float:
        probability_N, label_N = torch.cat(self.probabilities).numpy(), torch.cat(self.labels).numpy()
        last = slice(len(label_N) * 7 // 8, None)
        return float(auc(label_N[last], probability_N[last]))


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        source = First(open_simulated("small", Path(name) / "log"), ALL)
        figures = {
            "clocks": {
                name: run(source, arguments.seeds, "gaussian", clocks_of_day=of_day)
                for name, of_day in CLOCKS.items()
            },
            "tables": {
                name: run(source, arguments.seeds, "base", items=policy) for name, policy in TABLES.items()
            },
        }
    show(figures)
    report = figures | {"seeds": arguments.seeds, "machine": machine()}
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(report, indent=1) + "\n")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="where the figures go")
    parser.add_argument("--seeds", type=int, default=2, help="runs of each (default 2)")
    return parser.parse_args()


def run(source: First, seeds: int, ranker: str, **settings: object) -> dict[str, object]:
    """AUC by seed, and how many ids of items the table held at the end."""
    found, rows = [], 0
    for seed in range(seeds):
        config = LiveConfig(
            ranker=lineup([ranker])[ranker],
            train=TrainConfig(seed=seed),
            admission=AdmissionConfig(label_wait_ms=3_600_000),
            **settings,
        )
        kept = Kept()
        trainer = LiveTrainer(source.schema, items=source.items(), config=config, recorder=kept)
        for batch in polled(source, 4_096):
            trainer.process(batch.exposures, batch.labels)
        trainer.finish()
        found.append(kept.last_eighth())
        rows = trainer.rows.ledgers["item"].statistics.admitted
    return {"auc": mean(found), "by_seed": found, "item_rows": rows}


def show(figures: dict) -> None:
    console = Console(width=110)
    for title, rows in figures.items():
        table = Table(title, "AUC", "by seed", "rows of items at the end")
        for name, row in rows.items():
            by_seed = ", ".join(f"{each:.4f}" for each in row["by_seed"])
            table.add_row(name, f"{row['auc']:.4f}", by_seed, f"{row['item_rows']:,}")
        console.print(table)


if __name__ == "__main__":
    main()
