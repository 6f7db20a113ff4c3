"""The newest behaviours whose items share the candidate's category: SIM's hard search."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from interestclock.compiled import compiled
from interestclock.search import Retrieved, Spans
from interestclock.search.checks import check_from_zero
from interestclock.search.spans import SpanArrays, Whole, check_item, laid_out

__all__ = ["newest_alike"]

# Shapes: B candidates, M requests, N item numbers, L behaviours of the request that has most, K kept.


@torch.no_grad()
def newest_alike(
    category_B: Tensor, *, request_row_B: Tensor, category_N: Tensor, spans: Spans, top_k: int
) -> Retrieved:
    r"""Keep the newest ``top_k`` behaviours of each candidate's own category.

    .. math:: r_{bi} = [c_i = c_b]

    Spans are read from their end; histories stand oldest first.

    Source: SIM (Pi et al., CIKM 2020), its general search unit with hard search. Which K are kept where more
    are alike is not said there.

    Args:
        category_B: int64, the candidates' categories; 0 is none, and nothing is like it.
        request_row_B: int64, each candidate's request, a row of the M.
        category_N: int64, the category of each item number. spans: the behaviours. top_k: K.

    Returns:
        What was retrieved, the newest first; a score tells how many found are newer, as a negative number.

    Raises:
        ValueError: ``top_k`` is below 1, a candidate has no request among the spans, or a behaviour that was
            looked at has an item number of N or greater.

    Example:
        >>> spans = Spans(
        ...     item_E=torch.tensor([1, 2, 1, 3]), time_E=torch.zeros(4, dtype=torch.int64),
        ...     start_M=torch.tensor([0]), stop_M=torch.tensor([4]), now_M=torch.tensor([0]))
        >>> retrieved = newest_alike(
        ...     torch.tensor([5]), request_row_B=torch.tensor([0]),
        ...     category_N=torch.tensor([0, 5, 6, 5]), spans=spans, top_k=2)
        >>> retrieved.offset_BK.tolist()
        [[3, 2]]
    """
    if top_k < 1:
        raise ValueError(f"top_k is {top_k}; give 1 or more behaviours to keep")
    check_from_zero("request_row_B", request_row_B, below=len(spans.start_M))
    newest = _newest_compiled if category_B.device.type == "cpu" else _newest_anywhere
    k = min(top_k, spans.longest)
    offset_BK = newest(category_B, request_row_B, category_N, spans, k)
    present_BK = offset_BK >= 0
    newer_K = torch.arange(k, device=offset_BK.device, dtype=torch.float32)
    return Retrieved(
        offset_BK=offset_BK.clamp(min=0),
        score_BK=(-newer_K).expand(offset_BK.shape).masked_fill(~present_BK, -torch.inf),
        present_BK=present_BK,
    )


def _newest_anywhere(
    category_B: Tensor, request_row_B: Tensor, category_N: Tensor, spans: Spans, k: int
) -> Tensor:
    """On any device: offsets, −1 where there are fewer."""
    item_ML, _, present_ML = laid_out(spans)
    check_item(int(item_ML.max()) if item_ML.numel() else -1, items=len(category_N))
    category_ML = category_N[item_ML].masked_fill(~present_ML, 0)
    alike_BL = (category_ML[request_row_B] == category_B.unsqueeze(1)) & (category_B > 0).unsqueeze(1)
    offset_ML = spans.start_M.unsqueeze(1) + torch.arange(item_ML.shape[1], device=item_ML.device)
    return offset_ML[request_row_B].masked_fill(~alike_BL, -1).topk(k, dim=1).values


def _newest_compiled(
    category_B: Tensor, request_row_B: Tensor, category_N: Tensor, spans: Spans, k: int
) -> Tensor:
    """On the CPU, where a candidate's scan ends as soon as it has enough."""
    offset_BK = np.full((len(category_B), k), -1, np.int64)
    arrays = category_B.numpy(), request_row_B.numpy(), category_N.numpy()
    check_item(_scan(*arrays, spans.arrays(), offset_BK), items=len(category_N))
    return torch.from_numpy(offset_BK)


@compiled()
def _scan(
    category_B: Whole,
    request_row_B: Whole,
    category_N: Whole,
    spans: SpanArrays,
    offset_BK: npt.NDArray[np.int64],
) -> int:
    """Gives the greatest item number that was looked at; one that is out of range is like nothing."""
    greatest = -1
    for candidate in range(category_B.shape[0]):
        category, request, count = category_B[candidate], request_row_B[candidate], 0
        offset = spans.stop_M[request] - 1
        while category > 0 and offset >= spans.start_M[request] and count < offset_BK.shape[1]:
            item = spans.item_E[offset]
            greatest = max(greatest, item)
            if 0 <= item < category_N.shape[0] and category_N[item] == category:
                offset_BK[candidate, count] = offset
                count += 1
            offset -= 1
    return greatest
