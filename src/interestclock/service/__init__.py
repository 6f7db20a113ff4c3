"""The ranking service: HTTP around a scorer."""

from interestclock.service.access import Access
from interestclock.service.app import create_app
from interestclock.service.config import ServiceConfig
from interestclock.service.ranking_service import RankingService
from interestclock.service.reopened_store import ReopenedStore
from interestclock.service.serve_app import serve_app

__all__ = [
    "Access",
    "RankingService",
    "ReopenedStore",
    "ServiceConfig",
    "create_app",
    "serve_app",
]
