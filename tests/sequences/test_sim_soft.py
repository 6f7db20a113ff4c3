"""SIM with soft search against plain Python."""

from __future__ import annotations

import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_sequences import (
    Behaviour,
    Vector,
    as_double,
    dot,
    each_alone,
    project,
    random_inputs,
    slow_target_attention,
    unlike_start,
    weighed,
)

from interestclock.sequences import SimSoft, SimSoftConfig

SMALL = {"heads": 2, "latent_dim": 3, "gap_dim": 2, "output_dim": 4, "gain": 0.7}


def slow(baseline: SimSoft, candidate: Vector, history: list[Behaviour]) -> Vector:
    query = project(baseline.query.weight, candidate)
    scores = [dot(query, project(baseline.key.weight, b.vector)) for b in history]
    best = sorted(range(len(history)), key=lambda i: -scores[i])[: baseline.config.behaviours]
    retrieved = [history[i] for i in best]
    shares = [scores[i] / math.sqrt(len(query)) / len(best) for i in best]
    summed = weighed(shares, [b.vector for b in retrieved], len(candidate))
    return slow_target_attention(baseline.attention, candidate, retrieved) + summed


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
        SimSoft(item_dim=5, config=SimSoftConfig(behaviours=behaviours, **SMALL))
    ).double()
    given = as_double(
        random_inputs(requests=requests, longest=longest, candidates=candidates, items=30, item_dim=5)
    )
    expected_BO = each_alone(given, lambda _, candidate, history: slow(baseline, candidate, history))
    torch.testing.assert_close(baseline(**given), expected_BO, atol=1e-6, rtol=1e-6)


def one_dimension(behaviours: int) -> SimSoft:
    config = SimSoftConfig(behaviours=behaviours, heads=1, latent_dim=1, output_dim=1)
    baseline = SimSoft(item_dim=1, config=config)
    with torch.no_grad():
        for projection in (baseline.query, baseline.key):
            projection.weight.fill_(1.0)
    return baseline


def looked_back(baseline: SimSoft, hours: list[int]) -> torch.Tensor:
    return baseline(
        torch.tensor([[1.0]]),
        now_hour_M=torch.tensor([9]),
        request_row_B=torch.tensor([0]),
        item_vectors_NI=torch.tensor([[2.0], [3.0], [-1.0]]),
        behaviour_ML=torch.tensor([[0, 1, 2]]),
        behaviour_hour_ML=torch.tensor([hours]),
        present_ML=torch.ones(1, 3, dtype=torch.bool),
    )


def test_by_hand_the_search_sums_what_it_found() -> None:
    # keeps the items at 3 and 2, which score 3 and 2: (3 · 3 + 2 · 2) / 2
    assert looked_back(one_dimension(2), [1, 2, 3])[0, 1].item() == 6.5


def test_the_search_sees_no_time_and_attention_does() -> None:
    torch.manual_seed(4)
    early, late = (looked_back(one_dimension(2), hours) for hours in ([1, 2, 3], [8, 8, 8]))
    assert torch.equal(early[:, 1], late[:, 1])
    assert not torch.equal(early[:, 0], late[:, 0])


def test_projections_start_equal() -> None:
    baseline = SimSoft(item_dim=5, config=SimSoftConfig())
    assert torch.equal(baseline.query.weight, baseline.key.weight)
    assert baseline.query.weight.data_ptr() != baseline.key.weight.data_ptr()
