"""The K best of a row in PyTorch alone: on any device, from scores of any float type, ties ordered."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["best_of_rows"]

# Shapes: B candidates, L behaviours, K kept.


def best_of_rows(score_BL: Tensor, top_k: int) -> tuple[Tensor, Tensor, Tensor]:
    """Scores, compared as float32, and the offsets they stand at, packed into integers that sort as both do.

    Args:
        score_BL: floats; −inf and NaN are never kept. top_k: K, at most L.

    Returns:
        Offsets in the row, int64 (B, K), of equal scores the earlier first, 0 where absent; scores, float32,
        −inf where absent; bool, which are there.

    Example:
        >>> offset_BK, score_BK, present_BK = best_of_rows(torch.tensor([[1.0, 3.0, -torch.inf, 3.0]]), 4)
        >>> offset_BK.tolist(), score_BK.tolist()
        ([[1, 3, 0, 0]], [[3.0, 3.0, 1.0, -inf]])
    """
    score_BL = score_BL.float() + 0.0  # −0 and 0 are one
    score_BL = score_BL.masked_fill(score_BL.isnan(), -torch.inf)
    bits_BL = score_BL.view(torch.int32)
    rank_BL = (bits_BL ^ ((bits_BL >> 31) & 0x7FFFFFFF)).to(torch.int64)
    later_L = torch.arange(score_BL.shape[1], device=score_BL.device)
    offset_BK = ((rank_BL << 32) - later_L).topk(top_k, dim=1).indices
    score_BK = score_BL.gather(1, offset_BK)
    present_BK = score_BK > -torch.inf
    return offset_BK.masked_fill(~present_BK, 0), score_BK, present_BK
