"""Eq. 3: what each user prefers at each hour of the day, as of any moment."""

from interestclock.features.clocks_as_of import clocks_as_of, value_codes, votes
from interestclock.features.config import ClockFeatureConfig
from interestclock.features.scoring import Eq3Weights, preference_score
from interestclock.features.stream_clocks import stream_clocks
from interestclock.features.user_votes import UserVotes

__all__ = [
    "ClockFeatureConfig",
    "Eq3Weights",
    "UserVotes",
    "clocks_as_of",
    "preference_score",
    "stream_clocks",
    "value_codes",
    "votes",
]
