"""Gaussian Clock: the day's interests blended around now."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = ["GaussianClock"]

# Shapes: B requests, H buckets of the day, D embedding.


class GaussianClock(nn.Module):
    r"""Blend the day's hourly interest embeddings around the local time of the request.

    .. math:: v_{clock} = \sum_{t} g(\delta_t)\, v_t, \qquad
        g(\delta) = \frac{1}{\sqrt{2\pi}\,\sigma} e^{-(\delta-\mu)^2 / 2\sigma^2}

    with :math:`\delta_t` the circular gap in hours between now and where bucket t stands. The
    weights are not normalised. The output is continuous in time, across hours and midnight.

    Source: Zhu et al., Interest Clock, SIGIR 2024, Eq. (4).
    Differs: buckets count from 0, and need not be 24; ``bucket_centre_hours`` says where in its
    hour a bucket stands, which the paper leaves open.

    Args:
        dim: width D of an hour's interest embedding.
        sigma_hours: width of the Gaussian, in hours (paper: 1). Not learned.
        mu_hours: gap of the largest weight, in hours (paper: 0).
        bucket_centre_hours: where a bucket stands after its start, in hours; 0.5 is the middle of
            an hour, 0 its start.

    Raises:
        ValueError: ``sigma_hours`` is not positive.

    Example:
        >>> clock = GaussianClock(dim=24, sigma_hours=1.0, bucket_centre_hours=0.0)
        >>> clock_BHD = torch.eye(24).unsqueeze(0)        # bucket t -> one-hot t
        >>> out_BD = clock(clock_BHD, second_of_day_B=torch.tensor([84_600]))   # 23:30
        >>> [round(w, 3) for w in out_BD[0, [22, 23, 0, 1]].tolist()]
        [0.13, 0.352, 0.352, 0.13]
    """

    def __init__(
        self, *, dim: int, sigma_hours: float = 1.0, mu_hours: float = 0.0, bucket_centre_hours: float = 0.5
    ) -> None:
        super().__init__()
        if sigma_hours <= 0:
            raise ValueError(
                f"sigma_hours is {sigma_hours}; give a width above 0, for example 1.0 (one hour)"
            )
        self.sigma_hours, self.mu_hours = sigma_hours, mu_hours
        self.bucket_centre_hours = bucket_centre_hours
        self.output_dim = dim

    def forward(self, clock_BHD: Tensor, *, second_of_day_B: Tensor) -> Tensor:
        """Interests by bucket (B, H, D), local second of day int64 (B,) -> (B, D)."""
        weight_BH = self.weights(second_of_day_B, buckets=clock_BHD.shape[1])
        return torch.einsum("bh,bhd->bd", weight_BH, clock_BHD)

    def weights(self, second_of_day_B: Tensor, *, buckets: int) -> Tensor:
        """Weight of each bucket at each local second of day: float32 (B, buckets)."""
        hours_B = second_of_day_B.to(torch.float32) / 3600
        bucket_H = torch.arange(buckets, device=hours_B.device) * (24 / buckets) + self.bucket_centre_hours
        apart_BH = (hours_B.unsqueeze(1) - bucket_H) % 24
        gap_BH = torch.minimum(apart_BH, 24 - apart_BH)
        scale = 1 / (math.sqrt(2 * math.pi) * self.sigma_hours)
        return scale * torch.exp(-((gap_BH - self.mu_hours) ** 2) / (2 * self.sigma_hours**2))
