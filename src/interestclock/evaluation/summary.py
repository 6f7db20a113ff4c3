"""The comparison in figures: every metric with its interval, every pair, the share of what is reachable.

Seeds are averaged within each replicate, so an interval speaks of users, and not of what another seed
would change; the mean is the plain figure averaged over seeds.
Axes: ``N`` exposures, ``R`` replicates, ``H`` local hours.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from interestclock.evaluation.exposures import Exposures, Predictions, check_predictions
from interestclock.evaluation.scored import measure, measure_replicates
from interestclock.evaluation.slices import counts_by_hour, hourly_spread, measure_by_hour
from interestclock.metrics.bootstrap import UserResamples, percentile_interval
from interestclock.metrics.exposure_metrics import Array, Floats, rela_impr

__all__ = ["summarise"]

HEADLINE = ("auc", "uauc", "logloss")
Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Estimate:
    """A metric averaged over seeds: on the exposures as they are, and in every replicate.

    ``seeds`` are the plain figures behind ``point``, one per seed; a combination of metrics has none.
    """

    point: float
    replicate_R: Floats
    seeds: Sequence[float] = ()


def summarise(
    exposures: Exposures,
    predictions: Predictions,
    *,
    label: str,
    baseline: str = "base",
    replicates: int = 1000,
    bootstrap_seed: int = 0,
) -> Json:
    """Compare rankers on the same exposures.

    Args:
        exposures: what every ranker was asked.
        predictions: what each answered: ranker → seeds → label → ``(N,)`` probabilities.
        label: the label the comparison is about.
        baseline: the ranker RelaImpr is taken over; where it is absent, RelaImpr is None.
        replicates: bootstrap resamples of users.
        bootstrap_seed: names the resamples.

    Returns:
        Plain values for JSON, None for what has no value:
        ``label``, ``baseline``, ``seeds``;
        ``rankers``: name → ``auc``, ``uauc``, ``logloss`` as ``{"mean", "ci95"}``, the first two with
        ``seeds``, one figure per seed, ``relaimpr_auc``, ``relaimpr_uauc`` with ``relaimpr_auc_ci95``,
        ``relaimpr_uauc_ci95``, ``share_of_reachable`` as ``{"mean", "ci95"}`` or None, and ``tasks``:
        label → every metric as ``{"mean", "ci95"}``, precision and recall None where no request has two
        exposures;
        ``pairs``: ``"A-B"`` → ``auc``, ``uauc`` as ``{"mean", "ci95"}``, A minus B, each ordered pair;
        ``oracle``: ``{"auc", "auc_ci95"}`` of the true probability, or None where it is unknown;
        ``by_hour``: ``samples``, ``positives`` and ``rankers``: name → every metric as 24 values, and
        ``auc_spread``, the weighted standard deviation of its AUC over the hours.

    Raises:
        ConfigError: there is no such label.
        ResultError: predictions are missing, of another length, or not finite.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> rows, label_N = np.arange(40), rng.integers(2, size=40)
        >>> exposures = Exposures(
        ...     user_N=rows // 10, request_N=rows // 5, timestamp_ms_N=rows, second_of_day_N=rows * 2000,
        ...     labels={"finish": label_N},
        ... )
        >>> runs = {"base": [{"finish": rng.random(40)}], "longterm": [{"finish": 0.2 + 0.6 * label_N}]}
        >>> summary = summarise(exposures, runs, label="finish", replicates=20)
        >>> summary["rankers"]["longterm"]["auc"]
        {'mean': 1.0, 'ci95': [1.0, 1.0], 'seeds': [1.0]}
        >>> sorted(summary["pairs"])
        ['base-longterm', 'longterm-base']
    """
    exposures.label_known(label)
    check_predictions(exposures, predictions)
    users = max(1, len(np.unique(exposures.user_N)))
    resamples = UserResamples(users=users, replicates=replicates, seed=bootstrap_seed)
    tasks = {
        ranker: {task: _average(exposures, task, seeds, resamples) for task in exposures.labels}
        for ranker, seeds in predictions.items()
    }
    main = {ranker: estimates[label] for ranker, estimates in tasks.items()}
    oracle = _oracle(exposures, label, resamples)
    return {
        "label": label,
        "baseline": baseline,
        "seeds": max((len(seeds) for seeds in predictions.values()), default=0),
        "rankers": {
            ranker: _ranker(estimates, main.get(baseline), oracle)
            | {"tasks": {task: _interval_each(metrics) for task, metrics in tasks[ranker].items()}}
            for ranker, estimates in main.items()
        },
        "pairs": {f"{a}-{b}": _pair(main[a], main[b]) for a, b in itertools.permutations(main, 2)},
        "oracle": None if oracle is None else _with_interval("auc", oracle),
        "by_hour": _by_hour(exposures, predictions, label),
    }


def _average(
    exposures: Exposures, task: str, seeds: Sequence[Mapping[str, Array]], resamples: UserResamples
) -> dict[str, _Estimate]:
    scored = [exposures.scored(task, by_label[task]) for by_label in seeds]
    points = [measure(one) for one in scored]
    replicates = [measure_replicates(one, resamples) for one in scored]
    by_name = {name: [point[name] for point in points] for name in points[0]}
    return {
        name: _Estimate(
            point=float(np.mean(figures)),
            replicate_R=np.mean([replicate[name] for replicate in replicates], axis=0),
            seeds=figures,
        )
        for name, figures in by_name.items()
    }


def _oracle(exposures: Exposures, label: str, resamples: UserResamples) -> _Estimate | None:
    if label not in exposures.truths:
        return None
    return _average(exposures, label, [{label: exposures.truths[label]}], resamples)["auc"]


def _ranker(
    metrics: Mapping[str, _Estimate], base: Mapping[str, _Estimate] | None, oracle: _Estimate | None
) -> Json:
    row: Json = _interval_each({name: metrics[name] for name in HEADLINE})
    for name in ("auc", "uauc"):
        row[name]["seeds"] = [_number(figure) for figure in metrics[name].seeds]
        gain = None if base is None else _combine(rela_impr, metrics[name], base[name])
        row |= _with_interval(f"relaimpr_{name}", gain)
    row["share_of_reachable"] = None
    if base is not None and oracle is not None:
        row["share_of_reachable"] = _interval(_combine(_share, metrics["auc"], base["auc"], oracle))
    return row


def _pair(a: Mapping[str, _Estimate], b: Mapping[str, _Estimate]) -> Json:
    return {name: _interval(_combine(lambda x, y: x - y, a[name], b[name])) for name in ("auc", "uauc")}


def _share(ranker: Any, base: Any, oracle: Any) -> Any:
    """How far from base to oracle; without any way to go there is no share."""
    return (ranker - base) / np.where(oracle == base, np.nan, oracle - base)


def _combine(function: Callable[..., Any], *estimates: _Estimate) -> _Estimate:
    with np.errstate(divide="ignore", invalid="ignore"):  # a replicate may have nothing to compare with
        return _Estimate(
            point=float(function(*(np.float64(one.point) for one in estimates))),
            replicate_R=np.asarray(function(*(one.replicate_R for one in estimates))),
        )


def _interval(estimate: _Estimate) -> Json:
    return {
        "mean": _number(estimate.point),
        "ci95": [_number(bound) for bound in percentile_interval(estimate.replicate_R)],
    }


def _interval_each(metrics: Mapping[str, _Estimate]) -> Json:
    return {name: _interval(estimate) for name, estimate in metrics.items()}


def _with_interval(name: str, estimate: _Estimate | None) -> Json:
    """A bare figure, its interval beside it."""
    if estimate is None:
        return {name: None, f"{name}_ci95": None}
    interval = _interval(estimate)
    return {name: interval["mean"], f"{name}_ci95": interval["ci95"]}


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _by_hour(exposures: Exposures, predictions: Predictions, label: str) -> Json:
    known = exposures.label_known(label)
    second_of_day_N = exposures.second_of_day_N[known]
    counts = counts_by_hour(exposures.labels[label][known], second_of_day_N)
    rankers: Json = {}
    for ranker, seeds in predictions.items():
        runs = [
            measure_by_hour(exposures.scored(label, by_label[label]), second_of_day_N) for by_label in seeds
        ]
        mean_H = {name: np.mean([run[name] for run in runs], axis=0) for name in runs[0]}
        rankers[ranker] = {name: [_number(value) for value in values] for name, values in mean_H.items()}
        rankers[ranker]["auc_spread"] = _number(hourly_spread(mean_H["auc"], counts.positives_H))
    return {
        "samples": counts.samples_H.tolist(),
        "positives": counts.positives_H.tolist(),
        "rankers": rankers,
    }
