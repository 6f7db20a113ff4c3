"""Results to look at: a comparison and an inspection as objects with tables, pictures, a report."""

from interestclock.results.comparison import Comparison
from interestclock.results.comparison_table import comparison_table
from interestclock.results.frames import FRAMES, FrameKind, frame_of
from interestclock.results.inspection import Inspection
from interestclock.results.plot import Plot
from interestclock.results.trained_ranker import TrainedRanker

__all__ = [
    "FRAMES",
    "Comparison",
    "FrameKind",
    "Inspection",
    "Plot",
    "TrainedRanker",
    "comparison_table",
    "frame_of",
]
