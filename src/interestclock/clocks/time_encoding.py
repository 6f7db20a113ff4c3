"""Hour Embedding, the baseline: the current hour and weekday as two embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from interestclock.clocks.clock_config import RankerSizes
from interestclock.clocks.clock_module import ClockInputs, ClockModule, RequestModule
from interestclock.errors import check_size
from interestclock.search.checks import check_times

__all__ = ["TimeEncoding", "TimeEncodingConfig"]

# Shapes: B requests, D output, X any other features.


@dataclass(frozen=True, kw_only=True)
class TimeEncodingConfig:
    """Hour Embedding: the current hour and weekday, each as wide as the ranker's embeddings.

    Example:
        >>> TimeEncodingConfig().build(RankerSizes(dim=16, item_dim=16)).output_dim
        32
    """

    kind: ClassVar[str] = "hour"
    reads_preferences: ClassVar[bool] = False
    reads_behaviours: ClassVar[int] = 0

    def build(self, sizes: RankerSizes) -> ClockModule:
        """Two embeddings in a ranker of these sizes, learned row by row."""
        return _Module(TimeEncoding(dim=sizes.dim, std=sizes.std, sparse=True))


class TimeEncoding(nn.Module):
    r"""Encode the current local hour and weekday, the same for every user.

    .. math:: v_{time} = [v_{hour}; v_{day}]

    Source: the "Hour Embedding" both papers compare with (Interest Clock, SIGIR 2024, section 3.2).
    In a stream only the current hour's row is trained at any time.

    Args:
        dim: width of each of the two embeddings; the output is twice as wide.
        std: standard deviation of the first weights.
        sparse: give sparse gradients, for ``RowAdam`` or ``torch.optim.SparseAdam``, which leave
            the rows of other hours alone; a dense Adam's momentum moves them on for a while.

    Raises:
        ValueError: ``dim`` is below 1; or, when called, the times are not one second of the day and one
            weekday per request.

    Example:
        >>> class MyRanker(nn.Module):
        ...     def __init__(self) -> None:
        ...         super().__init__()
        ...         self.clock = TimeEncoding(dim=8)
        ...         self.out = nn.Linear(32 + self.clock.output_dim, 1)
        ...     def forward(self, other_BX, second_of_day_B, day_of_week_B):
        ...         time_BD = self.clock(second_of_day_B=second_of_day_B, day_of_week_B=day_of_week_B)
        ...         return self.out(torch.cat([other_BX, time_BD], dim=1))
        >>> MyRanker()(torch.randn(2, 32), torch.tensor([0, 86_399]), torch.tensor([0, 6])).shape
        torch.Size([2, 1])
    """

    def __init__(self, *, dim: int, std: float = 0.25, sparse: bool = False) -> None:
        super().__init__()
        check_size("dim", dim)
        self.hour = nn.Embedding(24, dim, sparse=sparse)
        self.weekday = nn.Embedding(7, dim, sparse=sparse)
        for table in (self.hour, self.weekday):
            nn.init.normal_(table.weight, std=std)
        self.output_dim = 2 * dim

    def forward(self, *, second_of_day_B: Tensor, day_of_week_B: Tensor) -> Tensor:
        """Local second 0..86399 and weekday (0 = Monday), int64 (B,) each -> float32 (B, 2 dim)."""
        check_times("second_of_day_B", second_of_day_B, requests=len(second_of_day_B))
        check_times("day_of_week_B", day_of_week_B, requests=len(second_of_day_B), below=7)
        return torch.cat([self.hour(second_of_day_B // 3600), self.weekday(day_of_week_B)], dim=1)


class _Module(RequestModule):
    def __init__(self, clock: TimeEncoding) -> None:
        super().__init__()
        self.clock, self.output_dim = clock, clock.output_dim

    def per_request(self, inputs: ClockInputs) -> Tensor:
        out_MD: Tensor = self.clock(
            second_of_day_B=inputs.second_of_day_M, day_of_week_B=inputs.day_of_week_M
        )
        return out_MD
