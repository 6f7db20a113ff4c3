"""Numbers each once, and their rows read: as a set has them, and as PyTorch's embedding reads them."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from interestclock.distinct import distinct, read_rows


@given(numbers=st.lists(st.integers(0, 8), max_size=12))
def test_distinct_numbers_are_those_of_a_set(numbers: list[int]) -> None:
    number_U, row_X = distinct(torch.tensor(numbers, dtype=torch.int64), 9)
    assert number_U.tolist() == sorted(set(numbers))
    assert number_U[row_X].tolist() == numbers


def test_where_every_number_occurs() -> None:
    number_U, row_X = distinct(torch.tensor([[2, 0], [1, 2]]).T, 3)
    assert number_U.tolist() == [0, 1, 2]
    assert row_X.tolist() == [[2, 1], [0, 2]]


@pytest.mark.parametrize("number", [-1, 3])
def test_a_number_out_of_range_is_refused(number: int) -> None:
    with pytest.raises(IndexError, match=r"numbers run from (-1 to 2|2 to 3); give 0 to 2"):
        distinct(torch.tensor([2, number]), 3)


@pytest.mark.parametrize("shape", [(0,), (50,), (4, 9)])
def test_rows_and_their_gradients_are_those_of_an_embedding_to_the_bit(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    vector_UI = torch.randn(5, 3, requires_grad=True)
    row_X, towards_XI = torch.randint(0, 5, shape), torch.randn(*shape, 3)
    read, wanted = read_rows(vector_UI, row_X), functional.embedding(row_X, vector_UI)
    assert torch.equal(read, wanted)
    (found,) = torch.autograd.grad(read, vector_UI, towards_XI)
    (expected,) = torch.autograd.grad(wanted, vector_UI, towards_XI)
    assert torch.equal(found, expected)


def test_gradients_that_lie_otherwise_in_memory() -> None:
    vector_UI = torch.ones(2, 2, requires_grad=True)
    (found,) = torch.autograd.grad(
        read_rows(vector_UI, torch.tensor([1, 0])), vector_UI, torch.tensor([[1.0, 2.0], [3.0, 4.0]]).T
    )
    assert found.tolist() == [[2.0, 4.0], [1.0, 3.0]]


def test_doubles_are_read_as_well() -> None:
    vector_UI = torch.ones(2, 1, dtype=torch.float64, requires_grad=True)
    read_rows(vector_UI, torch.tensor([1, 1])).sum().backward()
    assert vector_UI.grad is not None
    assert vector_UI.grad.tolist() == [[0.0], [2.0]]
