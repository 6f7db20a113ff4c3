"""Ways for a ranker to see the time of day."""

from interestclock import defaults
from interestclock.clocks.adaptive import AdaptiveClock, AdaptiveConfig
from interestclock.clocks.checks import check_interests
from interestclock.clocks.clock_config import (
    ClockConfig,
    RankerSizes,
    check_clock_config,
    clock_settings,
    clock_with,
    path_of,
)
from interestclock.clocks.clock_module import (
    ClockInputs,
    ClockModule,
    HourlyClock,
    HourlyModule,
    RequestModule,
)
from interestclock.clocks.gaussian import GaussianClock, GaussianConfig
from interestclock.clocks.long_term import LongTermClock, LongTermConfig
from interestclock.clocks.naive import NaiveClock, NaiveConfig
from interestclock.clocks.routine import RoutineClock, RoutineConfig
from interestclock.clocks.time_encoding import TimeEncoding, TimeEncodingConfig
from interestclock.clocks.time_gap import TimeGap, gap_features
from interestclock.clocks.time_passed import passed_features, week_features
from interestclock.errors import check_size
from interestclock.plugins import import_named
from interestclock.search.checks import check_times

__all__ = [
    "CLOCKS",
    "AdaptiveClock",
    "AdaptiveConfig",
    "ClockConfig",
    "ClockInputs",
    "ClockModule",
    "GaussianClock",
    "GaussianConfig",
    "HourlyClock",
    "HourlyModule",
    "LongTermClock",
    "LongTermConfig",
    "NaiveClock",
    "NaiveConfig",
    "RankerSizes",
    "RequestModule",
    "RoutineClock",
    "RoutineConfig",
    "TimeEncoding",
    "TimeEncodingConfig",
    "TimeGap",
    "check_clock_config",
    "check_interests",
    "check_size",
    "check_times",
    "clock_settings",
    "clock_with",
    "gap_features",
    "passed_features",
    "path_of",
    "week_features",
]

CLOCKS: tuple[type[ClockConfig], ...] = tuple(import_named(path) for path in defaults.CLOCKS.values())
"""Every clock of the project, as ``defaults.CLOCKS`` lists them: each is a ranker of a comparison."""
