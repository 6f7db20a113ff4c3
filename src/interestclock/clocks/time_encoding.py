"""Hour Embedding, the baseline: the current hour and weekday as two embeddings."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["TimeEncoding"]

# Shapes: B requests, D output.


class TimeEncoding(nn.Module):
    r"""Encode the current local hour and weekday, the same for every user.

    .. math:: v_{time} = [v_{hour}; v_{day}]

    Source: the "Hour Embedding" both papers compare with (Interest Clock, SIGIR 2024, section 3.2).
    In a stream only the current hour's row is trained at any time.

    Args:
        dim: width of each of the two embeddings.
        std: standard deviation of the first weights.

    Raises:
        ValueError: ``dim`` is below 1.

    Example:
        >>> clock = TimeEncoding(dim=8)
        >>> out_BD = clock(second_of_day_B=torch.tensor([0, 86_399]), day_of_week_B=torch.tensor([0, 6]))
        >>> out_BD.shape[1] == clock.output_dim
        True
    """

    def __init__(self, *, dim: int, std: float = 0.25) -> None:
        super().__init__()
        if dim < 1:
            raise ValueError(f"dim is {dim}; give the width of an embedding, for example 16")
        self.hour = nn.Embedding(24, dim, sparse=True)
        self.weekday = nn.Embedding(7, dim, sparse=True)
        for table in (self.hour, self.weekday):
            nn.init.normal_(table.weight, std=std)
        self.output_dim = 2 * dim

    def forward(self, *, second_of_day_B: Tensor, day_of_week_B: Tensor) -> Tensor:
        """Local second 0..86399 and weekday 0 = Monday, int64 -> (B, 2 dim)."""
        return torch.cat([self.hour(second_of_day_B // 3600), self.weekday(day_of_week_B)], dim=1)
