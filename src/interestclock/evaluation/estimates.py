"""Every metric of a ranker's scores for one label: averaged over seeds, by local hour, in every replicate.

Axes: ``N`` exposures, ``T`` replicates, ``H`` local hours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from interestclock.evaluation.exposures import Exposures
from interestclock.evaluation.scored import measure, measure_replicates
from interestclock.evaluation.slices import measure_by_hour
from interestclock.evaluation.swings import measure_swing
from interestclock.metrics.bootstrap import UserResamples
from interestclock.metrics.exposure_metrics import Array, Floats

__all__ = ["Estimate", "TaskEstimates", "estimate", "resamples_of"]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A metric averaged over seeds: on the exposures as they are, and in every replicate.

    ``seeds`` are the plain figures behind ``point``, one per seed; a combination of metrics has none.
    """

    point: float
    replicate_T: Floats
    seeds: Sequence[float] = ()


@dataclass(frozen=True, kw_only=True)
class TaskEstimates:
    """The metrics of one ranker and label by name, and their means over seeds by local hour, ``(H,)``.

    ``swing`` holds what ``measure_swing`` names.
    """

    metrics: Mapping[str, Estimate]
    by_hour: Mapping[str, Floats]
    swing: Mapping[str, Estimate]


def resamples_of(exposures: Exposures, *, replicates: int, seed: int = 0) -> UserResamples:
    """The draws of users that every ranker is measured with."""
    return UserResamples(users=max(1, len(np.unique(exposures.user_N))), replicates=replicates, seed=seed)


def estimate(
    exposures: Exposures, task: str, runs: Sequence[Array], *, resamples: UserResamples
) -> TaskEstimates:
    """Measure what one ranker said of one label.

    Args:
        exposures: what it was asked. task: the label.
        runs: ``(N,)`` probabilities per seed. resamples: of the exposures' users.

    Example:
        >>> rows, label_N = np.arange(4), np.array([0, 1, 0, 1])
        >>> exposures = Exposures(
        ...     user_N=rows // 2, request_N=rows, timestamp_ms_N=rows, second_of_day_N=rows,
        ...     labels={"finish": label_N},
        ... )
        >>> resamples = resamples_of(exposures, replicates=3)
        >>> estimates = estimate(exposures, "finish", [label_N / 2, 1 - label_N / 2], resamples=resamples)
        >>> estimates.metrics["auc"]
        Estimate(point=0.5, replicate_T=array([0.5, 0.5, 0.5]), seeds=[1.0, 0.0])
    """
    scored = [exposures.scored(task, score_N) for score_N in runs]
    known = exposures.label_known(task)
    timestamp_ms_N, second_of_day_N = exposures.timestamp_ms_N[known], exposures.second_of_day_N[known]
    points = [measure(one) for one in scored]
    replicates = [measure_replicates(one, resamples) for one in scored]
    hourly = [measure_by_hour(one, second_of_day_N) for one in scored]
    swings = [measure_swing(one, timestamp_ms_N, second_of_day_N, resamples=resamples) for one in scored]
    return TaskEstimates(
        metrics={
            name: _over_seeds([(point[name], of[name]) for point, of in zip(points, replicates, strict=True)])
            for name in points[0]
        },
        by_hour={name: np.mean([hours[name] for hours in hourly], axis=0) for name in hourly[0]},
        swing={name: _over_seeds([swing[name] for swing in swings]) for name in swings[0]},
    )


def _over_seeds(runs: Sequence[tuple[float, Floats]]) -> Estimate:
    """A figure and its replicates, of each seed's run."""
    seeds = [point for point, _ in runs]
    return Estimate(
        point=float(np.mean(seeds)),
        replicate_T=np.mean([replicate_T for _, replicate_T in runs], axis=0),
        seeds=seeds,
    )
