"""Time perception for streaming recommenders.

A log, as people hold it, is inspected, compared, and turned into what a model of one's own reads:

    >>> import interestclock, pyarrow as pa
    >>> plays = pa.table({"uid": [7, 7], "song": ["a", "b"], "at": [32_400, 36_000], "finished": [1, 0]})
    >>> interestclock.inspect(
    ...     plays, user="uid", item="song", time="at", zone="UTC", labels={"finish": "finished"}
    ... ).found.labels["finish"].positive
    0.5

Names are imported when they are first used; the packages below, which ``docs/api.md`` lists, hold the rest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interestclock.api import compare, features, inspect, simulate
    from interestclock.clocks import (
        AdaptiveClock,
        AdaptiveConfig,
        GaussianClock,
        GaussianConfig,
        LongTermClock,
        LongTermConfig,
        NaiveClock,
        NaiveConfig,
        RoutineClock,
        RoutineConfig,
        TimeEncoding,
        TimeEncodingConfig,
    )
    from interestclock.errors import ConfigError, InterestClockError, LogError, ResultError
    from interestclock.events import (
        ColumnMapping,
        CsvFormat,
        LabelColumn,
        MappingGuess,
        guess_mapping,
        open_log,
    )
    from interestclock.model_inputs import ModelBatch, ModelDataset, ModelFeatures
    from interestclock.results import Comparison, Inspection, TrainedRanker
    from interestclock.studies import NamedRanker

__version__ = "0.1.0"
__all__ = [
    "AdaptiveClock",
    "AdaptiveConfig",
    "ColumnMapping",
    "Comparison",
    "ConfigError",
    "CsvFormat",
    "GaussianClock",
    "GaussianConfig",
    "Inspection",
    "InterestClockError",
    "LabelColumn",
    "LogError",
    "LongTermClock",
    "LongTermConfig",
    "MappingGuess",
    "ModelBatch",
    "ModelDataset",
    "ModelFeatures",
    "NaiveClock",
    "NaiveConfig",
    "NamedRanker",
    "ResultError",
    "RoutineClock",
    "RoutineConfig",
    "TimeEncoding",
    "TimeEncodingConfig",
    "TrainedRanker",
    "compare",
    "features",
    "guess_mapping",
    "inspect",
    "open_log",
    "simulate",
]

if not TYPE_CHECKING:  # a checker sees the imports above, and that there is nothing else
    _HOMES = {
        "interestclock.api": ("compare", "features", "inspect", "simulate"),
        "interestclock.errors": ("ConfigError", "InterestClockError", "LogError", "ResultError"),
        "interestclock.events": (
            "ColumnMapping",
            "CsvFormat",
            "LabelColumn",
            "MappingGuess",
            "guess_mapping",
            "open_log",
        ),
        "interestclock.model_inputs": ("ModelBatch", "ModelDataset", "ModelFeatures"),
        "interestclock.results": ("Comparison", "Inspection", "TrainedRanker"),
        "interestclock.studies": ("NamedRanker",),
    }

    def __getattr__(name):
        """A public name, imported now."""
        if name not in __all__:
            raise AttributeError(f"module 'interestclock' has no attribute {name!r}")
        home = next((home for home, names in _HOMES.items() if name in names), "interestclock.clocks")
        globals()[name] = getattr(import_module(home), name)
        return globals()[name]

    def __dir__():
        """What is public."""
        return [*__all__, "__version__"]
