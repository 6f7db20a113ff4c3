"""How long ago a behaviour was: whole hours, in buckets that double."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["GAP_BUCKETS", "HOUR_GAPS", "hour_bucket"]

# Shapes: X any.

GAP_BUCKETS = 15
HOUR_GAPS = 2 ** (GAP_BUCKETS - 1)
"""Gaps that are told apart, in hours: 0 to 16,383, almost two years."""


def hour_bucket(gap_hours_X: Tensor) -> Tensor:
    r"""The bucket of a gap: 0 is within the hour, then 1 to 2 hours, 3 to 6, 7 to 14, ...

    .. math:: \lfloor \log_2 (\Delta + 1) \rfloor

    Args:
        gap_hours_X: whole hours, 0..16383, any shape and integer type.

    Returns:
        int64 (...), 0..14.

    Example:
        >>> hour_bucket(torch.tensor([0, 1, 2, 3, 24, 24 * 365])).tolist()
        [0, 1, 1, 2, 4, 13]
    """
    return torch.frexp((gap_hours_X + 1).to(torch.float64)).exponent.to(torch.int64) - 1
