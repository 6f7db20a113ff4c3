"""Naive Clock: the interests of the current hour, and of no other."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["NaiveClock"]

# Shapes: B requests, H buckets of the day, D embedding.


class NaiveClock(nn.Module):
    r"""Take the interest embedding of the bucket that holds the local time of the request.

    .. math:: v_{clock} = v_t

    It jumps at each bucket's edge, and is zero where the user did nothing in this bucket.

    Source: Zhu et al., Interest Clock, SIGIR 2024, section 3.3.

    Args:
        dim: width D of an hour's interest embedding.

    Example:
        >>> clock = NaiveClock(dim=24)
        >>> clock_BHD = torch.eye(24).unsqueeze(0)                # bucket t -> one-hot t
        >>> clock(clock_BHD, second_of_day_B=torch.tensor([7 * 3600 + 3599])).argmax().item()
        7
    """

    def __init__(self, *, dim: int) -> None:
        super().__init__()
        self.output_dim = dim

    def forward(self, clock_BHD: Tensor, *, second_of_day_B: Tensor) -> Tensor:
        """Interests by bucket (B, H, D), local second of day int64 (B,) -> (B, D)."""
        bucket_B = second_of_day_B * clock_BHD.shape[1] // 86_400
        return clock_BHD[torch.arange(len(clock_BHD), device=clock_BHD.device), bucket_B]
