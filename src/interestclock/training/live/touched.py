"""Which rows changed since the last snapshot."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["WEIGHT", "Touched"]

# Shapes: R rows, N all rows of a table.

WEIGHT = "weight"


class Touched:
    """Rows by table, each once: one bit for each row there is.

    Example:
        >>> touched = Touched()
        >>> touched.note("user", np.array([3, 1, 3]))
        >>> touched.peek("user").tolist()
        [1, 3]
    """

    def __init__(self) -> None:
        self._mask_N: dict[str, npt.NDArray[np.bool_]] = {}

    def note(self, table: str, row_R: npt.NDArray[np.integer]) -> None:
        """Rows that changed, in any order."""
        if not row_R.size:
            return
        mask_N = self._mask_N.get(table, np.zeros(0, np.bool_))
        missing = int(row_R.max()) + 1 - mask_N.size
        if missing > 0:
            mask_N = np.concatenate([mask_N, np.zeros(max(missing, mask_N.size // 2), np.bool_)])
            self._mask_N[table] = mask_N
        mask_N[row_R] = True

    def peek(self, table: str) -> npt.NDArray[np.int64]:
        """The rows of a table that changed since all was cleared, ascending."""
        return np.flatnonzero(self._mask_N.get(table, np.zeros(0, np.bool_)))

    def clear(self) -> None:
        """All is written down."""
        self._mask_N = {}
