"""An item as a vector: its own embedding and the mean embedding of each attribute's values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from interestclock.embeddings import FeatureTable, masked_mean

__all__ = ["ItemVectors"]

# Shapes: X any, N items, F rows of an item (its own, then each attribute's values), I item vector.


class ItemVectors(nn.Module):
    """Turn item numbers into vectors, wherever items occur: as candidates or as behaviours.

    Args:
        table: holds the embeddings. attributes: names, in the order of the vector's parts.

    Example:
        >>> table = FeatureTable(dim=2, std=0.25, seed=0)
        >>> table.grow({"item": 2, "attribute.genre": 3})
        >>> vectors = ItemVectors(table, ("genre",))
        >>> vectors.describe(2, {"genre": torch.tensor([[0, 0], [1, 3], [2, 0]])})
        >>> vectors(torch.tensor([1, 2])).shape
        torch.Size([2, 4])
    """

    def __init__(self, table: FeatureTable, attributes: Sequence[str]) -> None:
        super().__init__()
        self.table = table
        self.attributes = tuple(attributes)
        self.output_dim = table.dim * (1 + len(self.attributes))
        self.row_NF = torch.zeros(1, 1, dtype=torch.int64)
        self._widths: list[int] = [1]

    def describe(self, items: int, value_of: Mapping[str, Tensor]) -> None:
        """Note the attribute values (numbers, int64 (items + 1, V), 0 is none) of items up to a number."""
        device = self.table.weight.device
        rows = [self.table.rows("item", torch.arange(items + 1, device=device)).unsqueeze(1)]
        for name in self.attributes:
            rows.append(self.table.rows(f"attribute.{name}", value_of[name][: items + 1].to(device)))
        self.row_NF = torch.cat(rows, dim=1)
        self._widths = [row.shape[1] for row in rows]

    def forward(self, item_X: Tensor) -> Tensor:
        """Item numbers int64 (...) -> (..., I)."""
        row_XF = self.row_NF[item_X]
        return self.pool(self.table(row_XF), row_XF)

    def pool(self, vector_XFD: Tensor, row_XF: Tensor) -> Tensor:
        """Embeddings already gathered for ``row_NF[item]`` -> (..., I)."""
        parts = []
        for vectors, rows in zip(
            vector_XFD.split(self._widths, dim=-2), row_XF.split(self._widths, dim=-1), strict=True
        ):
            single = rows.shape[-1] == 1
            parts.append(vectors.squeeze(-2) if single else masked_mean(vectors, rows > 0))
        return torch.cat(parts, dim=-1)
