"""Samples per second of each ranker on a log as a study runs it: histories, clocks, candidates and all."""

from __future__ import annotations

import tempfile
from pathlib import Path

from five_features import data_folder, has_check_ins
from simulated import open_simulated

from interestclock.defaults import BASE, PARTS
from interestclock.events import EventSource, open_log
from interestclock.ranking import RankerConfig
from interestclock.samples import PrepareConfig, prepare_samples
from interestclock.studies.rankers import lineup
from interestclock.training import RunPlan, TrainConfig, run_ranker


def each_ranker() -> dict[str, dict[str, float]]:
    """One pass of each over the whole log, one thread, batches of 128; reading the log is not counted."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source = open_check_ins() if has_check_ins() else open_simulated("small", folder / "log")
        prepare_samples(source, folder / "samples", config=PrepareConfig())
        return {
            name: run(name, config, folder, source)
            for name, config in lineup([BASE, *PARTS, "gaussian+longterm"]).items()
        }


def open_check_ins() -> EventSource:
    folder = data_folder()
    return open_log(folder / "nyc_checkins.tsv.gz", layout="foursquare", items=folder / "nyc_categories.csv")


def run(ranker: str, config: RankerConfig, folder: Path, source: EventSource) -> dict[str, float]:
    for part in ("predictions", "rankers"):
        (folder / part).mkdir(exist_ok=True)
    plan = RunPlan(
        ranker=ranker,
        config=config,
        train=TrainConfig(threads=1),
        samples=folder / "samples",
        out=folder,
        label=source.schema.main_label,
    )
    cost = run_ranker(plan, lambda _: None)
    return {
        "samples": cost.samples,
        "seconds": cost.seconds,
        "samples_per_second": cost.samples / cost.seconds,
    }
