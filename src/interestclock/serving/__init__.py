"""What answers requests: a view and a ranker's snapshot become scores; no HTTP in here."""

from interestclock.serving.explain import CarryingBehaviour, Explanation
from interestclock.serving.feature_source import FeatureSource
from interestclock.serving.local_clock import LocalTime
from interestclock.serving.quality_gate import QualityGate
from interestclock.serving.rank_request import RankRequest
from interestclock.serving.ranker_version import RankerVersion, ServedFeatures
from interestclock.serving.scored import Scored
from interestclock.serving.scorer import Scorer

__all__ = [
    "CarryingBehaviour",
    "Explanation",
    "FeatureSource",
    "LocalTime",
    "QualityGate",
    "RankRequest",
    "RankerVersion",
    "Scored",
    "Scorer",
    "ServedFeatures",
]
