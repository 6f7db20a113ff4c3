"""Labels that came in time, until the stream has passed the moment at which they were known."""

from __future__ import annotations

from collections.abc import Mapping
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
        >>> waiting = LabelEvents.none().joined(LabelEvents(
        ...     known_ms_E=np.array([9, 5]), serial_E=np.array([0, 1]),
        ...     label_E=np.array([0, 0], np.int8), value_E=np.array([1, 0], np.int8)))
        >>> known, rest = waiting.split(before_ms=9)
        >>> known.serial_E.tolist(), rest.serial_E.tolist()
        ([1], [0])
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
        """These and later arrivals, in order: which does not depend on what came with what."""
        if not len(later):
            return self
        both = {
            each.name: np.concatenate([getattr(self, each.name), getattr(later, each.name)])
            for each in fields(self)
        }
        return LabelEvents(**both).taken(np.lexsort((both["label_E"], both["serial_E"], both["known_ms_E"])))

    def split(self, *, before_ms: int) -> tuple[LabelEvents, LabelEvents]:
        """Those known strictly before a moment, and the others."""
        cut = int(np.searchsorted(self.known_ms_E, before_ms, side="left"))
        return self.taken(slice(0, cut)), self.taken(slice(cut, None))

    def taken(self, rows: slice | npt.NDArray[Any]) -> LabelEvents:
        """The labels at some rows."""
        return LabelEvents(
            known_ms_E=self.known_ms_E[rows],
            serial_E=self.serial_E[rows],
            label_E=self.label_E[rows],
            value_E=self.value_E[rows],
        )

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """For a checkpoint."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def of_state(cls, state: Mapping[str, npt.NDArray[Any]]) -> Self:
        """What ``state`` came from."""
        return cls(**{each.name: state[each.name] for each in fields(cls)})
