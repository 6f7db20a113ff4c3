"""When ids earn a row and lose it, and what is told of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from interestclock.defaults import ALL_TIME_DAYS
from interestclock.errors import ConfigError, check_numbers

__all__ = ["IdPolicy", "IdStatistics", "RowChanges"]


@dataclass(frozen=True, kw_only=True)
class IdPolicy:
    """When an id earns a row of an embedding table, and when it loses it.

    Args:
        min_count: it is admitted, and earns a row, when seen so often.
        unused_days: it leaves when not seen for longer than so many days of the stream; None is never.
        most: ids that are counted at a time; None is no limit.

    Raises:
        ConfigError: a number is not positive and finite, or one that counts is not whole.

    Example:
        >>> IdPolicy(min_count=2, unused_days=90).most is None
        True
    """

    min_count: int = 1
    unused_days: float | None = None
    most: int | None = None

    def __post_init__(self) -> None:
        check_numbers(self)
        for name in ("min_count", "unused_days", "most"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ConfigError(f"{name} is {value}; give a number above 0")
            if value is not None and name == "unused_days" and value > ALL_TIME_DAYS:
                raise ConfigError(f"{name} is {value}; give days up to {ALL_TIME_DAYS}, or None for never")


@dataclass(frozen=True, kw_only=True)
class RowChanges:
    """Slots of ids that lost their row, ascending, and of those that earned one; to be taken in this order.

    Example: see ``RowLedger``.
    """

    left: npt.NDArray[np.int64]
    admitted: npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class IdStatistics:
    """Where a table stands.

    Args:
        size: ids that are counted. admitted: of them, those that earned a row.
        capacity: the largest slot that there is room for.
        admissions, expiries, evictions, refused: totals; ``refused`` counts sightings.

    Example:
        >>> told = IdStatistics(
        ...     size=1, admitted=1, capacity=2, admissions=2, expiries=1, evictions=0, refused=0)
        >>> told.size - told.admitted  # without a row
        0
    """

    size: int
    admitted: int
    capacity: int
    admissions: int
    expiries: int
    evictions: int
    refused: int
