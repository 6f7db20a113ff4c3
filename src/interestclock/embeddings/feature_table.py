"""One embedding row for every value of every feature, in one table that grows with the stream."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from interestclock.arrays import with_rows
from interestclock.embeddings.first_weights import first_weights

__all__ = ["FeatureTable"]

# Shapes: X any, R rows, D embedding.


class FeatureTable(nn.Module):
    """Embeddings of all features' values, read by row; rows come as the stream shows new values.

    A row's first weights depend on the seed, its feature and its number (or origin) alone, not on when
    the table grew or how large it became, so a longer log changes nothing that came before. Row 0
    stands for "no value": it is zero and stays so.

    A feature's values get their rows either all at once (``grow``), or one by one (``reserve``, then
    ``admit``), and may give them back (``release``): then the rows go to other values, of any feature. A
    value that has none reads row 0.

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
        self._free: list[int] = []  # a heap
        self._reserved: set[str] = set()  # features whose values may lack a row

    def grow(self, sizes: Mapping[str, int]) -> None:
        """Give rows to every value up to each feature's size; they never move, and stay until released.

        Args:
            sizes: largest number of each feature; a size already reached changes nothing.

        Example:
            >>> table = FeatureTable(dim=2, std=0.25, seed=0)
            >>> table.grow({"user": 1}); table.grow({"item": 1}); table.grow({"user": 2})
            >>> table.rows("user", torch.tensor([1, 2])).tolist(), table.used
            ([1, 3], 4)
        """
        for feature, size in sizes.items():
            have = self._row_of[feature].numel() - 1 if feature in self._row_of else -1
            if size > have or feature in self._reserved:
                self._lengthen(feature, size - have)
                first = 1 if feature in self._reserved else max(have, 0) + 1
                without_R = (self._row_of[feature][first : size + 1] == 0).nonzero()[:, 0] + first
                self._give_rows(feature, without_R, without_R)

    def reserve(self, sizes: Mapping[str, int]) -> None:
        """Know every value up to each feature's size; new ones have row 0 until they are admitted.

        Args:
            sizes: largest number of each feature; a size already reached changes nothing.

        Example:
            >>> table = FeatureTable(dim=2, std=0.25, seed=0)
            >>> table.reserve({"user": 2}); table.rows("user", torch.tensor([1, 2])).tolist()
            [0, 0]
        """
        for feature, size in sizes.items():
            have = self._row_of[feature].numel() - 1 if feature in self._row_of else -1
            if size > have:
                # Room for half as many more: one that gains a value at a time is not copied each time.
                self._lengthen(feature, max(size - have, (have + 1) // 2))
            self._reserved.add(feature)

    def admit(self, feature: str, number_R: Tensor, *, origin_R: Tensor | None = None) -> Tensor:
        """Give values a row each: those that were given back first, the smallest first, then new ones.

        Args:
            feature: its name. number_R: int64, each reserved and without a row, in the order of the rows.
            origin_R: int64 from 1 on, what their first weights are drawn by, with seed and feature; None is
                by their numbers.

        Returns:
            int64, their rows.

        Raises:
            ValueError: a number is 0, was not reserved, has a row, or comes twice.

        Example:
            >>> table = FeatureTable(dim=2, std=0.25, seed=0)
            >>> table.reserve({"user": 3}); table.admit("user", torch.tensor([1, 3])).tolist()
            [1, 2]
            >>> _ = table.release("user", torch.tensor([1])); table.admit("user", torch.tensor([2])).tolist()
            [1]
        """
        self._check(feature, number_R)
        has_R = self._row_of[feature][number_R] > 0
        if has_R.any():
            raise ValueError(f"{feature} {int(number_R[has_R.cpu()][0])} has a row already; release it first")
        return self._give_rows(feature, number_R, number_R if origin_R is None else origin_R)

    def release(self, feature: str, number_R: Tensor) -> Tensor:
        """Take values' rows back: weights become zero, and the values read row 0.

        What an optimiser knows of these rows has to go as well: ``RowAdam.forget``. A prediction that read
        them must not be learned from any more.

        Args:
            feature: its name. number_R: int64, each reserved; those without a row stay so.

        Returns:
            int64, the rows that were given back, in the order of the numbers.

        Raises:
            ValueError: a number is 0, was not reserved, or comes twice.

        Example:
            >>> table = FeatureTable(dim=2, std=0.25, seed=0)
            >>> table.grow({"user": 3}); table.release("user", torch.tensor([3, 2])).tolist()
            [3, 2]
            >>> table.free_rows().tolist(), table.rows("user", torch.tensor([1, 2, 3])).tolist(), table.used
            ([2, 3], [1, 0, 0], 4)
        """
        self._check(feature, number_R)
        row_R = self._row_of[feature][number_R]
        row_R = row_R[row_R > 0]
        self._row_of[feature][number_R] = 0
        self._reserved.add(feature)
        with torch.no_grad():
            self.weight[row_R] = 0.0
        for row in row_R.tolist():
            heapq.heappush(self._free, row)
        return row_R

    def free_rows(self) -> Tensor:
        """Rows below ``used`` that were given back and not given out again, int64, ascending."""
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
        """The row of each feature's values, by number: int64 (size + 1 or more,) each, 0 where none has one.

        They share memory with the table.
        """
        return dict(self._row_of)

    def restore(self, weight: Tensor, layout: Mapping[str, Tensor], free: Tensor | None = None) -> None:
        """Take over the rows of another table, and what they stand for.

        Args:
            weight: float32 (rows, D), up to the last that was ever in use. layout: as ``layout`` gave it.
            free: as ``free_rows`` gave it; None is every row that no value has.

        Raises:
            ValueError: the weights are of another width.
        """
        if weight.ndim != 2 or weight.shape[1] != self.dim:
            raise ValueError(f"weights of shape {tuple(weight.shape)} in a table of width {self.dim}")
        device = self.weight.device
        self._replace(weight.detach().to(device, copy=True))
        self.used = weight.shape[0]
        # Copies: rows that are given and taken back are written in place.
        self._row_of = {feature: rows.to(device, copy=True) for feature, rows in layout.items()}
        self._reserved = {feature for feature, rows in layout.items() if not rows[1:].all()}
        self._free = _without(layout, self.used) if free is None else sorted(free.tolist())

    def renumber(self, feature: str, row_N: Tensor) -> None:
        """Let a feature's values go by other numbers: who serves a ranker knows ids by a store's.

        Args:
            feature: its name. row_N: int64, the row of each number, 0 for those without; it is not copied.

        Example:
            >>> table = FeatureTable(dim=2, std=0.25, seed=0)
            >>> table.grow({"user": 2})
            >>> table.renumber("user", torch.tensor([0, 2]))
            >>> table.rows("user", torch.tensor([1])).tolist()
            [2]
        """
        self._row_of[feature] = row_N

    def _check(self, feature: str, number_R: Tensor) -> None:
        """Numbers of one call, each once, that are reserved."""
        reserved = self._row_of[feature].numel() - 1 if feature in self._row_of else 0
        strange = number_R[(number_R < 1) | (number_R > reserved)]
        if strange.numel() or feature not in self._row_of:
            which = f"{feature} {int(strange[0])}" if strange.numel() else f"feature '{feature}'"
            raise ValueError(f"{which} is none of the {reserved} that are reserved; reserve it first")
        if torch.unique(number_R).numel() != number_R.numel():
            raise ValueError(f"a number of {feature} comes twice in one call; give each once")

    def _lengthen(self, feature: str, by: int) -> None:
        """Know so many values more, without a row; a feature's number 0 comes first."""
        device = self.weight.device
        known = self._row_of.get(feature, torch.zeros(0, dtype=torch.int64, device=device))
        if by > 0:
            known = with_rows(known, known.numel() + by)
        self._row_of[feature] = known

    def _give_rows(self, feature: str, number_R: Tensor, origin_R: Tensor) -> Tensor:
        device, free = self.weight.device, min(len(self._free), len(number_R))
        reused = torch.tensor([heapq.heappop(self._free) for _ in range(free)], dtype=torch.int64)
        added = torch.arange(self.used, self.used + len(number_R) - free)
        row_R = torch.cat([reused, added]).to(device)
        self.used += added.numel()
        self._reserve(self.used)
        self._row_of[feature][number_R] = row_R
        drawn_RD = first_weights(feature, origin_R.cpu(), dim=self.dim, std=self.std, seed=self.seed)
        with torch.no_grad():
            self.weight[row_R] = drawn_RD.to(device)
        return row_R

    def _reserve(self, rows: int) -> None:
        capacity = self.weight.shape[0]
        if rows > capacity:
            self._replace(with_rows(self.weight.data, max(rows, capacity + capacity // 2)))

    def _replace(self, weight: Tensor) -> None:
        """Set other weights in the same parameter, so that optimisers keep it."""
        # While an earlier prediction's graph is alive, autograd expects gradients of the old shape.
        # It forgets the shape only when the type changes, hence the detour over float16.
        self.weight.data = self.weight.new_empty(0, dtype=torch.float16)
        self.weight.data = weight

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Row numbers move with the weights, as buffers do; their names may hold dots, so they are none."""
        self._row_of = {feature: fn(rows) for feature, rows in self._row_of.items()}
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self


def _without(layout: Mapping[str, Tensor], used: int) -> list[int]:
    """Rows that no value has, ascending."""
    has = torch.zeros(used, dtype=torch.bool)
    has[0] = True
    for rows in layout.values():
        has[rows.cpu()] = True
    return (~has).nonzero()[:, 0].tolist()
