"""What makes one clock differ from another: buckets, window, values kept, weights."""

from __future__ import annotations

from dataclasses import dataclass, field

from interestclock.clock_features.scoring import Eq3Weights
from interestclock.defaults import ALL_TIME_DAYS
from interestclock.errors import ConfigError, check_numbers
from interestclock.timeofday import DAY_MS, DAY_SECONDS

__all__ = ["ClockFeatureConfig"]


@dataclass(frozen=True, kw_only=True)
class ClockFeatureConfig:
    """How preferences by time of day are counted and how many are kept.

    Source: Zhu et al., Interest Clock, SIGIR 2024, section 3.2: 24 buckets, 30 days, the three best.

    Args:
        buckets_per_day: equal parts of the local day, 1..86400.
        window_days: how far back an exposure still counts, in days of exactly 24 hours.
        values_per_attribute: how many of the best values are kept per user, bucket and attribute.
        weights: of Eq. 3.

    Raises:
        ConfigError: a number is out of its range.

    Example:
        >>> ClockFeatureConfig(buckets_per_day=48).window_ms
        2592000000
    """

    buckets_per_day: int = 24
    window_days: int = 30
    values_per_attribute: int = 3
    weights: Eq3Weights = field(default_factory=Eq3Weights)

    def __post_init__(self) -> None:
        check_numbers(self)
        if not 1 <= self.buckets_per_day <= DAY_SECONDS:
            raise ConfigError(
                f"buckets_per_day is {self.buckets_per_day}; give 1 to {DAY_SECONDS}, for example 24"
            )
        for name in ("window_days", "values_per_attribute"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; give 1 or more")
        if self.window_days > ALL_TIME_DAYS:
            raise ConfigError(f"window_days is {self.window_days}; give at most {ALL_TIME_DAYS:,}, all time")

    @property
    def window_ms(self) -> int:
        """Length of the window in milliseconds."""
        return self.window_days * DAY_MS
