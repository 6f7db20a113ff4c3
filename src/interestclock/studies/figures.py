"""From predictions on disk to the figures of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from interestclock.evaluation import Exposures, summarise
from interestclock.studies.evaluation_rows import read_evaluation_rows, read_predictions

__all__ = ["BASELINE", "figures"]

BASELINE = "base"


def figures(
    folder: Path, *, label: str, rankers: Sequence[str], seeds: int, replicates: int
) -> dict[str, Any]:
    """What ``summarise`` makes of the test part, and the headline of two other views.

    ``frozen``: every ranker as it stood at the start of the test part. ``validation``: the part
    before it, the one to choose settings on.

    Args:
        folder: holds ``exposures.parquet`` and one file per run. label: the comparison is about.
        rankers: names. seeds: runs of each. replicates: of the bootstrap over users.
    """
    evaluation_rows = folder / "exposures.parquet"
    runs = {name: [folder / f"{name}-seed{seed}.parquet" for seed in range(seeds)] for name in rankers}

    def view(part: str, kind: str, tasks: Sequence[str] | None) -> dict[str, Any]:
        exposures, row_N = read_evaluation_rows(evaluation_rows, part=part)
        exposures = exposures if tasks is None else _only(exposures, tasks)
        predictions = {
            name: [read_predictions(run, tuple(exposures.labels), row_N, kind=kind) for run in paths]
            for name, paths in runs.items()
        }
        return summarise(exposures, predictions, label=label, baseline=BASELINE, replicates=replicates)

    results = view("test", "p", None)
    results["frozen"] = _headline(view("test", "frozen", [label]))
    results["validation"] = _headline(view("validation", "p", [label]))
    return results


def _only(exposures: Exposures, tasks: Sequence[str]) -> Exposures:
    return replace(exposures, labels={task: exposures.labels[task] for task in tasks}, truths={})


def _headline(results: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {metric: row[metric] for metric in ("auc", "uauc", "logloss")}
        for name, row in results["rankers"].items()
    }
