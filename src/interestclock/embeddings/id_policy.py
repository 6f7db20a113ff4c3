"""When ids earn a row and leave, and what is told of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from interestclock.errors import ConfigError

__all__ = ["IdPolicy", "IdStatistics", "Numbers", "Sighted"]

# Shapes: N ids of a call.

Numbers = npt.NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class IdPolicy:
    """When an id earns a row, and when it leaves.

    Args:
        sightings: it is admitted, and earns a row, when seen so often.
        unused_days: it leaves when not seen for longer than so many days of the stream; None is never.
        most: ids at a time; None is no limit.

    Raises:
        ConfigError: a number is not positive and finite, or one that counts is not whole.

    Example:
        >>> IdPolicy(sightings=2, unused_days=90).most is None
        True
    """

    sightings: int = 1
    unused_days: float | None = None
    most: int | None = None

    def __post_init__(self) -> None:
        for name in ("sightings", "unused_days", "most"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ConfigError(f"{name} is {value}; give a number above 0")
            if value is not None and name != "unused_days" and value != int(value):
                raise ConfigError(f"{name} is {value}; give a whole number, for example {math.ceil(value)}")


@dataclass(frozen=True, kw_only=True)
class Sighted:
    """What a call of ``sight`` saw and changed: forget ``evicted`` first, then take ``new`` and ``admitted``.

    Args:
        number_N: int32, of each id; 0 for null, and for one that was refused.
        evicted: int32, numbers whose ids had to leave, ascending; those among ``new`` too stand for other
            ids already.
        new: int32, numbers given out, in order of their ids' first appearance, which is ascending too.
        admitted: int32, numbers that earned a row, ascending.

    Example: see ``IdTable``.
    """

    number_N: Numbers
    evicted: Numbers
    new: Numbers
    admitted: Numbers


@dataclass(frozen=True, kw_only=True)
class IdStatistics:
    """Where a table stands.

    Args:
        size: ids that have a number. admitted: of them, those that earned a row.
        capacity: the largest number in use so far; numbers up to it are given again before a larger one is.
        admissions, expiries, evictions, refused: totals; ``refused`` counts sightings.

    Example:
        >>> told = IdStatistics(
        ...     size=1, admitted=1, capacity=2, admissions=2, expiries=1, evictions=0, refused=0)
        >>> told.capacity - told.size  # numbers that are free
        1
    """

    size: int
    admitted: int
    capacity: int
    admissions: int
    expiries: int
    evictions: int
    refused: int
