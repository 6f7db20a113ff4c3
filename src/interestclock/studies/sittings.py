"""Sittings: a user's events with no long gap between them.

Shapes: ``E`` events.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from interestclock.defaults import SITTING_MINUTES

__all__ = ["sittings_of"]

_MINUTE_MS = 60_000

Ints = npt.NDArray[np.int64]


def sittings_of(user_E: Ints, timestamp_ms_E: Ints, *, sitting_minutes: float = SITTING_MINUTES) -> Ints:
    """The number of each event's sitting, from 0, int64 (E,); those of a user follow each other in time.

    Args:
        user_E: users, in any order. timestamp_ms_E: UTC milliseconds.
        sitting_minutes: a gap of so many minutes or more ends a sitting.

    Example:
        >>> minute_E = np.array([0, 10, 45, 45])
        >>> sittings_of(np.array([7, 7, 7, 8]), minute_E * 60_000).tolist()
        [0, 0, 1, 2]
    """
    order_E = np.lexsort((timestamp_ms_E, user_E))
    user, timestamp_ms = user_E[order_E], timestamp_ms_E[order_E]
    begins = np.ones(len(order_E), bool)
    begins[1:] = (np.diff(user) != 0) | (np.diff(timestamp_ms) >= sitting_minutes * _MINUTE_MS)
    sitting_E = np.empty(len(order_E), np.int64)
    sitting_E[order_E] = np.cumsum(begins) - 1
    return sitting_E
