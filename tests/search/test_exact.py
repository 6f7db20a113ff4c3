"""Exact search against scoring everything, one behaviour at a time."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from interestclock.search import Found, search_histories


def slow_scores(inputs: dict[str, Tensor], candidate: int) -> list[float]:
    """Score of every behaviour that is there, in the history's order."""
    moment = int(inputs["moment_of_B"][candidate])
    query = inputs["query_BE"][candidate].tolist()
    return [
        sum(q * k for q, k in zip(query, inputs["key_NE"][item].tolist(), strict=True)) + time_score
        for item, time_score, present in zip(
            inputs["item_ML"][moment].tolist(),
            inputs["time_score_ML"][moment].tolist(),
            inputs["present_ML"][moment].tolist(),
            strict=True,
        )
        if present
    ]


def random_inputs(seed: int, *, candidates: int, moments: int, longest: int, items: int) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    length_M = torch.randint(0, longest + 1, (moments, 1))
    return {
        "query_BE": torch.randn(candidates, 4),
        "key_NE": torch.randn(items, 4),
        "item_ML": torch.randint(0, items, (moments, longest)),
        "time_score_ML": torch.randn(moments, longest),
        "present_ML": torch.arange(longest) < length_M,
        "moment_of_B": torch.randint(0, moments, (candidates,)),
    }


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 9_999),
    candidates=st.integers(0, 5),
    moments=st.integers(1, 4),
    longest=st.integers(0, 12),
    most=st.integers(1, 15),
    items=st.sampled_from([1, 3, 50]),
    shift=st.sampled_from([0.0, -1e6]),
)
def test_the_best_are_found_best_first(
    *, seed: int, candidates: int, moments: int, longest: int, most: int, items: int, shift: float
) -> None:
    inputs = random_inputs(seed, candidates=candidates, moments=moments, longest=longest, items=items)
    inputs["time_score_ML"] += shift  # however bad they are, behaviours come before padding
    found = search_histories(**inputs, most=most)
    assert found.position_BK.shape == found.present_BK.shape == (candidates, min(most, longest))
    for candidate in range(candidates):
        scores = slow_scores(inputs, candidate)
        kept = found.position_BK[candidate][found.present_BK[candidate]].tolist()
        assert len(kept) == len(set(kept)) == min(most, len(scores))
        best = sorted(scores, reverse=True)[:most]
        assert [scores[position] for position in kept] == pytest.approx(best, abs=1e-5, rel=1e-6)


def test_of_equal_behaviours_each_is_found_once() -> None:
    found = search_histories(
        query_BE=torch.ones(1, 1),
        key_NE=torch.ones(1, 1),
        item_ML=torch.zeros(1, 6, dtype=torch.int64),
        time_score_ML=torch.zeros(1, 6),
        present_ML=torch.tensor([[True] * 4 + [False] * 2]),
        moment_of_B=torch.tensor([0]),
        most=5,
    )
    assert sorted(found.position_BK[found.present_BK].tolist()) == [0, 1, 2, 3]
    assert found.present_BK.tolist() == [[True] * 4 + [False]]


def test_every_candidate_reads_its_own_moment() -> None:
    found = search_histories(
        query_BE=torch.zeros(3, 1),
        key_NE=torch.zeros(1, 1),
        item_ML=torch.zeros(2, 3, dtype=torch.int64),
        time_score_ML=torch.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]),
        present_ML=torch.tensor([[True, True, True], [True, False, False]]),
        moment_of_B=torch.tensor([1, 0, 1]),
        most=2,
    )
    kept = [row[there].tolist() for row, there in zip(found.position_BK, found.present_BK, strict=True)]
    assert kept == [[0], [2, 1], [0]]


def test_no_gradient_flows() -> None:
    inputs = random_inputs(1, candidates=2, moments=1, longest=3, items=3)
    for name in ("query_BE", "key_NE", "time_score_ML"):
        inputs[name].requires_grad_()
    found = search_histories(**inputs, most=2)
    assert isinstance(found, Found)
    assert not found.position_BK.requires_grad


def test_nothing_to_keep_is_refused() -> None:
    inputs = random_inputs(1, candidates=2, moments=1, longest=3, items=3)
    with pytest.raises(ValueError, match="most is 0; give 1 or more behaviours to keep"):
        search_histories(**inputs, most=0)
