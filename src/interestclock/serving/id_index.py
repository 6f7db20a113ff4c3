"""Ids of a snapshot's table: which number an id has there, kept up from one snapshot to the next."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from interestclock.ids import id_as

__all__ = ["IdIndex"]

# Shapes: R rows of a table, W bytes of the longest id, N ids asked for.

_PADDING = b"\xff"
_NO_INTEGER = np.iinfo(np.int64).min


class IdIndex:
    """Numbers of ids, from 1 on, as a table ``ids.KIND`` of a snapshot has them.

    Example:
        >>> index = IdIndex()
        >>> index.update(torch.tensor([7, 8])).tolist()
        [1, 2]
        >>> index.update(torch.tensor([7, 9, 8])).tolist(), index.numbers([8, 9, 5, None]).tolist()
        ([2, 3], [3, 2, 0, 0])
    """

    def __init__(self) -> None:
        self._number_of: dict[int | bytes, int] = {}
        self._table: Tensor | None = None

    def update(self, table: Tensor) -> npt.NDArray[np.int64]:
        """Take over the table of the next snapshot; gives numbers that stand for another id than before.

        Args:
            table: int64 (R,), or uint8 (R, W) for text, of ids from number 1 on.
        """
        before, self._table = self._table, table
        changed_R = _rows_that_differ(before, table)
        if before is not None:
            for each, number in zip(_ids(before, changed_R), (changed_R + 1).tolist(), strict=False):
                if each is not None and self._number_of.get(each) == number:
                    del self._number_of[each]
        for each, number in zip(_ids(table, changed_R), (changed_R + 1).tolist(), strict=True):
            if each is not None:
                self._number_of[each] = number
        return changed_R + 1

    def numbers(self, ids: Iterable[int | str | None]) -> npt.NDArray[np.int64]:
        """Numbers of ids, int64 (N,), of either type: 7 and "7" are the same; 0 for those not there."""
        number_of = self._number_of
        keys: Iterable[int | bytes | None]
        if self._table is None or self._table.ndim > 1:
            keys = (None if each is None else str(each).encode() for each in ids)
        else:
            keys = (None if each is None else _whole(each) for each in ids)
        return np.array([0 if key is None else number_of.get(key, 0) for key in keys], np.int64)

    def newest(self, *, most: int) -> list[int | str]:
        """Ids that the table got last, the newest first.

        Example:
            >>> index = IdIndex()
            >>> _ = index.update(torch.tensor([7, 8, 9]))
            >>> index.newest(most=2)
            [9, 8]
        """
        ids = islice(reversed(self._number_of), most)
        return [each.decode() if isinstance(each, bytes) else each for each in ids]


def _whole(given: int | str) -> int | None:
    found = id_as(given, text=False)
    return found if isinstance(found, int) else None


def _rows_that_differ(before: Tensor | None, now: Tensor) -> npt.NDArray[np.int64]:
    """Rows of ``now`` that ``before`` has not, or has otherwise; a table never becomes shorter."""
    if before is now:
        return np.zeros(0, np.int64)
    if before is None or before.shape[1:] != now.shape[1:]:
        return np.arange(len(now))
    differs_R = torch.ones(len(now), dtype=torch.bool)
    same = now[: len(before)] == before
    differs_R[: len(before)] = ~(same if same.ndim == 1 else same.all(1))
    return differs_R.nonzero()[:, 0].numpy()


def _ids(table: Tensor, row_R: npt.NDArray[np.int64]) -> list[int | bytes | None]:
    """Ids in rows, of those that the table has; None where there is none."""
    values = table.numpy()[row_R[row_R < len(table)]]
    if values.ndim == 1:
        return [None if each == _NO_INTEGER else each for each in values.tolist()]
    texts = np.ascontiguousarray(values).view(f"V{values.shape[1]}")[:, 0].tolist()
    return [each.rstrip(_PADDING) or None for each in texts]
