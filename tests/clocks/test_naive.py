"""Naive Clock: the current bucket, and its jump at the hour."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interestclock.clocks import NaiveClock


def shown(*seconds: int, buckets: int = 24) -> torch.Tensor:
    """The clock over one-hot buckets at each second."""
    clock_BHD = torch.eye(buckets).expand(len(seconds), buckets, buckets)
    return NaiveClock(dim=buckets)(clock_BHD, second_of_day_B=torch.tensor(seconds))


def test_it_jumps_at_eight_and_at_midnight() -> None:
    before_D, after_D = shown(8 * 3600 - 1, 8 * 3600)
    assert (before_D.argmax(), after_D.argmax()) == (7, 8)
    assert (before_D - after_D).abs().max() == 1
    assert shown(86_399, 0).argmax(1).tolist() == [23, 0]


@given(second=st.integers(0, 86_399), buckets=st.integers(1, 100))
def test_the_bucket_holds_the_second(second: int, buckets: int) -> None:
    bucket = int(shown(second, buckets=buckets).argmax())
    assert bucket * 86_400 <= second * buckets < (bucket + 1) * 86_400


def test_small_integers_do_not_overflow() -> None:
    out_BD = NaiveClock(dim=24)(
        torch.eye(24).unsqueeze(0), second_of_day_B=torch.tensor([86_399], dtype=torch.int32)
    )
    assert out_BD.argmax() == 23


def test_a_user_without_behaviour_now_has_nothing_to_say() -> None:
    clock_BHD = torch.ones(1, 24, 2)
    clock_BHD[0, 5] = 0
    assert not NaiveClock(dim=2)(clock_BHD, second_of_day_B=torch.tensor([5 * 3600])).any()


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="dim is 0; give 1 or more"):
        NaiveClock(dim=0)
    with pytest.raises(ValueError, match=r"clock_BHD has shape \(2, 24, 3\)"):
        NaiveClock(dim=4)(torch.zeros(2, 24, 3), second_of_day_B=torch.tensor([0, 1]))
    with pytest.raises(ValueError, match=r"has type torch\.float32; give whole numbers"):
        NaiveClock(dim=4)(torch.zeros(1, 24, 4), second_of_day_B=torch.tensor([8.5]))
    with pytest.raises(ValueError, match=r"second_of_day_B holds -3600; give whole numbers from 0 on"):
        NaiveClock(dim=4)(torch.zeros(1, 24, 4), second_of_day_B=torch.tensor([-3600]))
