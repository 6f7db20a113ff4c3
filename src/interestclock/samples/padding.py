"""Lists of different lengths as one rectangle of numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["padded_lists"]

_LANES = 4


def padded_lists(flat_E: npt.NDArray[np.int32], count_N: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Lay lists side by side, filled up with 0 on the right.

    The width follows the longest list, so a later one may widen the rectangle around an earlier one.
    That must not change what is learned of the earlier one, not even in the last bit. PyTorch adds up
    six or more values in four lanes, and which lane a value falls in depends on the width unless that
    is a multiple of four: beyond five, it is.

    Args:
        flat_E: the lists' elements, one list after the other. count_N: how many each list has.

    Returns:
        int32 (N, width), at least one wide.

    Example:
        >>> padded_lists(np.array([7, 8, 9], np.int32), np.array([2, 0, 1])).tolist()
        [[7, 8], [0, 0], [9, 0]]
    """
    width = max(1, int(count_N.max(initial=0)))
    if width > _LANES + 1:
        width = -(-width // _LANES) * _LANES
    padded = np.zeros((count_N.size, width), dtype=np.int32)
    padded[np.arange(width) < count_N[:, None]] = flat_E
    return padded
