"""Adaptive Clock: the interests of all hours, their weights left to be learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from interestclock.clocks.checks import check_interests, check_population_votes
from interestclock.clocks.clock_config import RankerSizes
from interestclock.clocks.clock_module import ClockInputs, ClockModule, RequestModule
from interestclock.errors import check_numbers, check_size

__all__ = ["AdaptiveClock", "AdaptiveConfig"]

# Shapes: B requests, H buckets of the day, D embedding, N narrowed embedding, X any other features.


@dataclass(frozen=True, kw_only=True)
class AdaptiveConfig:
    """Adaptive Clock: all hours' interests, weights learned.

    Args:
        hour_dim: width that an hour's interests are narrowed to before all hours stand side by side; 0 weighs
            them at full width, as published.
        population_votes: κ, how many votes everyone else's preferences come to in each hour, for users who
            have few of their own; 0 is none.

    Raises:
        ValueError: ``hour_dim`` or ``population_votes`` is below 0, or not finite.

    Example:
        >>> AdaptiveConfig().hour_dim
        4
        >>> AdaptiveConfig().build(RankerSizes(dim=16, item_dim=32, preferences_dim=16)).output_dim
        96
    """

    kind: ClassVar[str] = "adaptive"
    reads_preferences: ClassVar[bool] = True
    reads_behaviours: ClassVar[int] = 0

    hour_dim: int = 4
    population_votes: float = 0.0

    def __post_init__(self) -> None:
        check_numbers(self, error=ValueError)
        _check_hour_dim(self.hour_dim)
        check_population_votes(self.population_votes)

    def build(self, sizes: RankerSizes) -> ClockModule:
        """The clock over a ranker's preferences."""
        clock = AdaptiveClock(
            buckets=sizes.buckets_per_day, dim=sizes.preferences_dim, hour_dim=self.hour_dim
        )
        return _Module(clock)


class AdaptiveClock(nn.Module):
    r"""Concatenate the interest embeddings of all buckets and let training weigh them.

    .. math:: v_{clock} = W [v_1; \ldots; v_{24}] + b \qquad
        \textrm{or, narrowed,} \qquad v_{clock} = [g_1 P v_1; \ldots; g_{24} P v_{24}]

    with P narrowing each bucket's embedding to ``hour_dim`` values, and g one learned weight a bucket, at
    first 1. The same weights serve every hour of the day, so the clock itself does not see the time.

    Source: Zhu et al., Interest Clock, SIGIR 2024, section 3.3.
    Differs: as published, the first linear layer stands here, so that the network behind keeps its width
    (the bare concatenation would make DCN-V2's cross matrices 24 times as wide). Narrowed, the concatenation
    itself is handed on, as the paper has it, which P makes small enough; the paper has no P (decision 0064).

    Args:
        buckets: H, buckets of the day, for example 24.
        dim: width D of an hour's interest embedding, and of the output where hours are not narrowed.
        hour_dim: N, width that an hour is narrowed to, for an output of H N values; 0 is none, as published.

    Raises:
        ValueError: ``buckets`` or ``dim`` is below 1, ``hour_dim`` below 0; or, when called, ``clock_BHD`` is
            not (B, H, D).

    Example:
        >>> class MyRanker(nn.Module):
        ...     def __init__(self) -> None:
        ...         super().__init__()
        ...         self.clock = AdaptiveClock(buckets=24, dim=8, hour_dim=4)
        ...         self.out = nn.Linear(32 + self.clock.output_dim, 1)
        ...     def forward(self, other_BX, clock_BHD):
        ...         return self.out(torch.cat([other_BX, self.clock(clock_BHD)], dim=1))
        >>> MyRanker()(torch.randn(2, 32), torch.randn(2, 24, 8)).shape
        torch.Size([2, 1])
    """

    def __init__(self, *, buckets: int, dim: int, hour_dim: int = 0) -> None:
        super().__init__()
        check_size("buckets", buckets)
        check_size("dim", dim)
        _check_hour_dim(hour_dim)
        self.buckets, self.dim, self.hour_dim = buckets, dim, hour_dim
        self.output_dim = buckets * hour_dim if hour_dim else dim
        if hour_dim:
            self.narrow = nn.Linear(dim, hour_dim, bias=False)
            self.gate_H = nn.Parameter(torch.ones(buckets))
        else:
            self.weigh = nn.Linear(buckets * dim, dim)

    def forward(self, clock_BHD: Tensor) -> Tensor:
        """Interests by bucket, float32 (B, H, D) -> float32 (B, ``output_dim``)."""
        check_interests(clock_BHD, dim=self.dim)
        if clock_BHD.shape[1] != self.buckets:
            raise ValueError(
                f"clock_BHD has {clock_BHD.shape[1]} buckets, this clock was built for {self.buckets}; "
                f"build it with buckets={clock_BHD.shape[1]}"
            )
        if self.hour_dim:
            return torch.flatten(self.narrow(clock_BHD) * self.gate_H.unsqueeze(1), 1)
        out_BD: Tensor = self.weigh(torch.flatten(clock_BHD, 1))
        return out_BD


def _check_hour_dim(hour_dim: int) -> None:
    if hour_dim:  # 0 is none
        check_size("hour_dim", hour_dim)


class _Module(RequestModule):
    def __init__(self, clock: AdaptiveClock) -> None:
        super().__init__()
        self.clock, self.output_dim = clock, clock.output_dim

    def per_request(self, inputs: ClockInputs) -> Tensor:
        out_MD: Tensor = self.clock(inputs.interests)
        return out_MD
