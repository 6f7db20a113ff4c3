"""DIN against plain Python, behaviour by behaviour."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_sequences import (
    Behaviour,
    Vector,
    as_double,
    each_alone,
    linear,
    random_inputs,
    unlike_start,
    weighed,
)

from interestclock.sequences import DeepInterest, DinConfig


def slow(baseline: DeepInterest, candidate: Vector, history: list[Behaviour]) -> Vector:
    slope, weights = baseline.prelu.weight.item(), []
    for b in history:
        difference = [x - q for x, q in zip(b.vector, candidate, strict=True)]
        product = [x * q for x, q in zip(b.vector, candidate, strict=True)]
        hidden = linear(baseline.first, b.vector + candidate + difference + product)
        weights += linear(baseline.last, [x if x > 0 else slope * x for x in hidden])
    return weighed(weights, [b.vector for b in history], len(candidate))


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 9_999),
    requests=st.integers(1, 3),
    longest=st.integers(0, 7),
    candidates=st.integers(1, 4),
)
def test_it_matches_plain_python(seed: int, requests: int, longest: int, candidates: int) -> None:
    torch.manual_seed(seed)
    baseline = unlike_start(DeepInterest(item_dim=5, config=DinConfig(hidden=3))).double()
    given = as_double(
        random_inputs(
            requests=requests, longest=longest, candidates=candidates, items=9, item_dim=5, timed=False
        )
    )
    expected_BI = each_alone(given, lambda _, candidate, history: slow(baseline, candidate, history))
    torch.testing.assert_close(baseline(**given), expected_BI, atol=1e-6, rtol=1e-6)


def by_hand(present: list[bool]) -> list[float]:
    """A unit that weighs a behaviour by its product with the candidate."""
    baseline = DeepInterest(item_dim=1, config=DinConfig(hidden=1))
    with torch.no_grad():
        for parameter in baseline.parameters():
            parameter.fill_(0.0)
        baseline.first.weight[0, 3] = 1.0  # after b, q and b - q
        baseline.last.weight.fill_(1.0)
    out_BI = baseline(
        torch.tensor([[2.0], [-2.0]]),
        request_row_B=torch.tensor([0, 0]),
        item_vectors_NI=torch.tensor([[3.0], [1.0], [-5.0]]),
        behaviour_ML=torch.tensor([[0, 1, 2]]),
        present_ML=torch.tensor([present]),
    )
    return out_BI[:, 0].tolist()


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        # of 2: weights 6, 2 and relu(-10) = 0: 6 · 3 + 2 · 1; of -2: 0, 0 and 10: 10 · -5
        ([True, True, True], [20.0, -50.0]),
        ([True, True, False], [20.0, 0.0]),
        ([False, False, False], [0.0, 0.0]),
    ],
)
def test_by_hand_weights_are_not_normalised(present: list[bool], expected: list[float]) -> None:
    assert by_hand(present) == expected
