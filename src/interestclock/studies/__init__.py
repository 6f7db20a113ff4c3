"""Whole experiments as plain functions."""

from interestclock.studies.compare import CompareConfig, compare
from interestclock.studies.export_features import export_features
from interestclock.studies.inspect_log import inspect_log
from interestclock.studies.rankers import DEFAULT_RANKERS, RANKERS, lineup

__all__ = [
    "DEFAULT_RANKERS",
    "RANKERS",
    "CompareConfig",
    "compare",
    "export_features",
    "inspect_log",
    "lineup",
]
