"""What is the same for every gap in time of day: its features, and in serving what a clock makes of them."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from interestclock.clocks.time_gap import TimeGap, gap_features
from interestclock.timeofday import DAY_SECONDS

__all__ = ["GapTable", "GapTables", "features_of_seconds"]

# Shapes: X any, G gaps in seconds from 0 on, F gap features, Q heads.

_GAPS = DAY_SECONDS // 2 + 1


@cache
def _every_gap() -> Tensor:
    return torch.arange(_GAPS)


@cache
def _every_feature(dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(False):  # or no gradient could flow past it outside of that mode
        return gap_features(torch.arange(_GAPS, device=device), dtype=dtype)


def features_of_seconds(gap_seconds_X: Tensor, *, dtype: torch.dtype) -> Tensor:
    """``gap_features`` of whole seconds, looked up: a root and a power cost more.

    Args:
        gap_seconds_X: int64, 0..43200, any shape.

    Returns:
        ``dtype`` (..., 3), not to be written to: of every gap in its order it is what is kept.

    Example:
        >>> gap_X = torch.tensor([0, 3600])
        >>> torch.equal(features_of_seconds(gap_X, dtype=torch.float32), gap_features(gap_X))
        True
    """
    if gap_seconds_X.device.type == "cpu" and torch.equal(gap_seconds_X, _every_gap()):
        return _every_feature(dtype, gap_seconds_X.device)
    return functional.embedding(gap_seconds_X, _every_feature(dtype, gap_seconds_X.device))


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
            feature_GF = _every_feature(weight.dtype, weight.device)
            # A gap's heads side by side: looked up as the networks leave them, they take eight times as long.
            score_GQ = gap(feature_GF).contiguous()
            self._table = GapTable(feature_GF, score_GQ, gap.summed(feature_GF))
            self._of = state
        return self._table
