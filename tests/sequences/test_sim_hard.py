"""SIM with hard search against plain Python."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_sequences import (
    Behaviour,
    Vector,
    as_double,
    each_alone,
    random_inputs,
    slow_target_attention,
    unlike_start,
)

from interestclock.sequences import SimHard, SimHardConfig

SMALL = {"heads": 2, "latent_dim": 3, "gap_dim": 2, "output_dim": 4, "gain": 0.7}


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 9_999),
    requests=st.integers(1, 3),
    longest=st.integers(0, 9),
    candidates=st.integers(1, 4),
    behaviours=st.integers(1, 5),
)
def test_it_matches_plain_python(
    seed: int, requests: int, longest: int, candidates: int, behaviours: int
) -> None:
    torch.manual_seed(seed)
    baseline = unlike_start(
        SimHard(item_dim=5, config=SimHardConfig(behaviours=behaviours, **SMALL))
    ).double()
    given = as_double(
        random_inputs(requests=requests, longest=longest, candidates=candidates, items=9, item_dim=5)
    )
    category_N, category_B = torch.randint(0, 3, (9,)), torch.randint(0, 3, (candidates,))

    def slow(row: int, candidate: Vector, history: list[Behaviour]) -> Vector:
        alike = [b for b in history if category_N[b.item] == category_B[row] > 0]
        return slow_target_attention(baseline.attention, candidate, alike[-behaviours:])

    out_BO = baseline(**given, category_N=category_N, candidate_category_B=category_B)
    torch.testing.assert_close(out_BO, each_alone(given, slow), atol=1e-6, rtol=1e-6)


def test_by_hand_only_the_newest_of_the_category_count() -> None:
    baseline = SimHard(item_dim=1, config=SimHardConfig(behaviours=1, heads=1, latent_dim=1, output_dim=1))
    with torch.no_grad():
        baseline.attention.gap.weight.fill_(0.0)
        for layer in (baseline.attention.mlp[0], baseline.attention.mlp[2]):
            layer.weight.fill_(1.0)
            layer.bias.fill_(0.0)
    out_BO = baseline(
        torch.ones(3, 1),
        candidate_category_B=torch.tensor([4, 6, 0]),
        category_N=torch.tensor([4, 4, 6, 0]),
        now_hour_M=torch.tensor([9]),
        request_row_B=torch.zeros(3, dtype=torch.int64),
        item_vectors_NI=torch.tensor([[2.0], [3.0], [5.0], [7.0]]),
        behaviour_ML=torch.tensor([[2, 0, 1, 3]]),  # categories 6, 4, 4 and none
        behaviour_hour_ML=torch.tensor([[1, 2, 3, 4]]),
        present_ML=torch.ones(1, 4, dtype=torch.bool),
    )
    assert out_BO[:, 0].tolist() == [3.0, 5.0, 0.0]
