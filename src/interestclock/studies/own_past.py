"""What users' own past tells of a label, without any time: how often its item or value was liked, how lately.

Shapes: ``N`` rows, ``P`` pairs of a row and one of its cells, ``C`` cells, ``U`` users, ``T`` strengths.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from interestclock.compiled import compiled
from interestclock.studies.count_levels import Cells, Labels, plain_level

__all__ = ["PastOfCells", "past_levels", "past_of_cells"]

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.integer]

_POWERS = 16  # of two: 0, 1, 2 to 3, 4 to 7, ... 16,384 and more


class PastOfCells(NamedTuple):
    """Of each pair, as of its row: how often its cell was liked, how many its user liked in all, and how many
    since the cell's last time, that one included; 0 where it never was. All int32 (P,).
    """

    often_P: Numbers
    in_all_P: Numbers
    since_P: Numbers


def past_levels(
    labels: Labels, below_N: Floats, user_N: Numbers, own: Sequence[Cells], *, newest: int, strength_T: Floats
) -> tuple[Floats, Floats]:
    """Log odds of each row with what its user liked before, twice (N,): the newest choices alone, and all.

    First whether a value is among the newest choices, which any model that reads these may know. Upon that
    how often it was liked among how many, and how often by how long ago, both in powers of two. These are
    common to all users: of what a past means, everyone's few events teach everyone, as attention over
    histories does it. Last, each user's own items and values: whose tastes have enough events shows here.

    Args:
        labels: when each counts. user_N: whose each row is. own: a cell for each user and value, by kind of
            value, none of two users. newest: how many choices the first reads. strength_T: as of a level.
    """
    pasts = [past_of_cells(labels, user_N, cells) for cells in own]
    for cells, past in zip(own, pasts, strict=True):
        among_P = ((past.since_P > 0) & (past.since_P <= newest)).astype(np.int32)
        below_N = plain_level(labels, below_N, cells._replace(cell_P=among_P, cells=2), strength_T)
    newest_N = below_N
    for cells, past in zip(own, pasts, strict=True):
        for beside_P in (past.in_all_P, past.since_P):
            cell_P = _power(past.often_P) * _POWERS + _power(beside_P)
            both = cells._replace(cell_P=cell_P, cells=_POWERS**2)
            below_N = plain_level(labels, below_N, both, strength_T)
    for cells in own:
        below_N = plain_level(labels, below_N, cells, strength_T)
    return newest_N, below_N


def _power(number_P: Numbers) -> Numbers:
    """0 of 0, 1 of 1, 2 of 2 and 3, 3 of 4 to 7, and so on."""
    return np.minimum(np.frexp(number_P.astype(np.float64))[1], _POWERS - 1)


@compiled()
def past_of_cells(labels: Labels, user_N: Numbers, own: Cells) -> PastOfCells:
    """What each user liked before each row, as far as labels counted by then."""
    pairs = len(own.cell_P)
    often_P, in_all_P = np.zeros(pairs, np.int32), np.zeros(pairs, np.int32)
    since_P = np.zeros(pairs, np.int32)
    often_C, last_C = np.zeros(own.cells, np.int64), np.zeros(own.cells, np.int64)
    in_all_U = np.zeros(user_N.max() + 1 if len(user_N) else 0, np.int64)
    counted = 0
    for row in range(len(user_N)):
        while counted < len(user_N) and labels.counts_ms_N[counted] < labels.predicted_ms_N[row]:
            past = labels.row_N[counted]
            counted += 1
            if labels.label_N[past] > 0:
                for pair in range(own.first_N[past], own.first_N[past + 1]):
                    often_C[own.cell_P[pair]] += 1
                    last_C[own.cell_P[pair]] = in_all_U[user_N[past]]
                in_all_U[user_N[past]] += 1
        for pair in range(own.first_N[row], own.first_N[row + 1]):
            cell = own.cell_P[pair]
            often_P[pair], in_all_P[pair] = often_C[cell], in_all_U[user_N[row]]
            if often_C[cell] > 0:
                since_P[pair] = in_all_U[user_N[row]] - last_C[cell]
    return PastOfCells(often_P, in_all_P, since_P)
