"""Histories padded on the right, as most models hold them, checked and made spans to search."""

from __future__ import annotations

import torch
from torch import Tensor

from interestclock.search.checks import check_from_zero, check_times, check_whole
from interestclock.search.spans import Spans

__all__ = ["check_candidates", "check_histories", "padded_spans"]

# Shapes: B candidates, M requests (a user at a time), L behaviours, N distinct items, I item vector.


def padded_spans(
    behaviour_ML: Tensor,
    *,
    present_ML: Tensor,
    times: tuple[str, Tensor],
    now: tuple[str, Tensor],
    items: int,
    period: int,
    gaps: int,
) -> Spans:
    """Spans over padded histories; a behaviour's offset is its request · L + its column.

    Args:
        behaviour_ML: int64 row of each behaviour's item among the distinct items.
        present_ML: bool, false on padding.
        times: what the caller calls the behaviours' times, and these, int64 (M, L).
        now: the same of the requests' times, int64 (M,). items: N, distinct items.
        period, gaps: as ``Spans`` has them; with a period, times are 0 to it (exclusive).

    Raises:
        ValueError: shapes or types do not go together, or an item or a time is out of range.

    Example:
        >>> spans = padded_spans(
        ...     torch.tensor([[7, 8], [9, 0]]), present_ML=torch.tensor([[True, True], [True, False]]),
        ...     times=("day_ML", torch.tensor([[3, 4], [5, 0]])), now=("now_M", torch.tensor([6, 6])),
        ...     items=10, period=0, gaps=366)
        >>> spans.item_E.tolist(), spans.start_M.tolist()
        ([7, 8, 9, -1], [0, 2])
    """
    check_histories(behaviour_ML, present_ML, items=items)
    check_times(*now, requests=len(behaviour_ML), below=period or None)
    _check_alike(*times, behaviour_ML)
    check_whole(*times)
    if period:
        check_from_zero(times[0], times[1].masked_fill(~present_ML, 0), below=period)
    requests, longest = behaviour_ML.shape
    start_M = torch.arange(requests, device=behaviour_ML.device) * longest
    return Spans(
        item_E=behaviour_ML.masked_fill(~present_ML, -1).flatten(),
        time_E=times[1].flatten(),
        start_M=start_M,
        stop_M=start_M + longest,
        now_M=now[1],
        period=period,
        gaps=gaps,
    )


def check_histories(behaviour_ML: Tensor, present_ML: Tensor, *, items: int) -> None:
    """Refuse a mask that does not fit its histories, and items that there are not; padding holds any number.

    Args:
        items: N, distinct items.

    Raises:
        ValueError: another shape than ``behaviour_ML``'s, or no bool; an item is out of range.

    Example:
        >>> check_histories(torch.zeros(2, 3), torch.ones(2, 3), items=1)
        Traceback (most recent call last):
        ValueError: present_ML has type torch.float32; give bool, for example item_ML > 0
    """
    _check_alike("present_ML", present_ML, behaviour_ML)
    if present_ML.dtype != torch.bool:
        raise ValueError(f"present_ML has type {present_ML.dtype}; give bool, for example item_ML > 0")
    check_whole("behaviour_ML", behaviour_ML)
    there_X = behaviour_ML[present_ML]
    check_from_zero("behaviour_ML", there_X, below=items)


def check_candidates(candidate_BI: Tensor, request_row_B: Tensor, *, item_dim: int, requests: int) -> None:
    """Refuse candidates of another width, or without a request each.

    Args:
        requests: M.

    Raises:
        ValueError: shapes do not go together, or a candidate's request is none of the M.

    Example:
        >>> check_candidates(torch.zeros(4, 3), torch.zeros(4, dtype=torch.int64), item_dim=2, requests=1)
        Traceback (most recent call last):
        ValueError: candidate_BI has shape (4, 3); give (candidates, 2)
    """
    if candidate_BI.ndim != 2 or candidate_BI.shape[1] != item_dim:
        raise ValueError(f"candidate_BI has shape {tuple(candidate_BI.shape)}; give (candidates, {item_dim})")
    check_times("request_row_B", request_row_B, requests=len(candidate_BI), below=requests)


def _check_alike(name: str, other_ML: Tensor, behaviour_ML: Tensor) -> None:
    if other_ML.shape != behaviour_ML.shape:
        raise ValueError(
            f"{name} has shape {tuple(other_ML.shape)}, behaviour_ML {tuple(behaviour_ML.shape)}; "
            "give one entry for each behaviour, padding included"
        )
