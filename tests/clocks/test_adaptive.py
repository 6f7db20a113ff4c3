"""Adaptive Clock: every bucket through one learned matrix."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.clocks import AdaptiveClock, AdaptiveConfig, RankerSizes


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


def test_a_narrowed_hour_matches_the_slow_sum() -> None:
    torch.manual_seed(0)
    clock, clock_BHD = AdaptiveClock(buckets=4, dim=3, hour_dim=2), torch.randn(2, 4, 3)
    torch.nn.init.normal_(clock.gate_H)
    narrow, gate, out_BO = clock.narrow.weight.tolist(), clock.gate_H.tolist(), clock(clock_BHD)
    for request in range(2):
        for bucket in range(4):
            hour = clock_BHD[request, bucket].tolist()
            for at in range(2):
                slow = gate[bucket] * sum(narrow[at][dimension] * hour[dimension] for dimension in range(3))
                assert out_BO[request, 2 * bucket + at].item() == pytest.approx(slow, abs=1e-6)


def test_narrowed_by_hand() -> None:
    clock = AdaptiveClock(buckets=2, dim=2, hour_dim=1)
    assert clock.gate_H.tolist() == [1.0, 1.0]
    with torch.no_grad():
        clock.narrow.weight.copy_(torch.tensor([[1.0, 3.0]]))
        clock.gate_H.copy_(torch.tensor([2.0, -0.5]))
    # Hours narrow to 1*1 + 3*2 = 7 and 1*4 + 3*0 = 4.
    assert clock(torch.tensor([[[1.0, 2.0], [4.0, 0.0]]])).tolist() == [[14.0, -2.0]]


@settings(deadline=None)  # PyTorch loads what it needs at the first product
@given(st.integers(1, 6), st.integers(1, 5), st.integers(1, 4))
def test_weighed_it_is_the_published_clock_with_a_matrix_of_lower_rank(
    buckets: int, dim: int, hour_dim: int
) -> None:
    narrowed = AdaptiveClock(buckets=buckets, dim=dim, hour_dim=hour_dim)
    published = AdaptiveClock(buckets=buckets, dim=dim)
    behind = torch.nn.Linear(narrowed.output_dim, dim)
    with torch.no_grad():
        torch.nn.init.normal_(narrowed.gate_H)
        gated_HND = narrowed.gate_H.view(-1, 1, 1) * narrowed.narrow.weight
        weight_DHN = behind.weight.view(dim, buckets, hour_dim)
        published.weigh.weight.copy_(torch.einsum("ohn,hnd->ohd", weight_DHN, gated_HND).flatten(1))
        published.weigh.bias.copy_(behind.bias)
    clock_BHD = torch.randn(3, buckets, dim)
    torch.testing.assert_close(behind(narrowed(clock_BHD)), published(clock_BHD), atol=1e-5, rtol=1e-4)


def test_a_ranker_s_is_narrowed_unless_it_is_to_be_the_published_one() -> None:
    sizes = RankerSizes(dim=16, item_dim=32, preferences_dim=48)
    weights = {
        hour_dim: {
            name: tuple(value.shape)
            for name, value in AdaptiveConfig(hour_dim=hour_dim).build(sizes).state_dict().items()
        }
        for hour_dim in (AdaptiveConfig().hour_dim, 0)
    }
    assert weights == {
        4: {"clock.gate_H": (24,), "clock.narrow.weight": (4, 48)},
        0: {"clock.weigh.weight": (48, 1_152), "clock.weigh.bias": (48,)},
    }


def test_wrong_arguments_are_refused() -> None:
    for hour_dim, wanted in ((-1, "give 1 or more"), (2.5, "give a whole number")):
        with pytest.raises(ValueError, match=f"hour_dim is {hour_dim}; {wanted}"):
            AdaptiveClock(buckets=24, dim=4, hour_dim=hour_dim)
        with pytest.raises(ValueError, match=f"hour_dim is {hour_dim}; {wanted}"):
            AdaptiveConfig(hour_dim=hour_dim)
    with pytest.raises(ValueError, match="buckets is 0; give 1 or more"):
        AdaptiveClock(buckets=0, dim=4)
    with pytest.raises(ValueError, match="dim is -1; give 1 or more"):
        AdaptiveClock(buckets=24, dim=-1)
    with pytest.raises(ValueError, match="12 buckets, this clock was built for 24; build it with buckets=12"):
        AdaptiveClock(buckets=24, dim=4)(torch.zeros(1, 12, 4))
    with pytest.raises(ValueError, match=r"clock_BHD has shape \(24, 4\)"):
        AdaptiveClock(buckets=24, dim=4)(torch.zeros(24, 4))
