"""Whole experiments as plain functions."""

from interestclock.studies.compare import CompareConfig, compare
from interestclock.studies.export_features import export_features
from interestclock.studies.inspect_log import inspect_log
from interestclock.studies.lineup_file import read_lineup
from interestclock.studies.notebook_progress import NotebookProgress, progress_here
from interestclock.studies.rankers import NamedRanker, lineup

__all__ = [
    "CompareConfig",
    "NamedRanker",
    "NotebookProgress",
    "compare",
    "export_features",
    "inspect_log",
    "lineup",
    "progress_here",
    "read_lineup",
]
