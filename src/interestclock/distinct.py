"""Numbers that occur many times: each once, and what is made of it read wherever it occurs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from interestclock.compiled import compiled

__all__ = ["add_rows", "distinct", "read_rows"]

# Shapes: X any, N numbers, U distinct ones that occur, R rows, I item vector.

Whole = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float32]


def distinct(number_X: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Distinct numbers below ``size``, ascending, and each one's row among them; no sorting.

    Args:
        number_X: int64, 0..size - 1, any shape.

    Returns:
        int64 (U,); int64, in the shape of ``number_X``.

    Raises:
        IndexError: a number is out of range.

    Example:
        >>> number_U, row_X = distinct(torch.tensor([[4, 2], [2, 2]]), 5)
        >>> number_U.tolist(), row_X.tolist()
        ([2, 4], [[1, 0], [0, 0]])
    """
    if number_X.device.type == "cpu":
        return _distinct_compiled(number_X.contiguous(), size)
    seen_N = torch.zeros(size, dtype=torch.bool, device=number_X.device)
    seen_N[number_X.flatten()] = True
    row_N = seen_N.cumsum(0) - 1
    return seen_N.nonzero().squeeze(1), row_N[number_X]


def _distinct_compiled(number_X: Tensor, size: int) -> tuple[Tensor, Tensor]:
    number_U = torch.empty(min(size, number_X.numel()) + 1, dtype=torch.int64)
    row_X = torch.empty_like(number_X)
    count = _number(
        number_X.view(-1).numpy(), np.zeros(size, np.int32), number_U.numpy(), row_X.view(-1).numpy()
    )
    if count < 0:
        least, greatest = int(number_X.min()), int(number_X.max())
        raise IndexError(f"numbers run from {least} to {greatest}; give 0 to {size - 1}")
    return number_U[:count], row_X


@compiled()
def _number(number_X: Whole, row_N: Whole, number_U: Whole, row_X: Whole) -> int:
    """Gives how many are distinct, or −1 where one is out of range; ``row_N`` comes as zeros.

    The distinct ones have room for one more, which what does not occur is written to.
    """
    for place in range(number_X.shape[0]):
        if not 0 <= number_X[place] < row_N.shape[0]:
            return -1
        row_N[number_X[place]] = 1
    count = 0
    for number in range(row_N.shape[0]):
        occurs = row_N[number]
        number_U[count] = number
        row_N[number] = count
        count += occurs
    for place in range(number_X.shape[0]):
        row_X[place] = row_N[number_X[place]]
    return count


def read_rows(vector_UI: Tensor, row_X: Tensor) -> Tensor:
    """Rows of vectors, (..., I), as ``embedding`` reads them; on the CPU their gradients are added up sooner.

    Args:
        vector_UI: floats. row_X: int64, any shape.

    Example:
        >>> vector_UI = torch.tensor([[3.0], [5.0]], requires_grad=True)
        >>> read_rows(vector_UI, torch.tensor([1, 1, 0])).sum().backward()
        >>> vector_UI.grad.tolist()
        [[1.0], [2.0]]
    """
    if vector_UI.device.type != "cpu" or vector_UI.dtype != torch.float32:
        return functional.embedding(row_X, vector_UI)
    vector_XI: Tensor = _Rows.apply(vector_UI, row_X)  # type: ignore[no-untyped-call]
    return vector_XI


class _Rows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, vector_UI: Tensor, row_X: Tensor) -> Tensor:
        ctx.save_for_backward(row_X)
        ctx.rows = len(vector_UI)
        return functional.embedding(row_X, vector_UI)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, towards_XI: Tensor) -> tuple[Tensor, None]:
        (row_X,) = ctx.saved_tensors
        return add_rows(row_X.flatten(), towards_XI.flatten(0, -2), rows=ctx.rows), None


def add_rows(row_X: Tensor, vector_XI: Tensor, *, rows: int) -> Tensor:
    """Vectors added up in the rows that they name, in their order, (rows, I).

    Args:
        row_X: int64 (X,). vector_XI: float32, on the CPU.

    Example:
        >>> add_rows(torch.tensor([1, 1]), torch.tensor([[3.0], [5.0]]), rows=2).tolist()
        [[0.0], [8.0]]
    """
    sum_RI = vector_XI.new_zeros(rows, vector_XI.shape[1])
    _add_rows(row_X.numpy(), vector_XI.contiguous().numpy(), sum_RI.numpy())
    return sum_RI


@compiled()
def _add_rows(row_X: Whole, vector_XI: Floats, sum_RI: Floats) -> None:
    for place in range(row_X.shape[0]):
        row = np.uint64(row_X[place])
        for each in range(sum_RI.shape[1]):
            sum_RI[row, each] += vector_XI[place, each]
