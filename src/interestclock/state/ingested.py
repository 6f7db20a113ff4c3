"""What came with exposures that the state took: slots of users and items, and which of them are new."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Ingested"]

# Shapes: N exposures.


@dataclass(frozen=True, kw_only=True)
class Ingested:
    """Slots of exposures' users and items, int32 (N,), and what came with them.

    Args:
        new_users, new_items: slots that are new. items_described: slots of which a message said something.
    """

    user_N: npt.NDArray[np.int32]
    item_N: npt.NDArray[np.int32]
    new_users: npt.NDArray[np.int32]
    new_items: npt.NDArray[np.int32]
    items_described: npt.NDArray[np.int32]
