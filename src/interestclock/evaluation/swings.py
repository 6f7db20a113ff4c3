"""How far one ranker's calibration and mean prediction swing by local hour and from day to day.

Axes: ``N`` exposures, ``T`` replicates.
"""

from __future__ import annotations

import numpy as np

from interestclock.evaluation.scored import Scored
from interestclock.evaluation.slices import HOURS, SECONDS_PER_HOUR
from interestclock.metrics.bootstrap import UserResamples
from interestclock.metrics.exposure_metrics import Array, Floats
from interestclock.metrics.swing import group_sums, squared_swing, swing_without_noise
from interestclock.timeofday import DAY_MS

__all__ = ["OVER", "SWINGS", "days_of_24_hours", "measure_swing"]

OVER = ("by_hour", "by_day")
SWINGS = {"calibration": (0, 1), "prediction": (0, 2), "label": (1, 2)}
"""What swings, as a sum over another: of predictions (0), labels (1), exposures (2)."""

_WHOLE_MS = DAY_MS - 3_600_000
_NOBODY = UserResamples(users=1, replicates=1)


def days_of_24_hours(timestamp_ms_N: Array) -> Array:
    """Which day each exposure is on, counted in 24 hours from the first; -1 on a last one that is cut short.

    A day that was cut would differ from the others by its hours. It counts as whole from 23 hours on.

    Args:
        timestamp_ms_N: UTC milliseconds, in any order.

    Example:
        >>> days_of_24_hours(np.array([0, 80_000_000, 86_400_000])).tolist()
        [0, 0, -1]
    """
    if not len(timestamp_ms_N):
        return np.zeros(0, np.int64)
    passed_ms_N = timestamp_ms_N - timestamp_ms_N.min()
    whole = (int(passed_ms_N.max()) + DAY_MS - _WHOLE_MS) // DAY_MS
    day_N = passed_ms_N // DAY_MS
    return np.where(day_N < whole, day_N, -1)


def measure_swing(
    scored: Scored, timestamp_ms_N: Array, second_of_day_N: Array, *, resamples: UserResamples
) -> dict[str, tuple[float, Floats]]:
    """Every swing of some scores, and its replicates, what the draw of users adds taken off.

    Args:
        scored: labels and scores. timestamp_ms_N: UTC milliseconds. second_of_day_N: local, 0..86399.
        resamples: the draws, the same for every ranker.

    Returns:
        ``calibration_by_hour``, ``prediction_by_hour``, ``label_by_hour`` and the same by day: the figure and
        ``(T,)`` replicates; NaN where fewer than two hours, or whole days, have exposures.

    Example:
        >>> rows = np.array([0, 0, 1, 1])
        >>> label_N, score_N = np.array([1, 1, 1, 1]), np.array([0.4, 0.6, 0.4, 0.6])
        >>> scored = Scored(user_N=rows, request_N=rows, label_N=label_N, score_N=score_N)
        >>> hours, draws = np.array([0, 3600, 0, 3600]), UserResamples(users=2, replicates=2)
        >>> round(measure_swing(scored, hours * 1000, hours, resamples=draws)["prediction_by_hour"][0], 6)
        0.2
    """
    groups = {"by_hour": second_of_day_N // SECONDS_PER_HOUR, "by_day": days_of_24_hours(timestamp_ms_N)}
    value_VN = np.stack([scored.score_N.astype(np.float64), scored.label_N, np.ones(len(scored.label_N))])
    swings: dict[str, tuple[float, Floats]] = {}
    for over, group_N in groups.items():
        count = HOURS if over == "by_hour" else int(group_N.max(initial=-1)) + 1
        once = group_sums(_NOBODY, np.zeros_like(group_N), group_N, value_VN, groups=count)
        sums = group_sums(resamples, scored.user_N, group_N, value_VN, groups=count)
        for name, (upper, lower) in SWINGS.items():
            squared = float(squared_swing(once[upper], once[lower])[0])
            swings[f"{name}_{over}"] = swing_without_noise(squared, squared_swing(sums[upper], sums[lower]))
    return swings
