"""The process that keeps a store current behind a stream, for servers and for trainers beside it."""

from interestclock.updater.config import UpdaterConfig
from interestclock.updater.feature_updater import FeatureUpdater
from interestclock.updater.progress import UpdaterNumbers
from interestclock.updater.updater_metrics import UpdaterMetrics

__all__ = ["FeatureUpdater", "UpdaterConfig", "UpdaterMetrics", "UpdaterNumbers"]
