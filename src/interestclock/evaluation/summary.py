"""The comparison in figures: every metric with its interval, every pair, the share of what is reachable.

Seeds are averaged within each replicate, so a ``ci95`` speaks of users, and not of what another seed would
change; the mean is the plain figure averaged over seeds. ``comparisons`` counts seeds and comparisons in.
Axes: ``N`` exposures, ``T`` replicates, ``H`` local hours.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from interestclock.evaluation.comparisons import comparisons
from interestclock.evaluation.estimates import Estimate, TaskEstimates, estimate, resamples_of
from interestclock.evaluation.exposures import Exposures, Predictions, check_predictions
from interestclock.evaluation.intervals import combine, interval, interval_each, number, with_interval
from interestclock.evaluation.slices import counts_by_hour, hourly_spread
from interestclock.evaluation.swing_rows import swing_rows
from interestclock.metrics.exposure_metrics import rela_impr

__all__ = ["HEADLINE", "HOUR", "summarise", "summary_of"]

HEADLINE = ("auc", "uauc", "logloss")
HOUR = "hour"
"""The ranker of an hour embedding alone."""
Json = dict[str, Any]


def summarise(
    exposures: Exposures,
    predictions: Predictions,
    *,
    label: str,
    baseline: str = "base",
    beside_hour: Sequence[str] = (),
    replicates: int = 1000,
    bootstrap_seed: int = 0,
) -> Json:
    """Compare rankers on the same exposures.

    Args:
        exposures: what every ranker was asked.
        predictions: what each answered: ranker → seeds → label → ``(N,)`` probabilities.
        label: the label the comparison is about.
        baseline: the ranker RelaImpr is taken over; where it is absent, RelaImpr is None.
        beside_hour: rankers that carry an hour embedding and more, to be compared with ``hour`` as well.
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
        ``comparisons``: as ``comparisons`` returns it, of AUC;
        ``oracle``: ``{"auc", "auc_ci95"}`` of the true probability, or None where it is unknown;
        ``by_hour``: ``samples``, ``positives`` and ``rankers``: name → every metric as 24 values, and
        ``auc_spread``, the weighted standard deviation of its AUC over the hours;
        ``swing``: as ``swing_rows`` returns it.

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
    resamples = resamples_of(exposures, replicates=replicates, seed=bootstrap_seed)
    estimates = {
        ranker: {
            task: estimate(exposures, task, [by_label[task] for by_label in runs], resamples=resamples)
            for task in exposures.labels
        }
        for ranker, runs in predictions.items()
    }
    oracle = None
    if label in exposures.truths:
        oracle = estimate(exposures, label, [exposures.truths[label]], resamples=resamples).metrics["auc"]
    return summary_of(exposures, estimates, oracle, label=label, baseline=baseline, beside_hour=beside_hour)


def summary_of(
    exposures: Exposures,
    estimates: Mapping[str, Mapping[str, TaskEstimates]],
    oracle: Estimate | None,
    *,
    label: str,
    baseline: str,
    beside_hour: Sequence[str] = (),
) -> Json:
    """The comparison where everything was measured, be it in several processes; as ``summarise`` returns it.

    Args:
        exposures: what every ranker was asked. estimates: ranker → label → what ``estimate`` made of it.
        oracle: the AUC of the true probability. label, baseline: as of ``summarise``.
        beside_hour: rankers that carry an hour embedding and more; they are compared with ``hour`` as well,
            in ``over_hour``, which is ``comparisons`` of these, or None where there is nothing to compare.

    Example:
        >>> rows = np.arange(4)
        >>> exposures = Exposures(
        ...     user_N=rows // 2, request_N=rows, timestamp_ms_N=rows, second_of_day_N=rows,
        ...     labels={"finish": rows % 2},
        ... )
        >>> resamples = resamples_of(exposures, replicates=3)
        >>> base = {"finish": estimate(exposures, "finish", [rows % 2], resamples=resamples)}
        >>> summary_of(exposures, {"base": base}, None, label="finish", baseline="base")["seeds"]
        1
    """
    main = {ranker: by_task[label].metrics for ranker, by_task in estimates.items()}
    auc = {ranker: metrics["auc"] for ranker, metrics in main.items()}
    users = len(np.unique(exposures.user_N[exposures.label_known(label)]))
    sums = {name: auc[name] for name in beside_hour if name in auc}
    return {
        "label": label,
        "baseline": baseline,
        "seeds": max((len(metrics["auc"].seeds) for metrics in main.values()), default=0),
        "rankers": {
            ranker: _ranker(metrics, main.get(baseline), oracle)
            | {"tasks": {task: interval_each(each.metrics) for task, each in estimates[ranker].items()}}
            for ranker, metrics in main.items()
        },
        "pairs": {f"{a}-{b}": _pair(main[a], main[b]) for a, b in itertools.permutations(main, 2)},
        "comparisons": comparisons(auc, baseline=baseline, users=users),
        "over_hour": (
            comparisons({HOUR: auc[HOUR]} | sums, baseline=HOUR, users=users)
            if sums and HOUR in auc
            else None
        ),
        "oracle": None if oracle is None else with_interval("auc", oracle),
        "by_hour": _by_hour(exposures, estimates, label),
        "swing": swing_rows({name: each[label].swing for name, each in estimates.items()}, baseline=baseline),
    }


def _ranker(
    metrics: Mapping[str, Estimate], base: Mapping[str, Estimate] | None, oracle: Estimate | None
) -> Json:
    row: Json = interval_each({name: metrics[name] for name in HEADLINE})
    for name in ("auc", "uauc"):
        row[name]["seeds"] = [number(figure) for figure in metrics[name].seeds]
        gain = None if base is None else combine(rela_impr, metrics[name], base[name])
        row |= with_interval(f"relaimpr_{name}", gain)
    row["share_of_reachable"] = None
    if base is not None and oracle is not None:
        row["share_of_reachable"] = interval(combine(_share, metrics["auc"], base["auc"], oracle))
    return row


def _pair(a: Mapping[str, Estimate], b: Mapping[str, Estimate]) -> Json:
    return {name: interval(combine(lambda x, y: x - y, a[name], b[name])) for name in ("auc", "uauc")}


def _share(ranker: Any, base: Any, oracle: Any) -> Any:
    """How far from base to oracle; without any way to go there is no share."""
    return (ranker - base) / np.where(oracle == base, np.nan, oracle - base)


def _by_hour(exposures: Exposures, estimates: Mapping[str, Mapping[str, TaskEstimates]], label: str) -> Json:
    known = exposures.label_known(label)
    counts = counts_by_hour(exposures.labels[label][known], exposures.second_of_day_N[known])
    rankers: Json = {}
    for ranker, by_task in estimates.items():
        mean_H = by_task[label].by_hour
        rankers[ranker] = {name: [number(value) for value in values] for name, values in mean_H.items()}
        rankers[ranker]["auc_spread"] = number(hourly_spread(mean_H["auc"], counts.positives_H))
    return {
        "samples": counts.samples_H.tolist(),
        "positives": counts.positives_H.tolist(),
        "rankers": rankers,
    }
