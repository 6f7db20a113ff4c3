"""Histories laid end to end, and the span of them that each request may look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from interestclock.compiled import compiled
from interestclock.search.retrieved import Retrieved
from interestclock.timeofday.days import DAY_SECONDS

__all__ = [
    "Seen",
    "SpanArrays",
    "Spans",
    "check_item",
    "gap_between",
    "laid_out",
    "longest_of",
    "retrieved_gaps",
    "seen_in",
]

# Shapes: M requests (a user at a time), E behaviours of all users, N item numbers, U of them that occur,
# G gaps, P of them that occur, L behaviours of the request that has most.

Whole = npt.NDArray[np.integer]
_FAR_MORE = 8


class SpanArrays(NamedTuple):
    """``Spans`` for compiled loops."""

    item_E: Whole
    time_E: Whole
    start_M: Whole
    stop_M: Whole
    now_M: Whole
    period: int
    gaps: int


@dataclass(frozen=True, kw_only=True)
class Spans:
    r"""The behaviours each request may look at: a span of all behaviours, laid end to end.

    Nothing is copied: a user's behaviours stand once, however many requests and candidates read them. How far
    a behaviour is from its request is a whole number, so what time adds to a score can be read from a table:

    .. math:: \delta = \min(|t - t_{now}|,\ period - |t - t_{now}|), \quad 0 \le \delta < G

    Args:
        item_E: int32 (or int64) item numbers from 0 on; −1 is never found.
        time_E: int32 (or int64), such as local seconds of day. now_M: int64, that of the request.
        start_M, stop_M: int64; a request sees the behaviours ``start`` to ``stop`` (exclusive).
        period: after which time comes round again, 86,400 for seconds of day; 0 if it never does.
        gaps: G; greater gaps count as the greatest, G - 1, and where times lie more than a period apart, 0.

    Raises:
        ValueError: shapes do not go together, a span lies outside the behaviours, or ``period`` or ``gaps``
            is out of its range.

    Example:
        >>> spans = Spans(
        ...     item_E=torch.tensor([4, 2, 4]), time_E=torch.tensor([60, 120, 86_340]),
        ...     start_M=torch.tensor([0]), stop_M=torch.tensor([3]), now_M=torch.tensor([0]))
        >>> spans.longest, spans.gaps
        (3, 43201)
    """

    item_E: Tensor
    time_E: Tensor
    start_M: Tensor
    stop_M: Tensor
    now_M: Tensor
    period: int = DAY_SECONDS
    gaps: int = DAY_SECONDS // 2 + 1

    def __post_init__(self) -> None:
        if self.gaps < 1 or self.period < 0:
            raise ValueError(f"period is {self.period} and gaps {self.gaps}; give 0 or more, and 1 or more")
        behaviours, requests = self.item_E.shape, self.start_M.shape
        given = (
            ("time_E", self.time_E, behaviours),
            ("stop_M", self.stop_M, requests),
            ("now_M", self.now_M, requests),
        )
        for name, tensor, shape in given:
            if tensor.shape != shape:
                raise ValueError(f"{name} has shape {tuple(tensor.shape)}; give {tuple(shape)}")
        if self.start_M.numel():
            self._check_inside()

    def _check_inside(self) -> None:
        """Compiled loops look at no bounds, and requests are few beside behaviours."""
        first, last = int(self.start_M.min()), int(self.stop_M.max())
        least = int((self.stop_M - self.start_M).min())
        if first < 0 or last > len(self.item_E) or least < 0:
            raise ValueError(
                f"spans from {first} on and up to {last}, the shortest {least} long, are not all inside the "
                f"{len(self.item_E)} behaviours; give 0 <= start_M <= stop_M <= {len(self.item_E)}"
            )

    @property
    def longest(self) -> int:
        """L, behaviours of the request that has most."""
        return longest_of(self.start_M, self.stop_M)

    def gap(self, time_X: Tensor, now_X: Tensor) -> Tensor:
        """How far times are from their requests, int64, 0..G-1."""
        apart_X = (time_X - now_X).abs()
        if self.period:
            apart_X = torch.minimum(apart_X, self.period - apart_X)
        return apart_X.clamp(min=0, max=self.gaps - 1)

    def arrays(self) -> SpanArrays:
        """The same for compiled loops, on the CPU."""
        return SpanArrays(
            item_E=self.item_E.numpy(),
            time_E=self.time_E.numpy(),
            start_M=self.start_M.numpy(),
            stop_M=self.stop_M.numpy(),
            now_M=self.now_M.numpy(),
            period=self.period,
            gaps=self.gaps,
        )


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What occurs in a batch's spans, each thing once, or all there is.

    Args:
        item_U: int64 item numbers, ascending. row_N: int32, each item number's row among them, −1 if none.
        gap_P: int64, ascending: the gaps between behaviours and their requests.
    """

    item_U: Tensor
    row_N: Tensor
    gap_P: Tensor


@torch.no_grad()
def seen_in(spans: Spans, *, items: int) -> Seen:
    """Items and gaps of a batch, so that each is projected and scored once.

    Where behaviours outnumber items and gaps by far, all of them are taken as seen: to look would cost more.

    Args:
        spans: of the batch. items: N, one more than the largest item number.

    Raises:
        ValueError: an item number that was looked at is N or greater.

    Example:
        >>> spans = Spans(
        ...     item_E=torch.tensor([4, 2, 4]), time_E=torch.tensor([60, 120, 86_340]),
        ...     start_M=torch.tensor([0]), stop_M=torch.tensor([3]), now_M=torch.tensor([0]))
        >>> seen = seen_in(spans, items=5)
        >>> seen.item_U.tolist(), seen.row_N.tolist(), seen.gap_P.tolist()
        ([2, 4], [-1, -1, 0, -1, 1], [60, 120])
    """
    device = spans.item_E.device
    if int((spans.stop_M - spans.start_M).sum()) >= _FAR_MORE * max(items, spans.gaps):
        item_U = torch.arange(items, device=device)
        gap_P = torch.arange(spans.gaps, device=device)
        return Seen(item_U=item_U, row_N=item_U.to(torch.int32), gap_P=gap_P)
    item_N = torch.zeros(items, dtype=torch.bool, device=device)
    gap_G = torch.zeros(spans.gaps, dtype=torch.bool, device=device)
    if device.type == "cpu":
        check_item(_mark(spans.arrays(), item_N.numpy(), gap_G.numpy()), items=items)
    else:
        item_ML, gap_ML, present_ML = laid_out(spans)
        check_item(int(item_ML.max()) if item_ML.numel() else -1, items=items)
        item_N[item_ML[present_ML]] = True
        gap_G[gap_ML[present_ML]] = True
    row_N = torch.where(item_N, item_N.cumsum(0, dtype=torch.int32) - 1, -1).to(torch.int32)
    return Seen(item_U=item_N.nonzero().squeeze(1), row_N=row_N, gap_P=gap_G.nonzero().squeeze(1))


def longest_of(start_M: Tensor, stop_M: Tensor) -> int:
    """L, how many the longest span holds; 0 where there is no span.

    Example:
        >>> longest_of(torch.tensor([0, 3]), torch.tensor([3, 4]))
        3
    """
    return int((stop_M - start_M).max()) if start_M.numel() else 0


def retrieved_gaps(retrieved: Retrieved, spans: Spans, request_row_B: Tensor) -> Tensor:
    """How far what was found is from its request, int64 (B, K); on padding any gap.

    Example:
        >>> spans = Spans(
        ...     item_E=torch.tensor([4, 2, 4]), time_E=torch.tensor([60, 120, 86_340]),
        ...     start_M=torch.tensor([0]), stop_M=torch.tensor([3]), now_M=torch.tensor([30]))
        >>> retrieved = Retrieved(offset_BK=torch.tensor([[2, 0]]), score_BK=torch.zeros(1, 2),
        ...     present_BK=torch.ones(1, 2, dtype=torch.bool))
        >>> retrieved_gaps(retrieved, spans, torch.tensor([0])).tolist()
        [[90, 30]]
    """
    if not spans.time_E.numel():
        return retrieved.offset_BK
    if spans.time_E.device.type == "cpu":
        gap_BK = torch.empty_like(retrieved.offset_BK)
        _gaps_of(retrieved.offset_BK.numpy(), request_row_B.numpy(), spans.arrays(), gap_BK.numpy())
        return gap_BK
    time_BK = spans.time_E[retrieved.offset_BK].to(torch.int64)
    return spans.gap(time_BK, spans.now_M[request_row_B].unsqueeze(1))


def laid_out(spans: Spans) -> tuple[Tensor, Tensor, Tensor]:
    """Each request's behaviours in a row of their own, padded on the right.

    Returns:
        Item numbers, int64 (M, L), and gaps, 0 where absent; bool, which are there.

    Example:
        >>> spans = Spans(
        ...     item_E=torch.tensor([4, 2, 4]), time_E=torch.tensor([60, 120, 86_340]),
        ...     start_M=torch.tensor([0, 2]), stop_M=torch.tensor([2, 3]), now_M=torch.tensor([0, 0]))
        >>> [part.tolist() for part in laid_out(spans)]
        [[[4, 2], [4, 0]], [[60, 120], [60, 0]], [[True, True], [True, False]]]
    """
    offset_L = torch.arange(spans.longest, device=spans.item_E.device)
    offset_ML = spans.start_M.unsqueeze(1) + offset_L
    present_ML = offset_ML < spans.stop_M.unsqueeze(1)
    offset_ML = offset_ML.masked_fill(~present_ML, 0)
    if not spans.item_E.numel():
        return offset_ML, offset_ML, present_ML
    item_ML = spans.item_E[offset_ML].to(torch.int64)
    present_ML = present_ML & (item_ML >= 0)
    gap_ML = spans.gap(spans.time_E[offset_ML].to(torch.int64), spans.now_M.unsqueeze(1))
    return item_ML.masked_fill(~present_ML, 0), gap_ML.masked_fill(~present_ML, 0), present_ML


@compiled()
def gap_between(time: int, now: int, period: int, gaps: int) -> int:
    """``Spans.gap`` for compiled loops; without a branch, which every second behaviour would miss."""
    apart = abs(time - now)
    the_other_way = period - apart if period else apart
    return max(min(apart, the_other_way, gaps - 1), 0)


@compiled()
def _gaps_of(offset_BK: Whole, request_row_B: Whole, spans: SpanArrays, gap_BK: Whole) -> None:
    for candidate in range(offset_BK.shape[0]):
        now = spans.now_M[request_row_B[candidate]]
        for rank in range(offset_BK.shape[1]):
            time = spans.time_E[offset_BK[candidate, rank]]
            gap_BK[candidate, rank] = gap_between(time, now, spans.period, spans.gaps)


def check_item(greatest: int, *, items: int) -> None:
    """Refuse an item number beyond those there are; −1, of nothing, is none.

    Example:
        >>> check_item(7, items=5)
        Traceback (most recent call last):
        ValueError: item_E holds 7 and there are 5 items; give numbers below 5, or −1 for what is never found
    """
    if greatest >= items:
        raise ValueError(
            f"item_E holds {greatest} and there are {items} items; give numbers below {items}, or −1 for "
            "what is never found"
        )


@compiled()
def _mark(spans: SpanArrays, item_N: npt.NDArray[np.bool_], gap_G: npt.NDArray[np.bool_]) -> int:
    """Gives the greatest item number; one that is out of range is not marked."""
    greatest = -1
    for request in range(spans.start_M.shape[0]):
        now = spans.now_M[request]
        for offset in range(spans.start_M[request], spans.stop_M[request]):
            item = spans.item_E[offset]
            greatest = max(greatest, item)
            if 0 <= item < item_N.shape[0]:
                item_N[item] = True
                gap_G[gap_between(spans.time_E[offset], now, spans.period, spans.gaps)] = True
    return greatest
