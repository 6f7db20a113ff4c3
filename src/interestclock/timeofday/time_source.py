"""What time it is: the only place that asks the clock on the wall for the date."""

from __future__ import annotations

import time
from dataclasses import dataclass

from interestclock.errors import ConfigError, check_numbers

__all__ = ["TimeSource"]


@dataclass(frozen=True, kw_only=True)
class TimeSource:
    r"""What time it is: by the clock on the wall, or by one that left it at a moment and runs faster.

    .. math:: now = start + factor \cdot (wall - left)

    It is passed to whoever needs to know, so that a day can be run through in a minute.

    Args:
        start_ms: what it showed when it left the wall's, UTC milliseconds. left_ms: when that was, by the
            wall. factor: how many times as fast as the wall it runs.

    Raises:
        ConfigError: the factor is not above 0.

    Example:
        >>> TimeSource().is_wall, TimeSource(start_ms=1_700_000_000_000, left_ms=0, factor=60).is_wall
        (True, False)
        >>> TimeSource(start_ms=5_000, left_ms=1_000, factor=60).at_ms(wall_ms=1_002)
        5120
    """

    start_ms: int = 0
    left_ms: int = 0
    factor: float = 1.0

    def __post_init__(self) -> None:
        check_numbers(self)
        if self.factor <= 0:
            raise ConfigError(f"factor is {self.factor}; give a number above 0, for example 60")

    @property
    def is_wall(self) -> bool:
        """Whether it shows what the wall's does."""
        return self.start_ms == self.left_ms and self.factor == 1

    def now_ms(self) -> int:
        """UTC milliseconds."""
        return self.at_ms(wall_ms=time.time_ns() // 1_000_000)

    def at_ms(self, *, wall_ms: int) -> int:
        """What it shows when the wall's shows so much, UTC milliseconds."""
        return self.start_ms + round((wall_ms - self.left_ms) * self.factor)
