"""Ways for a ranker to see the time of day."""

from interestclock.clocks.adaptive import AdaptiveClock
from interestclock.clocks.gaussian import GaussianClock
from interestclock.clocks.long_term import LongTermClock, LongTermConfig
from interestclock.clocks.naive import NaiveClock
from interestclock.clocks.time_encoding import TimeEncoding
from interestclock.clocks.time_gap import TimeGap, gap_features

__all__ = [
    "AdaptiveClock",
    "GaussianClock",
    "LongTermClock",
    "LongTermConfig",
    "NaiveClock",
    "TimeEncoding",
    "TimeGap",
    "gap_features",
]
