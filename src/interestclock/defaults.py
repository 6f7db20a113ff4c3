"""Names that options take, and what options are where they are not given, declared once.

Configurations import them from here, and so does the command line: this file imports nothing, so that
``--help`` shows them without PyTorch, DuckDB or Arrow. A default that one option and one setting share may
stand in both signatures instead: a test holds that every option called as a setting has its default.
"""

from __future__ import annotations

__all__ = [
    "ALL_TIME_DAYS",
    "ALL_TIME_MINUTES",
    "BASE",
    "BASELINES",
    "BATCH_MINUTES",
    "CANDIDATES_BY_POPULARITY",
    "CANDIDATES_FROM_OWN_PAST",
    "CLOCKS",
    "DEFAULT_RANKERS",
    "IDLE_SECONDS",
    "KEEP_HOURS",
    "LAYOUTS",
    "LEARNING_RATE",
    "ORDERS",
    "OWN_PASTS",
    "PARTS",
    "SIMULATOR_SIZES",
    "SIMULATOR_WORLDS",
    "SITTING_MINUTES",
]

CLOCKS = {
    "hour": "interestclock.clocks.time_encoding:TimeEncodingConfig",
    "naive": "interestclock.clocks.naive:NaiveConfig",
    "adaptive": "interestclock.clocks.adaptive:AdaptiveConfig",
    "gaussian": "interestclock.clocks.gaussian:GaussianConfig",
    "longterm": "interestclock.clocks.long_term:LongTermConfig",
    "routine": "interestclock.clocks.routine:RoutineConfig",
}
"""Every clock of the project: its ``kind``, and its configuration."""

BASELINES = {
    "din": "interestclock.sequences.din:DinConfig",
    "sim-hard": "interestclock.sequences.sim_hard:SimHardConfig",
    "sim-soft": "interestclock.sequences.sim_soft:SimSoftConfig",
    "twin": "interestclock.sequences.twin:TwinConfig",
}
"""Every baseline of the project, likewise; a comparison runs those that are asked for."""

DEFAULT_RANKERS = (
    "base",
    "hour",
    "naive",
    "adaptive",
    "gaussian",
    "longterm",
    "routine",
    "hour+naive",
    "hour+adaptive",
    "hour+gaussian",
    "hour+longterm",
    "hour+routine",
    "hour+gaussian+longterm",
    "hour+gaussian+routine",
)
"""What a comparison runs where none is named: what each clock gains over no time at all, and what it adds to
an hour embedding; ``+`` joins parts of one ranker."""

BASE = "base"
"""The ranker of no part: the base model alone."""

PARTS = (*CLOCKS, *BASELINES)
"""What a ranker is a sum of, upon the base model: by ``+`` in its name."""

LAYOUTS = ("foursquare",)
"""Logs whose columns are known."""

SIMULATOR_SIZES = ("tiny", "small", "large", "stream")

SIMULATOR_WORLDS = ("steady", "moving")
"""What a simulated service is like: the same all year, or moving, with a recommender's exposures."""

OWN_PASTS = ("all-time", "recent")
"""How candidates are drawn from a user's own past: all its choices alike, or the newest more often."""

ORDERS = ("streaming", "daily-shuffled")
"""How rankers learn."""

LEARNING_RATE = 5e-3
CANDIDATES_BY_POPULARITY = 2
CANDIDATES_FROM_OWN_PAST = 2

ALL_TIME_DAYS = 300 * 366
"""No wait is longer: every time that is read lies between 1900 and 2200."""
ALL_TIME_MINUTES = ALL_TIME_DAYS * 1_440

IDLE_SECONDS = 1.0
CHECKPOINT_MESSAGES = 500_000
POLL_MESSAGES = 4_096
KEEP_HOURS = 1.0
BATCH_MINUTES = 60.0

SITTING_MINUTES = 30
"""A gap so long between two events of a user ends a sitting."""
