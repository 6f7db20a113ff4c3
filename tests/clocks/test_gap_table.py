"""Features of every gap, looked up."""

from __future__ import annotations

import pytest
import torch

from interestclock.clocks.gap_table import features_of_seconds
from interestclock.clocks.time_gap import gap_features

GAPS = torch.arange(43_201)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "gap_X", [GAPS, GAPS.flip(0), torch.tensor([[0, 43_200], [7, 7]]), GAPS[:0]], ids=str
)
def test_they_are_those_that_are_computed(gap_X: torch.Tensor, dtype: torch.dtype) -> None:
    assert torch.equal(features_of_seconds(gap_X, dtype=dtype), gap_features(gap_X, dtype=dtype))


def test_a_gradient_flows_past_what_was_kept_while_serving() -> None:
    with torch.inference_mode():
        features_of_seconds(GAPS[:2], dtype=torch.bfloat16)
    weight = torch.ones(3, dtype=torch.bfloat16, requires_grad=True)
    (features_of_seconds(GAPS, dtype=torch.bfloat16) @ weight).sum().backward()
    assert weight.grad is not None
