"""What old projections cost: hit@100 and AUC of the longterm ranker, by how often they are made anew.

    python benchmarks/refresh.py --json build/bench/refresh.json

One pass over a log per policy. The search runs among projections that are made anew after so many batches or
so many minutes of the stream; attention uses what the ranker knows now. In every 50th batch the exact search
runs beside it: hit@100 is the share of its best 100 that the other found too. A history of up to 100 is found
whole by any search, so hit@100 is counted over longer ones alone. *Half precision* is what a compact cache
loses by itself, with projections made anew for each batch.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow.parquet as pq
import torch
from five_features import has_check_ins
from machine import machine
from rankers import open_check_ins
from rich.console import Console
from rich.table import Table
from simulated import open_simulated
from torch import Tensor

from interestclock.clocks import LongTermClock, LongTermConfig
from interestclock.evaluation import split_by_time
from interestclock.metrics import auc
from interestclock.ranking import RankerConfig
from interestclock.samples import BatchMaker, PrepareConfig, SampleFolder, prepare_samples
from interestclock.search import ItemKeys, Retrieved, hit_rate
from interestclock.training import RunPlan, TrainConfig, run_ranker

POLICIES = {
    "every batch (exact)": LongTermConfig(),
    "every 10 batches": LongTermConfig(refresh_batches=10),
    "every 100 batches": LongTermConfig(refresh_batches=100),
    "every 1,000 batches": LongTermConfig(refresh_batches=1_000),
    "every day of the stream": LongTermConfig(refresh_minutes=1_440),
    "every week of the stream": LongTermConfig(refresh_minutes=7 * 1_440),
    "never again": LongTermConfig(refresh_batches=10**9),
}
MEASURED_EVERY = 50
Search = Callable[..., Retrieved]


class Hits:
    """Looks over the shoulder of the clock's search, and asks the exact one now and then."""

    def __init__(self) -> None:
        self.asked = 0
        self.rates: dict[str, list[float]] = {"policy": [], "float16": [], "bfloat16": []}

    def watch(self, search: Search) -> Search:
        def searched(clock: LongTermClock, candidate_BI: Tensor, **given: Any) -> Retrieved:
            retrieved = search(clock, candidate_BI, **given)
            self.asked += 1
            if self.asked % MEASURED_EVERY == 0:
                self._measure(partial(search, clock, candidate_BI), clock, given, retrieved)
            return retrieved

        return searched

    def _measure(
        self,
        search: Callable[..., Retrieved],
        clock: LongTermClock,
        given: dict[str, Any],
        retrieved: Retrieved,
    ) -> None:
        spans, request_row_B = given["spans"], given["request_row_B"]
        long_B = (spans.stop_M - spans.start_M)[request_row_B] > clock.config.behaviours
        if not long_B.any():
            return
        exact = search(**given | {"kept": None})
        self._add("policy", retrieved, exact, long_B)
        if given.get("kept") is None:
            item_N = torch.arange(given["items"])
            key_NZ, row_N = clock.key(given["vectors"](item_N)), item_N.to(torch.int32)
            for dtype in (torch.float16, torch.bfloat16):
                coarse = ItemKeys(key_UZ=key_NZ.to(dtype).float(), row_N=row_N)
                self._add(str(dtype).split(".")[1], search(**given | {"kept": coarse}), exact, long_B)

    def _add(self, name: str, retrieved: Retrieved, exact: Retrieved, row_B: Tensor) -> None:
        self.rates[name].append(hit_rate(_rows(retrieved, row_B), _rows(exact, row_B)))


def _rows(retrieved: Retrieved, row_B: Tensor) -> Retrieved:
    return Retrieved(
        **{name: getattr(retrieved, name)[row_B] for name in ("offset_BK", "score_BK", "present_BK")}
    )


def main() -> None:
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source = open_check_ins() if has_check_ins() else open_simulated("small", folder / "log")
        samples = prepare_samples(source, folder / "samples", config=PrepareConfig())
        label = source.schema.main_label
        figures = {name: measure(samples, folder, label, config) for name, config in POLICIES.items()}
    show(figures)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps({"policies": figures, "machine": machine()}, indent=1) + "\n")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="where the figures go")
    return parser.parse_args()


def measure(samples: SampleFolder, folder: Path, label: str, config: LongTermConfig) -> dict[str, float]:
    """AUC on the last eighth of the stream, seconds, and hit@100 over the whole of it."""
    for part in ("predictions", "rankers"):
        (folder / part).mkdir(exist_ok=True)
    plan = RunPlan(
        ranker="longterm",
        config=RankerConfig(clocks=(config,)),
        train=TrainConfig(threads=1),
        samples=samples.path,
        out=folder,
        label=label,
    )
    hits, search = Hits(), LongTermClock.search
    with patch.object(LongTermClock, "search", hits.watch(search)):
        cost = run_ranker(plan, lambda _: None)
    retrieved = {f"hit_{name}": mean(rates) for name, rates in hits.rates.items() if rates}
    return {"auc": test_auc(samples, folder, label), "seconds": cost.seconds, **retrieved}


def test_auc(samples: SampleFolder, folder: Path, label: str) -> float:
    chunks = list(samples.chunks(BatchMaker(recent=1, clocks=False), samples.state()))
    label_N = np.concatenate([chunk.samples.labels[label].numpy() for chunk in chunks])
    time_N = np.concatenate([chunk.samples.timestamp_ms_B.numpy() for chunk in chunks])
    score_N = pq.read_table(folder / "predictions" / "longterm-seed0.parquet")[f"p.{label}"].to_numpy()
    tested_N = (time_N >= split_by_time(samples.event_times_ms()).test_start_ms) & (label_N >= 0)
    return auc(label_N[tested_N], score_N[tested_N])


def show(figures: dict[str, dict[str, float]]) -> None:
    table = Table("projections made anew", "AUC", "hit@100", "seconds")
    for name, one in figures.items():
        table.add_row(name, f"{one['auc']:.4f}", f"{one['hit_policy']:.3f}", f"{one['seconds']:.0f}")
    exact = next(iter(figures.values()))
    console = Console(width=100)
    console.print(table)
    console.print(
        f"half precision alone: float16 {exact['hit_float16']:.4f}, bfloat16 {exact['hit_bfloat16']:.4f}"
    )


if __name__ == "__main__":
    main()
