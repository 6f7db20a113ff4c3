"""Histories laid end to end, and the stretch of them that each moment may look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from interestclock.compiled import compiled
from interestclock.search.found import Found
from interestclock.timeofday import DAY_SECONDS

__all__ = ["Seen", "StretchArrays", "Stretches", "found_gaps", "gap_between", "laid_out", "seen_in"]

# Shapes: M moments (a user at a time), T behaviours of all users, N item numbers, U of them that occur,
# G gaps, L behaviours of the moment that has most.

Whole = npt.NDArray[np.integer]
_FAR_MORE = 8


class StretchArrays(NamedTuple):
    """``Stretches`` for compiled loops."""

    item_T: Whole
    time_T: Whole
    start_M: Whole
    stop_M: Whole
    now_M: Whole
    period: int
    gaps: int


@dataclass(frozen=True, kw_only=True)
class Stretches:
    r"""The behaviours each moment may look at: a stretch of all behaviours, laid end to end.

    Nothing is copied: a user's behaviours stand once, however many moments and candidates read them. How far
    a behaviour is from its moment is a whole number, so what time adds to a score can be read from a table:

    .. math:: \delta = \min(|t - t_{now}|,\ period - |t - t_{now}|), \quad 0 \le \delta < G

    Args:
        item_T: int32 (or int64) item numbers from 0 on; −1 is never found.
        time_T: int32 (or int64), such as local seconds of day. now_M: int64, that of the moment.
        start_M, stop_M: int64; a moment sees the behaviours ``start`` to ``stop`` (exclusive).
        period: after which time comes round again, 86,400 for seconds of day; 0 if it never does.
        gaps: G; greater gaps count as the greatest, G - 1.

    Example:
        >>> stretches = Stretches(
        ...     item_T=torch.tensor([4, 2, 4]), time_T=torch.tensor([60, 120, 86_340]),
        ...     start_M=torch.tensor([0]), stop_M=torch.tensor([3]), now_M=torch.tensor([0]))
        >>> stretches.longest, stretches.gaps
        (3, 43201)
    """

    item_T: Tensor
    time_T: Tensor
    start_M: Tensor
    stop_M: Tensor
    now_M: Tensor
    period: int = DAY_SECONDS
    gaps: int = DAY_SECONDS // 2 + 1

    @property
    def longest(self) -> int:
        """L, behaviours of the moment that has most."""
        return int((self.stop_M - self.start_M).max()) if self.start_M.numel() else 0

    def gap(self, time_X: Tensor, now_X: Tensor) -> Tensor:
        """How far times are from their moments, int64, 0..G-1."""
        apart_X = (time_X - now_X).abs()
        if self.period:
            apart_X = torch.minimum(apart_X, self.period - apart_X)
        return apart_X.clamp(max=self.gaps - 1)

    def arrays(self) -> StretchArrays:
        """The same for compiled loops, on the CPU."""
        return StretchArrays(
            item_T=self.item_T.numpy(),
            time_T=self.time_T.numpy(),
            start_M=self.start_M.numpy(),
            stop_M=self.stop_M.numpy(),
            now_M=self.now_M.numpy(),
            period=self.period,
            gaps=self.gaps,
        )


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What occurs in a batch's stretches, each thing once, or all there is.

    Args:
        item_U: int64 item numbers, ascending. row_N: int32, each item number's row among them, −1 if none.
        gap_V: int64, ascending: the gaps between behaviours and their moments.
    """

    item_U: Tensor
    row_N: Tensor
    gap_V: Tensor


@torch.no_grad()
def seen_in(stretches: Stretches, *, items: int) -> Seen:
    """Items and gaps of a batch, so that each is projected and scored once.

    Where behaviours outnumber items and gaps by far, all of them are taken as seen: to look would cost more.

    Args:
        stretches: of the batch. items: N, one more than the largest item number.

    Example:
        >>> stretches = Stretches(
        ...     item_T=torch.tensor([4, 2, 4]), time_T=torch.tensor([60, 120, 86_340]),
        ...     start_M=torch.tensor([0]), stop_M=torch.tensor([3]), now_M=torch.tensor([0]))
        >>> seen = seen_in(stretches, items=5)
        >>> seen.item_U.tolist(), seen.row_N.tolist(), seen.gap_V.tolist()
        ([2, 4], [-1, -1, 0, -1, 1], [60, 120])
    """
    device = stretches.item_T.device
    if int((stretches.stop_M - stretches.start_M).sum()) >= _FAR_MORE * max(items, stretches.gaps):
        item_U = torch.arange(items, device=device)
        gap_V = torch.arange(stretches.gaps, device=device)
        return Seen(item_U=item_U, row_N=item_U.to(torch.int32), gap_V=gap_V)
    item_N = torch.zeros(items, dtype=torch.bool, device=device)
    gap_G = torch.zeros(stretches.gaps, dtype=torch.bool, device=device)
    if device.type == "cpu":
        _mark(stretches.arrays(), item_N.numpy(), gap_G.numpy())
    else:
        item_ML, gap_ML, present_ML = laid_out(stretches)
        item_N[item_ML[present_ML]] = True
        gap_G[gap_ML[present_ML]] = True
    row_N = torch.where(item_N, item_N.cumsum(0, dtype=torch.int32) - 1, -1).to(torch.int32)
    return Seen(item_U=item_N.nonzero().squeeze(1), row_N=row_N, gap_V=gap_G.nonzero().squeeze(1))


def found_gaps(found: Found, stretches: Stretches, moment_of_B: Tensor) -> Tensor:
    """How far what was found is from its moment, int64 (B, K); on padding any gap.

    Example:
        >>> stretches = Stretches(
        ...     item_T=torch.tensor([4, 2, 4]), time_T=torch.tensor([60, 120, 86_340]),
        ...     start_M=torch.tensor([0]), stop_M=torch.tensor([3]), now_M=torch.tensor([30]))
        >>> found = Found(place_BK=torch.tensor([[2, 0]]), score_BK=torch.zeros(1, 2),
        ...     present_BK=torch.ones(1, 2, dtype=torch.bool))
        >>> found_gaps(found, stretches, torch.tensor([0])).tolist()
        [[90, 30]]
    """
    if not stretches.time_T.numel():
        return found.place_BK
    time_BK = stretches.time_T[found.place_BK].to(torch.int64)
    return stretches.gap(time_BK, stretches.now_M[moment_of_B].unsqueeze(1))


def laid_out(stretches: Stretches) -> tuple[Tensor, Tensor, Tensor]:
    """Each moment's behaviours in a row of their own, padded on the right.

    Returns:
        Item numbers, int64 (M, L), and gaps, 0 where absent; bool, which are there.

    Example:
        >>> stretches = Stretches(
        ...     item_T=torch.tensor([4, 2, 4]), time_T=torch.tensor([60, 120, 86_340]),
        ...     start_M=torch.tensor([0, 2]), stop_M=torch.tensor([2, 3]), now_M=torch.tensor([0, 0]))
        >>> [part.tolist() for part in laid_out(stretches)]
        [[[4, 2], [4, 0]], [[60, 120], [60, 0]], [[True, True], [True, False]]]
    """
    place_L = torch.arange(stretches.longest, device=stretches.item_T.device)
    place_ML = stretches.start_M.unsqueeze(1) + place_L
    present_ML = place_ML < stretches.stop_M.unsqueeze(1)
    place_ML = place_ML.masked_fill(~present_ML, 0)
    if not stretches.item_T.numel():
        return place_ML, place_ML, present_ML
    item_ML = stretches.item_T[place_ML].to(torch.int64)
    present_ML = present_ML & (item_ML >= 0)
    gap_ML = stretches.gap(stretches.time_T[place_ML].to(torch.int64), stretches.now_M.unsqueeze(1))
    return item_ML.masked_fill(~present_ML, 0), gap_ML.masked_fill(~present_ML, 0), present_ML


@compiled()
def gap_between(time: int, now: int, period: int, gaps: int) -> int:
    """``Stretches.gap`` for compiled loops; without a branch, which every second behaviour would miss."""
    apart = abs(time - now)
    the_other_way = period - apart if period else apart
    return min(apart, the_other_way, gaps - 1)


@compiled()
def _mark(stretches: StretchArrays, item_N: npt.NDArray[np.bool_], gap_G: npt.NDArray[np.bool_]) -> None:
    for moment in range(stretches.start_M.shape[0]):
        now = stretches.now_M[moment]
        for place in range(stretches.start_M[moment], stretches.stop_M[moment]):
            item = stretches.item_T[place]
            if item >= 0:
                item_N[item] = True
                gap_G[gap_between(stretches.time_T[place], now, stretches.period, stretches.gaps)] = True
