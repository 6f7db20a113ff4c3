"""Labels that came in time, in the order in which they were known."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

__all__ = ["LabelEvents"]

# Shapes: E labels.


@dataclass(frozen=True, kw_only=True)
class LabelEvents:
    """Labels by the moment at which they were known, of equal ones the earlier exposure first.

    Args:
        known_ms_E, serial_E: int64; of which exposure. label_E: int8, which label. value_E: int8, 1 or 0.

    Example:
        >>> events = LabelEvents.none().joined(LabelEvents(
        ...     known_ms_E=np.array([9, 5]), serial_E=np.array([0, 1]),
        ...     label_E=np.array([0, 0], np.int8), value_E=np.array([1, 0], np.int8)))
        >>> events.serial_E.tolist(), events.select(slice(1)).known_ms_E.tolist()
        ([1, 0], [5])
    """

    known_ms_E: npt.NDArray[np.int64]
    serial_E: npt.NDArray[np.int64]
    label_E: npt.NDArray[np.int8]
    value_E: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return self.known_ms_E.size

    @classmethod
    def none(cls) -> Self:
        """No labels."""
        whole, small = np.zeros(0, np.int64), np.zeros(0, np.int8)
        return cls(known_ms_E=whole, serial_E=whole, label_E=small, value_E=small)

    def joined(self, later: LabelEvents) -> LabelEvents:
        """These and later ones, in order: which does not depend on what came with what."""
        if not len(later):
            return self
        both = {
            each.name: np.concatenate([getattr(self, each.name), getattr(later, each.name)])
            for each in fields(self)
        }
        return LabelEvents(**both).select(np.lexsort((both["label_E"], both["serial_E"], both["known_ms_E"])))

    def select(self, rows: slice | npt.NDArray[Any]) -> LabelEvents:
        """The labels at some rows."""
        return LabelEvents(
            known_ms_E=self.known_ms_E[rows],
            serial_E=self.serial_E[rows],
            label_E=self.label_E[rows],
            value_E=self.value_E[rows],
        )
