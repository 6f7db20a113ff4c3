"""What a comparison shows: metrics, by hour too, with paired intervals; figures and pages of them.

The pages (``report``, ``svg``) are imported from their own modules: training needs no plotly.
"""

from interestclock.evaluation.exposures import Exposures, Predictions
from interestclock.evaluation.learning_curve import LearningCurve
from interestclock.evaluation.metrics import auc, calibration, log_loss, rela_impr, uauc
from interestclock.evaluation.request_metrics import precision_at_n, recall_at_n
from interestclock.evaluation.split import Split, split_by_time
from interestclock.evaluation.summary import summarise

__all__ = [
    "Exposures",
    "LearningCurve",
    "Predictions",
    "Split",
    "auc",
    "calibration",
    "log_loss",
    "precision_at_n",
    "recall_at_n",
    "rela_impr",
    "split_by_time",
    "summarise",
    "uauc",
]
