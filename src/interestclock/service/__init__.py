"""The ranking service: HTTP around a scorer."""

from interestclock.service.access import Access
from interestclock.service.app import create_app
from interestclock.service.config import ServiceConfig
from interestclock.service.ranking_service import RankingService
from interestclock.service.reopened_store import ReopenedStore
from interestclock.service.scoring_thread import Scoring, ScoringThread
from interestclock.service.serve_app import serve_app
from interestclock.service.steady_scorer import SteadyScorer

__all__ = [
    "Access",
    "RankingService",
    "ReopenedStore",
    "Scoring",
    "ScoringThread",
    "ServiceConfig",
    "SteadyScorer",
    "create_app",
    "serve_app",
]
