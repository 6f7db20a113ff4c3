"""The search written so that nobody can doubt it: score everything, sort, cut off."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from interestclock.search import Retrieved


def best_first(score_L: list[float], most: int) -> list[int]:
    """Places of the greatest scores, of equal ones the earlier place; −inf and NaN are nothing."""
    there = [place for place, score in enumerate(score_L) if score > -math.inf]
    return sorted(there, key=lambda place: (-score_L[place], place))[:most]


def check_retrieved(
    retrieved: Retrieved, score_BL: list[list[float]], most: int, *, close: float = 0.0
) -> None:
    """What was found is what sorting finds; with ``close`` the scores are, whatever their places."""
    for row, score_L in enumerate(score_BL):
        places = best_first(score_L, most)
        expected = torch.tensor([score_L[place] for place in places], dtype=torch.float64)
        present_K = retrieved.present_BK[row]
        assert present_K.tolist() == [place < len(places) for place in range(len(present_K))]
        scores = retrieved.score_BK[row][present_K].double()
        torch.testing.assert_close(scores, expected, atol=close, rtol=0)
        if not close:
            assert retrieved.offset_BK[row][present_K].tolist() == places
        assert retrieved.score_BK[row][~present_K].tolist() == [-math.inf] * int((~present_K).sum())
        assert retrieved.offset_BK[row][~present_K].tolist() == [0] * int((~present_K).sum())


def whole_numbers(*shape: int, seed: int, spread: int = 3) -> Tensor:
    """Small integers as floats: every sum is exact, and many are equal."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(-spread, spread + 1, shape, generator=generator).float()
