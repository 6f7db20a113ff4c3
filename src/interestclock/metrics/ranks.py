"""How far up a choice stands in a list.

Axes: ``N`` choices.
"""

from __future__ import annotations

import numpy as np

from interestclock.metrics.exposure_metrics import Array, Floats

__all__ = ["hit_at_n"]


def hit_at_n(above_N: Array, level_N: Array, *, n: int) -> Floats:
    r"""Whether a choice is among the first n; of those level with it, in which share of their orders it is.

    .. math:: \min\left(1, \max\left(0, \frac{n - above}{level + 1}\right)\right)

    So who scores all alike has n out of the list's length, as who guesses.

    Args:
        above_N: others that score higher. level_N: others that score the same.
        n: places that count.

    Raises:
        ValueError: ``n`` is below 1, or shapes differ.

    Example:
        >>> hit_at_n(np.array([9, 10, 8, 0]), np.array([0, 0, 3, 199]), n=10).tolist()
        [1.0, 0.0, 0.5, 0.05]
    """
    if n < 1:
        raise ValueError(f"n is {n}; give 1 or more")
    if above_N.shape != level_N.shape:
        raise ValueError(f"above_N has shape {above_N.shape}, level_N {level_N.shape}; match choices")
    hit_N: Floats = np.clip((n - above_N.astype(np.float64)) / (level_N + 1.0), 0.0, 1.0)
    return hit_N
