"""Results to look at: a comparison as an object with a table, pictures, a report."""

from interestclock.results.comparison import Comparison
from interestclock.results.comparison_table import comparison_table
from interestclock.results.frames import FRAMES, FrameKind, frame_of
from interestclock.results.plot import Plot

__all__ = [
    "FRAMES",
    "Comparison",
    "FrameKind",
    "Plot",
    "comparison_table",
    "frame_of",
]
