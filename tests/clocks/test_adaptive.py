"""Adaptive Clock: every bucket through one learned matrix."""

from __future__ import annotations

import pytest
import torch

from interestclock.clocks import AdaptiveClock


def test_output_matches_the_slow_sum() -> None:
    torch.manual_seed(0)
    clock, clock_BHD = AdaptiveClock(buckets=4, dim=3), torch.randn(2, 4, 3)
    weight, bias, out_BD = clock.weigh.weight.tolist(), clock.weigh.bias.tolist(), clock(clock_BHD)
    for request in range(2):
        for out in range(3):
            slow = bias[out]
            for bucket in range(4):
                for dimension in range(3):
                    slow += weight[out][bucket * 3 + dimension] * clock_BHD[request, bucket, dimension].item()
            assert out_BD[request, out].item() == pytest.approx(slow, abs=1e-6)


def test_by_hand() -> None:
    clock = AdaptiveClock(buckets=2, dim=1)
    with torch.no_grad():
        clock.weigh.weight.copy_(torch.tensor([[2.0, -1.0]]))
        clock.weigh.bias.fill_(0.5)
    assert clock(torch.tensor([[[3.0], [4.0]]])).tolist() == [[2.5]]


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="buckets is 0; give 1 or more"):
        AdaptiveClock(buckets=0, dim=4)
    with pytest.raises(ValueError, match="dim is -1; give 1 or more"):
        AdaptiveClock(buckets=24, dim=-1)
    with pytest.raises(ValueError, match="12 buckets, this clock was built for 24; build it with buckets=12"):
        AdaptiveClock(buckets=24, dim=4)(torch.zeros(1, 12, 4))
    with pytest.raises(ValueError, match=r"clock_BHD has shape \(24, 4\)"):
        AdaptiveClock(buckets=24, dim=4)(torch.zeros(24, 4))
