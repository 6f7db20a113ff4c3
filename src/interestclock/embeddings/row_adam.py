"""Adam for embedding tables: only rows that a batch touched are read, moved and remembered."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

__all__ = ["RowAdam"]


class RowAdam(Optimizer):
    r"""Adam on the rows of sparse gradients, for tables that may grow between steps.

    .. math:: m \leftarrow \beta_1 m + (1-\beta_1) g, \quad v \leftarrow \beta_2 v + (1-\beta_2) g^2,
        \quad w \leftarrow w - \eta \frac{\sqrt{1-\beta_2^t}}{1-\beta_1^t} \frac{m}{\sqrt{v}+\epsilon}

    Source: Kingma and Ba, Adam, ICLR 2015, Algorithm 1 in the form of its section 2.
    Differs: as ``torch.optim.SparseAdam``, whose steps it takes; but a table that gained rows since
    the last step gains zero moments for them, and one step costs about half as much.

    Args:
        params: parameters whose gradients are sparse over the first dimension.
        lr: step size. betas, eps: as in the paper.

    Raises:
        ValueError: ``lr`` is not positive.

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
        super().__init__(list(params), {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move the rows that the gradients name."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._step_rows(parameter, group["lr"], *group["betas"], group["eps"])

    def _step_rows(self, parameter: nn.Parameter, lr: float, beta1: float, beta2: float, eps: float) -> None:
        assert parameter.grad is not None
        row_R, gradient_RD = _sum_by_row(parameter.grad)
        if row_R.numel() == 0:
            return
        state = self._state_of(parameter)
        state["step"] += 1
        mean_RD = state["exp_avg"][row_R].lerp_(gradient_RD, 1 - beta1)
        square_RD = state["exp_avg_sq"][row_R].mul_(beta2).addcmul_(gradient_RD, gradient_RD, value=1 - beta2)
        state["exp_avg"].index_copy_(0, row_R, mean_RD)
        state["exp_avg_sq"].index_copy_(0, row_R, square_RD)
        size = lr * (1 - beta2 ** state["step"]) ** 0.5 / (1 - beta1 ** state["step"])
        parameter.index_add_(0, row_R, mean_RD.div_(square_RD.sqrt_().add_(eps)), alpha=-size)

    def _state_of(self, parameter: nn.Parameter) -> dict[str, Tensor | int]:
        state: dict[str, Tensor | int] = self.state[parameter]
        if not state:
            state.update(step=0, exp_avg=torch.zeros_like(parameter), exp_avg_sq=torch.zeros_like(parameter))
        for name in ("exp_avg", "exp_avg_sq"):
            moment = state[name]
            assert isinstance(moment, Tensor)
            missing = parameter.shape[0] - moment.shape[0]
            if missing:
                state[name] = torch.cat([moment, moment.new_zeros(missing, *moment.shape[1:])])
        return state


def _sum_by_row(gradient: Tensor) -> tuple[Tensor, Tensor]:
    """Distinct rows in ascending order, and the sum of each one's gradients."""
    row_N, value_ND = gradient._indices()[0], gradient._values()
    row_R, place_N = torch.unique(row_N, return_inverse=True)
    summed_RD = value_ND.new_zeros(row_R.numel(), *value_ND.shape[1:])
    return row_R, summed_RD.index_add_(0, place_N, value_ND)
