"""Preferences by time of day: Eq. 3 of the Interest Clock, as of any moment."""

from interestclock.features.clocks_as_of import clocks_as_of, value_codes, votes
from interestclock.features.config import DAY_MS, ClockFeatureConfig
from interestclock.features.scoring import Eq3Weights, preference_score
from interestclock.features.stream_clocks import CLOCK_COLUMNS, stream_clocks

__all__ = [
    "CLOCK_COLUMNS",
    "DAY_MS",
    "ClockFeatureConfig",
    "Eq3Weights",
    "clocks_as_of",
    "preference_score",
    "stream_clocks",
    "value_codes",
    "votes",
]
