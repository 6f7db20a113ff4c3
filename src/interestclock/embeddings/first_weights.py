"""What an embedding row holds at first: drawn by seed, feature and origin, whenever the row is given."""

from __future__ import annotations

import zlib

import torch
from torch import Tensor

__all__ = ["first_weights"]

# Shapes: R values, X the same sorted, P blocks that they lie in, D embedding.

_BLOCK_ROWS = 1024


def first_weights(feature: str, origin_R: Tensor, *, dim: int, std: float, seed: int) -> Tensor:
    """First weights of some values; each depends on seed, feature and its own origin alone.

    Args:
        feature: its name. origin_R: int64 on the CPU, from 1 on, each once, in any order.
        dim: width D. std: standard deviation. seed: of the draw.

    Returns:
        float32 (R, D), on the CPU.

    Example:
        >>> both = first_weights("user", torch.tensor([7, 2]), dim=3, std=0.25, seed=0)
        >>> bool((first_weights("user", torch.tensor([2]), dim=3, std=0.25, seed=0)[0] == both[1]).all())
        True
    """
    origin_X, order_X = torch.sort(origin_R)
    block_P, count_P = torch.unique_consecutive((origin_X - 1) // _BLOCK_ROWS, return_counts=True)
    out_RD = torch.empty(len(origin_R), dim)
    first = 0
    for block, count in zip(block_P.tolist(), count_P.tolist(), strict=True):
        mine = slice(first, first + count)
        drawn_RD = _block(f"{seed}/{feature}/{block}", dim=dim, std=std)
        out_RD[order_X[mine]] = drawn_RD[(origin_X[mine] - 1) % _BLOCK_ROWS]
        first += count
    return out_RD


def _block(name: str, *, dim: int, std: float) -> Tensor:
    """Weights of so many origins in a row: one generator for each of them would cost far more."""
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    return torch.randn(_BLOCK_ROWS, dim, generator=generator) * std
