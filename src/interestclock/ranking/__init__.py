"""The ranker: DCN-V2, clocks and task towers over shared embeddings."""

from interestclock.ranking.clock_contract import check_clock
from interestclock.ranking.config import RMS_LIMIT, FeatureNames, RankerConfig
from interestclock.ranking.dcn import DCNv2
from interestclock.ranking.earlier_settings import with_earlier_settings, without_earlier_settings
from interestclock.ranking.files import (
    describe_ranker,
    described_ranker,
    load_ranker,
    save_ranker,
    table_names,
)
from interestclock.ranking.joining import limit_rms
from interestclock.ranking.known_clocks import clock_named, describe_clock, described_clock, is_ours
from interestclock.ranking.ranker import Ranker, multi_task_loss

__all__ = [
    "RMS_LIMIT",
    "DCNv2",
    "FeatureNames",
    "Ranker",
    "RankerConfig",
    "check_clock",
    "clock_named",
    "describe_clock",
    "describe_ranker",
    "described_clock",
    "described_ranker",
    "is_ours",
    "limit_rms",
    "load_ranker",
    "multi_task_loss",
    "save_ranker",
    "table_names",
    "with_earlier_settings",
    "without_earlier_settings",
]
