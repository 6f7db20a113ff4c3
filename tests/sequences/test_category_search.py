"""The newest of a category: the compiled scan and plain PyTorch against a loop."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.search import Retrieved, Spans
from interestclock.sequences import category_search, newest_alike

WAYS = ("compiled", "anywhere")
ITEMS = 6


def question(seed: int, *, candidates: int, requests: int, longest: int) -> dict[str, Any]:
    """Spans anywhere in a row of behaviours, some not to be found, some items of no category."""
    generator = torch.Generator().manual_seed(seed)

    def draw(low: int, high: int, size: int) -> torch.Tensor:
        return torch.randint(low, high, (size,), generator=generator)

    length_M = draw(0, longest + 1, requests)
    start_M = draw(0, longest + 1, requests)
    return {
        "category_B": draw(0, 4, candidates),
        "request_row_B": draw(0, requests, candidates),
        "category_N": draw(0, 4, ITEMS),
        "spans": Spans(
            item_E=draw(-1, ITEMS, 2 * longest).to(torch.int32),
            time_E=torch.zeros(2 * longest, dtype=torch.int32),
            start_M=start_M,
            stop_M=start_M + length_M,
            now_M=torch.zeros(requests, dtype=torch.int64),
        ),
    }


def slow(asked: dict[str, Any], top_k: int) -> list[list[int]]:
    spans, retrieved = asked["spans"], []
    for category, request in zip(asked["category_B"].tolist(), asked["request_row_B"].tolist(), strict=True):
        places = range(int(spans.start_M[request]), int(spans.stop_M[request]))
        of_category = [
            place
            for place in places
            if spans.item_E[place] >= 0 and asked["category_N"][spans.item_E[place]] == category > 0
        ]
        retrieved.append(of_category[::-1][:top_k])
    return retrieved


def search(way: str, asked: dict[str, Any], top_k: int) -> Retrieved:
    with pytest.MonkeyPatch.context() as patch:
        if way == "anywhere":
            patch.setattr(category_search, "_newest_compiled", category_search._newest_anywhere)
        return newest_alike(**asked, top_k=top_k)


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 9_999),
    candidates=st.integers(0, 4),
    requests=st.integers(1, 3),
    longest=st.integers(0, 12),
    top_k=st.integers(1, 6),
)
def test_it_finds_what_a_loop_finds(
    *, way: str, seed: int, candidates: int, requests: int, longest: int, top_k: int
) -> None:
    asked = question(seed, candidates=candidates, requests=requests, longest=longest)
    retrieved, expected = search(way, asked, top_k), slow(asked, top_k)
    kept = min(top_k, asked["spans"].longest)
    assert (
        retrieved.offset_BK.shape
        == retrieved.score_BK.shape
        == retrieved.present_BK.shape
        == (candidates, kept)
    )
    for row, places in enumerate(expected):
        padding = kept - len(places)
        assert retrieved.offset_BK[row].tolist() == places + [0] * padding
        assert retrieved.present_BK[row].tolist() == [True] * len(places) + [False] * padding
        scores = [-float(newer) for newer in range(len(places))] + [-torch.inf] * padding
        assert retrieved.score_BK[row].tolist() == scores


@pytest.mark.parametrize("way", WAYS)
def test_an_item_without_a_category_is_like_none(way: str) -> None:
    asked = question(1, candidates=3, requests=1, longest=9)
    asked["category_B"] = torch.zeros(3, dtype=torch.int64)
    asked["category_N"] = torch.zeros(ITEMS, dtype=torch.int64)
    assert not search(way, asked, 4).present_BK.any()


def test_nothing_to_keep_is_refused() -> None:
    with pytest.raises(ValueError, match="top_k is 0; give 1 or more behaviours to keep"):
        newest_alike(**question(1, candidates=1, requests=1, longest=1), top_k=0)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_out_of_range_is_refused(way: str) -> None:
    spans = Spans(
        item_E=torch.tensor([40_000_000]),
        time_E=torch.tensor([0]),
        start_M=torch.tensor([0]),
        stop_M=torch.tensor([1]),
        now_M=torch.tensor([0]),
    )
    asked = {"category_B": torch.tensor([1]), "category_N": torch.ones(6).long(), "spans": spans}
    with pytest.raises(ValueError, match="item_E holds 40000000 and there are 6 items; give numbers below 6"):
        search(way, asked | {"request_row_B": torch.tensor([0])}, 1)
    with pytest.raises(ValueError, match="request_row_B holds 1; give whole numbers from 0 on, below 1"):
        search(way, asked | {"request_row_B": torch.tensor([1])}, 1)
