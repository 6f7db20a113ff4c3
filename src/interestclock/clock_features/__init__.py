"""Eq. 3: what each user prefers at each hour of the day, as of any moment."""

from interestclock.clock_features.config import ClockFeatureConfig
from interestclock.clock_features.everyone import Midnights, Population, last_midnights
from interestclock.clock_features.scoring import Eq3Weights, preference_score, with_population
from interestclock.clock_features.user_votes import UserVotes

__all__ = [
    "ClockFeatureConfig",
    "Eq3Weights",
    "Midnights",
    "Population",
    "UserVotes",
    "last_midnights",
    "preference_score",
    "with_population",
]
