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

What the experts said of a row is held until its label counts, and no longer.

Shapes: ``N`` rows, ``P`` pairs of a row and one of its cells, ``C`` cells, ``H`` 24 hours, ``Y`` quarters of
an hour in a day, ``T`` strengths, ``G`` widths of the Gaussian, ``W`` experts, ``S`` slots of rows whose
labels do not count yet, ``O`` hours at which a cell has rows.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from interestclock.compiled import compiled

__all__ = ["CellHours", "Cells", "Labels", "Moments", "hour_level", "hours_of", "plain_level"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.integer]  # of as few bytes as hold them

_LEAST = 1e-6  # of a probability: no single label may cost an expert more than 14 nats


class Labels(NamedTuple):
    """The label of each row, and when it counts.

    ``predicted_ms_N`` ascends: when a row is predicted. ``row_N``: rows in the order in which their labels
    count, ``counts_ms_N``: when, ascending, none before its row is predicted. A label counts for rows
    predicted strictly later.
    """

    predicted_ms_N: Ints
    label_N: Numbers
    row_N: Numbers
    counts_ms_N: Ints


class Cells(NamedTuple):
    """Which cells row i falls into: pairs ``first_N[i]`` to ``first_N[i + 1]``, of each ``1 / several_N[i]``.

    ``several_N``: the values that the row carries, also those whose cell is left out; 1 of a row of none.
    """

    first_N: Numbers
    cell_P: Numbers
    several_N: Numbers
    cells: int


class Moments(NamedTuple):
    """Times of day: ``quarter_N`` 0..95; ``kernel_GYH``: weights of hours at a quarter."""

    quarter_N: Numbers
    kernel_GYH: Floats


class CellHours(NamedTuple):
    """Hours at which a cell has rows at all, most have few: places ``first_C[c]`` to ``first_C[c + 1]``.

    ``hour_O``: of each place, ascending within a cell. ``place_P``: the one that each pair falls into.
    """

    cells: Cells
    first_C: Numbers
    hour_O: Numbers
    place_P: Numbers


def hours_of(cells: Cells, hour_N: Numbers) -> CellHours:
    """At which hours each cell has rows.

    Args:
        hour_N: of each row, 0..23.

    Example:
        >>> two = Cells(np.array([0, 1, 2, 3]), np.array([1, 0, 1]), np.ones(3, np.int32), 2)
        >>> hours = hours_of(two, np.array([20, 5, 8]))
        >>> hours.first_C.tolist(), hours.hour_O.tolist(), hours.place_P.tolist()
        ([0, 1, 3], [5, 8, 20], [2, 0, 1])
    """
    hour_P = np.repeat(hour_N, np.diff(cells.first_N))
    key_O, place_P = np.unique(cells.cell_P * np.int64(24) + hour_P, return_inverse=True)
    first_C = np.searchsorted(key_O, np.arange(cells.cells + 1) * 24)
    return CellHours(cells, first_C.astype(np.int32), (key_O % 24).astype(np.int8), place_P.astype(np.int32))


@compiled()
def plain_level(labels: Labels, below_N: Floats, cells: Cells, strength_T: Floats) -> Floats:
    """Log odds of each row with what its cells have seen, (N,), from those of the level below."""
    rows, experts = len(below_N), len(strength_T) + 1
    seen_C, variance_C = np.zeros(cells.cells), np.zeros(cells.cells)
    log_odds_SW, slot_N, free_S = _slots(labels, experts)
    free = len(free_S)
    gave_W = np.zeros(experts)
    above_N = np.empty(rows)
    counted = 0
    for row in range(rows):
        while counted < rows and labels.counts_ms_N[counted] < labels.predicted_ms_N[row]:
            past = labels.row_N[counted]
            counted += 1
            chance, share = _logistic(below_N[past]), 1 / cells.several_N[past]
            for pair in range(cells.first_N[past], cells.first_N[past + 1]):
                cell = cells.cell_P[pair]
                seen_C[cell] += share * (labels.label_N[past] - chance)
                variance_C[cell] += share * share * chance * (1 - chance)
            _credit(gave_W, log_odds_SW[slot_N[past]], labels.label_N[past])
            free_S[free] = slot_N[past]
            free += 1
        free -= 1
        slot = slot_N[row] = free_S[free]
        log_odds_SW[slot] = below_N[row]
        share = 1 / cells.several_N[row]
        for pair in range(cells.first_N[row], cells.first_N[row + 1]):
            cell = cells.cell_P[pair]
            for which in range(len(strength_T)):
                shift = seen_C[cell] / (variance_C[cell] + strength_T[which])
                log_odds_SW[slot, which + 1] += share * shift
        above_N[row] = _mixed(gave_W, log_odds_SW[slot])
    return above_N


@compiled()
def hour_level(
    labels: Labels, below_N: Floats, hours: CellHours, moments: Moments, strength_T: Floats
) -> Floats:
    """Log odds of each row with what its cells have seen around its time of day, (N,)."""
    cells, rows, strengths = hours.cells, len(below_N), len(strength_T)
    widths = len(moments.kernel_GYH)
    experts = widths * strengths + 1
    seen_O, variance_O = np.zeros(len(hours.hour_O)), np.zeros(len(hours.hour_O))
    log_odds_SW, slot_N, free_S = _slots(labels, experts)
    free = len(free_S)
    gave_W = np.zeros(experts)
    above_N = np.empty(rows)
    counted = 0
    for row in range(rows):
        while counted < rows and labels.counts_ms_N[counted] < labels.predicted_ms_N[row]:
            past = labels.row_N[counted]
            counted += 1
            chance, share = _logistic(below_N[past]), 1 / cells.several_N[past]
            for pair in range(cells.first_N[past], cells.first_N[past + 1]):
                place = hours.place_P[pair]
                seen_O[place] += share * (labels.label_N[past] - chance)
                variance_O[place] += share * share * chance * (1 - chance)
            _credit(gave_W, log_odds_SW[slot_N[past]], labels.label_N[past])
            free_S[free] = slot_N[past]
            free += 1
        free -= 1
        slot = slot_N[row] = free_S[free]
        log_odds_SW[slot] = below_N[row]
        share = 1 / cells.several_N[row]
        for pair in range(cells.first_N[row], cells.first_N[row + 1]):
            cell = cells.cell_P[pair]
            first, end = hours.first_C[cell], hours.first_C[cell + 1]
            variance = variance_O[first:end].sum()
            if variance == 0:
                continue
            mean = seen_O[first:end].sum() / variance
            for width in range(widths):
                near_seen, near_variance = 0.0, 0.0
                for place in range(first, end):
                    weight = moments.kernel_GYH[width, moments.quarter_N[row], hours.hour_O[place]]
                    near_seen += weight * seen_O[place]
                    near_variance += weight * variance_O[place]
                excess = near_seen - near_variance * mean
                for which in range(strengths):
                    shift = excess / (near_variance + strength_T[which])
                    log_odds_SW[slot, 1 + width * strengths + which] += share * shift
        above_N[row] = _mixed(gave_W, log_odds_SW[slot])
    return above_N


@compiled()
def _slots(labels: Labels, experts: int) -> tuple[Floats, npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Room for what experts say of each row that waits for its label: (S, W), each row's slot, those free."""
    most, counted = 0, 0
    for row in range(len(labels.predicted_ms_N)):
        while counted < row and labels.counts_ms_N[counted] < labels.predicted_ms_N[row]:
            counted += 1
        most = max(most, row + 1 - counted)
    slot_N = np.empty(len(labels.predicted_ms_N), np.int32)
    return np.empty((most, experts)), slot_N, np.arange(most).astype(np.int32)


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
