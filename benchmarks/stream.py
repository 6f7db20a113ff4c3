"""The live trainer: what its features cost, what never losing anything costs, what a delta costs.

    python benchmarks/stream.py --json build/bench/stream.json --plot build/bench/stream.svg

*Features*: ids numbered, histories appended, clocks counted and read as of every moment, no ranker; events
per second on one thread, and bytes per user. *Trainer*: exposures per second with live features, bare, and
with journal, predictions, checkpoints, snapshots and metrics; in turns, medians. *Deltas*: bytes and
milliseconds against the rows touched, for tables of several sizes. *Memory*: resident memory and rows of a
stream of ever new ids, ten times what its tables may hold.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
import torch
from machine import machine
from matplotlib import pyplot
from rich.console import Console
from rich.table import Table
from simulated import open_simulated
from torch import Tensor

from interestclock.embeddings import IdPolicy
from interestclock.events import EventSource
from interestclock.events.live import ReplaySource
from interestclock.events.schema import LogCounts, LogSchema
from interestclock.ranking import RankerConfig
from interestclock.samples.live import Intake, IntakeConfig
from interestclock.snapshots import SnapshotWriter, Touched
from interestclock.studies.rankers import lineup
from interestclock.training import TrainConfig
from interestclock.training.live import LiveConfig, LiveRun, LiveTrainer
from interestclock.training.live.live_features import LiveFeatures
from interestclock.training.live.telemetry import Telemetry
from interestclock.training.memory import peak_rss_mib

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
RANKERS = ("gaussian", "longterm")
CHECKPOINTS, SNAPSHOTS = 10, 20  # of one run
TABLES, TOUCHED, WIDTH = (10_000, 100_000, 1_000_000), (100, 1_000, 10_000, 100_000), 16


class Nobody:
    """Is told of predictions and keeps none."""

    def predicted(self, rows: pa.Table, probabilities: Mapping[str, Tensor]) -> None:
        pass

    def learned(
        self, *, probability_B: Tensor, label_B: Tensor, second_of_day_B: Tensor, event_ms: int
    ) -> None:
        pass


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = open_simulated("small", folder / "log")
        source = First(log, arguments.events)
        warm_up(First(log, 3_000), folder)
        figures = {
            "features": features(source),
            "trainer": {ranker: trainer(source, ranker, folder, arguments.rounds) for ranker in RANKERS},
            "deltas": deltas(folder),
            "memory": alone(memory),
        }
    show(figures)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(figures | {"machine": machine()}, indent=1) + "\n")
    if arguments.plot:
        plot(figures["deltas"], arguments.plot)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="where the figures go")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="where the picture goes, .svg or .png")
    parser.add_argument("--events", type=int, default=100_000, help="of the simulated log (default 100,000)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each trainer (default 3)")
    return parser.parse_args()


class First:
    """The first rows of a log."""

    def __init__(self, source: EventSource, rows: int) -> None:
        self.schema, self.counts = source.schema, LogCounts()
        self._items = source.items()
        self.events = pa.concat_tables(source.chunks()).slice(0, rows).combine_chunks()

    def items(self) -> pa.Table | None:
        return self._items

    def chunks(self, rows: int = 65_536) -> Iterator[pa.Table]:
        for first in range(0, self.events.num_rows, rows):
            yield self.events.slice(first, rows)

    def fingerprint(self) -> str:
        return str(self.events.num_rows)


def config(ranker: RankerConfig, source: First) -> LiveConfig:
    span_ms = source.events["timestamp_ms"][-1].as_py() - source.events["timestamp_ms"][0].as_py()
    return LiveConfig(
        ranker=ranker,
        train=TrainConfig(),
        intake=IntakeConfig(label_wait_ms=HOUR_MS),
        checkpoint_minutes=span_ms / 60_000 / CHECKPOINTS,
        snapshot_minutes=span_ms / 60_000 / SNAPSHOTS,
        full_snapshot_hours=span_ms / HOUR_MS / 4,
    )


def warm_up(source: First, folder: Path) -> None:
    """Compile what is compiled."""
    features(source)
    for ranker in RANKERS:
        trainer(source, ranker, folder / "warm", 1)


def features(source: First) -> dict[str, float]:
    """Events per second of the features alone; how long each part of it took; bytes per user."""
    settings = config(lineup(["gaussian"])["gaussian"], source)
    figures: dict[str, float] = {}
    for batch_size in (128, 1_024):
        live = LiveFeatures(source.schema, items=source.items(), config=settings, needs_clocks=True)
        intake = Intake(source.schema, config=settings.intake)
        taken, events = 0.0, 0
        for arrivals in polled(source, 8_192):
            intake.take(arrivals.exposures, arrivals.labels)
            while (rows := intake.next_batch(most=batch_size, ended=False)) is not None:
                started = time.perf_counter()
                numbers, _ = live.number(rows, protected_from_ms=0)
                labels = intake.labels_before(rows["timestamp_ms"][-1].as_py())
                live.take(rows, numbers, open_=intake.exposures, labels=labels)
                live.trim(needed_from_ms=rows["timestamp_ms"][0].as_py())
                taken += time.perf_counter() - started
                events += rows.num_rows
        figures[f"events_per_second_{batch_size}"] = events / taken
    users = live.tables["user"].statistics.size
    assert live.clocks is not None
    return figures | {
        "users": users,
        "clock_bytes_per_user": live.clocks.bytes_used / users,
        "history_bytes_per_user": live.histories.bytes_used / users,
    }


def polled(source: First, rows: int) -> Iterator:
    replay = ReplaySource(source, speed_up=None)
    replay.start_after({})
    while not replay.ended:
        arrivals = replay.poll(rows, 0.0)
        if arrivals is not None:
            yield arrivals


def trainer(source: First, ranker: str, folder: Path, rounds: int) -> dict[str, float]:
    """Exposures per second, bare and with everything, in turns."""
    settings = config(lineup([ranker])[ranker], source)
    taken: dict[str, list[float]] = {"bare": [], "everything": []}
    stall_seconds = 0.0
    folder.mkdir(exist_ok=True)
    for turn in range(rounds):
        started = time.perf_counter()
        bare = LiveTrainer(source.schema, items=source.items(), config=settings, recorder=Nobody())
        for arrivals in polled(source, settings.arrivals):
            bare.take(arrivals.exposures, arrivals.labels)
        bare.finish()
        taken["bare"].append(time.perf_counter() - started)
        started = time.perf_counter()
        telemetry = Telemetry(tasks=source.schema.labels, main_task=source.schema.main_label)
        replay = ReplaySource(source, speed_up=None)
        with LiveRun(replay, folder / f"{ranker}{turn}", config=settings, telemetry=telemetry) as run:
            run.run()
        taken["everything"].append(time.perf_counter() - started)
        stall_seconds = run.stall_seconds
    events = source.events.num_rows
    rates = {name: events / median(each) for name, each in taken.items()}
    return rates | {
        "cost": 1 - rates["everything"] / rates["bare"],
        "checkpoint_stall_share": stall_seconds / taken["everything"][-1],
    }


def deltas(folder: Path) -> list[dict[str, float]]:
    """One delta for each size of table and count of touched rows."""
    figures = []
    for rows in TABLES:
        writer = SnapshotWriter(folder / f"deltas{rows}", feature_fingerprint="0" * 64)
        table_ND = torch.randn(rows, WIDTH)
        said = {"about": {}, "watermark_ms": 0, "step": 0}
        writer.full(dense={"bias": torch.zeros(10)}, tables={"weight": table_ND}, **said)
        for count in TOUCHED:
            if count > rows:
                continue
            row_R = torch.randperm(rows)[:count].sort().values
            touched = {"weight": Touched(rows=rows, row_R=row_R, value_RD=table_ND[row_R])}
            started = time.perf_counter()
            note = writer.delta(dense={"bias": torch.zeros(10)}, tables=touched, **said)
            seconds = time.perf_counter() - started
            figures.append({"rows": rows, "touched": count, "bytes": note.bytes, "ms": 1e3 * seconds})
    return figures


def alone(measure: Callable[[], list[dict[str, float]]]) -> list[dict[str, float]]:
    """In a process of its own, whose peak of memory is nobody else's."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(measure).result()


def memory() -> list[dict[str, float]]:
    """Rows and resident memory along a stream of ever new users and items, ten times what the tables hold."""
    torch.set_num_threads(1)
    most, rows = 2_000, 1_000
    schema = LogSchema(labels=("finish",), attributes=("genre",), clock_attributes=("genre",))
    settings = LiveConfig(
        ranker=replace(lineup(["gaussian+longterm"])["gaussian+longterm"], dim=8),
        users=IdPolicy(most=most),
        items=IdPolicy(most=most),
        intake=IntakeConfig(label_wait_ms=HOUR_MS),
    )
    live = LiveTrainer(schema, items=None, config=settings, recorder=Nobody())
    figures = []
    for turn in range(10 * most // (rows // 2)):
        live.take(new_ids(turn, rows), NO_LABELS)
        figures.append(
            {
                "ids": (turn + 1) * rows // 2,
                "rows": len(live.ranker.table.weight),
                "feature_mib": (live.features.histories.bytes_used + live.features.clocks.bytes_used) / 2**20,
                "peak_rss_mib": peak_rss_mib(),
            }
        )
    return figures


NO_LABELS = pa.table(
    {
        "event_id": pa.array([], pa.string()),
        "label": pa.array([], pa.string()),
        "value": pa.array([], pa.int8()),
        "known_ms": pa.array([], pa.int64()),
        "arrival": pa.array([], pa.int64()),
    }
)


def new_ids(turn: int, rows: int) -> pa.Table:
    """Exposures of users and items that nobody saw before, each twice; two hours of the stream."""
    number = turn * (rows // 2) + np.arange(rows) % (rows // 2)
    time_ms = 1_700_000_000_000 + turn * 2 * HOUR_MS + np.arange(rows) * (2 * HOUR_MS // rows)
    return pa.table(
        {
            "user_id": number,
            "item_id": number,
            "timestamp_ms": time_ms,
            "second_of_day": (time_ms // 1_000 % 86_400).astype(np.int32),
            "day_of_week": np.zeros(rows, np.int8),
            "attribute.genre": pa.array([[f"g{each % 40}"] for each in number.tolist()]),
            "label.finish": np.ones(rows, np.int8),
            "known_ms.finish": time_ms,
            "event_id": pa.array([str(turn * rows + each) for each in range(rows)]),
            "arrival": np.arange(rows),
        }
    )


def show(figures: dict) -> None:
    console = Console(width=110)
    each = figures["features"]
    console.print(
        f"features alone: {each['events_per_second_128']:,.0f} events/s in batches of 128, "
        f"{each['events_per_second_1024']:,.0f} in batches of 1,024; bytes per user: clocks "
        f"{each['clock_bytes_per_user']:,.0f}, history {each['history_bytes_per_user']:,.0f}"
    )
    table = Table("ranker", "bare, exposures/s", "with everything", "cost", "training waits for checkpoints")
    for name, rates in figures["trainer"].items():
        table.add_row(
            name,
            f"{rates['bare']:,.0f}",
            f"{rates['everything']:,.0f}",
            f"{rates['cost']:.1%}",
            f"{rates['checkpoint_stall_share']:.1%} of the time",
        )
    console.print(table)
    table = Table("rows of the table", "touched", "delta, bytes", "ms")
    for row in figures["deltas"]:
        table.add_row(f"{row['rows']:,}", f"{row['touched']:,}", f"{row['bytes']:,}", f"{row['ms']:.1f}")
    console.print(table)
    table = Table("new ids so far", "rows of the table", "features, MiB", "peak memory, MiB")
    for row in figures["memory"][3::6]:
        table.add_row(
            f"{row['ids']:,}", f"{row['rows']:,}", f"{row['feature_mib']:.1f}", f"{row['peak_rss_mib']:.0f}"
        )
    console.print(table)


def plot(rows: list[dict[str, float]], path: Path) -> None:
    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4.5), layout="constrained")
    for axis, name, label in zip(axes, ("bytes", "ms"), ("bytes of a delta", "ms to write it"), strict=True):
        for size in TABLES:
            mine = [row for row in rows if row["rows"] == size]
            axis.loglog(
                [row["touched"] for row in mine],
                [row[name] for row in mine],
                marker="o",
                label=f"{size:,} rows",
            )
        axis.set(xlabel="rows touched", ylabel=label)
        axis.grid(visible=True, which="both", alpha=0.2)
    axes[0].legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


if __name__ == "__main__":
    main()
