"""AUC, UAUC, calibration, precision and recall at N, and their intervals: pure functions of arrays."""

from interestclock.metrics.exposure_metrics import auc, calibration, log_loss, rela_impr, uauc
from interestclock.metrics.learning_curve import LearningCurve
from interestclock.metrics.request_metrics import precision_at_n, recall_at_n

__all__ = [
    "LearningCurve",
    "auc",
    "calibration",
    "log_loss",
    "precision_at_n",
    "recall_at_n",
    "rela_impr",
    "uauc",
]
