"""Who leaves the state at a midnight: those that were not seen for long, and the oldest of too many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Left", "leaving"]

# Shapes: R known slots.

Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Left:
    """Slots of users and items that left, ascending."""

    users: Int64s
    items: Int64s


def leaving(
    seen_ms_R: Int64s, *, unseen_since_ms: int, most: int | None = None, stays_from_ms: int = 0
) -> npt.NDArray[np.bool_]:
    """Which of those that were last seen at these moments leave.

    Args:
        seen_ms_R: UTC milliseconds. unseen_since_ms: who was not seen since then leaves.
        most: where more stay, those leave that were not seen for longest (of equals the first); None: any.
        stays_from_ms: but who was seen since then stays, however many there are.

    Example:
        >>> leaving(np.array([5, 1, 3, 4]), unseen_since_ms=2, most=2, stays_from_ms=4).tolist()
        [False, True, True, False]
    """
    leaves_R: npt.NDArray[np.bool_] = seen_ms_R < unseen_since_ms
    too_many = 0 if most is None else seen_ms_R.size - int(leaves_R.sum()) - most
    if too_many > 0:
        may_leave = np.flatnonzero(~leaves_R & (seen_ms_R < stays_from_ms))
        oldest = may_leave[np.argsort(seen_ms_R[may_leave], kind="stable")]
        leaves_R[oldest[:too_many]] = True
    return leaves_R
