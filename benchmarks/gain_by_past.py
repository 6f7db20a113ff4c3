"""Gains by how much of a user was seen before: who are those that a ranker helps?

    python benchmarks/gain_by_past.py RESULTS --over gaussian

RESULTS is what ``compare`` wrote. What was seen of a user are the requests (of a log of choices, the choices)
that stand before in the log. Intervals are over users, rankers paired, seeds averaged.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from interestclock.evaluation import Exposures
from interestclock.evaluation.estimates import Estimate, estimate, resamples_of
from interestclock.evaluation.intervals import combine
from interestclock.metrics.bootstrap import percentile_interval
from interestclock.saved import read_object
from interestclock.studies.evaluation_rows import read_evaluation_rows, read_predictions

# Shapes: N exposures of a part, U users.

STARTS = (0, 1, 5, 20, 100)
"""Of bands of requests seen before; each goes up to the next."""
REPLICATES = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="what compare wrote")
    parser.add_argument("--over", default="hour", help="the ranker that others are held against (hour)")
    parser.add_argument("--part", default="validation", choices=["validation", "test"])
    given = parser.parse_args()
    print("\n".join(lines(given.results, over=given.over, part=given.part)))


def lines(results: Path, *, over: str, part: str) -> list[str]:
    """A table: a row for each ranker, a column for each band of requests seen before."""
    said, folder = read_object(results / "results.json", remedy="compare again"), results / "predictions"
    exposures, row_N = read_evaluation_rows(folder / "exposures.parquet", part=part)
    band_N = np.searchsorted(STARTS, requests_before(folder / "exposures.parquet")[row_N], side="right") - 1
    label, columns = said["label"], []
    for band in range(len(STARTS)):
        here_N = band_N == band
        columns.append(
            {
                name: _auc(folder, name, _some(exposures, here_N), row_N[here_N], label)
                for name in said["rankers"]
            }
        )
    return [
        f"| AUC − {over} | {' | '.join(map(_band, range(len(STARTS))))} |",
        f"| --- |{' --- |' * len(STARTS)}",
        f"| exposures | {' | '.join(f'{np.sum(band_N == band):,}' for band in range(len(STARTS)))} |",
        *(
            f"| {name} | {' | '.join(_gain(column[name], column[over]) for column in columns)} |"
            for name in said["rankers"]
            if name != over
        ),
    ]


def requests_before(rows: Path) -> npt.NDArray[np.int64]:
    """How many requests of its user stand before each row's in the log, (N,) of all rows."""
    columns = pq.read_table(rows, columns=["user", "request"])
    user_N, request_N = (columns[name].to_numpy() for name in ("user", "request"))
    _, first_U, of_N = np.unique(request_N, return_index=True, return_inverse=True)
    return seen_before(user_N[first_U])[of_N]


def seen_before(user_U: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How often each one's value came before, (U,)."""
    order_U = np.argsort(user_U, kind="stable")
    starts_U = np.searchsorted(user_U[order_U], user_U[order_U], side="left")
    before_U = np.empty(user_U.size, np.int64)
    before_U[order_U] = np.arange(user_U.size) - starts_U
    return before_U


def _some(exposures: Exposures, here_N: npt.NDArray[np.bool_]) -> Exposures:
    return Exposures(
        user_N=exposures.user_N[here_N],
        request_N=exposures.request_N[here_N],
        timestamp_ms_N=exposures.timestamp_ms_N[here_N],
        second_of_day_N=exposures.second_of_day_N[here_N],
        labels={name: each[here_N] for name, each in exposures.labels.items()},
    )


def _auc(
    folder: Path, name: str, exposures: Exposures, row_N: npt.NDArray[np.int64], label: str
) -> Estimate | None:
    """Averaged over seeds; None where one class of the label is missing."""
    if np.unique(exposures.labels[label][exposures.labels[label] >= 0]).size < 2:
        return None
    seeds: Sequence[Path] = sorted(folder.glob(f"{name}-seed*.parquet"))
    runs = [read_predictions(path, (label,), row_N)[label] for path in seeds]
    resamples = resamples_of(exposures, replicates=REPLICATES)
    return estimate(exposures, label, runs, resamples=resamples).metrics["auc"]


def _gain(one: Estimate | None, over: Estimate | None) -> str:
    if one is None or over is None:
        return "–"
    apart = combine(lambda x, y: x - y, one, over)
    low, high = percentile_interval(apart.replicate_T)
    return f"{apart.point:+.4f} ({low:+.4f} to {high:+.4f})"


def _band(band: int) -> str:
    """Which requests seen before a band has, in words."""
    first = STARTS[band]
    if band + 1 == len(STARTS):
        return f"{first} and more seen"
    last = STARTS[band + 1] - 1
    return f"{first} seen" if last == first else f"{first} to {last} seen"


if __name__ == "__main__":
    main()
