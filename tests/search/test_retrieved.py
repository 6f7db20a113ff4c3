"""Vectors of what was retrieved: each distinct item's made once, in its place."""

from __future__ import annotations

import torch
from torch import Tensor

from interestclock.search import Retrieved, retrieved_vectors


def test_each_item_is_made_once_and_carries_the_gradient_of_all_its_places() -> None:
    asked = []
    vectors_NI = torch.tensor([[1.0], [2.0], [3.0], [4.0]], requires_grad=True)

    def vectors(item_U: Tensor) -> Tensor:
        asked.append(item_U.tolist())
        return vectors_NI[item_U]

    retrieved = Retrieved(
        offset_BK=torch.tensor([[2, 0, 1], [1, 0, 0]]),
        score_BK=torch.zeros(2, 3),
        present_BK=torch.tensor([[True, True, True], [True, False, False]]),
    )
    item_E = torch.tensor([3, 1, 3], dtype=torch.int32)
    vector_BKI = retrieved_vectors(retrieved, item_E, items=4, vectors=vectors)
    assert vector_BKI[retrieved.present_BK].flatten().tolist() == [4.0, 4.0, 2.0, 2.0]
    assert asked == [[0, 1, 3]]  # 0 stands for what is not there
    vector_BKI[retrieved.present_BK].sum().backward()
    assert vectors_NI.grad.flatten().tolist() == [0.0, 2.0, 0.0, 2.0]


def test_of_no_behaviours_nothing_is_made() -> None:
    nothing = torch.zeros(2, 0)
    retrieved = Retrieved(offset_BK=nothing.long(), score_BK=nothing, present_BK=nothing.bool())
    item_E = torch.zeros(0, dtype=torch.int32)
    vectors = torch.zeros(0, 5).__getitem__
    assert retrieved_vectors(retrieved, item_E, items=0, vectors=vectors).shape == (2, 0, 5)
