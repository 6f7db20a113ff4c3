"""The ranker: DCN-V2, clocks and task towers over shared embeddings."""

from interestclock.ranking.config import (
    AdaptiveConfig,
    ClockConfig,
    FeatureNames,
    GaussianConfig,
    NaiveConfig,
    RankerConfig,
    TimeEncodingConfig,
)
from interestclock.ranking.dcn import DCNv2
from interestclock.ranking.files import describe_ranker, load_ranker, save_ranker, table_names
from interestclock.ranking.item_vectors import ItemVectors
from interestclock.ranking.ranker import Ranker, multi_task_loss

__all__ = [
    "AdaptiveConfig",
    "ClockConfig",
    "DCNv2",
    "FeatureNames",
    "GaussianConfig",
    "ItemVectors",
    "NaiveConfig",
    "Ranker",
    "RankerConfig",
    "TimeEncodingConfig",
    "describe_ranker",
    "load_ranker",
    "multi_task_loss",
    "save_ranker",
    "table_names",
]
