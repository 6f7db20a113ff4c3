"""From predictions on disk to the figures of a comparison, measured side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from interestclock.evaluation import Exposures
from interestclock.evaluation.estimates import TaskEstimates, estimate, resamples_of
from interestclock.evaluation.exposures import check_predictions
from interestclock.evaluation.summary import HEADLINE, summary_of
from interestclock.metrics.bootstrap import UserResamples
from interestclock.studies.evaluation_rows import read_evaluation_rows, read_predictions
from interestclock.studies.progress import StudyProgress
from interestclock.workers import Report, Workers

__all__ = ["BASELINE", "figures"]

BASELINE = "base"


@dataclass(frozen=True, kw_only=True)
class _View:
    """Which exposures are looked at, and which predictions; ``tasks`` None is all labels of the log."""

    folder: Path
    part: str
    kind: str
    tasks: tuple[str, ...] | None = None

    @property
    def rows(self) -> Path:
        """The file of what every ranker was asked."""
        return self.folder / "exposures.parquet"

    def of(self, exposures: Exposures) -> Exposures:
        """What it looks at of its part's exposures."""
        return exposures if self.tasks is None else _only(exposures, self.tasks)


@dataclass(frozen=True, kw_only=True)
class _Measurement:
    """One job: a ranker's predictions of one label; no ranker, the true probabilities."""

    view: _View
    ranker: str | None
    task: str


def figures(
    folder: Path,
    *,
    label: str,
    rankers: Sequence[str],
    beside_hour: Sequence[str],
    seeds: int,
    replicates: int,
    workers: Workers,
    progress: StudyProgress,
) -> dict[str, Any]:
    """What ``summarise`` makes of the test part, and the headline of two other views.

    ``frozen``: every ranker as it stood at the start of the test part. ``validation``: the part
    before it, the one to choose settings on.

    Args:
        folder: holds ``exposures.parquet`` and one file per run. label: the comparison is about.
        rankers: names. beside_hour: those of them that carry an hour embedding and more.
        seeds: runs of each. replicates: of the bootstrap over users.
        workers: measure. progress: hears how they come along.
    """
    test = _View(folder=folder, part="test", kind="p")
    frozen = replace(test, kind="frozen", tasks=(label,))
    validation = replace(test, part="validation", tasks=(label,))
    parts = {view.part: read_evaluation_rows(view.rows, part=view.part)[0] for view in (test, validation)}
    views = {view: view.of(parts[view.part]) for view in (test, frozen, validation)}
    measurements = [
        _Measurement(view=view, ranker=ranker, task=task)
        for view, exposures in views.items()
        for ranker in rankers
        for task in exposures.labels
    ]
    truth = _Measurement(view=test, ranker=None, task=label)
    measurements += [truth] if label in views[test].truths else []
    measured = _measured(measurements, seeds=seeds, replicates=replicates, workers=workers, progress=progress)

    def summary(view: _View) -> dict[str, Any]:
        estimates = {
            ranker: {
                task: measured[_Measurement(view=view, ranker=ranker, task=task)]
                for task in views[view].labels
            }
            for ranker in rankers
        }
        oracle = measured[truth].metrics["auc"] if view is test and truth in measured else None
        return summary_of(
            views[view], estimates, oracle, label=label, baseline=BASELINE, beside_hour=beside_hour
        )

    results = summary(test)
    results["frozen"], results["validation"] = _headline(summary(frozen)), _headline(summary(validation))
    return results


def _measured(
    measurements: Sequence[_Measurement],
    *,
    seeds: int,
    replicates: int,
    workers: Workers,
    progress: StudyProgress,
) -> dict[_Measurement, TaskEstimates]:
    done = 0
    progress.phase("computing figures", 0, len(measurements))

    def received(_: None) -> None:
        nonlocal done
        done += 1
        progress.phase("computing figures", done, len(measurements))

    jobs = [partial(_measure, each, seeds, replicates) for each in measurements]
    return dict(zip(measurements, workers.run(jobs, received), strict=True))


def _measure(measurement: _Measurement, seeds: int, replicates: int, report: Report) -> TaskEstimates:
    view, task = measurement.view, measurement.task
    exposures, row_N, resamples = _shared(view.rows, view.part, replicates)
    if measurement.ranker is None:
        runs = [exposures.truths[task]]
    else:
        paths = [view.folder / f"{measurement.ranker}-seed{seed}.parquet" for seed in range(seeds)]
        by_label = [read_predictions(path, (task,), row_N, kind=view.kind) for path in paths]
        check_predictions(_only(exposures, (task,)), {measurement.ranker: by_label})
        runs = [each[task] for each in by_label]
    estimates = estimate(exposures, task, runs, resamples=resamples)
    report(None)
    return estimates


@lru_cache(maxsize=2)
def _shared(rows: Path, part: str, replicates: int) -> tuple[Exposures, npt.NDArray[np.int64], UserResamples]:
    """What all measurements of a part share: read, and its users drawn, once in each worker's life."""
    exposures, row_N = read_evaluation_rows(rows, part=part)
    return exposures, row_N, resamples_of(exposures, replicates=replicates)


def _only(exposures: Exposures, tasks: Sequence[str]) -> Exposures:
    return replace(exposures, labels={task: exposures.labels[task] for task in tasks}, truths={})


def _headline(results: dict[str, Any]) -> dict[str, Any]:
    return {name: {metric: row[metric] for metric in HEADLINE} for name, row in results["rankers"].items()}
