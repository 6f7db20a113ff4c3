"""The newest of a category: the compiled scan and plain PyTorch against a loop."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.search import Found, Stretches
from interestclock.sequences import alike, newest_alike

WAYS = ("compiled", "anywhere")
ITEMS = 6


def question(seed: int, *, candidates: int, moments: int, longest: int) -> dict[str, Any]:
    """Stretches anywhere in a row of behaviours, some not to be found, some items of no category."""
    generator = torch.Generator().manual_seed(seed)

    def draw(low: int, high: int, size: int) -> torch.Tensor:
        return torch.randint(low, high, (size,), generator=generator)

    length_M = draw(0, longest + 1, moments)
    start_M = draw(0, longest + 1, moments)
    return {
        "category_B": draw(0, 4, candidates),
        "moment_of_B": draw(0, moments, candidates),
        "category_N": draw(0, 4, ITEMS),
        "stretches": Stretches(
            item_T=draw(-1, ITEMS, 2 * longest).to(torch.int32),
            time_T=torch.zeros(2 * longest, dtype=torch.int32),
            start_M=start_M,
            stop_M=start_M + length_M,
            now_M=torch.zeros(moments, dtype=torch.int64),
        ),
    }


def slow(asked: dict[str, Any], most: int) -> list[list[int]]:
    stretches, found = asked["stretches"], []
    for category, moment in zip(asked["category_B"].tolist(), asked["moment_of_B"].tolist(), strict=True):
        places = range(int(stretches.start_M[moment]), int(stretches.stop_M[moment]))
        of_category = [
            place
            for place in places
            if stretches.item_T[place] >= 0 and asked["category_N"][stretches.item_T[place]] == category > 0
        ]
        found.append(of_category[::-1][:most])
    return found


def search(way: str, asked: dict[str, Any], most: int) -> Found:
    with pytest.MonkeyPatch.context() as patch:
        if way == "anywhere":
            patch.setattr(alike, "_newest_compiled", alike._newest_anywhere)
        return newest_alike(**asked, most=most)


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 9_999),
    candidates=st.integers(0, 4),
    moments=st.integers(1, 3),
    longest=st.integers(0, 12),
    most=st.integers(1, 6),
)
def test_it_finds_what_a_loop_finds(
    *, way: str, seed: int, candidates: int, moments: int, longest: int, most: int
) -> None:
    asked = question(seed, candidates=candidates, moments=moments, longest=longest)
    found, expected = search(way, asked, most), slow(asked, most)
    kept = min(most, asked["stretches"].longest)
    assert found.place_BK.shape == found.score_BK.shape == found.present_BK.shape == (candidates, kept)
    for row, places in enumerate(expected):
        padding = kept - len(places)
        assert found.place_BK[row].tolist() == places + [0] * padding
        assert found.present_BK[row].tolist() == [True] * len(places) + [False] * padding
        scores = [-float(newer) for newer in range(len(places))] + [-torch.inf] * padding
        assert found.score_BK[row].tolist() == scores


@pytest.mark.parametrize("way", WAYS)
def test_an_item_without_a_category_is_like_none(way: str) -> None:
    asked = question(1, candidates=3, moments=1, longest=9)
    asked["category_B"] = torch.zeros(3, dtype=torch.int64)
    asked["category_N"] = torch.zeros(ITEMS, dtype=torch.int64)
    assert not search(way, asked, 4).present_BK.any()


def test_nothing_to_keep_is_refused() -> None:
    with pytest.raises(ValueError, match="most is 0; give 1 or more behaviours to keep"):
        newest_alike(**question(1, candidates=1, moments=1, longest=1), most=0)
