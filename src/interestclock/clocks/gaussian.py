"""Gaussian Clock: the day's interests blended around now."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from interestclock.clocks.checks import check_interests, check_population_votes
from interestclock.clocks.clock_config import RankerSizes
from interestclock.clocks.clock_module import ClockModule, HourlyModule
from interestclock.errors import ConfigError, check_numbers, check_size
from interestclock.search.checks import check_times
from interestclock.timeofday import DAY_SECONDS, circular_gap_seconds

__all__ = ["GaussianClock", "GaussianConfig"]

# Shapes: B requests, H buckets of the day, D embedding, X any other features.


@dataclass(frozen=True, kw_only=True)
class GaussianConfig:
    """Gaussian Clock: interests blended around now, as ``GaussianClock`` has them.

    Args:
        sigma_hours: width of the Gaussian, in hours. mu_hours: gap of the largest weight, in hours.
        bucket_centre_hours: where a bucket stands after its start, in hours; None is its middle.
        population_votes: κ, how many votes everyone else's preferences come to in each hour, for users who
            have few of their own; 0 is none.

    Raises:
        ValueError: ``sigma_hours`` is not positive, ``population_votes`` below 0, or a number not finite.

    Example:
        >>> GaussianConfig(sigma_hours=2.0).mu_hours
        0.0
        >>> GaussianConfig().build(RankerSizes(dim=16, item_dim=32, preferences_dim=16)).output_dim
        16
    """

    kind: ClassVar[str] = "gaussian"
    reads_preferences: ClassVar[bool] = True
    reads_behaviours: ClassVar[int] = 0

    sigma_hours: float = 1.0
    mu_hours: float = 0.0
    bucket_centre_hours: float | None = None
    population_votes: float = 0.0

    def __post_init__(self) -> None:
        check_numbers(self, error=ValueError)
        check_population_votes(self.population_votes)
        _check_settings(self.sigma_hours, self.mu_hours, self.bucket_centre_hours)

    def build(self, sizes: RankerSizes) -> ClockModule:
        """The clock over a ranker's preferences.

        Raises:
            ConfigError: ``bucket_centre_hours`` lies outside a bucket of these sizes.
        """
        if self.bucket_centre_hours is not None:
            try:
                _check_centre(self.bucket_centre_hours, buckets=sizes.buckets_per_day)
            except ValueError as error:
                raise ConfigError(str(error)) from error
        return HourlyModule(
            GaussianClock(
                dim=sizes.preferences_dim,
                sigma_hours=self.sigma_hours,
                mu_hours=self.mu_hours,
                bucket_centre_hours=self.bucket_centre_hours,
            )
        )


class GaussianClock(nn.Module):
    r"""Blend the day's hourly interest embeddings around the local time of the request.

    .. math:: v_{clock} = \sum_{t} g(\delta_t)\, h\, v_t, \qquad
        g(\delta) = \frac{1}{\sqrt{2\pi}\,\sigma} e^{-(\delta-\mu)^2 / 2\sigma^2}

    with :math:`\delta_t` the circular gap in hours between now and where bucket t stands, and h how many
    hours a bucket lasts: a weight counts hours, so that finer and coarser buckets give embeddings of one
    scale. The weights are not normalised. The output is continuous in time, across hours and midnight.

    Source: Zhu et al., Interest Clock, SIGIR 2024, Eq. (4).
    Differs: buckets count from 0, and need not be 24, at which h is 1 as in the paper;
    ``bucket_centre_hours`` says where in its hour a bucket stands, which the paper leaves open.

    Args:
        dim: width D of an hour's interest embedding, and of the output.
        sigma_hours: width of the Gaussian, in hours (paper: 1). Not learned.
        mu_hours: gap of the largest weight, in hours (paper: 0).
        bucket_centre_hours: where a bucket stands after its start, in hours; None is its middle
            (0.5 where buckets are hours), 0 its start.

    Raises:
        ValueError: ``sigma_hours`` is not positive, a number is not finite, ``bucket_centre_hours`` lies
            outside the bucket, or ``dim`` below 1; or, when called,
            ``clock_BHD`` is not (B, H, D) or ``second_of_day_B`` not one second of the day per request.

    Example:
        >>> clock = GaussianClock(dim=24, sigma_hours=1.0, bucket_centre_hours=0.0)
        >>> clock_BHD = torch.eye(24).unsqueeze(0)        # bucket t -> one-hot t
        >>> out_BD = clock(clock_BHD, second_of_day_B=torch.tensor([84_600]))   # 23:30
        >>> [round(w, 3) for w in out_BD[0, [22, 23, 0, 1]].tolist()]
        [0.13, 0.352, 0.352, 0.13]

        In a model of your own, concatenated with its other features:

        >>> class MyRanker(nn.Module):
        ...     def __init__(self) -> None:
        ...         super().__init__()
        ...         self.clock = GaussianClock(dim=8, sigma_hours=1.0)
        ...         self.out = nn.Linear(32 + self.clock.output_dim, 1)
        ...     def forward(self, other_BX, clock_BHD, second_of_day_B):
        ...         now_BD = self.clock(clock_BHD, second_of_day_B=second_of_day_B)
        ...         return self.out(torch.cat([other_BX, now_BD], dim=1))
        >>> MyRanker()(torch.randn(2, 32), torch.randn(2, 24, 8), torch.tensor([0, 86_399])).shape
        torch.Size([2, 1])
    """

    def __init__(
        self,
        *,
        dim: int,
        sigma_hours: float = 1.0,
        mu_hours: float = 0.0,
        bucket_centre_hours: float | None = None,
    ) -> None:
        super().__init__()
        check_size("dim", dim)
        _check_settings(sigma_hours, mu_hours, bucket_centre_hours)
        self.sigma_hours, self.mu_hours = sigma_hours, mu_hours
        self.bucket_centre_hours = bucket_centre_hours
        self.output_dim = dim

    def forward(self, clock_BHD: Tensor, *, second_of_day_B: Tensor) -> Tensor:
        """Interests by bucket, float32 (B, H, D); local second 0..86399, int64 (B,) -> float32 (B, D)."""
        check_interests(clock_BHD, dim=self.output_dim)
        check_times("second_of_day_B", second_of_day_B, requests=len(clock_BHD))
        weight_BH = self.weights(second_of_day_B, buckets=clock_BHD.shape[1])
        return torch.einsum("bh,bhd->bd", weight_BH.to(clock_BHD.dtype), clock_BHD)

    def weights(self, second_of_day_B: Tensor, *, buckets: int) -> Tensor:
        """Weight g h of each bucket at each local second of day, int64 (B,): float32 (B, buckets)."""
        second_B = second_of_day_B.to(torch.float32)
        start_H = torch.arange(buckets, device=second_B.device) * (DAY_SECONDS / buckets)
        stands_H = (start_H + self._centre_hours(buckets) * 3600) % DAY_SECONDS
        gap_BH = circular_gap_seconds(second_B.unsqueeze(1), stands_H) / 3600
        scale = 24 / buckets / (math.sqrt(2 * math.pi) * self.sigma_hours)
        return scale * torch.exp(-((gap_BH - self.mu_hours) ** 2) / (2 * self.sigma_hours**2))

    def _centre_hours(self, buckets: int) -> float:
        if self.bucket_centre_hours is None:
            return 12 / buckets
        _check_centre(self.bucket_centre_hours, buckets=buckets)
        return self.bucket_centre_hours


def _check_settings(sigma_hours: float, mu_hours: float, bucket_centre_hours: float | None) -> None:
    if not (math.isfinite(mu_hours) and math.isfinite(bucket_centre_hours or 0.0)):
        raise ValueError(
            f"mu_hours is {mu_hours} and bucket_centre_hours {bucket_centre_hours}; give numbers of hours"
        )
    if not 0 < sigma_hours < math.inf:
        raise ValueError(f"sigma_hours is {sigma_hours}; give a width above 0, for example 1.0 (one hour)")


def _check_centre(hours: float, *, buckets: int) -> None:
    if not 0 <= hours <= 24 / buckets:
        raise ValueError(
            f"bucket_centre_hours is {hours}, but a bucket of {buckets} a day lasts {24 / buckets:g} hours; "
            f"give 0 to {24 / buckets:g}, or None for its middle"
        )
