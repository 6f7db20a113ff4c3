"""The second stage's parts against plain Python, head by head and behaviour by behaviour."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_sequences import Vector, dot, project, softmax, weighed
from torch import Tensor

from interestclock.search import (
    equal_projections,
    head_scores,
    masked_softmax,
    pool_by_head,
    project_heads,
)


def slow_scores(query: Vector, key_ZC: Tensor, joined: list[Vector], heads: int) -> list[Vector]:
    """By head and behaviour, each behaviour's parts side by side and projected on their own."""
    latent = len(query) // heads
    slices = [slice(head * latent, (head + 1) * latent) for head in range(heads)]
    return [[dot(query[rows], project(key_ZC[rows], each)) for each in joined] for rows in slices]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 9_999),
    candidates=st.integers(0, 3),
    retrieved=st.integers(0, 5),
    heads=st.integers(1, 3),
    widths=st.lists(st.integers(1, 3), min_size=1, max_size=3),
)
def test_scores_and_pooling_match_plain_python(
    seed: int, candidates: int, retrieved: int, heads: int, widths: list[int]
) -> None:
    torch.manual_seed(seed)
    query_BZ, key_ZC = torch.randn(candidates, heads * 2), torch.randn(heads * 2, sum(widths))
    parts_BKF = [torch.randn(candidates, retrieved, width) for width in widths]
    present_BK = torch.rand(candidates, retrieved) < 0.7
    score_BQK = head_scores(query_BZ, key_ZC, parts_BKF, heads=heads)
    pooled_BQC = pool_by_head(score_BQK, present_BK, parts_BKF)
    assert score_BQK.shape == (candidates, heads, retrieved)
    assert pooled_BQC.shape == (candidates, heads, sum(widths))
    joined_BKC = torch.cat(parts_BKF, dim=2)
    for row in range(candidates):
        expected = slow_scores(query_BZ[row].tolist(), key_ZC, joined_BKC[row].tolist(), heads)
        torch.testing.assert_close(
            score_BQK[row], torch.tensor(expected).reshape(heads, retrieved), atol=1e-4, rtol=1e-4
        )
        there = [k for k in range(retrieved) if present_BK[row, k]]
        for head in range(heads):
            weights = softmax([expected[head][k] for k in there])
            mean = weighed(weights, [joined_BKC[row, k].tolist() for k in there], sum(widths))
            torch.testing.assert_close(
                pooled_BQC[row, head], torch.tensor(mean, dtype=torch.float32), atol=1e-4, rtol=1e-4
            )


def test_by_hand_two_heads_see_two_parts() -> None:
    key_ZC = torch.tensor([[1.0, 0.0], [0.0, 10.0]])  # the first head sees the item, the second the gap
    item_BKF, gap_BKF = torch.tensor([[[2.0], [3.0]]]), torch.tensor([[[0.5], [0.0]]])
    score_BQK = head_scores(torch.ones(1, 2), key_ZC, [item_BKF, gap_BKF], heads=2)
    assert score_BQK.tolist() == [[[2.0, 3.0], [5.0, 0.0]]]
    pooled_BQC = pool_by_head(score_BQK, torch.tensor([[True, True]]), [item_BKF, gap_BKF])
    share = 1 / (1 + math.exp(-5))
    assert pooled_BQC[0, 1].tolist() == pytest.approx([2 * share + 3 * (1 - share), share / 2], abs=1e-6)


def test_each_head_has_a_projection_of_its_own() -> None:
    pooled_BQC, value_QCD = torch.randn(3, 2, 4), torch.randn(2, 4, 5)
    expected_BZ = torch.cat([pooled_BQC[:, head] @ value_QCD[head] for head in range(2)], dim=1)
    torch.testing.assert_close(project_heads(pooled_BQC, value_QCD), expected_BZ)


def test_padding_has_no_weight_even_beside_the_worst_of_scores() -> None:
    score_BQK = torch.tensor([[[-1e30, 50.0]], [[1.0, 2.0]]])
    present_B1K = torch.tensor([[[True, False]], [[False, False]]])
    assert masked_softmax(score_BQK, present_B1K).tolist() == [[[1.0, 0.0]], [[0.0, 0.0]]]


@pytest.mark.parametrize(("item_dim", "width"), [(3, 8), (12, 8)])
def test_projections_start_equal_and_orthogonal(item_dim: int, width: int) -> None:
    query, key = equal_projections(item_dim, width, gain=2.0, beside=2)
    assert torch.equal(key.weight[:, :item_dim], query.weight)
    assert not key.weight[:, item_dim:].any()
    assert key.weight.data_ptr() != query.weight.data_ptr()
    weight_ZI = query.weight
    product = weight_ZI.T @ weight_ZI if width > item_dim else weight_ZI @ weight_ZI.T
    torch.testing.assert_close(product, 4 * torch.eye(len(product)), atol=1e-5, rtol=0)
    assert key.weight.requires_grad
