"""SIM's exact search unit against plain Python, head by head."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_sequences import Behaviour, gap_bucket, slow_target_attention, unlike_start

from interestclock.sequences import HourSearchSizes, TargetAttention


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 9_999), heads=st.integers(1, 3), retrieved=st.integers(0, 6))
def test_it_matches_plain_python(seed: int, heads: int, retrieved: int) -> None:
    torch.manual_seed(seed)
    sizes = HourSearchSizes(heads=heads, latent_dim=3, gap_dim=2, output_dim=4, gain=0.7)
    attention = unlike_start(TargetAttention(item_dim=5, sizes=sizes)).double()
    candidate_BI, behaviour_BKI = torch.randn(3, 5).double(), torch.randn(3, retrieved, 5).double()
    gap_BK, present_BK = torch.randint(0, 9_999, (3, retrieved)), torch.rand(3, retrieved) < 0.7
    out_BO = attention(candidate_BI, behaviour_BKI, gap_BK, present_BK)
    for row in range(3):
        kept = [
            Behaviour(item=0, vector=behaviour_BKI[row, k].tolist(), bucket=gap_bucket(int(gap_BK[row, k])))
            for k in range(retrieved)
            if present_BK[row, k]
        ]
        expected = slow_target_attention(attention, candidate_BI[row].tolist(), kept)
        torch.testing.assert_close(
            out_BO[row], torch.tensor(expected, dtype=torch.float64), atol=1e-6, rtol=1e-6
        )


def test_by_hand_one_head_one_dimension() -> None:
    sizes = HourSearchSizes(heads=1, latent_dim=1, gap_dim=1, output_dim=1)
    attention = TargetAttention(item_dim=1, sizes=sizes)
    with torch.no_grad():
        for name, value in [("query.weight", 1.0), ("key.weight", 1.0), ("gap.weight", 0.0)]:
            attention.get_parameter(name).fill_(value)
        attention.gap.weight[1] = 0.5  # one or two hours ago
        for layer in (attention.mlp[0], attention.mlp[2]):
            layer.weight.fill_(1.0)
            layer.bias.fill_(0.0)
    out = attention(
        torch.tensor([[1.0]]),
        torch.tensor([[[1.0], [0.5], [9.0]]]),
        torch.tensor([[0, 2, 0]]),
        torch.tensor([[True, True, False]]),
    )
    # both score 1 · 1 and 1 · (0.5 + 0.5): half each of [1, 0] and [0.5, 0.5], summed by the output layer
    assert out.item() == pytest.approx(0.75 + 0.25, abs=1e-6)


def test_projections_start_equal_and_blind_to_the_gap() -> None:
    attention = TargetAttention(item_dim=5, sizes=HourSearchSizes(gain=2.0))
    assert torch.equal(attention.key.weight[:, :5], attention.query.weight)
    assert not attention.key.weight[:, 5:].any()
    weight_ZI = attention.query.weight
    torch.testing.assert_close(weight_ZI.T @ weight_ZI, 4 * torch.eye(5), atol=1e-5, rtol=0)


def test_scores_are_scaled_by_the_root_of_the_latent_size() -> None:
    sizes = HourSearchSizes(heads=1, latent_dim=4, gap_dim=1, gain=1.0)
    attention = TargetAttention(item_dim=4, sizes=sizes)
    attention.mlp = torch.nn.Identity()  # what the head pooled, as it is
    behaviour_BKI = torch.stack([torch.eye(4)[0], torch.zeros(4)]).unsqueeze(0)
    pooled_BC = attention(torch.eye(4)[:1], behaviour_BKI, torch.zeros(1, 2), torch.ones(1, 2).bool())
    odds = math.exp(1 / math.sqrt(4))  # a score of 1 / 2 against one of 0
    assert pooled_BC[0, 0].item() == pytest.approx(odds / (1 + odds), abs=1e-6)
