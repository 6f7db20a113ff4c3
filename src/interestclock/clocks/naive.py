"""Naive Clock: the interests of the current hour, and of no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from interestclock.clocks.checks import check_interests, check_population_votes
from interestclock.clocks.clock_config import RankerSizes
from interestclock.clocks.clock_module import ClockModule, HourlyModule
from interestclock.errors import check_numbers, check_size
from interestclock.search.checks import check_times
from interestclock.timeofday import DAY_SECONDS

__all__ = ["NaiveClock", "NaiveConfig"]

# Shapes: B requests, H buckets of the day, D embedding, X any other features.


@dataclass(frozen=True, kw_only=True)
class NaiveConfig:
    """Naive Clock: the current hour's interests.

    Args:
        population_votes: κ, how many votes everyone else's preferences come to in each hour, for users who
            have few of their own; 0 is none.

    Raises:
        ValueError: ``population_votes`` is below 0, or not finite.

    Example:
        >>> NaiveConfig().build(RankerSizes(dim=16, item_dim=32, preferences_dim=16)).output_dim
        16
    """

    kind: ClassVar[str] = "naive"
    reads_preferences: ClassVar[bool] = True
    reads_behaviours: ClassVar[int] = 0

    population_votes: float = 0.0

    def __post_init__(self) -> None:
        check_numbers(self, error=ValueError)
        check_population_votes(self.population_votes)

    def build(self, sizes: RankerSizes) -> ClockModule:
        """The clock over a ranker's preferences."""
        return HourlyModule(NaiveClock(dim=sizes.preferences_dim))


class NaiveClock(nn.Module):
    r"""Take the interest embedding of the bucket that holds the local time of the request.

    .. math:: v_{clock} = v_t

    It jumps at each bucket's edge, and is zero where the user did nothing in this bucket.

    Source: Zhu et al., Interest Clock, SIGIR 2024, section 3.3.

    Args:
        dim: width D of an hour's interest embedding, and of the output.

    Raises:
        ValueError: ``dim`` is below 1; or, when called, ``clock_BHD`` is not (B, H, D) or
            ``second_of_day_B`` not one second of the day per request.

    Example:
        >>> clock = NaiveClock(dim=24)
        >>> clock_BHD = torch.eye(24).unsqueeze(0)                # bucket t -> one-hot t
        >>> clock(clock_BHD, second_of_day_B=torch.tensor([7 * 3600 + 3599])).argmax().item()
        7

        In a model of your own, concatenated with its other features:

        >>> class MyRanker(nn.Module):
        ...     def __init__(self) -> None:
        ...         super().__init__()
        ...         self.clock = NaiveClock(dim=8)
        ...         self.out = nn.Linear(32 + self.clock.output_dim, 1)
        ...     def forward(self, other_BX, clock_BHD, second_of_day_B):
        ...         now_BD = self.clock(clock_BHD, second_of_day_B=second_of_day_B)
        ...         return self.out(torch.cat([other_BX, now_BD], dim=1))
        >>> MyRanker()(torch.randn(2, 32), torch.randn(2, 24, 8), torch.tensor([0, 86_399])).shape
        torch.Size([2, 1])
    """

    def __init__(self, *, dim: int) -> None:
        super().__init__()
        check_size("dim", dim)
        self.output_dim = dim

    def forward(self, clock_BHD: Tensor, *, second_of_day_B: Tensor) -> Tensor:
        """Interests by bucket, float32 (B, H, D); local second 0..86399, int64 (B,) -> float32 (B, D)."""
        check_interests(clock_BHD, dim=self.output_dim)
        check_times("second_of_day_B", second_of_day_B, requests=len(clock_BHD))
        bucket_B = second_of_day_B.to(torch.int64) * clock_BHD.shape[1] // DAY_SECONDS
        return clock_BHD[torch.arange(len(clock_BHD), device=clock_BHD.device), bucket_B]
