"""An item as a vector: its own embedding and the mean embedding of each attribute's values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from interestclock.embeddings.feature_table import FeatureTable
from interestclock.embeddings.masked_mean import masked_mean

__all__ = ["ItemVectors"]

# Shapes: X any, N items, R some of them, F rows of an item (its own, then each attribute's values),
# V values, I item vector.


class ItemVectors(nn.Module):
    """Turn item numbers into vectors, wherever items occur: as candidates or as behaviours.

    Args:
        table: holds the embeddings, of width D; it has rows for ``item`` and each ``attribute.NAME``.
        attributes: names, in the order of the vector's parts; I is D times their number plus one.

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
        self.row_NF: Tensor
        self.register_buffer("row_NF", torch.zeros(1, 1, dtype=torch.int64), persistent=False)
        self.widths: list[int] = [1]

    def describe(self, items: int, value_of: Mapping[str, Tensor]) -> None:
        """Note the attribute values of items up to a number.

        Args:
            items: the largest item number.
            value_of: value numbers by item number, int64 (items + 1 or more, V) each; 0 is none.

        Raises:
            ValueError: an attribute is missing, or has no row for some item.
        """
        for name in self.attributes:
            if name not in value_of or len(value_of[name]) <= items:
                has = f"{len(value_of[name])} rows" if name in value_of else "nothing"
                raise ValueError(f"attribute '{name}' has {has}; give {items + 1} rows, one per item number")
        device = self.table.weight.device
        rows = [self.table.rows("item", torch.arange(items + 1, device=device)).unsqueeze(1)]
        for name in self.attributes:
            rows.append(self.table.rows(f"attribute.{name}", value_of[name][: items + 1].to(device)))
        self.row_NF = torch.cat(rows, dim=1)
        self.widths = [row.shape[1] for row in rows]

    def redescribe(self, item_R: Tensor, value_of: Mapping[str, Tensor]) -> None:
        """Note some items anew, because their numbers stand for other items, or their rows moved.

        They are as ``describe`` would note them, and all others stay; it costs what these items cost. Only
        where one is beyond the last, or has more values than any before, everything is copied: then there is
        room for half as many items more, each without a row.

        Args:
            item_R: int64 item numbers, each once.
            value_of: value numbers of each of these items, int64 (R, V) per attribute; 0 is none.

        Raises:
            ValueError: an attribute is missing, or is not given for each item.

        Example:
            >>> table = FeatureTable(dim=2, std=0.25, seed=0)
            >>> table.grow({"item": 3, "attribute.genre": 3})
            >>> vectors = ItemVectors(table, ("genre",))
            >>> vectors.redescribe(torch.tensor([2]), {"genre": torch.tensor([[3, 1]])})
            >>> vectors.row_NF.tolist()
            [[0, 0, 0], [0, 0, 0], [2, 6, 4]]
        """
        device = self.table.weight.device
        item_R = item_R.to(device)
        parts = [self.table.rows("item", item_R).unsqueeze(1)]
        for name in self.attributes:
            if name not in value_of or len(value_of[name]) != len(item_R):
                has = f"{len(value_of[name])} rows" if name in value_of else "nothing"
                raise ValueError(f"attribute '{name}' has {has}; give {len(item_R)} rows, one per item named")
            parts.append(self.table.rows(f"attribute.{name}", value_of[name].to(device)))
        self.place_rows(item_R, parts)

    def place_rows(self, item_R: Tensor, row_of: Sequence[Tensor]) -> None:
        """Note some items anew by rows of the table, as ``redescribe`` does by numbers.

        Args:
            item_R: int64 item numbers, each once.
            row_of: int64 (R, V) rows: (R, 1) of the items themselves, then of each attribute's values.

        Example:
            >>> table = FeatureTable(dim=2, std=0.25, seed=0)
            >>> table.grow({"item": 3})
            >>> vectors = ItemVectors(table, ())
            >>> vectors.place_rows(torch.tensor([1]), [torch.tensor([[3]])])
            >>> vectors.row_NF.tolist()
            [[0], [3]]
        """
        items = int(item_R.max()) + 1 if len(item_R) else 0
        self._make_room(items, [part.shape[1] for part in row_of])
        parts = [
            functional.pad(part, (0, to - part.shape[1]))
            for part, to in zip(row_of, self.widths, strict=True)
        ]
        self.row_NF[item_R] = torch.cat(parts, dim=1)

    def _make_room(self, items: int, widths: Sequence[int]) -> None:
        """Rows for items up to a number, and half as many again; wider columns where one has more values."""
        if len(self.widths) != len(widths):  # nothing was described yet
            self.widths, self.row_NF = [0] * len(widths), self.row_NF.new_zeros(len(self.row_NF), 0)
        have, wider = len(self.row_NF), [max(pair) for pair in zip(self.widths, widths, strict=True)]
        if items <= have and wider == self.widths:
            return
        rows = max(items, have + have // 2) if items > have else have
        columns = [
            functional.pad(each_NV, (0, width - each_NV.shape[1], 0, rows - have))
            for each_NV, width in zip(torch.split(self.row_NF, self.widths, dim=1), wider, strict=True)
        ]
        self.row_NF, self.widths = torch.cat(columns, dim=1), wider

    def restore(self, row_NF: Tensor, widths: Sequence[int]) -> None:
        """Take over what was noted elsewhere: a copy of ``row_NF``, and how its columns are divided."""
        self.row_NF = row_NF.to(self.table.weight.device, copy=True)
        self.widths = list(widths)

    def first_value(self, attribute: str) -> Tensor:
        """The table's row of each item's first value of an attribute, int64 (N,); 0 is none."""
        before = self.widths[: 1 + self.attributes.index(attribute)]
        return self.row_NF[:, sum(before)]

    def forward(self, item_X: Tensor) -> Tensor:
        """Item numbers, int64 (...) -> float32 (..., I)."""
        row_XF = functional.embedding(item_X, self.row_NF)
        return self.pool(self.table(row_XF), row_XF)

    def pool(self, vector_XFD: Tensor, row_XF: Tensor) -> Tensor:
        """Pool embeddings already gathered, float32 (..., F, D), for ``row_NF[item]`` -> (..., I)."""
        vectors = torch.split(vector_XFD, self.widths, dim=-2)
        rows = torch.split(row_XF, self.widths, dim=-1)
        parts = [_pooled(*part) for part in zip(vectors, rows, strict=True)]
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=-1)


def _pooled(vector_XVD: Tensor, row_XV: Tensor) -> Tensor:
    """Mean over the values; a lone value needs none, since row 0 is zero."""
    return vector_XVD[..., 0, :] if row_XV.shape[-1] == 1 else masked_mean(vector_XVD, row_XV > 0)
