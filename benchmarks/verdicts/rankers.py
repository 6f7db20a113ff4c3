"""What each ranker gains in one log: as ``compare`` trains, splits and judges, with one seed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from interestclock.evaluation import split_by_time
from interestclock.evaluation.comparisons import comparisons
from interestclock.evaluation.estimates import Estimate, resamples_of
from interestclock.events import EventSource
from interestclock.metrics.bootstrap import auc_replicates
from interestclock.metrics.exposure_metrics import auc
from interestclock.ranking import RankerConfig
from interestclock.samples import PrepareConfig, SampleFolder, prepare_samples
from interestclock.studies.evaluation_rows import (
    read_evaluation_rows,
    read_predictions,
    write_evaluation_rows,
)
from interestclock.studies.rankers import lineup
from interestclock.training import RunPlan, TrainConfig, run_ranker

REPLICATES = 1_000
ALONE = lineup(["base", "hour", "naive", "gaussian", "longterm"])


def _beside_hour(name: str) -> RankerConfig:
    return RankerConfig(clocks=(*ALONE["hour"].clocks, *ALONE[name].clocks))


RANKERS: Mapping[str, RankerConfig] = ALONE | {
    f"hour+{name}": _beside_hour(name) for name in ("gaussian", "longterm")
}

QUESTIONS = {
    "over_no_time": ("base", ("hour", "naive", "gaussian", "longterm")),
    "over_hour": ("hour", ("hour+gaussian", "hour+longterm")),
}
"""Of each question: the ranker that others have to gain over, and the others."""

BESIDE = {"hour_and_clock_over_base": ("base", ("hour+gaussian", "hour+longterm"))}
"""Kept beside: with one seed, a gain over an hour embedding may be no more than that embedding's loss."""


def gains(source: EventSource) -> dict[str, dict[str, list[float]]]:
    """Question, or what is kept beside -> ranker -> gain in AUC, and the ends of its corrected interval."""
    with TemporaryDirectory() as name:
        out = Path(name)
        folder = prepare_samples(source, out / "samples", config=PrepareConfig())
        estimates, users = _estimates(folder, out)
    found: dict[str, dict[str, list[float]]] = {}
    for question, (baseline, others) in (QUESTIONS | BESIDE).items():
        compared = comparisons(
            {name: estimates[name] for name in (baseline, *others)}, baseline=baseline, users=users
        )
        found[question] = {
            name: [gain["mean"], *gain["interval"]] for name, gain in compared["gains"].items()
        }
    return found


def _estimates(folder: SampleFolder, out: Path) -> tuple[dict[str, Estimate], int]:
    """AUC of every ranker over the test part, and how many users are in it."""
    label = folder.schema.main_label
    for part in ("predictions", "rankers"):
        (out / part).mkdir()
    rows = out / "predictions" / "exposures.parquet"
    split = split_by_time(folder.event_times_ms())
    write_evaluation_rows(folder, folder.state(), rows, split=split, label=label)
    exposures, row_N = read_evaluation_rows(rows, part="test")
    resamples = resamples_of(exposures, replicates=REPLICATES)
    estimates = {}
    for name, config in RANKERS.items():
        plan = RunPlan(
            ranker=name, config=config, train=TrainConfig(), samples=folder.path, out=out, label=label
        )
        run_ranker(plan, lambda _: None)
        said = read_predictions(out / "predictions" / f"{plan.name}.parquet", (label,), row_N)[label]
        scored = exposures.scored(label, said)
        point = auc(scored.label_N, scored.score_N)
        replicate_T = auc_replicates(resamples, scored.user_N, scored.label_N, scored.score_N)
        estimates[name] = Estimate(point=point, replicate_T=replicate_T, seeds=[point])
    return estimates, resamples.users
