r"""Count models of a label, one level upon the other, each exposure predicted before its label counts.

A level is given the log odds :math:`z_i` of each row from the level below, and cells that rows fall into (a
user, a genre, a user's genre). Of a cell it has seen labels beyond those expected, and their variance:

.. math:: R_c = \sum_i x_{ic} (y_i - p_i), \quad W_c = \sum_i x_{ic}^2\, p_i (1 - p_i), \quad p_i = s(z_i)

A row's log odds are shifted by :math:`\sum_c x_{ic} R_c / (W_c + \lambda)`: one Newton step from nothing,
shrunk by a normal prior of variance :math:`1 / \lambda`. By the hour, both stand in 24 buckets, weighted
by a Gaussian of the gap to the row's time of day; only their excess over the cell's own mean of the whole day
shifts anything, so that a level by the hour can say nothing that a level without it could:

.. math:: \tilde R_c = \sum_h k_h \Bigl(R_{ch} - W_{ch} \frac{\sum_g R_{cg}}{\sum_g W_{cg}}\Bigr), \quad
    \tilde W_c = \sum_h k_h W_{ch}

Several strengths :math:`\lambda` (and widths of the Gaussian), and no shift at all, stand side by side as
experts; a row's probability is their mean, weighted by what each gave the labels so far. So over a log a
level loses at most the logarithm of the number of its experts, in nats, to the level below.

Shapes: ``N`` rows, ``P`` pairs of a row and one of its cells, ``C`` cells, ``H`` 24 hours, ``Y`` quarters of
an hour in a day, ``T`` strengths, ``G`` widths of the Gaussian, ``W`` experts.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from interestclock.compiled import compiled

__all__ = ["Cells", "Labels", "Moments", "hour_level", "plain_level"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_LEAST = 1e-6  # of a probability: no single label may cost an expert more than 14 nats


class Labels(NamedTuple):
    """The label of each row, and when it counts.

    ``predicted_ms_N`` ascends: when a row is predicted. ``row_N``: rows in the order in which their labels
    count, ``counts_ms_N``: when, ascending. A label counts for rows predicted strictly later.
    """

    predicted_ms_N: Ints
    label_N: Floats
    row_N: Ints
    counts_ms_N: Ints


class Cells(NamedTuple):
    """Which cells row i falls into, and its share in each: pairs ``first_N[i]`` to ``first_N[i + 1]``."""

    first_N: Ints
    cell_P: Ints
    share_P: Floats
    cells: int


class Moments(NamedTuple):
    """Times of day: ``hour_N`` 0..23, ``quarter_N`` 0..95; ``kernel_GYH``: weights of hours at a quarter."""

    hour_N: Ints
    quarter_N: Ints
    kernel_GYH: Floats


@compiled()
def plain_level(labels: Labels, below_N: Floats, cells: Cells, strength_T: Floats) -> Floats:
    """Log odds of each row with what its cells have seen, (N,), from those of the level below."""
    rows, experts = len(below_N), len(strength_T) + 1
    seen_C, variance_C = np.zeros(cells.cells), np.zeros(cells.cells)
    log_odds_NW = np.zeros((rows, experts))
    gave_W = np.zeros(experts)
    above_N = np.empty(rows)
    counted = 0
    for row in range(rows):
        while counted < rows and labels.counts_ms_N[counted] < labels.predicted_ms_N[row]:
            past = labels.row_N[counted]
            counted += 1
            chance = _logistic(below_N[past])
            for pair in range(cells.first_N[past], cells.first_N[past + 1]):
                cell, share = cells.cell_P[pair], cells.share_P[pair]
                seen_C[cell] += share * (labels.label_N[past] - chance)
                variance_C[cell] += share * share * chance * (1 - chance)
            _credit(gave_W, log_odds_NW[past], labels.label_N[past])
        log_odds_NW[row] = below_N[row]
        for pair in range(cells.first_N[row], cells.first_N[row + 1]):
            cell = cells.cell_P[pair]
            for which in range(len(strength_T)):
                shift = seen_C[cell] / (variance_C[cell] + strength_T[which])
                log_odds_NW[row, which + 1] += cells.share_P[pair] * shift
        above_N[row] = _mixed(gave_W, log_odds_NW[row])
    return above_N


@compiled()
def hour_level(labels: Labels, below_N: Floats, cells: Cells, moments: Moments, strength_T: Floats) -> Floats:
    """Log odds of each row with what its cells have seen around its time of day, (N,)."""
    rows, strengths = len(below_N), len(strength_T)
    widths = len(moments.kernel_GYH)
    experts = widths * strengths + 1
    seen_CH, variance_CH = np.zeros((cells.cells, 24)), np.zeros((cells.cells, 24))
    log_odds_NW = np.zeros((rows, experts))
    gave_W = np.zeros(experts)
    above_N = np.empty(rows)
    counted = 0
    for row in range(rows):
        while counted < rows and labels.counts_ms_N[counted] < labels.predicted_ms_N[row]:
            past = labels.row_N[counted]
            counted += 1
            chance, hour = _logistic(below_N[past]), moments.hour_N[past]
            for pair in range(cells.first_N[past], cells.first_N[past + 1]):
                cell, share = cells.cell_P[pair], cells.share_P[pair]
                seen_CH[cell, hour] += share * (labels.label_N[past] - chance)
                variance_CH[cell, hour] += share * share * chance * (1 - chance)
            _credit(gave_W, log_odds_NW[past], labels.label_N[past])
        log_odds_NW[row] = below_N[row]
        for pair in range(cells.first_N[row], cells.first_N[row + 1]):
            cell = cells.cell_P[pair]
            variance = variance_CH[cell].sum()
            if variance == 0:
                continue
            mean = seen_CH[cell].sum() / variance
            for width in range(widths):
                near_seen, near_variance = 0.0, 0.0
                for hour in range(24):
                    weight = moments.kernel_GYH[width, moments.quarter_N[row], hour]
                    near_seen += weight * seen_CH[cell, hour]
                    near_variance += weight * variance_CH[cell, hour]
                excess = near_seen - near_variance * mean
                for which in range(strengths):
                    shift = excess / (near_variance + strength_T[which])
                    log_odds_NW[row, 1 + width * strengths + which] += cells.share_P[pair] * shift
        above_N[row] = _mixed(gave_W, log_odds_NW[row])
    return above_N


@compiled()
def _logistic(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


@compiled()
def _credit(gave_W: Floats, log_odds_W: Floats, label: float) -> None:
    """Add the logarithm of the probability that each expert gave a label."""
    for expert in range(len(gave_W)):
        chance = min(max(_logistic(log_odds_W[expert]), _LEAST), 1 - _LEAST)
        gave_W[expert] += math.log(chance if label > 0 else 1 - chance)


@compiled()
def _mixed(gave_W: Floats, log_odds_W: Floats) -> float:
    """Log odds of the experts' mean probability, each weighted by all it gave so far."""
    best = gave_W.max()
    weights, chance = 0.0, 0.0
    for expert in range(len(gave_W)):
        weight = math.exp(gave_W[expert] - best)
        weights += weight
        chance += weight * _logistic(log_odds_W[expert])
    chance = min(max(chance / weights, _LEAST), 1 - _LEAST)
    return math.log(chance / (1 - chance))
