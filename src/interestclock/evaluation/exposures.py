"""What every run of a comparison was asked: the evaluation rows, the same for all rankers.

Axes: ``N`` exposures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from interestclock.errors import ConfigError, ResultError
from interestclock.evaluation.scored import Scored
from interestclock.metrics.exposure_metrics import Array

__all__ = ["Exposures", "Predictions", "check_predictions"]

Predictions = Mapping[str, Sequence[Mapping[str, Array]]]
"""Ranker name → one entry per seed → label → ``(N,)`` predicted probabilities."""


@dataclass(frozen=True, kw_only=True)
class Exposures:
    """The evaluated exposures, in stream order; the same for every ranker and seed.

    Args:
        user_N: int64, any numbering.
        request_N: int64; negative where an exposure belongs to no request.
        timestamp_ms_N: int64 UTC milliseconds.
        second_of_day_N: local seconds since midnight, 0..86399.
        labels: label → int8 ``(N,)``: 1, 0, or -1 where missing.
        truths: label → float64 ``(N,)`` true probability, where the log knows it.

    Raises:
        ValueError: a column's length differs from the others.

    Example:
        >>> rows = np.arange(2)
        >>> exposures = Exposures(
        ...     user_N=rows, request_N=rows, timestamp_ms_N=rows, second_of_day_N=rows,
        ...     labels={"finish": np.array([1, -1])},
        ... )
        >>> exposures.scored("finish", np.array([0.5, 0.6])).score_N.tolist()
        [0.5]
    """

    user_N: Array
    request_N: Array
    timestamp_ms_N: Array
    second_of_day_N: Array
    labels: Mapping[str, Array]
    truths: Mapping[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        columns: dict[str, Array] = {
            "request_N": self.request_N,
            "timestamp_ms_N": self.timestamp_ms_N,
            "second_of_day_N": self.second_of_day_N,
            **{f"labels[{name!r}]": column for name, column in self.labels.items()},
            **{f"truths[{name!r}]": column for name, column in self.truths.items()},
        }
        for name, column in columns.items():
            if column.shape != self.user_N.shape:
                raise ValueError(f"{name} has shape {column.shape}, user_N {self.user_N.shape}; match rows")

    def label_known(self, label: str) -> Array:
        """Rows ``(N,)`` whose label is not missing.

        Raises:
            ConfigError: there is no such label.
        """
        if label not in self.labels:
            raise ConfigError(
                f"no label '{label}' was evaluated; there is {', '.join(self.labels) or 'none'}"
            )
        known: Array = self.labels[label] >= 0
        return known

    def scored(self, label: str, score_N: Array) -> Scored:
        """Scores beside what they are judged by: users numbered from 0, missing labels left out.

        Where each request holds one exposure, which has no place to win or lose, there are no requests.
        """
        known = self.label_known(label)
        user_N = np.unique(self.user_N, return_inverse=True)[1]
        return Scored(
            user_N=user_N[known],
            request_N=_ranked(self.request_N[known]),
            label_N=self.labels[label][known],
            score_N=score_N[known],
        )


def _ranked(request_N: Array) -> Array:
    inside_M = request_N[request_N >= 0]
    return request_N if len(np.unique(inside_M)) < len(inside_M) else np.full_like(request_N, -1)


def check_predictions(exposures: Exposures, predictions: Predictions) -> None:
    """Refuse predictions that cannot be compared.

    Args:
        exposures: what was asked.
        predictions: what each ranker answered, one entry per seed.

    Raises:
        ResultError: no seed, a label without predictions, another number of rows, or a score that is no
            finite number.

    Example:
        >>> rows = np.arange(2)
        >>> exposures = Exposures(
        ...     user_N=rows, request_N=rows, timestamp_ms_N=rows, second_of_day_N=rows,
        ...     labels={"finish": np.array([1, 0])},
        ... )
        >>> check_predictions(exposures, {"base": [{"finish": np.array([0.5, np.nan])}]})
        Traceback (most recent call last):
        interestclock.errors.ResultError: ranker 'base', seed number 0, label 'finish': prediction 1 is nan;
        the model diverged, try a lower learning rate
    """
    for ranker, seeds in predictions.items():
        if not seeds:
            raise ResultError(f"ranker '{ranker}' has no run; run at least one seed")
        for number, by_label in enumerate(seeds):
            for label in exposures.labels:
                where = f"ranker '{ranker}', seed number {number}, label '{label}'"
                _check_scores(where, by_label.get(label), len(exposures.user_N))


def _check_scores(where: str, score_N: Array | None, rows: int) -> None:
    if score_N is None:
        raise ResultError(f"{where}: no predictions; run the ranker again for every label of the log")
    if score_N.shape != (rows,):
        raise ResultError(f"{where}: shape {score_N.shape} for {rows} exposures; the run is of another log")
    bad = np.flatnonzero(~np.isfinite(score_N))
    if len(bad):
        raise ResultError(
            f"{where}: prediction {bad[0]} is {score_N[bad[0]]}; "
            "the model diverged, try a lower learning rate"
        )
