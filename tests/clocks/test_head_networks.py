"""Compiled networks of many heads, against a network unit by unit and against PyTorch's gradients."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from interestclock.clocks.head_networks import head_networks


def weights(heads: int, hidden: int, features: int, *, dtype: torch.dtype = torch.float32) -> list[Tensor]:
    shapes = [(heads * hidden, features), (heads * hidden,), (heads, hidden)]
    return [torch.randn(shape, dtype=dtype, requires_grad=True) for shape in shapes]


def slow(feature_XF: Tensor, weight_ZF: Tensor, bias_Z: Tensor, second_QG: Tensor) -> Tensor:
    """Row by row and unit by unit."""
    heads, hidden = second_QG.shape
    rows = []
    for feature_F in feature_XF:
        units = [relu(weight_ZF[unit] @ feature_F + bias_Z[unit]) for unit in range(heads * hidden)]
        rows += [
            sum(
                (second_QG[head, unit] * units[head * hidden + unit] for unit in range(hidden)),
                torch.zeros((), dtype=feature_XF.dtype),
            )
            for head in range(heads)
        ]
    return torch.stack(rows).reshape(-1, heads).T if rows else torch.zeros(heads, 0)


def relu(number: Tensor) -> Tensor:
    return number if number > 0 else number * 0


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(0, 9),
    heads=st.integers(1, 4),
    hidden=st.integers(1, 5),
    features=st.integers(1, 6),
    seed=st.integers(0, 99),
)
def test_scores_match_the_slow_networks(rows: int, heads: int, hidden: int, features: int, seed: int) -> None:
    torch.manual_seed(seed)
    feature_XF, given_weights = torch.randn(rows, features), weights(heads, hidden, features)
    score_QX = head_networks(feature_XF, *given_weights)
    torch.testing.assert_close(score_QX, slow(feature_XF, *given_weights), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("rows", [0, 1, 255, 256, 257, 600])
@pytest.mark.parametrize("sizes", [(4, 8, 3), (1, 32, 3), (3, 5, 6), (2, 1, 1)])
def test_gradients_are_those_of_pytorch(rows: int, sizes: tuple[int, int, int]) -> None:
    """Of as many rows as fill tiles, of fewer and of more; in double precision, which is not compiled."""
    torch.manual_seed(rows)
    heads, hidden, features = sizes
    feature_XF, towards_QX = torch.randn(rows, features), torch.randn(heads, rows)
    given_weights = weights(heads, hidden, features)
    found = torch.autograd.grad(head_networks(feature_XF, *given_weights), given_weights, towards_QX)
    doubles = [each.detach().double().requires_grad_() for each in given_weights]
    score_QX = head_networks(feature_XF.double(), *doubles)
    wanted = torch.autograd.grad(score_QX, doubles, towards_QX.double())
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other.float(), atol=1e-4, rtol=1e-4)


def test_a_unit_that_is_off_learns_nothing() -> None:
    """By hand: relu(2 x - 1) at x = 1 and 0, with second weight 3, the first row's score counted twice."""
    weight_ZF, bias_Z, second_QG = (
        torch.tensor(each, requires_grad=True) for each in ([[2.0]], [-1.0], [[3.0]])
    )
    score_QX = head_networks(torch.tensor([[1.0], [0.0]]), weight_ZF, bias_Z, second_QG)
    assert score_QX.tolist() == [[3.0, 0.0]]
    score_QX.backward(torch.tensor([[2.0, 7.0]]))
    assert [each.grad.tolist() for each in (weight_ZF, bias_Z, second_QG)] == [[[6.0]], [6.0], [[2.0]]]


def test_what_is_no_number_stays_none() -> None:
    given_weights = weights(2, 2, 1)
    with torch.no_grad():
        given_weights[0][0] = math.nan
    assert head_networks(torch.ones(1, 1), *given_weights).isnan().tolist() == [[True], [False]]


def test_features_that_learn_are_given_their_gradient() -> None:
    feature_XF = torch.tensor([[2.0]], requires_grad=True)
    head_networks(feature_XF, torch.tensor([[3.0]]), torch.zeros(1), torch.tensor([[5.0]])).backward()
    assert feature_XF.grad is not None
    assert feature_XF.grad.tolist() == [[15.0]]


def test_a_second_derivative_is_refused() -> None:
    """As PyTorch says it of every function that has none."""
    given_weights = weights(1, 1, 1)
    total = head_networks(torch.ones(1, 1), *given_weights).square().sum()
    (first,) = torch.autograd.grad(total, given_weights[2], create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()
