"""Predict a label by counts alone: without the hour, with the hours of all, each user's own, or own past.

Shapes: ``N`` rows, ``P`` pairs of a row and a cell, ``C`` cells, ``S`` items by slot, ``V`` values of an
item, ``Y`` quarters of an hour in a day, ``H`` hours, ``G`` widths of the Gaussian, ``T`` strengths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from interestclock.defaults import SITTING_MINUTES
from interestclock.ranking import RankerConfig
from interestclock.studies.count_levels import Cells, Labels, Moments, hour_level, hours_of, plain_level
from interestclock.studies.forecast_rows import ForecastRows
from interestclock.studies.own_past import past_levels
from interestclock.studies.sittings import sittings_of
from interestclock.timeofday import circular_gap_seconds

__all__ = ["LogOdds", "log_loss", "prequential_log_odds"]

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.integer]

STRENGTHS = np.array([0.25, 1.0, 4.0, 16.0])
HOUR_STRENGTHS = np.array([1.0, 4.0, 16.0, 64.0])
WIDTHS_HOURS = (1.0, 3.0)
_QUARTERS = 96
_COMMON_TIMES = 2  # one step leaves some of a strong effect, which would be taken for each user's own
_COMES_BACK = 3  # with fewer rows a cell never has two hours to tell apart


@dataclass(frozen=True, kw_only=True)
class LogOdds:
    """Log odds of each row's label, told before it counted, float64 (N,).

    Args:
        without_N: without any time. common_N: with the hours common to all. personal_N: and each user's own.
        newest_N: without time or tastes, with what a user's newest choices tell. past_N: and all before.
    """

    without_N: Floats
    common_N: Floats
    personal_N: Floats
    newest_N: Floats
    past_N: Floats


def log_loss(log_odds_N: Floats, label_N: Numbers) -> Floats:
    """Nats that each label cost, (N,).

    Example:
        >>> log_loss(np.zeros(1), np.ones(1, np.int64)).round(3).tolist()
        [0.693]
    """
    loss_N: Floats = np.logaddexp(0, log_odds_N) - label_N * log_odds_N
    return loss_N


def prequential_log_odds(rows: ForecastRows, *, sitting_minutes: float = SITTING_MINUTES) -> LogOdds:
    """Predict each row's label from what was known of earlier sittings.

    Without the hour: the share of 1 over all, then users, then items and their values, then each user's items
    and values. Upon it the hour common to all: the hour itself, then with items and values. Upon that each
    user's own. Apart from hours, upon items and values: what each user's past tells (``past_levels``), of the
    newest as many as a ranker's base reads, then of all. A label counts once it is known and its user's
    sitting is over, so that what a sitting says of itself is not taken for its hour.

    Args:
        rows: in time order. sitting_minutes: a gap of so many minutes ends a sitting.
    """
    labels = _labels(rows, sitting_minutes)
    hour_N, moments = (rows.second_of_day_N // 3600).astype(np.int8), _moments(rows.second_of_day_N)
    everyone, users = np.zeros(len(rows.user_N), np.int32), rows.user_N
    carried = [_Carried.of(rows.item_N[:, np.newaxis])]
    carried += [_Carried.of(values_SV[rows.item_N]) for values_SV in rows.values.values()]
    nothing = _Carried.of(np.ones((len(users), 1), np.int32))

    below_N = np.zeros(len(users))
    for who_N, what in ((everyone, nothing), (everyone, nothing), (users, nothing)):
        below_N = plain_level(labels, below_N, what.cells(who_N), STRENGTHS)
    for what in carried:
        below_N = plain_level(labels, below_N, what.cells(everyone), STRENGTHS)
    own = [what.cells(users) for what in carried]
    past = past_levels(labels, below_N, users, own, newest=RankerConfig.recent, strength_T=STRENGTHS)
    for cells in own:
        below_N = plain_level(labels, below_N, cells, STRENGTHS)
    levels = [below_N]
    for who_N, times in ((everyone, _COMMON_TIMES), (users, 1)):
        for what in (nothing, *carried) * times:
            cells = what.cells(who_N, at_least=_COMES_BACK)
            below_N = hour_level(labels, below_N, hours_of(cells, hour_N), moments, HOUR_STRENGTHS)
        levels.append(below_N)
    without_N, common_N, personal_N = levels
    return LogOdds(
        without_N=without_N, common_N=common_N, personal_N=personal_N, newest_N=past[0], past_N=past[1]
    )


@dataclass(frozen=True, kw_only=True)
class _Carried:
    """Pairs of a row and a value that it carries, each with an equal share of its row."""

    row_P: npt.NDArray[np.int32]
    value_P: npt.NDArray[np.int32]
    several_N: npt.NDArray[np.int32]

    @classmethod
    def of(cls, value_NV: Numbers) -> _Carried:
        """Of values as numbers, 0 is none."""
        row_P, place_P = np.nonzero(value_NV)
        return cls(
            row_P=row_P.astype(np.int32),
            value_P=value_NV[row_P, place_P].astype(np.int32),
            several_N=np.maximum(np.count_nonzero(value_NV, axis=1), 1).astype(np.int32),
        )

    def cells(self, who_N: Numbers, *, at_least: int = 1) -> Cells:
        """A cell for each of these values and whoever goes with it; those of fewer rows are left out."""
        key_P = who_N[self.row_P].astype(np.int64) * (int(self.value_P.max(initial=0)) + 1) + self.value_P
        _, cell_P, rows_C = np.unique(key_P, return_inverse=True, return_counts=True)
        often_C = rows_C >= at_least
        often_P = often_C[cell_P]
        number_C = (np.cumsum(often_C) - 1).astype(np.int32)
        pairs_N = np.bincount(self.row_P[often_P], minlength=len(self.several_N))
        return Cells(
            first_N=np.concatenate([[0], np.cumsum(pairs_N)]).astype(np.int32),
            cell_P=number_C[cell_P[often_P]],
            several_N=self.several_N,
            cells=int(often_C.sum()),
        )


def _labels(rows: ForecastRows, sitting_minutes: float) -> Labels:
    sitting_N = sittings_of(rows.user_N, rows.timestamp_ms_N, sitting_minutes=sitting_minutes)
    over_ms_N = np.zeros(len(sitting_N), np.int64)
    over_ms_N[sitting_N] = rows.timestamp_ms_N  # in time order, so the last one stays
    counts_ms_N = np.maximum(rows.known_ms_N, over_ms_N[sitting_N])
    row_N = np.argsort(counts_ms_N, kind="stable")
    return Labels(
        predicted_ms_N=rows.timestamp_ms_N,
        label_N=rows.label_N,
        row_N=row_N.astype(np.int32),
        counts_ms_N=counts_ms_N[row_N],
    )


def _moments(second_of_day_N: Numbers) -> Moments:
    quarter_Y = (np.arange(_QUARTERS) + 0.5) * 900
    hour_H = (np.arange(24) + 0.5) * 3600
    gap_YH = circular_gap_seconds(quarter_Y[:, np.newaxis], hour_H) / 3600
    kernel_GYH = np.exp([-0.5 * (gap_YH / width) ** 2 for width in WIDTHS_HOURS])
    return Moments(quarter_N=(second_of_day_N // 900).astype(np.int8), kernel_GYH=kernel_GYH)
