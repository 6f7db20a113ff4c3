"""Adaptive Clock: the interests of all hours, their weights left to be learned."""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ["AdaptiveClock"]

# Shapes: B requests, H buckets of the day, D embedding.


class AdaptiveClock(nn.Module):
    r"""Concatenate the interest embeddings of all buckets and let training weigh them.

    .. math:: v_{clock} = W [v_1; \ldots; v_{24}] + b

    The same weights serve every hour of the day, so the clock itself does not see the time.

    Source: Zhu et al., Interest Clock, SIGIR 2024, section 3.3.
    Differs: the first linear layer stands here, so that the network behind keeps its width
    (the bare concatenation would make DCN-V2's cross matrices 24 times as wide).

    Args:
        buckets: buckets of the day. dim: width D of an hour's interest embedding, and of the output.

    Example:
        >>> clock = AdaptiveClock(buckets=24, dim=6)
        >>> import torch; clock(torch.zeros(2, 24, 6)).shape
        torch.Size([2, 6])
    """

    def __init__(self, *, buckets: int, dim: int) -> None:
        super().__init__()
        self.weigh = nn.Linear(buckets * dim, dim)
        self.output_dim = dim

    def forward(self, clock_BHD: Tensor) -> Tensor:
        """Interests by bucket (B, H, D) -> (B, D)."""
        out_BD: Tensor = self.weigh(clock_BHD.flatten(1))
        return out_BD
