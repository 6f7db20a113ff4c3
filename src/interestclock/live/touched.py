"""Which rows changed since the last snapshot."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from interestclock.arrays import with_room

__all__ = ["WEIGHT", "Touched"]

# Shapes: R rows, N all rows of a table.

WEIGHT = "weight"


class Touched:
    """Rows by table, each once; to look at them and to clear them costs what they are, not what there is.

    Example:
        >>> touched = Touched()
        >>> touched.record("user", np.array([3, 1, 3]))
        >>> touched.peek("user").tolist()
        [1, 3]
    """

    def __init__(self) -> None:
        self._mask_N: dict[str, npt.NDArray[np.bool_]] = {}
        self._rows: dict[str, list[npt.NDArray[np.int64]]] = {}  # each row in one of them

    def record(self, table: str, row_R: npt.NDArray[np.integer]) -> None:
        """Rows that changed, in any order."""
        if not row_R.size:
            return
        mask_N = with_room(self._mask_N.get(table, np.zeros(0, np.bool_)), int(row_R.max()) + 1)
        self._mask_N[table] = mask_N
        new_R = np.unique(row_R[~mask_N[row_R]]).astype(np.int64)
        mask_N[new_R] = True
        self._rows.setdefault(table, []).append(new_R)

    def peek(self, table: str) -> npt.NDArray[np.int64]:
        """The rows of a table that changed since all was cleared, ascending."""
        return np.sort(np.concatenate([np.zeros(0, np.int64), *self._rows.get(table, [])]))

    def clear(self) -> None:
        """All is written down."""
        for table, noted in self._rows.items():
            for row_R in noted:
                self._mask_N[table][row_R] = False
        self._rows = {}
