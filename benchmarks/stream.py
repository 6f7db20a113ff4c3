"""The live trainer: what its features cost, what never losing anything costs, what a delta costs.

    python benchmarks/stream.py --json build/bench/stream.json --plot build/bench/stream.svg

*Features*: ids numbered, histories appended, clocks counted and read as of every moment, no ranker; events
per second on one thread, and bytes per user. *Trainer*: exposures per second with live features, bare, and
with all that it writes and its metrics; in turns, medians. *Deltas*: a trainer's, in bytes and
milliseconds, against the rows touched, for tables of several sizes. *Memory*: resident memory and rows of
a stream of ever new ids, ten times what its tables may hold.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
import torch
from machine import machine
from rich.console import Console
from rich.table import Table
from simulated import open_simulated

from interestclock.admission import AdmissionConfig, EventBuffer
from interestclock.embeddings import IdPolicy
from interestclock.events import EventSource
from interestclock.events.schema import LogCounts, LogSchema
from interestclock.live import LiveConfig, LiveRun, LiveTrainer
from interestclock.live.trainer_snapshots import TrainerSnapshots
from interestclock.operations.telemetry import Telemetry
from interestclock.ranking import RankerConfig
from interestclock.samples import Batch, BatchMaker, Rows
from interestclock.state import FeatureState
from interestclock.streams import ReplaySource
from interestclock.streams.messages import LABELS
from interestclock.studies.rankers import lineup
from interestclock.training import PredictedBatch, TrainConfig
from interestclock.training.memory import peak_rss_mib

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
RANKERS = ("gaussian", "longterm")
CHECKPOINTS, SNAPSHOTS = 10, 20  # of one run
TABLES, TOUCHED, DELTAS = (10_000, 100_000, 1_000_000), (100, 1_000, 10_000), 5


class Nobody:
    """Is told of predictions and keeps none."""

    def predicted(self, predicted: PredictedBatch) -> None:
        pass

    def learned(self, batch: Batch) -> None:
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
            "features": features(source, arguments.rounds),
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
        admission=AdmissionConfig(label_wait_ms=HOUR_MS),
        batch_minutes=24 * 60,  # batches that are full: of 3,000 exposures a day an hour has fewer
        keep_hours=24,
        checkpoint_minutes=span_ms / 60_000 / CHECKPOINTS,
        snapshot_minutes=span_ms / 60_000 / SNAPSHOTS,
        full_snapshot_hours=span_ms / HOUR_MS / 4,
    )


def warm_up(source: First, folder: Path) -> None:
    """Compile what is compiled."""
    features(source, 1)
    for ranker in RANKERS:
        trainer(source, ranker, folder / "warm", 1)


def features(source: First, rounds: int) -> dict[str, float]:
    """Events per second of the features alone, medians; bytes per user."""
    taken = [one_round_of_features(source) for _ in range(rounds)]
    return {name: median(each[name] for each in taken) for name in taken[0]}


def one_round_of_features(source: First) -> dict[str, float]:
    settings = config(lineup(["gaussian"])["gaussian"], source)
    maker = BatchMaker(recent=settings.ranker.recent, clocks=True, clocks_of_day=False)
    figures: dict[str, float] = {}
    for batch_size in (128, 1_024):
        state = FeatureState(source.schema, items=source.items(), config=settings.state())
        buffer = EventBuffer(source.schema, config=settings.admission)
        taken, events = 0.0, 0
        for batch in polled(source, batch_size):
            for admitted in buffer.admit(batch.tables()):
                started = time.perf_counter()
                for midnight_ms in state.midnights_until(admitted.watermark_ms):
                    state.pass_midnight(midnight_ms)
                shown = admitted.exposures
                if shown is not None:
                    ingested = state.ingest(shown)
                state.apply_labels(admitted.labels)
                if shown is not None:
                    maker.make(as_rows(shown, ingested.user_N, ingested.item_N), state)
                    events += shown.num_rows
                state.close_before_ms(admitted.watermark_ms - settings.waits_ms)
                taken += time.perf_counter() - started
        figures[f"events_per_second_{batch_size}"] = events / taken
    users = len(state.users)
    assert state.votes is not None
    return figures | {
        "users": users,
        "clock_bytes_per_user": state.votes.bytes_used / users,
        "history_bytes_per_user": state.user_histories.bytes_used / users,
    }


def as_rows(exposures: pa.Table, user_B: np.ndarray, item_B: np.ndarray) -> Rows:
    names = ("timestamp_ms", "second_of_day", "day_of_week")
    columns = {f"{name}_B": exposures[name].to_numpy() for name in names}
    request_B = np.arange(exposures.num_rows)
    known_ms_B = columns["timestamp_ms_B"]
    return Rows(user_B=user_B, item_B=item_B, request_B=request_B, known_ms_B=known_ms_B, **columns)


def polled(source: First, rows: int) -> Iterator:
    replay = ReplaySource(source, speed_up=None)
    replay.start_after({})
    while not replay.ended:
        batch = replay.poll(rows, 0.0)
        if batch is not None:
            yield batch


def trainer(source: First, ranker: str, folder: Path, rounds: int) -> dict[str, float]:
    """Exposures per second, bare and with everything, in turns."""
    settings = config(lineup([ranker])[ranker], source)
    taken: dict[str, list[float]] = {"bare": [], "everything": []}
    stall_seconds = 0.0
    folder.mkdir(exist_ok=True)
    for turn in range(rounds):
        started = time.perf_counter()
        bare = LiveTrainer(source.schema, items=source.items(), config=settings, recorder=Nobody())
        for batch in polled(source, settings.poll_messages):
            bare.process(batch.exposures, batch.labels)
        bare.finish()
        taken["bare"].append(time.perf_counter() - started)
        started = time.perf_counter()
        telemetry = Telemetry(tasks=source.schema.labels, main_task=source.schema.main_label)
        replay = ReplaySource(source, speed_up=None)
        with LiveRun(replay, folder / f"{ranker}{turn}", config=settings, telemetry=telemetry) as run:
            run.run()
        taken["everything"].append(time.perf_counter() - started)
        stall_seconds = run.checkpoint_writer.stall_seconds
    events = source.events.num_rows
    rates = {name: events / median(each) for name, each in taken.items()}
    return rates | {
        "cost": 1 - rates["everything"] / rates["bare"],
        "checkpoint_stall_share": stall_seconds / taken["everything"][-1],
    }


def deltas(folder: Path) -> list[dict[str, float]]:
    """A trainer's delta after so many new users and items, for several sizes of its tables; medians."""
    schema = LogSchema(labels=("finish",), attributes=("genre",), clock_attributes=("genre",))
    settings = LiveConfig(ranker=lineup(["base"])["base"], train=TrainConfig(batch_size=TOUCHED[0]))
    live = LiveTrainer(schema, items=None, config=settings, recorder=Nobody())
    figures: list[dict[str, float]] = []
    turn = known = 0

    def show_new(ids: int) -> None:
        nonlocal turn, known
        live.process(exposures_of(known + np.arange(ids), turn), LABELS.empty_table())
        turn, known = turn + 1, known + ids

    for ids in TABLES:
        while known < ids:
            show_new(min(ids - known, 100_000))
        snapshots = TrainerSnapshots(folder / f"deltas{ids}", live)
        started = time.perf_counter()
        whole = snapshots.write(whole=True)
        whole_ms = 1e3 * (time.perf_counter() - started)
        for new in TOUCHED:
            taken, notes = [], []
            for _ in range(DELTAS):
                show_new(new)
                started = time.perf_counter()
                notes.append(snapshots.write(whole=False))
                taken.append(1e3 * (time.perf_counter() - started))
            figures.append(
                {
                    "ids": ids,
                    "new": new,
                    "kinds": sorted({each.kind for each in notes}),
                    "rows": notes[-1].tables["weight"].rows,
                    "touched": notes[-1].tables["weight"].touched,
                    "bytes": median(each.bytes for each in notes),
                    "ms": median(taken),
                    "whole_bytes": whole.bytes,
                    "whole_ms": whole_ms,
                }
            )
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
        most_state_users=most,
        forget_users_after_days=1,
        admission=AdmissionConfig(label_wait_ms=HOUR_MS),
    )
    live = LiveTrainer(schema, items=None, config=settings, recorder=Nobody())
    figures = []
    for turn in range(10 * most // (rows // 2)):
        each_twice = turn * (rows // 2) + np.arange(rows) % (rows // 2)
        live.process(exposures_of(each_twice, turn), LABELS.empty_table())
        figures.append(
            {
                "ids": (turn + 1) * rows // 2,
                "rows": len(live.ranker.table.weight),
                "feature_mib": live.features.bytes_used / 2**20,
                "peak_rss_mib": peak_rss_mib(),
            }
        )
    return figures


def exposures_of(number_N: np.ndarray, turn: int) -> pa.Table:
    """Each number as a user to whom the item of that number is shown, in the turn's two hours."""
    rows, number = number_N.size, number_N.tolist()
    time_ms = 1_700_000_000_000 + turn * 2 * HOUR_MS + np.arange(rows) * (2 * HOUR_MS // rows)
    return pa.table(
        {
            "user_id": [f"user {each}" for each in number],
            "item_id": [f"item {each}" for each in number],
            "timestamp_ms": time_ms,
            "second_of_day": (time_ms // 1_000 % 86_400).astype(np.int32),
            "day_of_week": np.zeros(rows, np.int8),
            "attribute.genre": pa.array([[f"g{each % 40}"] for each in number]),
            "label.finish": np.ones(rows, np.int8),
            "known_ms.finish": time_ms,
            "event_id": [f"{turn}/{each}" for each in range(rows)],
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
    table = Table(
        "users and items known", "new of each", "rows touched", "delta, bytes", "ms", "whole: bytes", "ms"
    )
    for row in figures["deltas"]:
        table.add_row(
            *(f"{row[name]:,}" for name in ("ids", "new", "touched", "bytes")),
            f"{row['ms']:.1f}",
            f"{row['whole_bytes']:,}",
            f"{row['whole_ms']:,.0f}",
        )
    console.print(table)
    table = Table("new ids so far", "rows of the table", "features, MiB", "peak memory, MiB")
    for row in figures["memory"][3::6]:
        table.add_row(
            f"{row['ids']:,}", f"{row['rows']:,}", f"{row['feature_mib']:.1f}", f"{row['peak_rss_mib']:.0f}"
        )
    console.print(table)


def plot(rows: list[dict[str, float]], path: Path) -> None:
    from matplotlib import pyplot  # noqa: PLC0415  only a picture needs it

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4.5), layout="constrained")
    labels = {"bytes": "bytes of a delta", "ms": "ms to make and write it"}
    for axis, (name, label) in zip(axes, labels.items(), strict=True):
        for ids, width in zip(TABLES, (6, 3.5, 1), strict=True):  # lines may lie on one another
            mine = [row for row in rows if row["ids"] == ids]
            axis.semilogx(
                [row["touched"] for row in mine],
                [row[name] for row in mine],
                marker="o",
                linewidth=width,
                label=f"{ids:,} users and items",
            )
        axis.set(xlabel="rows touched", ylabel=label, ylim=(0, None))
        axis.grid(visible=True, which="both", alpha=0.2)
    axes[0].legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


if __name__ == "__main__":
    main()
