"""Eq. 4 of Interest Clock: by hand, by loop, and continuous over hours and midnight."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.clocks import GaussianClock, GaussianConfig, RankerSizes
from interestclock.errors import ConfigError

EDGES = [hour * 3600 for hour in range(24)]  # 0 is midnight: its second before is 86399


def slow_weight(*, bucket: int, second: int, buckets: int, sigma: float, mu: float, centre: float) -> float:
    """The paper's two-sided gap, in hours, through the paper's density, over the hours of a bucket."""
    stands, now = bucket * 24 / buckets + centre, second / 3600
    gap = min((stands + 24 - now) % 24, (now + 24 - stands) % 24)
    return 24 / buckets * math.exp(-((gap - mu) ** 2) / (2 * sigma**2)) / (math.sqrt(2 * math.pi) * sigma)


def test_weights_by_hand() -> None:
    clock = GaussianClock(dim=1, sigma_hours=1.0, bucket_centre_hours=0.5)
    weight_H = clock.weights(torch.tensor([12 * 3600 + 1800]), buckets=24)[0]
    assert weight_H[12].item() == pytest.approx(1 / math.sqrt(2 * math.pi), abs=1e-6)
    assert weight_H[13].item() == pytest.approx(math.exp(-0.5) / math.sqrt(2 * math.pi), abs=1e-6)
    assert weight_H[11].item() == pytest.approx(weight_H[13].item(), abs=1e-7)
    assert weight_H.argmax() == 12


@given(second=st.integers(0, 86_399), buckets=st.sampled_from([6, 12, 24, 48, 96]))
def test_weights_are_of_one_scale_whatever_the_buckets(second: int, buckets: int) -> None:
    """A day of a Gaussian two hours wide holds 1 of it, by rectangles of up to four hours within a tenth."""
    weight_H = GaussianClock(dim=1, sigma_hours=2.0).weights(torch.tensor([second]), buckets=buckets)[0]
    assert weight_H.sum().item() == pytest.approx(1.0, abs=0.02 if buckets == 6 else 1e-3)


def test_ten_to_midnight_and_ten_past_weigh_each_others_hour_alike() -> None:
    clock = GaussianClock(dim=1)
    weight_BH = clock.weights(torch.tensor([86_400 - 600, 600]), buckets=24)
    assert weight_BH[0, 0].item() == pytest.approx(weight_BH[1, 23].item(), abs=1e-6)
    assert weight_BH[0, 0] > 0.2


@settings(max_examples=60, deadline=None)
@given(
    second=st.integers(0, 86_399),
    buckets=st.sampled_from([1, 2, 12, 24, 48]),
    sigma=st.floats(0.3, 6),
    mu=st.floats(0, 3),
    centre_share=st.sampled_from([0.0, 0.25, 0.5, 1.0]),
)
def test_output_matches_the_slow_sum(
    second: int, buckets: int, sigma: float, mu: float, centre_share: float
) -> None:
    centre = centre_share * 24 / buckets
    clock_BHD = torch.randn(1, buckets, 3, generator=torch.Generator().manual_seed(second))
    clock = GaussianClock(dim=3, sigma_hours=sigma, mu_hours=mu, bucket_centre_hours=centre)
    out_D = clock(clock_BHD, second_of_day_B=torch.tensor([second]))[0].tolist()
    for dimension in range(3):
        slow = sum(
            slow_weight(bucket=bucket, second=second, buckets=buckets, sigma=sigma, mu=mu, centre=centre)
            * clock_BHD[0, bucket, dimension].item()
            for bucket in range(buckets)
        )
        assert out_D[dimension] == pytest.approx(slow, abs=1e-6, rel=1e-6)


@pytest.mark.parametrize("edge", EDGES)
def test_one_second_over_an_hour_or_midnight_changes_little(edge: int) -> None:
    clock = GaussianClock(dim=24)
    clock_BHD = torch.eye(24).expand(2, 24, 24)
    before_D, after_D = clock(clock_BHD, second_of_day_B=torch.tensor([(edge - 1) % 86_400, edge]))
    assert 0 < (before_D - after_D).abs().max() < 1e-4  # the density's slope: at most 0.242 an hour


@pytest.mark.parametrize("build", [partial(GaussianClock, dim=4), GaussianConfig])
@pytest.mark.parametrize("sigma", [0.0, -1.0])
def test_a_width_not_above_zero_is_refused(build: Callable[..., object], sigma: float) -> None:
    with pytest.raises(ValueError, match=f"sigma_hours is {sigma}; give a width above 0, for example 1.0"):
        build(sigma_hours=sigma)


def test_a_width_is_a_finite_number() -> None:
    with pytest.raises(ValueError, match=r"sigma_hours is nan; give a width above 0, for example 1\.0"):
        GaussianClock(dim=4, sigma_hours=float("nan"))
    with pytest.raises(ValueError, match="mu_hours is inf and bucket_centre_hours None; give numbers of"):
        GaussianClock(dim=4, mu_hours=float("inf"))


def test_wrong_shapes_are_refused() -> None:
    clock = GaussianClock(dim=4)
    with pytest.raises(
        ValueError, match=r"clock_BHD has shape \(24, 4\); give \(requests, buckets of the day, 4\)"
    ):
        clock(torch.zeros(24, 4), second_of_day_B=torch.zeros(24, dtype=torch.int64))
    with pytest.raises(
        ValueError, match=r"second_of_day_B has shape \(1,\); give \(2,\), one for each request"
    ):
        clock(torch.zeros(2, 24, 4), second_of_day_B=torch.tensor([0]))
    with pytest.raises(ValueError, match="second_of_day_B holds 1700000000; give whole numbers from 0 on"):
        clock(torch.zeros(1, 24, 4), second_of_day_B=torch.tensor([1_700_000_000]))
    with pytest.raises(ValueError, match="dim is 0; give 1 or more"):
        GaussianClock(dim=0)


@pytest.mark.parametrize("buckets", [1, 24, 48])
def test_a_bucket_stands_in_its_middle_unless_told_otherwise(buckets: int) -> None:
    clock = GaussianClock(dim=1)
    middle_seconds = 43_200 // buckets
    assert clock.weights(torch.tensor([middle_seconds]), buckets=buckets).argmax().item() == 0
    started = GaussianClock(dim=1, bucket_centre_hours=12 / buckets)
    now = torch.tensor([5_000])
    assert torch.equal(clock.weights(now, buckets=buckets), started.weights(now, buckets=buckets))


def test_a_centre_outside_its_bucket_is_refused() -> None:
    clock = GaussianClock(dim=1, bucket_centre_hours=0.75)
    with pytest.raises(ValueError, match=r"a bucket of 48 a day lasts 0.5 hours; give 0 to 0.5"):
        clock.weights(torch.tensor([0]), buckets=48)
    sizes = RankerSizes(dim=2, item_dim=2, preferences_dim=2, buckets_per_day=48)
    with pytest.raises(ConfigError, match=r"a bucket of 48 a day lasts 0.5 hours; give 0 to 0.5, or None"):
        GaussianConfig(bucket_centre_hours=0.75).build(sizes)


@pytest.mark.parametrize("setting", [{"mu_hours": float("nan")}, {"sigma_hours": float("inf")}])
def test_numbers_that_are_not_finite_are_refused(setting: dict) -> None:
    with pytest.raises(ValueError, match="give"):
        GaussianClock(dim=1, **setting)
