"""One embedding row for every value of every feature, in one table that grows with the stream."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["FeatureTable", "masked_mean"]

_BLOCK_ROWS = 1024


def masked_mean(vectors_XVD: Tensor, present_XV: Tensor) -> Tensor:
    """Mean over the values that are present; zeros where none is.

    Args:
        vectors_XVD: float (..., V, D). present_XV: bool (..., V).

    Returns:
        (..., D).

    Example:
        >>> masked_mean(torch.tensor([[[2.0], [4.0], [9.0]]]), torch.tensor([[True, True, False]])).tolist()
        [[3.0]]
    """
    weight_XV = present_XV.to(vectors_XVD.dtype)
    weight_XV = weight_XV / weight_XV.sum(-1, keepdim=True).clamp(min=1.0)
    return (vectors_XVD * weight_XV.unsqueeze(-1)).sum(-2)


class FeatureTable(nn.Module):
    """Embeddings of all features' values, read by row; rows come as the stream shows new values.

    A row's first weights depend on the seed, its feature and its number alone, not on when the
    table grew or how large it became, so a longer log changes nothing that came before. Row 0
    stands for "no value": it is zero and stays so.

    All features share one table because one gather and one sparse gradient cost far less than
    one each per feature. Gradients are sparse; train it with ``RowAdam``.

    Args:
        dim: width of an embedding. std: standard deviation of the first weights. seed: of their draw.

    Example:
        >>> table = FeatureTable(dim=4, std=0.25, seed=0)
        >>> table.grow({"user": 2, "item": 3})
        >>> table.rows("item", torch.tensor([0, 1, 3])).tolist()
        [0, 3, 5]
        >>> table(table.rows("item", torch.tensor([[0, 1]]))).shape
        torch.Size([1, 2, 4])
    """

    def __init__(self, *, dim: int, std: float, seed: int) -> None:
        super().__init__()
        self.dim, self.std, self.seed = dim, std, seed
        self.used = 1
        self.weight = nn.Parameter(torch.zeros(1, dim))
        self._row_of: dict[str, Tensor] = {}

    def grow(self, sizes: Mapping[str, int]) -> None:
        """Give rows to every value up to each feature's size; rows once given never move."""
        for feature, size in sizes.items():
            known = self._row_of.get(feature)
            have = 0 if known is None else known.numel() - 1
            if known is None or size > have:
                self._add(feature, have, size)

    def rows(self, feature: str, number_X: Tensor) -> Tensor:
        """Rows of a feature's values by their number, int64, any shape; number 0 has row 0."""
        return self._row_of[feature][number_X]

    def forward(self, row_X: Tensor) -> Tensor:
        """Embeddings by row: (..., dim)."""
        return functional.embedding(row_X, self.weight, padding_idx=0, sparse=True)

    def layout(self) -> dict[str, Tensor]:
        """The row of each feature's values, by number."""
        return dict(self._row_of)

    def restore(self, weight: Tensor, layout: Mapping[str, Tensor]) -> None:
        """Take over the rows in use of another table, and what they stand for."""
        self.weight.data = weight.to(self.weight.device)
        self.used = weight.shape[0]
        self._row_of = {feature: rows.to(self.weight.device) for feature, rows in layout.items()}

    def _add(self, feature: str, have: int, size: int) -> None:
        device = self.weight.device
        added = torch.arange(self.used, self.used + size - have, device=device)
        known = self._row_of.get(feature, torch.zeros(1, dtype=torch.int64, device=device))
        self._row_of[feature] = torch.cat([known, added])
        self.used += size - have
        self._reserve(self.used)
        with torch.no_grad():
            self.weight[added] = self._first_weights(feature, have, size).to(device)

    def _reserve(self, rows: int) -> None:
        capacity = self.weight.shape[0]
        if rows > capacity:
            spare = self.weight.new_zeros(max(rows - capacity, capacity // 2), self.dim)
            self.weight.data = torch.cat([self.weight.data, spare])

    def _first_weights(self, feature: str, have: int, size: int) -> Tensor:
        first, last = have // _BLOCK_ROWS, max(size - 1, 0) // _BLOCK_ROWS
        blocks = torch.cat([self._block(feature, number) for number in range(first, last + 1)])
        return blocks[have - first * _BLOCK_ROWS : size - first * _BLOCK_ROWS]

    def _block(self, feature: str, number: int) -> Tensor:
        key = zlib.crc32(f"{self.seed}/{feature}/{number}".encode())
        generator = torch.Generator().manual_seed(key)
        return torch.randn(_BLOCK_ROWS, self.dim, generator=generator) * self.std
