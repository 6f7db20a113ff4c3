"""Spans whose behaviours have a moment and a weekday, and how far in each of them two moments are apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from numba.extending import register_jitable
from torch import Tensor

from interestclock.compiled import compiled
from interestclock.search import Spans
from interestclock.timeofday.days import MINUTE_MS, local_weekday

__all__ = ["RoutineSpans", "times_apart"]

# Shapes: B candidates, M requests (a user at a time), E behaviours of all users, K retrieved, T times apart
# (gap in seconds of the day, minutes passed, weekday then, weekday now).

Whole = npt.NDArray[np.integer]
register_jitable(local_weekday)  # a compiled loop may call it


@dataclass(frozen=True, kw_only=True)
class RoutineSpans(Spans):
    """Spans whose behaviours have a moment and a weekday beside their time of day.

    Args:
        moment_ms_E: int64, UTC milliseconds. offset_minutes_E: of local time then, to add to UTC, integers.
        moment_ms_M, weekday_M: int64, those of the requests; 0 = Monday, or ``HOLIDAY``. The others:
            ``Spans``.

    Example:
        >>> one = torch.tensor([1])
        >>> spans = RoutineSpans(
        ...     item_E=one, time_E=one, start_M=one * 0, stop_M=one, now_M=one, moment_ms_E=one,
        ...     offset_minutes_E=one, moment_ms_M=one, weekday_M=one)
        >>> spans.longest
        1
    """

    moment_ms_E: Tensor
    offset_minutes_E: Tensor
    moment_ms_M: Tensor
    weekday_M: Tensor


def times_apart(gap_BK: Tensor, offset_BK: Tensor, spans: RoutineSpans, request_row_B: Tensor) -> Tensor:
    """Gap in seconds of the day, minutes passed, weekday then and weekday now, int64 (B, K, 4).

    Of holidays then nothing is known here.

    Args:
        gap_BK, offset_BK: int64, the gaps of what was found, and where in the spans it stands.
        request_row_B: int64, each candidate's request.

    Example:
        >>> monday = torch.tensor([4 * 86_400_000])
        >>> spans = RoutineSpans(
        ...     item_E=torch.tensor([1]), time_E=torch.tensor([0]), start_M=torch.tensor([0]),
        ...     stop_M=torch.tensor([1]), now_M=torch.tensor([60]), moment_ms_E=monday,
        ...     offset_minutes_E=torch.tensor([-60]), moment_ms_M=monday + 60_000,
        ...     weekday_M=torch.tensor([6]))
        >>> times_apart(torch.tensor([[60]]), torch.tensor([[0]]), spans, torch.tensor([0])).tolist()
        [[[60, 1, 6, 6]]]
    """
    if not spans.moment_ms_E.numel():
        return gap_BK.unsqueeze(2).expand(-1, -1, 4)
    if gap_BK.device.type == "cpu":
        return _apart_compiled(gap_BK, offset_BK, spans, request_row_B)
    return _apart_anywhere(gap_BK, offset_BK, spans, request_row_B)


def _apart_anywhere(gap_BK: Tensor, offset_BK: Tensor, spans: RoutineSpans, request_row_B: Tensor) -> Tensor:
    then_ms_BK = spans.moment_ms_E[offset_BK]
    minutes_BK = spans.offset_minutes_E[offset_BK].to(torch.int64)
    passed_BK = (spans.moment_ms_M[request_row_B].unsqueeze(1) - then_ms_BK).clamp(min=0) // MINUTE_MS
    weekday_BK = spans.weekday_M[request_row_B].unsqueeze(1).expand_as(gap_BK)
    return torch.stack([gap_BK, passed_BK, local_weekday(then_ms_BK, minutes_BK), weekday_BK], dim=2)


def _apart_compiled(gap_BK: Tensor, offset_BK: Tensor, spans: RoutineSpans, request_row_B: Tensor) -> Tensor:
    apart_BKT = torch.empty(*gap_BK.shape, 4, dtype=torch.int64)
    moments = _Moments(
        moment_ms_E=spans.moment_ms_E.numpy(),
        offset_minutes_E=spans.offset_minutes_E.numpy(),
        moment_ms_M=spans.moment_ms_M.numpy(),
        weekday_M=spans.weekday_M.numpy(),
    )
    _measure(moments, request_row_B.numpy(), offset_BK.numpy(), gap_BK.numpy(), apart_BKT.numpy())
    return apart_BKT


class _Moments(NamedTuple):
    """``RoutineSpans`` for compiled loops, what ``Spans`` does not have."""

    moment_ms_E: Whole
    offset_minutes_E: Whole
    moment_ms_M: Whole
    weekday_M: Whole


@compiled()
def _measure(
    moments: _Moments, request_row_B: Whole, offset_BK: Whole, gap_BK: Whole, apart_BKT: Whole
) -> None:
    for candidate in range(offset_BK.shape[0]):
        request = request_row_B[candidate]
        now_ms, weekday = moments.moment_ms_M[request], moments.weekday_M[request]
        for rank in range(offset_BK.shape[1]):
            offset = offset_BK[candidate, rank]
            then_ms, minutes = moments.moment_ms_E[offset], np.int64(moments.offset_minutes_E[offset])
            apart_BKT[candidate, rank, 0] = gap_BK[candidate, rank]
            apart_BKT[candidate, rank, 1] = max(now_ms - then_ms, 0) // MINUTE_MS
            apart_BKT[candidate, rank, 2] = local_weekday(then_ms, minutes)
            apart_BKT[candidate, rank, 3] = weekday
