"""DCN-V2: explicit feature crosses beside a deep network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

__all__ = ["DCNv2"]

# Shapes: B exposures, D input width, O output width.


class DCNv2(nn.Module):
    r"""Cross the input with itself layer by layer, and run a deep network beside it.

    .. math:: x_{l+1} = x_0 \odot (W_l x_l + b_l) + x_l

    Source: Wang et al., DCN V2, WWW 2021, Eq. (1), full-rank, in the parallel arrangement.

    Args:
        input_dim: D. cross_layers: how many crosses; 0 leaves the input as it is.
        hidden: widths of the deep layers, each followed by a ReLU; none leaves the input as it is.

    Raises:
        ValueError: a width is below 1, or ``cross_layers`` below 0.

    Example:
        >>> DCNv2(input_dim=6, cross_layers=2, hidden=(8, 4))(torch.zeros(3, 6)).shape
        torch.Size([3, 10])
    """

    def __init__(self, *, input_dim: int, cross_layers: int, hidden: Sequence[int]) -> None:
        super().__init__()
        if min((input_dim, *hidden)) < 1 or cross_layers < 0:
            raise ValueError(
                f"input_dim is {input_dim}, cross_layers {cross_layers}, hidden {tuple(hidden)}; "
                "give widths of 1 or more, and 0 crosses or more"
            )
        self.crosses = nn.ModuleList(nn.Linear(input_dim, input_dim) for _ in range(cross_layers))
        widths = [input_dim, *hidden]
        layers: list[nn.Module] = []
        for wide, narrow in pairwise(widths):
            layers += [nn.Linear(wide, narrow), nn.ReLU()]
        self.deep = nn.Sequential(*layers)
        self.output_dim = input_dim + widths[-1]

    def forward(self, input_BD: Tensor) -> Tensor:
        """float32 (B, D) -> float32 (B, D + last hidden width): crosses, then the deep network."""
        crossed_BD = input_BD
        for layer in self.crosses:
            crossed_BD = torch.addcmul(crossed_BD, input_BD, layer(crossed_BD))
        return torch.cat([crossed_BD, self.deep(input_BD)], dim=1)
