"""Baselines: models of long behaviour sequences that know no time of day, to tell what it adds.

Each is a module for anyone's ranker: DIN, SIM with hard and with soft search, TWIN.
"""

from interestclock import defaults
from interestclock.clocks import ClockConfig
from interestclock.plugins import import_named
from interestclock.sequences.by_hour import HourSearch, hour_spans
from interestclock.sequences.category_search import newest_alike
from interestclock.sequences.din import DeepInterest, DinConfig
from interestclock.sequences.hours import HOUR_GAPS, hour_bucket
from interestclock.sequences.sim_hard import SimHard, SimHardConfig
from interestclock.sequences.sim_soft import SimSoft, SimSoftConfig
from interestclock.sequences.sizes import HourSearchSizes
from interestclock.sequences.target_attention import TargetAttention
from interestclock.sequences.twin import Twin, TwinConfig

__all__ = [
    "BASELINES",
    "HOUR_GAPS",
    "DeepInterest",
    "DinConfig",
    "HourSearch",
    "HourSearchSizes",
    "SimHard",
    "SimHardConfig",
    "SimSoft",
    "SimSoftConfig",
    "TargetAttention",
    "Twin",
    "TwinConfig",
    "hour_bucket",
    "hour_spans",
    "newest_alike",
]

BASELINES: tuple[type[ClockConfig], ...] = tuple(import_named(path) for path in defaults.BASELINES.values())
"""Every baseline of the project, as ``defaults.BASELINES`` lists them: each is a ranker of a comparison."""
