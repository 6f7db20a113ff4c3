"""What answers requests: a view and a ranker's snapshot become scores; no HTTP in here."""

from interestclock.serving.explain import CarryingBehaviour, Explanation
from interestclock.serving.feature_source import FeatureSource
from interestclock.serving.following import Following
from interestclock.serving.local_clock import LocalTime
from interestclock.serving.quality_gate import QualityGate
from interestclock.serving.rank_request import RankRequest
from interestclock.serving.ranker_version import RankerVersion, ServedFeatures
from interestclock.serving.rankers import OneVersion, Rankers
from interestclock.serving.sampled_requests import SampledRequests
from interestclock.serving.scored import Scored
from interestclock.serving.scorer import Scorer
from interestclock.serving.scoring_queue import ScoringQueue

__all__ = [
    "CarryingBehaviour",
    "Explanation",
    "FeatureSource",
    "Following",
    "LocalTime",
    "OneVersion",
    "QualityGate",
    "RankRequest",
    "RankerVersion",
    "Rankers",
    "SampledRequests",
    "Scored",
    "Scorer",
    "ScoringQueue",
    "ServedFeatures",
]
