"""What a comparison shows: figures by hour too, with paired intervals, and pages of them.

The pages (``report``, ``svg``) are imported from their own modules: training needs no plotly.
"""

from interestclock.evaluation.exposures import Exposures, Predictions
from interestclock.evaluation.split import Split, split_by_time
from interestclock.evaluation.summary import summarise

__all__ = [
    "Exposures",
    "Predictions",
    "Split",
    "split_by_time",
    "summarise",
]
