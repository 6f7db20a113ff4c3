"""One embedding row for every value of every feature, in one table that grows with the stream."""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Callable, Mapping
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["FeatureTable", "masked_mean"]

# Shapes: X any, V values, D embedding.

_BLOCK_ROWS = 1024


def masked_mean(vectors_XVD: Tensor, present_XV: Tensor) -> Tensor:
    r"""Mean over the values that are present; zeros where none is.

    .. math:: \bar{v} = \frac{\sum_i p_i v_i}{\max(1, \sum_i p_i)}, \quad p_i \in \{0, 1\}

    Args:
        vectors_XVD: float (..., V, D). present_XV: bool (..., V).

    Returns:
        float (..., D).

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
    one each per feature. Gradients are sparse; train it with ``RowAdam``, which follows its growth.

    Args:
        dim: width D of an embedding.
        std: standard deviation of the first weights.
        seed: of their draw.

    Raises:
        ValueError: ``dim`` is below 1, or ``std`` is not positive.

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
        if dim < 1:
            raise ValueError(f"dim is {dim}; give the width of an embedding, for example 16")
        if std <= 0:
            raise ValueError(f"std is {std}; give a deviation above 0, for example 0.25")
        self.dim, self.std, self.seed = dim, std, seed
        self.used = 1
        self.weight = nn.Parameter(torch.zeros(1, dim))
        self._row_of: dict[str, Tensor] = {}
        self._free: list[int] = []

    def grow(self, sizes: Mapping[str, int]) -> None:
        """Give rows to every value up to each feature's size; rows once given never move.

        Args:
            sizes: largest number of each feature; a size already reached changes nothing.

        Example:
            >>> table = FeatureTable(dim=2, std=0.25, seed=0)
            >>> table.grow({"user": 1}); table.grow({"item": 1}); table.grow({"user": 2})
            >>> table.rows("user", torch.tensor([1, 2])).tolist(), table.used
            ([1, 3], 4)
        """
        for feature, size in sizes.items():
            known = self._row_of.get(feature)
            have = 0 if known is None else known.numel() - 1
            if known is None or size > have:
                self._add(feature, have, size)

    def reserve(self, sizes: Mapping[str, int]) -> None:
        """Know every value up to each feature's size, without a row until it is admitted: it has row 0.

        Args:
            sizes: largest number of each feature; a size already reached changes nothing.

        Example:
            >>> table = FeatureTable(dim=2, std=0.25, seed=0)
            >>> table.reserve({"user": 2}); table.rows("user", torch.tensor([1, 2])).tolist()
            [0, 0]
        """
        for feature, size in sizes.items():
            known = self._row_of.get(feature)
            missing = size + 1 - (0 if known is None else known.numel())
            if missing > 0:
                # Room for more, so that a table that gains a value at a time is not copied each time.
                spare = self.weight.new_zeros(max(missing, 0 if known is None else known.numel() // 2))
                self._row_of[feature] = (
                    spare.to(torch.int64) if known is None else torch.cat([known, spare.to(torch.int64)])
                )

    def admit(self, feature: str, number_R: Tensor) -> Tensor:
        """Give rows to values that have none; rows that were given back go first.

        Their first weights are those of the same numbers at any other time.

        Args:
            feature: its name, reserved up to these numbers. number_R: int64, ascending, each without a row.

        Returns:
            int64, their rows.

        Example:
            >>> table = FeatureTable(dim=2, std=0.25, seed=0)
            >>> table.reserve({"user": 3}); table.admit("user", torch.tensor([1, 3])).tolist()
            [1, 2]
            >>> _ = table.release("user", torch.tensor([1])); table.admit("user", torch.tensor([2])).tolist()
            [1]
        """
        number = number_R.tolist()
        reused = [heapq.heappop(self._free) for _ in range(min(len(self._free), len(number)))]
        added = range(self.used, self.used + len(number) - len(reused))
        self.used = added.stop
        self._reserve(self.used)
        row_R = torch.tensor([*reused, *added], dtype=torch.int64, device=self.weight.device)
        if number:
            self._row_of[feature][number_R] = row_R
            with torch.no_grad():
                self.weight[row_R] = self._first_weights_of(feature, number).to(self.weight.device)
        return row_R

    def release(self, feature: str, number_R: Tensor) -> Tensor:
        """Take values' rows back: they are zero until they are given out again.

        Args:
            feature: its name. number_R: int64, no number twice; those without a row keep none.

        Returns:
            int64, the rows that were given back.
        """
        if not number_R.numel():
            return number_R.to(self.weight.device)
        row_R = self._row_of[feature][number_R]
        row_R = row_R[row_R > 0]
        self._row_of[feature][number_R] = 0
        with torch.no_grad():
            self.weight[row_R] = 0.0
        for row in row_R.tolist():
            heapq.heappush(self._free, row)
        return row_R

    def free_rows(self) -> Tensor:
        """Rows that were given back and not given out again, int64, ascending."""
        return torch.tensor(sorted(self._free), dtype=torch.int64)

    def rows(self, feature: str, number_X: Tensor) -> Tensor:
        """Rows of a feature's values.

        Args:
            feature: its name. number_X: its values' numbers, int64 of any shape; number 0 has row 0.

        Returns:
            int64, shaped as ``number_X``.

        Raises:
            ValueError: ``grow`` never named the feature.
        """
        if feature not in self._row_of:
            has = ", ".join(self._row_of) or "none"
            raise ValueError(f"no feature '{feature}' in this table; it has {has}; grow it first")
        return self._row_of[feature][number_X]

    def forward(self, row_X: Tensor) -> Tensor:
        """Embeddings by row: int64 (...) -> float32 (..., D)."""
        return functional.embedding(row_X, self.weight, padding_idx=0, sparse=True)

    def layout(self) -> dict[str, Tensor]:
        """The row of each feature's values, by number: int64 (size + 1,) each."""
        return dict(self._row_of)

    def restore(self, weight: Tensor, layout: Mapping[str, Tensor], free: Tensor | None = None) -> None:
        """Take over the rows of another table, and what they stand for.

        Args:
            weight: float32 (rows, D), up to the last in use. layout: as ``layout`` gave it.
            free: as ``free_rows`` gave it; None is none.

        Raises:
            ValueError: the weights are of another width.
        """
        if weight.ndim != 2 or weight.shape[1] != self.dim:
            raise ValueError(f"weights of shape {tuple(weight.shape)} in a table of width {self.dim}")
        self._replace(weight.detach().to(self.weight.device, copy=True))
        self.used = weight.shape[0]
        self._free = [] if free is None else free.tolist()  # ascending, so a heap
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
            self._replace(torch.cat([self.weight.data, spare]))

    def _replace(self, weight: Tensor) -> None:
        """Set other weights in the same parameter, so that optimisers keep it."""
        # While an earlier prediction's graph is alive, autograd expects gradients of the old shape.
        # It forgets the shape only when the type changes, hence the detour over float16.
        self.weight.data = self.weight.new_empty(0, dtype=torch.float16)
        self.weight.data = weight

    def _first_weights(self, feature: str, have: int, size: int) -> Tensor:
        first, last = have // _BLOCK_ROWS, max(size - 1, 0) // _BLOCK_ROWS
        blocks = torch.cat([self._block(feature, number) for number in range(first, last + 1)])
        return blocks[have - first * _BLOCK_ROWS : size - first * _BLOCK_ROWS]

    def _first_weights_of(self, feature: str, number: list[int]) -> Tensor:
        """First weights of some values, ascending by number."""
        place = torch.tensor(number) - 1
        blocks = {each: self._block(feature, each) for each in torch.unique(place // _BLOCK_ROWS).tolist()}
        return torch.stack([blocks[each // _BLOCK_ROWS][each % _BLOCK_ROWS] for each in place.tolist()])

    def _block(self, feature: str, number: int) -> Tensor:
        key = zlib.crc32(f"{self.seed}/{feature}/{number}".encode())
        generator = torch.Generator().manual_seed(key)
        return torch.randn(_BLOCK_ROWS, self.dim, generator=generator) * self.std

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Row numbers move with the weights, as buffers do; their names may hold dots, so they are none."""
        self._row_of = {feature: fn(rows) for feature, rows in self._row_of.items()}
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self
