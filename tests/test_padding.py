from __future__ import annotations

import numpy as np
import pytest
import torch

from interestclock.arrays import padded_lists
from interestclock.embeddings import masked_mean


def test_lists_stand_side_by_side_filled_up_with_zero() -> None:
    flat, counts = np.array([5, 6, 7], np.int32), np.array([1, 0, 2])
    assert padded_lists(flat, counts).tolist() == [[5, 0], [0, 0], [6, 7]]


def test_no_lists_and_empty_lists_are_one_wide() -> None:
    nothing = np.zeros(0, np.int32)
    assert padded_lists(nothing, np.zeros(0, np.int64)).shape == (0, 1)
    assert padded_lists(nothing, np.zeros(3, np.int64)).tolist() == [[0], [0], [0]]


@pytest.mark.parametrize("values", range(1, 20))
def test_a_longer_list_elsewhere_changes_no_bit_of_a_mean(values: int) -> None:
    torch.manual_seed(values)
    vectors = torch.randn(64, 16)
    means = []
    for longest in range(values, 40):
        flat = np.arange(1, values + longest + 1, dtype=np.int32)
        padded = torch.from_numpy(padded_lists(flat, np.array([values, longest]))).to(torch.int64)
        means.append(masked_mean(vectors[padded], padded > 0)[0])
    assert all(torch.equal(mean, means[0]) for mean in means)
