"""Adam for embedding tables: only rows that a batch touched are read, moved and remembered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from interestclock.arrays import with_rows
from interestclock.distinct import add_rows, distinct

__all__ = ["RowAdam"]

# Shapes: N entries of a sparse gradient, R distinct rows among them, D embedding.


_TABLE = 2  # rows and columns
_ROWS_AN_ENTRY = 8  # that can be looked through in less time than sorting takes


class _Moments(TypedDict):
    step: int
    exp_avg: Tensor
    exp_avg_sq: Tensor


class RowAdam(Optimizer):
    r"""Adam on the rows of sparse gradients, for tables that may grow between steps.

    .. math:: m \leftarrow \beta_1 m + (1-\beta_1) g, \quad v \leftarrow \beta_2 v + (1-\beta_2) g^2,
        \quad w \leftarrow w - \eta \frac{\sqrt{1-\beta_2^t}}{1-\beta_1^t} \frac{m}{\sqrt{v}+\epsilon}

    Source: Kingma and Ba, Adam, ICLR 2015, Algorithm 1 in the form of its section 2.
    Differs: as ``torch.optim.SparseAdam``, whose steps it takes; but a table that gained rows since
    the last step gains zero moments for them, and one step costs about half as much.

    Args:
        params: float parameters (rows, ...) whose gradients are sparse over the first dimension.
        lr: step size. betas, eps: as in the paper.

    Raises:
        ValueError: ``lr`` is not positive, or a beta is not in [0, 1).
        ValueError: (from ``step``) a gradient is dense.

    Example:
        >>> table = nn.Embedding(5, 2, sparse=True)
        >>> before = table.weight.detach().clone()
        >>> table(torch.tensor([3, 3])).sum().backward()
        >>> RowAdam([table.weight], lr=0.1).step()
        >>> (table.weight != before).any(dim=1).tolist()
        [False, False, False, True, False]
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        *,
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        if lr <= 0:
            raise ValueError(f"lr is {lr}; give a step size above 0, for example 0.002")
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(
                f"betas are {betas}; give two numbers from 0 to below 1, for example (0.9, 0.999)"
            )
        super().__init__(list(params), {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move the rows that the gradients name; the gradients are there already, so no closure is taken."""
        if closure is not None:
            raise ValueError("RowAdam takes no closure; call backward() first, then step()")
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    row_R, gradient_RD = _sum_by_row(parameter.grad)
                    self._move(parameter, row_R, gradient_RD, group)

    @torch.no_grad()
    def forget(self, parameter: nn.Parameter, row_R: Tensor) -> None:
        """Rows stand for something else now: their moments are zero again, as a new row's are.

        The count of steps stays: it is the table's, not a row's.

        Args:
            parameter: a table. row_R: int64.

        Example:
            >>> table = nn.Embedding(3, 1, sparse=True)
            >>> adam = RowAdam([table.weight], lr=0.1)
            >>> table(torch.tensor([1, 2])).sum().backward(); adam.step()
            >>> adam.forget(table.weight, torch.tensor([2]))
            >>> (adam.moments(table.weight)[1] != 0)[:, 0].tolist()
            [False, True, False]
        """
        if self.state.get(parameter) and row_R.numel():
            moments = self._moments_of(parameter)
            moments["exp_avg"][row_R] = 0.0
            moments["exp_avg_sq"][row_R] = 0.0

    def moments(self, parameter: nn.Parameter) -> tuple[int, Tensor, Tensor]:
        """Steps taken, and a table's first and second moments, shaped as it is; sharing memory.

        Example:
            >>> table = nn.Embedding(2, 1, sparse=True)
            >>> RowAdam([table.weight], lr=0.1).moments(table.weight)[0]
            0
        """
        moments = self._moments_of(parameter)
        return moments["step"], moments["exp_avg"], moments["exp_avg_sq"]

    def restore_moments(
        self, parameter: nn.Parameter, step: int, exp_avg: Tensor, exp_avg_sq: Tensor
    ) -> None:
        """Take over a copy of what ``moments`` gave, and go on to the bit.

        Args:
            parameter: a table. step: steps taken.
            exp_avg, exp_avg_sq: (rows, ...); rows that the table has beyond them get zero moments, and theirs
                beyond the table's, which were to spare, are left out.

        Raises:
            ValueError: the moments are of another width than the table.
        """
        for moment in (exp_avg, exp_avg_sq):
            if moment.shape[1:] != parameter.shape[1:]:
                raise ValueError(
                    f"moments of shape {tuple(moment.shape)} for a table of {tuple(parameter.shape)}"
                )
        rows, device = parameter.shape[0], parameter.device
        mean, square = (each[:rows].detach().to(device, copy=True) for each in (exp_avg, exp_avg_sq))
        self.state[parameter] = _Moments(step=step, exp_avg=mean, exp_avg_sq=square)

    def _move(
        self, parameter: nn.Parameter, row_R: Tensor, gradient_RD: Tensor, group: dict[str, Any]
    ) -> None:
        if row_R.numel() == 0:
            return
        beta1, beta2 = group["betas"]
        moments = self._moments_of(parameter)
        moments["step"] += 1
        mean_RD, square_RD, moved_RD = (
            each.index_select(0, row_R) for each in (moments["exp_avg"], moments["exp_avg_sq"], parameter)
        )
        mean_RD.lerp_(gradient_RD, 1 - beta1)
        square_RD.mul_(beta2).addcmul_(gradient_RD, gradient_RD, value=1 - beta2)
        moments["exp_avg"].index_copy_(0, row_R, mean_RD)
        moments["exp_avg_sq"].index_copy_(0, row_R, square_RD)
        size = group["lr"] * (1 - beta2 ** moments["step"]) ** 0.5 / (1 - beta1 ** moments["step"])
        moved_RD.add_(mean_RD.div_(square_RD.sqrt_().add_(group["eps"])), alpha=-size)
        parameter.index_copy_(0, row_R, moved_RD)

    def _moments_of(self, parameter: nn.Parameter) -> _Moments:
        if not self.state[parameter]:
            zeros = torch.zeros_like(parameter)
            self.state[parameter] = _Moments(step=0, exp_avg=zeros, exp_avg_sq=zeros.clone())
        moments: _Moments = self.state[parameter]
        rows = parameter.shape[0]
        if rows > moments["exp_avg"].shape[0]:
            moments["exp_avg"] = with_rows(moments["exp_avg"], rows)
            moments["exp_avg_sq"] = with_rows(moments["exp_avg_sq"], rows)
        return moments


def _sum_by_row(gradient: Tensor) -> tuple[Tensor, Tensor]:
    """Distinct rows in ascending order, and the sum of each one's gradients."""
    if not gradient.is_sparse:
        raise ValueError("RowAdam got a dense gradient; build the embedding with sparse=True, or use Adam")
    row_N, value_ND = gradient._indices()[0], gradient._values()
    on_cpu = value_ND.device.type == "cpu" and value_ND.dtype == torch.float32 and value_ND.ndim == _TABLE
    if on_cpu and gradient.shape[0] <= _ROWS_AN_ENTRY * len(row_N):
        row_R, place_N = distinct(row_N, gradient.shape[0])
        return row_R, add_rows(place_N, value_ND, rows=len(row_R))
    row_R, place_N = torch.unique(row_N, return_inverse=True)
    summed_RD = value_ND.new_zeros(row_R.numel(), *value_ND.shape[1:])
    return row_R, summed_RD.index_add_(0, place_N, value_ND)
