"""Features as they were served, held against those that a trainer used for the same exposures."""

from interestclock.skew.causes import Cause, changed_values
from interestclock.skew.measure import measure_skew
from interestclock.skew.prometheus import prometheus_text
from interestclock.skew.report import CauseCount, SkewReport

__all__ = ["Cause", "CauseCount", "SkewReport", "changed_values", "measure_skew", "prometheus_text"]
