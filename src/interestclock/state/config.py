"""What a state keeps, and for how long."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from interestclock.clock_features import ClockFeatureConfig
from interestclock.defaults import ALL_TIME_DAYS
from interestclock.errors import ConfigError, check_numbers
from interestclock.timeofday import DAY_MS, HOUR_MS

__all__ = ["StateConfig"]


@dataclass(frozen=True, kw_only=True)
class StateConfig:
    """What is kept of a stream that may never end.

    Args:
        clocks: how Eq. 3 counts. longest: behaviours kept per user, the newest; None keeps all.
        waits_ms: how long labels and events that come late are waited for, in all.
        keep_hours: how far behind that features can still be read.
        forget_after_days: a user leaves who was not seen for so long, and so does an item that no history
            names; None is never.
        most_users: at a time, at midnight (UTC); those not seen for longest leave. None is no limit.

    Raises:
        ConfigError: a number is out of its range.

    Example:
        >>> StateConfig(waits_ms=3_600_000).complete_from_ms(86_400_000)
        79200000
    """

    clocks: ClockFeatureConfig = field(default_factory=ClockFeatureConfig)
    longest: int | None = 10_000
    waits_ms: int = 0
    keep_hours: float = 1.0
    forget_after_days: float | None = 90.0
    most_users: int | None = None

    def __post_init__(self) -> None:
        check_numbers(self)
        if self.longest is not None and self.longest < 1:
            raise ConfigError(f"longest is {self.longest}; give 1 or more behaviours to keep of each user")
        if not 0 <= self.keep_hours <= ALL_TIME_DAYS * 24 or self.waits_ms < 0:
            raise ConfigError(
                f"keep_hours is {self.keep_hours} and waits_ms {self.waits_ms}; give 0 or more of each, "
                "hours up to 300 years"
            )
        for name, most in (("forget_after_days", ALL_TIME_DAYS), ("most_users", sys.maxsize)):
            value = getattr(self, name)
            if value is not None and not 0 < value <= most:
                raise ConfigError(f"{name} is {value}; give a number above 0, up to {most:,}")

    def complete_from_ms(self, midnight_ms: int) -> int:
        """From when on features can be read once a midnight has passed, UTC milliseconds."""
        return midnight_ms - self.waits_ms - round(self.keep_hours * HOUR_MS)

    def unseen_since_ms(self, midnight_ms: int) -> int:
        """Who was last seen before this moment leaves at a midnight, UTC milliseconds."""
        if self.forget_after_days is None:
            return self.complete_from_ms(midnight_ms) - (1 << 60)
        forgotten_ms = midnight_ms - round(self.forget_after_days * DAY_MS)
        return min(forgotten_ms, self.complete_from_ms(midnight_ms))
