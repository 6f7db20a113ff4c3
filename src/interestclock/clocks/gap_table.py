"""Serving: what a clock makes of every gap in time of day, once for a version of its weights."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from interestclock.clocks.time_gap import TimeGap, gap_features
from interestclock.timeofday import DAY_SECONDS

__all__ = ["GapTable", "GapTables"]

# Shapes: G gaps in seconds from 0 on, F gap features, Q heads.

_GAPS = DAY_SECONDS // 2 + 1


class GapTable(NamedTuple):
    """By gap: features, float32 (G, F), scores of each head, (G, Q), and all heads' together, (G,)."""

    feature_GF: Tensor
    score_GQ: Tensor
    summed_G: Tensor


class GapTables:
    """Keeps the newest table, and makes another one when weights have changed.

    There are 43,201 gaps, fewer than one request of 500 candidates attends to. A change by way of a
    parameter's ``data``, which PyTorch does not count, is not seen.

    Example:
        >>> gap, tables = TimeGap(heads=2, hidden=4), GapTables()
        >>> table = tables.of(gap)
        >>> a_minute_Q = gap(gap_features(torch.tensor([60])))[0]
        >>> table is tables.of(gap), torch.allclose(table.score_GQ[60], a_minute_Q)
        (True, True)
        >>> with torch.no_grad():
        ...     _ = gap.second.mul_(2)
        >>> table is tables.of(gap)
        False
    """

    def __init__(self) -> None:
        self._table: GapTable | None = None
        self._of: tuple[tuple[int, int], ...] = ()

    @torch.no_grad()
    def of(self, gap: TimeGap) -> GapTable:
        """The table of a network as its weights are now."""
        state = tuple((each.data_ptr(), each._version) for each in gap.parameters())
        if self._table is None or state != self._of:
            weight = gap.first.weight
            feature_GF = gap_features(torch.arange(_GAPS, device=weight.device), dtype=weight.dtype)
            self._table = GapTable(feature_GF, gap(feature_GF), gap.summed(feature_GF))
            self._of = state
        return self._table
