"""g of Eq. 2 of the Long-term Interest Clock."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.clocks import TimeGap, gap_features


def slow_features(gap_seconds: float) -> list[float]:
    share = gap_seconds / 43_200
    return [share, math.sqrt(share), math.exp(-gap_seconds / 3600)]


def slow_gap(network: TimeGap, head: int, gap_seconds: float) -> float:
    """One head's network, unit by unit."""
    score = 0.0
    for unit in range(network.hidden):
        row = head * network.hidden + unit
        before = network.first.bias[row].item()
        for feature, value in enumerate(slow_features(gap_seconds)):
            before += network.first.weight[row, feature].item() * value
        score += network.second[head, unit].item() * max(0.0, before)
    return score


def test_features_by_hand() -> None:
    feature_XF = gap_features(torch.tensor([0, 10_800, 43_200]))
    expected = [[0, 0, 1], [0.25, 0.5, math.exp(-3)], [1, 1, math.exp(-12)]]
    torch.testing.assert_close(feature_XF, torch.tensor(expected), atol=1e-6, rtol=0)


@settings(max_examples=30, deadline=None)
@given(gap=st.integers(0, 43_200), heads=st.integers(1, 4), hidden=st.integers(1, 5), seed=st.integers(0, 99))
def test_scores_match_the_slow_network(gap: int, heads: int, hidden: int, seed: int) -> None:
    torch.manual_seed(seed)
    network = TimeGap(heads=heads, hidden=hidden)
    score_Q = network(gap_features(torch.tensor(gap)))
    assert score_Q.shape == (heads,)
    assert score_Q.tolist() == pytest.approx([slow_gap(network, h, gap) for h in range(heads)], abs=1e-6)


def test_any_shape_even_empty() -> None:
    network = TimeGap(heads=2, hidden=3)
    assert network(gap_features(torch.zeros(0, 4))).shape == (0, 4, 2)
    assert network(gap_features(torch.zeros(5, 1, 4))).shape == (5, 1, 4, 2)


def test_sizes_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="heads is 0; give 1 or more"):
        TimeGap(heads=0, hidden=3)
    with pytest.raises(ValueError, match="hidden is 0; give 1 or more"):
        TimeGap(heads=1, hidden=0)
